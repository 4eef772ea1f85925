"""What a run read and what it put out, as edges of lineage: versions and logged models, and data sets of others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.application.call import Call
from strongroom.application.lineage import graph, nodes
from strongroom.application.lineage.nodes import AddNode
from strongroom.application.lineage.sight import vertex_views
from strongroom.application.lineage.views import VertexView
from strongroom.application.registry import versions
from strongroom.application.tracking import logged_lookup, runs
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.fields import clean_word
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.registry.model import VersionState
from strongroom.domain.tracking.values import Point

INPUTS_MOST = 200
"""Inputs or outputs in one request."""


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that a run read (or put out): a version or logged model by its uid, or else a data set by name.

    :param digest: the data set's digest in whatever form its owner has; without one it is told apart by `uri`.
    :param context: what it was used for in this run ("training", "validation").
    :param step: at which step of the run; said again it is another.
    """

    version_uid: str | None = None
    logged_model_uid: str | None = None
    name: str = ""
    kind: str = "dataset"
    type: str = ""
    digest: str | None = None
    uri: str | None = None
    context: str | None = None
    step: int | None = None
    properties: Mapping[str, Scalar] = field(default_factory=dict)


def add_inputs(call: Call, run_uid: str, inputs: Sequence[Input], *, late: bool = False) -> list[VertexView]:
    """Say what a running run reads; what it was said to read before changes nothing.

    :param late: whether an ended run will do, for clients that know no other way.
    :raises NotFound: no such run or version. :raises Conflict: the run is ended; a version is no published one.
    """
    return _add(call, run_uid, inputs, EdgeType.INPUT, late=late)


def add_outputs(call: Call, run_uid: str, outputs: Sequence[Input], *, late: bool = False) -> list[VertexView]:
    """Say what a running run put out apart from the versions registered from it; see `add_inputs`."""
    return _add(call, run_uid, outputs, EdgeType.OUTPUT, late=late)


def _add(call: Call, run_uid: str, items: Sequence[Input], type_: EdgeType, *, late: bool) -> list[VertexView]:
    if not 1 <= len(items) <= INPUTS_MOST:
        raise Invalid(f"Between 1 and {INPUTS_MOST} {type_.value}s at a time.", limit=INPUTS_MOST)
    _, run = runs.locked(call, run_uid, Permission.RUN_WRITE)
    if not late:
        runs.must_run(run)
    here = Vertex("run", run.id)
    vertices, changed = [], False
    for item in items:
        there = _vertex(call, item, type_)
        source, target = (there, here) if type_ is EdgeType.INPUT else (here, there)
        changed |= graph.link(call, source, type_, target, _use(item), restate=item.step is not None)
        vertices.append(there)
    shown = vertex_views(call, vertices)
    views = [shown[vertex] for vertex in vertices]
    if changed:
        uids = tuple(sorted({view.uid for view in views if view.uid}))
        call.record(f"run.{type_.value}", Subject("run", run.uid), {f"{type_.value}s": uids})
    return views


def _use(item: Input) -> dict[str, object]:
    """What is true of this use only."""
    use: dict[str, object] = {}
    if context := clean_word(item.context, "context"):
        use["context"] = context
    if item.step is not None:
        use["step"] = Point.of(item.step, 0, 0.0).step
    return use


def _vertex(call: Call, item: Input, type_: EdgeType) -> Vertex:
    if item.version_uid is not None and item.logged_model_uid is not None:
        raise Invalid("One item is a version or a logged model, not both.")
    if item.logged_model_uid is not None:
        permission = Permission.RUN_READ if type_ is EdgeType.INPUT else Permission.RUN_WRITE
        experiment, model = logged_lookup.by_uid(call, item.logged_model_uid, permission)
        logged_lookup.must_live(experiment, model)
        return Vertex("logged_model", model.id)
    if item.version_uid is None:
        named = AddNode(item.name, item.kind, item.type, item.uri, item.digest, item.properties)
        return Vertex("node", nodes.ensure(call, named)[0].id)
    needed = Permission.ASSET_READ if type_ is EdgeType.INPUT else Permission.LINEAGE_WRITE
    _, version = versions.by_uid(call, item.version_uid, needed)
    if version.state is not VersionState.LIVE:
        raise Conflict("Only a published version outside the trash can be named here.", state=version.state.value)
    return Vertex("version", version.id)

"""Runs nested in runs: the tree below one, and what a run read and put out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.lineage.sight import vertex_views
from strongroom.application.lineage.views import HIDDEN, NodeView, VertexView, node_view
from strongroom.application.ports.lineage import Way
from strongroom.application.tracking import runs
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.errors import TooLarge
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Edge, EdgeType, Node, Vertex
from strongroom.domain.tracking.model import Experiment, Run

RUNS_MOST = 10_000
"""Runs of a tree that are shown."""
USES_MOST = 10_000
"""Inputs or outputs of a run that are shown."""


@dataclass(frozen=True, slots=True)
class NestedRunView:
    """A run in a tree; `depth` is 0 for the one that was asked for."""

    uid: str
    parent_uid: str | None
    depth: int
    experiment_uid: str
    name: str
    kind: str
    state: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class TreeView:
    """A run and those nested in it, level by level; `truncated` when there are more than could be shown."""

    runs: Sequence[NestedRunView]
    truncated: bool


@dataclass(frozen=True, slots=True)
class UseView:
    """One thing that a run read or put out. `node` says more of a data set that nobody registered.

    `properties` are true of this use: `context`, `step`.
    """

    vertex: VertexView
    node: NodeView | None
    properties: Mapping[str, object]
    created_at: datetime


def tree(call: Call, uid: str) -> TreeView:
    """A run with all runs nested in it that the caller may see; below a hidden one nothing is shown."""
    _, root = runs.by_uid(call, uid, Permission.RUN_READ)
    views, level, truncated = [_nested(root, 0)], [root], False
    for depth in range(1, runs.DEEPEST + 1):
        room = RUNS_MOST - len(views)
        found = call.tx.runs.children([run.id for run in level], room + 1) if level else []
        truncated |= len(found) > room
        level = _visible(call, found[:room])
        views += [_nested(run, depth) for run in level]
    return TreeView(views, truncated)


def _visible(call: Call, found: Sequence[Run]) -> list[Run]:
    owners = call.tx.experiments.by_ids(sorted({run.experiment_id for run in found}))
    return [run for run in found if _may_read(call, owners[run.experiment_id])]


def _may_read(call: Call, experiment: Experiment) -> bool:
    target = Target(workspace_id=experiment.workspace_id, namespace=experiment.namespace_slug_path)
    return call.caller.access.allows(Permission.RUN_READ, target)


def _nested(run: Run, depth: int) -> NestedRunView:
    return NestedRunView(
        run.uid,
        run.parent_uid,
        depth,
        run.experiment_uid,
        run.name,
        run.kind,
        run.state.value,
        time_of(run.started_at),
        maybe_time(run.ended_at),
    )


def inputs(call: Call, uid: str) -> list[UseView]:
    """What a run read. All that the caller may not see is there as one hidden thing, however much it is."""
    return _uses(call, uid, "up", [EdgeType.INPUT])


def outputs(call: Call, uid: str) -> list[UseView]:
    """What a run put out, and the versions registered from it; what the caller may not see is one hidden thing."""
    return _uses(call, uid, "down", [EdgeType.OUTPUT, EdgeType.REGISTERED])


def _uses(call: Call, uid: str, way: Way, types: Sequence[EdgeType]) -> list[UseView]:
    _, run = runs.by_uid(call, uid, Permission.RUN_READ)
    edges = call.tx.lineage.edges_of([Vertex("run", run.id)], way, USES_MOST + 1, types)
    if len(edges) > USES_MOST:
        raise TooLarge(f"The run has more than {USES_MOST}; walk its lineage.", limit=USES_MOST)
    found = [(edge.source if way == "up" else edge.target, edge) for edge in edges]
    views = vertex_views(call, [vertex for vertex, _ in found])
    nodes = call.tx.lineage.nodes([vertex.id for vertex, _ in found if vertex.kind == "node"])
    ordered = sorted(found, key=lambda pair: (pair[1].recorded_at, pair[0].kind, pair[0].id))
    seen = [_use(views[vertex], nodes, vertex, edge) for vertex, edge in ordered if vertex in views]
    # when and what for would tell of what is hidden
    return seen if len(seen) == len(found) else [*seen, UseView(HIDDEN, None, {}, time_of(run.recorded_at))]


def _use(view: VertexView, nodes: Mapping[int, Node], vertex: Vertex, edge: Edge) -> UseView:
    node = node_view(nodes[vertex.id]) if vertex.kind == "node" else None
    return UseView(view, node, edge.properties, time_of(edge.recorded_at))

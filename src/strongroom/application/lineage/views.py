"""What callers see of lineage. The native API sends these as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call, asset_target
from strongroom.application.views import time_of
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import Node, Vertex


@dataclass(frozen=True, slots=True)
class NodeView:
    """A vertex that is not ours."""

    uid: str
    kind: str
    type: str
    name: str
    uri: str | None
    digest: str | None
    properties: Mapping[str, object]
    dialect: str
    foreign_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class VertexView:
    """A vertex of the graph: kind is run, logged_model, version, node or hidden, which says only that it is there.

    `label` is a version's reference, or a name. `type` is a version's asset kind, a run's or node's kind, or a logged
    model's type. `digest` is a version's tree or a node's digest.
    """

    kind: str
    uid: str | None = None
    label: str | None = None
    type: str | None = None
    digest: str | None = None
    state: str | None = None


HIDDEN = VertexView("hidden")


@dataclass(frozen=True, slots=True)
class EdgeView:
    """A typed edge; `source` and `target` are places in the graph's list of vertices, from 0."""

    source: int
    type: str
    target: int
    properties: Mapping[str, object]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class GraphView:
    """A part of the graph; the first vertex is where the walk began. `truncated`: a limit cut it, `depth` apart."""

    vertices: Sequence[VertexView]
    edges: Sequence[EdgeView]
    truncated: bool


def node_view(node: Node) -> NodeView:
    """A node."""
    return NodeView(
        node.uid,
        node.kind,
        node.type,
        node.name,
        node.uri,
        node.digest,
        node.properties,
        node.dialect,
        node.foreign_id,
        time_of(node.recorded_at),
    )


def vertex_views(call: Call, vertices: Sequence[Vertex]) -> dict[Vertex, VertexView]:
    """Those of the vertices that the caller may see, in a constant number of queries.

    Nodes are shown always: whoever asks got to them from something that the caller may see (see `nodes`).
    """
    ids: dict[str, list[int]] = {}
    for vertex in vertices:
        ids.setdefault(vertex.kind, []).append(vertex.id)
    return {
        **_versions(call, ids.get("version", [])),
        **_runs(call, ids.get("run", [])),
        **_logged_models(call, ids.get("logged_model", [])),
        **{
            Vertex("node", node.id): VertexView("node", node.uid, node.name, node.kind, node.digest)
            for node in call.tx.lineage.nodes(ids.get("node", [])).values()
        },
    }


def _versions(call: Call, ids: Sequence[int]) -> dict[Vertex, VertexView]:
    versions = call.tx.versions.by_ids(ids)
    assets = call.tx.assets.by_ids(sorted({version.asset_id for version in versions.values()}))
    shown = {}
    for version in versions.values():
        asset = assets[version.asset_id]
        if call.caller.access.allows(Permission.LINEAGE_READ, asset_target(asset)):
            label = f"{asset.path}:{version.number}" if version.number is not None else asset.path
            shown[Vertex("version", version.id)] = VertexView(
                "version", version.uid, label, asset.kind, version.tree, version.state.value
            )
    return shown


def _runs(call: Call, ids: Sequence[int]) -> dict[Vertex, VertexView]:
    runs = call.tx.runs.by_ids(ids)
    experiments = call.tx.experiments.by_ids(sorted({run.experiment_id for run in runs.values()}))
    shown = {}
    for run in runs.values():
        experiment = experiments[run.experiment_id]
        target = Target(workspace_id=run.workspace_id, namespace=experiment.namespace_slug_path)
        if call.caller.access.allows(Permission.LINEAGE_READ, target):
            label = run.name or f"{experiment.name} {run.uid[-6:]}"
            state = "trashed" if run.deleted_at is not None else run.state.value
            shown[Vertex("run", run.id)] = VertexView("run", run.uid, label, run.kind, None, state)
    return shown


def _logged_models(call: Call, ids: Sequence[int]) -> dict[Vertex, VertexView]:
    models = call.tx.logged_models.by_ids(ids)
    experiments = call.tx.experiments.by_ids(sorted({model.experiment_id for model in models.values()}))
    shown = {}
    for model in models.values():
        target = Target(workspace_id=model.workspace_id, namespace=experiments[model.experiment_id].namespace_slug_path)
        if call.caller.access.allows(Permission.LINEAGE_READ, target):
            state = "trashed" if model.deleted_at is not None else model.status.value
            vertex = Vertex("logged_model", model.id)
            shown[vertex] = VertexView("logged_model", model.uid, model.name, model.type, None, state)
    return shown

"""What runs read and put out, run by run: data sets that nobody registered, and logged models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.application.call import Call
from strongroom.application.lineage.sight import vertex_views
from strongroom.application.lineage.views import NodeView, node_view
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex

EDGES_MOST = 50_000
"""Edges looked at for one answer; beyond them runs show fewer."""


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A data set that a run read, and what for."""

    node: NodeView
    context: str | None


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A logged model that a run read, or put out at a step."""

    uid: str
    step: int | None


@dataclass(slots=True)
class Used:
    """All that one run read and put out, as far as the caller may see it."""

    datasets: list[DatasetUse] = field(default_factory=list)
    models: list[ModelUse] = field(default_factory=list)
    outputs: list[ModelUse] = field(default_factory=list)


def of_runs(call: Call, uids: Sequence[str]) -> Mapping[str, Used]:
    """Run -> what it read and put out, in a constant number of queries. The caller has seen these runs."""
    ids = call.tx.runs.ids(call.workspace.id, uids)
    used = {id_: Used() for id_ in ids.values()}
    here = [Vertex("run", id_) for id_ in used]
    inputs = call.tx.lineage.edges_of(here, "up", EDGES_MOST, [EdgeType.INPUT]) if here else []
    outputs = call.tx.lineage.edges_of(here, "down", EDGES_MOST, [EdgeType.OUTPUT]) if here else []
    nodes = call.tx.lineage.nodes([edge.source.id for edge in inputs if edge.source.kind == "node"])
    models = [edge.source for edge in inputs] + [edge.target for edge in outputs]
    shown = vertex_views(call, [vertex for vertex in models if vertex.kind == "logged_model"])
    for edge in inputs:
        run = used[edge.target.id]
        if edge.source.kind == "node" and edge.source.id in nodes:
            context = edge.properties.get("context")
            run.datasets.append(DatasetUse(node_view(nodes[edge.source.id]), str(context) if context else None))
        elif edge.source in shown and (uid := shown[edge.source].uid):
            run.models.append(ModelUse(uid, _step(edge)))
    for edge in outputs:
        if edge.target in shown and (uid := shown[edge.target].uid):
            used[edge.source.id].outputs.append(ModelUse(uid, _step(edge)))
    return {uid: used[id_] for uid, id_ in ids.items()}


def _step(edge: Edge) -> int | None:
    step = edge.properties.get("step")
    return step if isinstance(step, int) else None

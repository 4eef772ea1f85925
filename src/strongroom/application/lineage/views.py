"""What callers see of lineage. The native API sends these as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.views import maybe_time, time_of
from strongroom.domain.lineage.model import Node


@dataclass(frozen=True, slots=True)
class NodeView:
    """A vertex that is not ours. A deleted one is a tombstone: `deleted_at` and `deleted_reason` say when and why."""

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
    state: str
    etag: int
    deleted_at: datetime | None
    deleted_reason: str


@dataclass(frozen=True, slots=True)
class VertexView:
    """A vertex: kind is run, logged_model, version, node, principal or hidden, which says only that it is there.

    `label` is a version's reference, or a name. `type` is a version's asset kind, a logged model's type, or the kind of
    a run, node or principal. `digest` is a version's tree or a node's digest. `state` is ``trashed``, ``purged`` or
    ``deleted`` where only a tombstone is left. `flagged`: somebody said that it is bad.
    """

    kind: str
    uid: str | None = None
    label: str | None = None
    type: str | None = None
    digest: str | None = None
    state: str | None = None
    flagged: bool = False


HIDDEN = VertexView("hidden")


@dataclass(frozen=True, slots=True)
class EdgeView:
    """A typed edge; `source` and `target` are places in the graph's list of vertices, from 0.

    Of an edge to a hidden vertex, nothing but its type is told.
    """

    source: int
    type: str
    target: int
    properties: Mapping[str, object]
    created_at: datetime | None
    asserted_by: str | None


@dataclass(frozen=True, slots=True)
class GraphView:
    """A part of the graph; the first vertex is where the walk began.

    :param truncated: a limit on vertices or edges cut it; `depth` apart.
    :param unwalked: places of vertices whose own edges were not followed, or not all, for depth or a limit: walk from
        them to go on, or page through their edges.
    """

    vertices: Sequence[VertexView]
    edges: Sequence[EdgeView]
    truncated: bool
    unwalked: Sequence[int]


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
        node.state,
        node.etag,
        maybe_time(node.deleted_at),
        node.deleted_reason,
    )

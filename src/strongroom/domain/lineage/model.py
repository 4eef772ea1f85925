"""Vertices, edges and nodes of lineage as values. Times are microseconds since 1970 in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from strongroom.domain.lineage.vocabulary import DERIVATION, EdgeType

__all__ = ["DERIVATION", "Edge", "EdgeType", "Node", "RemovedEdge", "Vertex"]


class Vertex(NamedTuple):
    """A vertex: one of our objects (kind run, logged_model, version, principal), or one that is not ours (node).

    A tuple, because a walk hashes each tens of times.
    """

    kind: str
    id: int


class Edge(NamedTuple):
    """A typed edge; `properties` say what is true of this use only (a data set's context in this run).

    :param asserted_by: id of the principal that said so; None for edges older than that was kept, or counted by us.
    """

    source: Vertex
    type: EdgeType
    target: Vertex
    properties: Mapping[str, object]
    recorded_at: int
    asserted_by: int | None = None


@dataclass(frozen=True, slots=True)
class RemovedEdge:
    """An edge that was taken back: it stays in the history, with who, when and why."""

    id: int
    edge: Edge
    removed_at: int
    removed_by: int
    reason: str


@dataclass(frozen=True, slots=True)
class Node:
    """A vertex of lineage that is not ours, for example a data set known by name, digest and address.

    The dialect says whose ids these are; within ours an id is unique by kind, within another system's it is unique.
    A deleted node is a tombstone: its edges, name, kind and digest stay.
    """

    id: int
    uid: str
    workspace_id: int
    dialect: str
    foreign_id: str
    kind: str
    type: str
    name: str
    uri: str | None
    digest: str | None
    properties: Mapping[str, object]
    recorded_at: int
    state: str = ""
    etag: int = 1
    deleted_at: int | None = None
    deleted_reason: str = ""

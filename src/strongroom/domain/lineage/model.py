"""Vertices and typed edges of lineage."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class EdgeType(StrEnum):
    """What an edge says; read it from source to target ("data set is input of run")."""

    INPUT = "input"
    OUTPUT = "output"
    REGISTERED = "registered"
    BASE = "base"
    COPIED = "copied"
    CONSUMED = "consumed"
    MEMBER = "member"


#: Edges between versions that must not close a loop; run edges may (domain.md N10).
DERIVATION = frozenset({EdgeType.BASE, EdgeType.COPIED})


@dataclass(frozen=True, slots=True)
class Vertex:
    """A node of the graph: one of our objects (kind run, logged_model or version), or one that is not ours (node)."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A typed edge; `properties` say what is true of this use only (a data set's context in this run).

    `recorded_at` in microseconds UTC.
    """

    source: Vertex
    type: EdgeType
    target: Vertex
    properties: Mapping[str, object]
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Node:
    """A vertex of lineage that is not ours, for example a data set known by name, digest and address.

    Unique by (workspace, dialect, kind, foreign id): the dialect says whose ids these are.
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

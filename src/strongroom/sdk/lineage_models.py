"""What the server answers about lineage beyond a walk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from strongroom.sdk.models import Answer, Edge, Scalar, Vertex


class Node(Answer, frozen=True):
    """A vertex of lineage that is not ours."""

    uid: str
    kind: str
    name: str
    type: str = ""
    uri: str | None = None
    digest: str | None = None
    properties: Mapping[str, Scalar] = {}
    dialect: str = "native"
    foreign_id: str = ""
    state: str = ""
    etag: int = 1
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted_reason: str = ""


class Use(Answer, frozen=True):
    """One thing that a run read or put out; `properties` are true of this use: `context`, `step`."""

    vertex: Vertex
    node: Node | None = None
    properties: Mapping[str, Any] = {}
    created_at: datetime | None = None


class Asserted(Answer, frozen=True):
    """How many edges are new; the others stood already."""

    new: int
    known: int


class Paths(Answer, frozen=True):
    """Shortest paths, each as places in `vertices`; `length` in edges, None without a path."""

    vertices: list[Vertex]
    edges: list[Edge]
    paths: list[list[int]]
    length: int | None = None
    truncated: bool = False


class Flag(Answer, frozen=True):
    """A statement that something is bad."""

    uid: str
    on: Vertex
    cause: str
    reason: str
    created_at: datetime
    set_by: str | None = None
    removed_at: datetime | None = None
    removed_by: str | None = None
    removed_reason: str = ""


class Affected(Answer, frozen=True):
    """Something that came of what is bad, `distance` edges away; `aliases` point at it."""

    vertex: Vertex
    distance: int
    aliases: Sequence[str] = ()


class Consumer(Answer, frozen=True):
    """A principal that read a version's bytes; `first` and `last` are the hours in which it did."""

    version_uid: str
    consumer: Vertex
    reads: int
    bytes: int
    first: datetime
    last: datetime


class Impact(Answer, frozen=True):
    """What is affected, the nearest first; `hidden`: there is more that you may not see."""

    flags: list[Flag]
    affected: list[Affected]
    consumers: list[Consumer]
    hidden: bool = False
    truncated: bool = False


class Missing(Answer, frozen=True):
    """A requirement that is not met: how many fit but lack a fact, and which facts."""

    name: str
    found: int
    lacking: list[str]


class Check(Answer, frozen=True):
    """Which requirements are not met."""

    met: bool
    missing: list[Missing]
    complete: bool


class PastEdge(Answer, frozen=True):
    """An edge that was taken back."""

    direction: str
    type: str
    other: Vertex
    reason: str
    removed_at: datetime
    properties: Mapping[str, Any] = {}
    created_at: datetime | None = None
    asserted_by: str | None = None
    removed_by: str | None = None

"""Edges of lineage: said, taken back, listed."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.lineage import edges
from strongroom.application.lineage.edges import AssertedView, EdgeTypeView, NeighbourView, PastEdgeView, SayEdge
from strongroom.application.lineage.ends import End
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.lineage import Types, Word, types_of
from strongroom.dialects.native.wire import Paged, Uid
from strongroom.domain.identity.roles import Permission


class EdgeEnd(Struct, frozen=True, kw_only=True):
    """A version, run, logged model or node."""

    kind: Word
    uid: Uid

    def end(self) -> End:
        """As the application takes it."""
        return End(self.kind, self.uid)


class Say(Struct, frozen=True, kw_only=True):
    """An edge, read from source to target; `edge.types` lists the types."""

    source: EdgeEnd
    type: Word
    target: EdgeEnd
    properties: dict[str, Any] = {}

    def said(self) -> SayEdge:
        """As the application takes it."""
        return SayEdge(self.source.end(), self.type, self.target.end(), self.properties)


class AssertEdges(Struct, frozen=True, kw_only=True):
    """Edges that hold from now on: all of them, or none."""

    edges: Annotated[list[Say], Meta(max_length=edges.AT_ONCE_MOST)]


class RemoveEdges(Struct, frozen=True, kw_only=True):
    """Edges that do not hold, and why; `properties` are not compared."""

    edges: Annotated[list[Say], Meta(max_length=edges.AT_ONCE_MOST)]
    reason: str


class ListEdges(Paged, frozen=True, kw_only=True):
    """Edges of which vertex: `kind` as for a walk; `direction` is `up`, `down`, `both`."""

    kind: Word
    uid: Uid
    direction: Word = "both"
    types: Types | None = None


class ListPast(Paged, frozen=True, kw_only=True):
    """Of which vertex."""

    kind: Word
    uid: Uid


@command(
    "edge.assert",
    "POST",
    "/edges",
    Permission.LINEAGE_WRITE,
    "Say that edges of lineage hold",
    body=AssertEdges,
    answer=AssertedView,
)
def assert_edges(call: Call, request: Request[Any, AssertEdges]) -> AssertedView:
    return edges.assert_all(call, [edge.said() for edge in request.body.edges])


@command(
    "edge.remove",
    "POST",
    "/edges/remove",
    Permission.LINEAGE_WRITE,
    "Take edges of lineage back; they stay in the history",
    body=RemoveEdges,
)
def remove_edges(call: Call, request: Request[Any, RemoveEdges]) -> None:
    edges.remove_all(call, [edge.said() for edge in request.body.edges], request.body.reason)


@read(
    "edge.types",
    "/edges/types",
    Permission.SELF,
    "The types of edges: what each says, and between what",
    answer=list[EdgeTypeView],
)
def list_types(call: Call, _request: Request[Any, Any]) -> list[EdgeTypeView]:
    return list(edges.types(call))


@read(
    "edge.list",
    "/lineage/{kind}/{uid}/edges",
    Permission.LINEAGE_READ,
    "Edges of one vertex, in pages",
    params=ListEdges,
    answer=Page[NeighbourView],
)
def list_edges(call: Call, request: Request[ListEdges, Any]) -> Page[NeighbourView]:
    p = request.params
    return edges.listed(call, End(p.kind, p.uid), p.direction, types_of(p.types), p.page())


@read(
    "edge.history",
    "/lineage/{kind}/{uid}/history",
    Permission.LINEAGE_READ,
    "Edges of one vertex that were taken back, the latest first",
    params=ListPast,
    answer=Page[PastEdgeView],
)
def list_history(call: Call, request: Request[ListPast, Any]) -> Page[PastEdgeView]:
    p = request.params
    return edges.history(call, End(p.kind, p.uid), p.page())


OPERATIONS = (assert_edges, remove_edges, list_types, list_edges, list_history)

"""Edges that callers assert and take back, and the edges of one vertex in pages.

An edge that is taken back leaves the graph and stays in the history, with who, when and why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

from strongroom.application.call import Call
from strongroom.application.lineage import graph
from strongroom.application.lineage.ends import End, Ends, FoundEnd
from strongroom.application.lineage.graph import Said
from strongroom.application.lineage.sight import Sight, vertex_views
from strongroom.application.lineage.views import VertexView
from strongroom.application.paging import Key, Page, PageRequest
from strongroom.application.ports.lineage import Way
from strongroom.application.views import time_of
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.fields import clean_properties, clean_reason
from strongroom.domain.lineage.model import Edge, EdgeType, RemovedEdge, Vertex
from strongroom.domain.lineage.vocabulary import RULES, check_ends, parse_type

AT_ONCE_MOST: Final = 1_000
"""Edges in one request."""
A_RECORD: Final = 250
"""Edges that one audit record names: it has at most 64 KiB."""
SCANNED_MOST: Final = 10_000
"""Edges that one page looks at for those whose other end may be seen."""


@dataclass(frozen=True, slots=True)
class SayEdge:
    """An edge by its ends, as a caller says it or takes it back."""

    source: End
    type: str
    target: End
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssertedView:
    """How many of the edges are new; the others stood already, and stay as they were."""

    new: int
    known: int


@dataclass(frozen=True, slots=True)
class NeighbourView:
    """An edge as one of its ends sees it: `direction` is up where the other end is the source."""

    direction: str
    type: str
    other: VertexView
    properties: Mapping[str, object]
    created_at: datetime
    asserted_by: str | None


@dataclass(frozen=True, slots=True)
class PastEdgeView:
    """An edge that was taken back."""

    direction: str
    type: str
    other: VertexView
    properties: Mapping[str, object]
    created_at: datetime
    asserted_by: str | None
    removed_at: datetime
    removed_by: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class EdgeTypeView:
    """A type of edges: what it says, between which forms of ends, and what follows from it."""

    type: str
    says: str
    sources: Sequence[str]
    targets: Sequence[str]
    speaks: str
    carries: bool
    derives: bool
    asserted: bool


@dataclass(frozen=True, slots=True)
class _Resolved:
    source: FoundEnd
    type: EdgeType
    target: FoundEnd

    @property
    def speaks(self) -> FoundEnd:
        """The end about which it is a statement."""
        return self.source if RULES[self.type].speaks == "source" else self.target

    def recorded(self) -> tuple[Json, ...]:
        """As audit records name it."""
        return f"{self.source.form}/{self.source.uid}", self.type.value, f"{self.target.form}/{self.target.uid}"


def types(call: Call) -> Sequence[EdgeTypeView]:
    """The vocabulary."""
    call.require(Permission.SELF)
    return [
        EdgeTypeView(
            type_.value,
            rule.says,
            sorted(rule.sources),
            sorted(rule.targets),
            rule.speaks,
            rule.carries,
            rule.derives,
            rule.asserted,
        )
        for type_, rule in RULES.items()
    ]


def _resolve(call: Call, said: Sequence[SayEdge]) -> list[_Resolved]:
    call.ask(Permission.LINEAGE_WRITE)
    if not 1 <= len(said) <= AT_ONCE_MOST:
        raise Invalid(f"Between 1 and {AT_ONCE_MOST} edges at a time.", limit=AT_ONCE_MOST)
    ends, found = Ends(call), []
    for edge in said:
        type_ = parse_type(edge.type)
        rule = RULES[type_]
        if not rule.asserted:
            raise Invalid(f"Edges of type {type_} appear by themselves.")
        source = ends.find(edge.source, speaks=rule.speaks == "source")
        target = ends.find(edge.target, speaks=rule.speaks == "target")
        check_ends(type_, source.form, target.form)
        found.append(_Resolved(source, type_, target))
    return found


def assert_all(call: Call, said: Sequence[SayEdge]) -> AssertedView:
    """Say that edges hold: all of them, or none. An edge that stands stays as it is.

    :raises Conflict: an end to itself, or a derivation that would close a loop.
    """
    edges = _resolve(call, said)
    if any(edge.source.vertex == edge.target.vertex for edge in edges):
        raise Conflict("An edge joins two things.")
    wanted = [
        Said(edge.source.vertex, edge.type, edge.target.vertex, clean_properties(asked.properties))
        for edge, asked in zip(edges, said, strict=True)
    ]
    new = graph.link_all(call, wanted)
    _record(call, "edge.assert", [edge for edge, is_new in zip(edges, new, strict=True) if is_new])
    return AssertedView(sum(new), len(new) - sum(new))


def remove_all(call: Call, said: Sequence[SayEdge], reason: str) -> None:
    """Take edges back: all of them, or none.

    :raises NotFound: one does not stand. :raises Conflict: one is how the version was made.
    """
    why = clean_reason(reason)
    edges = list(dict.fromkeys(_resolve(call, said)))
    for edge in edges:
        there = call.tx.lineage.edge(edge.source.vertex, edge.type, edge.target.vertex)
        if there is None:
            raise NotFound("There is no such edge.")
        if edge.type is EdgeType.REGISTERED and there.recorded_at == edge.target.published_at:
            raise Conflict("The version was published from this; that is no statement to take back.")
        call.tx.lineage.remove_edge(call.workspace.id, there, call.actor.id, why)
    _record(call, "edge.remove", edges)


def _record(call: Call, action: str, edges: Sequence[_Resolved]) -> None:
    """A record for each thing that something was said of; no asset's feed tells what may be hidden from its readers."""
    of: dict[FoundEnd, list[_Resolved]] = {}
    for edge in edges:
        of.setdefault(edge.speaks, []).append(edge)
    for end, said in of.items():
        left = iter(said)
        while some := tuple(edge.recorded() for edge in islice(left, A_RECORD)):
            call.record(action, Subject(end.vertex.kind, end.uid), {"edges": some})


def listed(
    call: Call, end: End, direction: str, wanted: Sequence[EdgeType] | None, page: PageRequest
) -> Page[NeighbourView]:
    """Edges of one vertex whose other end the caller sees, by type; up, down, or first all up and then all down.

    Who consumed a version is not among them: `consumption` lists that.
    """
    ways = graph.DIRECTIONS.get(direction)
    if ways is None:
        raise Invalid(f"Direction is one of {', '.join(graph.DIRECTIONS)}.")
    start = graph.find(call, end.kind, end.uid)
    listing = f"edges/{start.kind}/{start.id}/{direction}/{sorted(wanted or ())}"
    after = call.sealer.open(listing, page.token)
    scan = _Scan(call, start, ways, wanted, after)
    items = scan.take(page.size)
    return Page(items, call.sealer.seal(listing, scan.reached) if scan.reached else None)


@dataclass(slots=True)
class _Scan:
    """Passes over edges, keeping those whose other end is seen, so that a page's length tells nothing of the others.

    `reached`: the key of the last edge passed (way, type, kind, id), None at the end.
    """

    call: Call
    start: Vertex
    ways: Sequence[Way]
    wanted: Sequence[EdgeType] | None
    reached: Key | None

    def take(self, size: int) -> list[NeighbourView]:
        sight, left = Sight(self.call), SCANNED_MOST
        found: list[tuple[Way, Edge, VertexView]] = []
        way = self.ways.index(str(self.reached[0])) if self.reached else 0
        after = self.reached[1:] if self.reached else None
        while way < len(self.ways):
            edges = self.call.tx.lineage.list_edges(self.start, self.ways[way], self.wanted, after, size + 1)
            views = sight.look(_other(edge, self.start) for edge in edges)
            for edge in edges:
                far = _other(edge, self.start)
                if len(found) == size or left == 0:
                    return self._shown(found)
                after, left = (edge.type.value, *far), left - 1
                self.reached = (self.ways[way], *after)
                if far in views:
                    found.append((self.ways[way], edge, views[far]))
            if len(edges) <= size:
                way, after = way + 1, None
        self.reached = None
        return self._shown(found)

    def _shown(self, found: Sequence[tuple[Way, Edge, VertexView]]) -> list[NeighbourView]:
        who = self.call.tx.lineage.uids_of([edge.asserted_by for _, edge, _ in found if edge.asserted_by is not None])
        return [
            NeighbourView(
                way, edge.type.value, view, edge.properties, time_of(edge.recorded_at), who.get(edge.asserted_by or 0)
            )
            for way, edge, view in found
        ]


def _other(edge: Edge, vertex: Vertex) -> Vertex:
    return edge.target if edge.source == vertex else edge.source


def history(call: Call, end: End, page: PageRequest) -> Page[PastEdgeView]:
    """Edges of a vertex that were taken back, the latest first; those to what the caller may not see are left out."""
    start = graph.find(call, end.kind, end.uid)
    listing = f"past-edges/{start.kind}/{start.id}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.lineage.removed_edges(start, after, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda row: (row.id,))
    views = vertex_views(call, [_other(row.edge, start) for row in kept.items])
    who = call.tx.lineage.uids_of(
        sorted({by for row in kept.items for by in (row.removed_by, row.edge.asserted_by) if by is not None})
    )
    seen = [row for row in kept.items if _other(row.edge, start) in views]
    return Page([_past(row, start, views, who) for row in seen], kept.next_page_token)


def _past(row: RemovedEdge, start: Vertex, views: Mapping[Vertex, VertexView], who: Mapping[int, str]) -> PastEdgeView:
    edge = row.edge
    return PastEdgeView(
        "down" if edge.source == start else "up",
        edge.type.value,
        views[_other(edge, start)],
        edge.properties,
        time_of(edge.recorded_at),
        who.get(edge.asserted_by or 0),
        time_of(row.removed_at),
        who.get(row.removed_by),
        row.reason,
    )

"""One walk through the graph: what it has met, level by level, a few queries each.

A vertex that the caller may not see is drawn as *hidden*: one for all that a visible vertex leads to that way, with
an edge of each type, so that neither what is hidden nor how much of it there is can be learnt, nor how it joins
visible ones. The walk ends there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from strongroom.application.call import Call
from strongroom.application.lineage.sight import Sight
from strongroom.application.lineage.views import HIDDEN, EdgeView, GraphView, VertexView
from strongroom.application.ports.lineage import Way
from strongroom.application.views import time_of
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex

EDGES_MOST = 50_000


@dataclass(slots=True)
class Walk:
    """What was met so far. `places` gives each vertex its place in `views` and `distances`."""

    call: Call
    most: int
    types: Sequence[EdgeType] | None = None
    sight: Sight = field(init=False)
    places: dict[Vertex, int] = field(default_factory=dict)
    views: list[VertexView] = field(default_factory=list)
    distances: list[int] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    truncated: bool = False
    everything: bool = False
    _unseen: set[Vertex] = field(default_factory=set)
    _veils: dict[tuple[Vertex, Way], int] = field(default_factory=dict)
    _veiled: dict[tuple[int, EdgeType, int], None] = field(default_factory=dict)
    _unwalked: dict[Vertex, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sight = Sight(self.call, self.everything)

    def begin(self, start: Vertex) -> None:
        """Give the vertex where all begins its place."""
        self._meet([start], 0)

    def go(self, start: Vertex, way: Way, depth: int) -> None:
        """Walk one way; every vertex is walked through at most once.

        Ten thousand vertices with their edges pass here in one request: no object is made that is not kept.
        """
        walked, frontier = {start}, [start]
        near_of, far_of = map(attrgetter, ("target", "source") if way == "up" else ("source", "target"))
        known = {edge[:3] for edge in self.edges}
        for distance in range(1, depth + 1):
            if not frontier:
                return
            edges = self._edges_of(frontier, way)
            reached: list[Vertex] = list(map(far_of, edges))
            self._meet(reached, distance)
            fresh: dict[Vertex, None] = {}
            for edge, there in zip(edges, reached, strict=True):
                if there in self.places:
                    if not known or edge[:3] not in known:
                        self.edges.append(edge)
                    if there not in walked:
                        fresh[there] = None
                elif there in self._unseen:
                    self._veil(near_of(edge), edge.type, way)
                else:
                    self._unwalked[near_of(edge)] = None
            walked.update(fresh)
            frontier = list(fresh)
        self._unwalked.update(dict.fromkeys(frontier))

    def _edges_of(self, frontier: Sequence[Vertex], way: Way) -> Sequence[Edge]:
        """Edges away from all of these; when a limit cuts them, it is not known whose."""
        room = EDGES_MOST - len(self.edges)
        edges = self.call.tx.lineage.edges_of(frontier, way, room + 1, self.types) if room > 0 else ()
        if room <= 0 or len(edges) > room:
            self.truncated = True
            self._unwalked.update(dict.fromkeys(frontier))
        return edges[:room]

    def _meet(self, vertices: Sequence[Vertex], distance: int) -> None:
        """Give new vertices that the caller sees a place, until the graph is full."""
        new = [vertex for vertex in dict.fromkeys(vertices) if vertex not in self.places and vertex not in self._unseen]
        seen = self.sight.look(new) if new else {}
        for vertex in new:
            view = seen.get(vertex)
            if view is None:
                self._unseen.add(vertex)
            elif len(self.views) < self.most:
                self.places[vertex] = self._place(view, distance)
            else:
                self.truncated = True

    def _place(self, view: VertexView, distance: int) -> int:
        self.views.append(view)
        self.distances.append(distance)
        return len(self.views) - 1

    def _veil(self, near: Vertex, type_: EdgeType, way: Way) -> None:
        """Say that a visible vertex leads to something hidden by an edge of this type."""
        there = self._veils.get((near, way))
        if there is None:
            if len(self.views) >= self.most:
                self.truncated = True
                return
            there = self._veils[near, way] = self._place(HIDDEN, self.distances[self.places[near]] + 1)
        here = self.places[near]
        self._veiled[(there, type_, here) if way == "up" else (here, type_, there)] = None

    def view(self) -> GraphView:
        """The graph as it was met: vertices from the start outwards."""
        unwalked = sorted(self.places[vertex] for vertex in self._unwalked)
        edges = draw(self.call, self.edges, self.places)
        edges += [EdgeView(source, type_, target, {}, None, None) for source, type_, target in self._veiled]
        return GraphView(self.views, edges, self.truncated, unwalked)

    @property
    def meets_hidden(self) -> bool:
        """Whether it came to something that the caller may not see."""
        return bool(self._unseen)


def draw(call: Call, edges: Collection[Edge], places: Mapping[Vertex, int]) -> list[EdgeView]:
    """Edges between vertices that have places."""
    who = call.tx.lineage.uids_of(sorted({edge.asserted_by for edge in edges if edge.asserted_by is not None}))
    return [
        EdgeView(
            places[edge.source],
            edge.type,
            places[edge.target],
            edge.properties,
            time_of(edge.recorded_at),
            None if edge.asserted_by is None else who.get(edge.asserted_by),
        )
        for edge in edges
    ]

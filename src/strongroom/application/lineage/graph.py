"""The graph of lineage: edges added, and walks along them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from strongroom.application.call import Call
from strongroom.application.lineage import nodes
from strongroom.application.lineage.views import HIDDEN, EdgeView, GraphView, VertexView, vertex_views
from strongroom.application.ports.lineage import Way
from strongroom.application.registry import versions
from strongroom.application.tracking import logged_lookup, runs
from strongroom.application.views import time_of
from strongroom.domain.errors import Conflict, Invalid, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import DERIVATION, Edge, EdgeType, Vertex
from strongroom.domain.tracking.model import Run

DEEPEST = 50
VERTICES_MOST = 10_000
EDGES_MOST = 50_000
LOOP_EDGES_MOST = 1_000_000
DIRECTIONS: Mapping[str, Sequence[Way]] = {"up": ("up",), "down": ("down",), "both": ("up", "down")}


def link(
    call: Call,
    source: Vertex,
    says: EdgeType,
    target: Vertex,
    properties: Mapping[str, object] | None = None,
    *,
    restate: bool = False,
) -> bool:
    """Add an edge as part of a command that has checked rights and writes the audit record; again changes nothing.

    :param properties: what is true of this use only; plain JSON.
    :param restate: let an edge that exists have these properties from now on.
    :returns: whether the edge is new.
    :raises Conflict: a derivation edge between versions that would close a loop.
    """
    if says in DERIVATION:
        call.tx.lineage.lock_derivations(call.workspace.id)
        _refuse_loop(call, source, target)
    is_new = call.tx.lineage.add_edge(call.workspace.id, source, says, target, properties or {})
    if restate and not is_new:
        call.tx.lineage.restate_edge(source, says, target, properties or {})
    return is_new


def _refuse_loop(call: Call, source: Vertex, target: Vertex) -> None:
    """Follow derivations down from the target; the source must not be among them."""
    walked, frontier = {target}, [target]
    while frontier:
        if source in walked:
            raise Conflict("A version cannot be derived from itself, directly or by others.")
        edges = call.tx.lineage.edges_of(frontier, "down", LOOP_EDGES_MOST, sorted(DERIVATION))
        if len(edges) == LOOP_EDGES_MOST:
            raise TooLarge("Too much is derived from this version to check for loops.", limit=LOOP_EDGES_MOST)
        frontier = [vertex for vertex in dict.fromkeys(edge.target for edge in edges) if vertex not in walked]
        walked.update(frontier)


def inputs_of(call: Call, run: Run) -> Sequence[Edge]:
    """The edges into a run as its inputs, for a command that rests on them; without a check of visibility.

    :raises TooLarge: more than a walk could show.
    """
    edges = call.tx.lineage.edges_of([Vertex("run", run.id)], "up", VERTICES_MOST + 1, [EdgeType.INPUT])
    if len(edges) > VERTICES_MOST:
        raise TooLarge(f"The run has more than {VERTICES_MOST} inputs.", limit=VERTICES_MOST)
    return edges


def find(call: Call, kind: str, uid: str) -> Vertex:
    """The vertex of that kind and uid.

    :raises NotFound: none, or not visible. :raises Invalid: no such kind.
    """
    match kind:
        case "version":
            return Vertex(kind, versions.by_uid(call, uid, Permission.LINEAGE_READ)[1].id)
        case "run":
            return Vertex(kind, runs.by_uid(call, uid, Permission.LINEAGE_READ)[1].id)
        case "logged_model":
            return Vertex(kind, logged_lookup.by_uid(call, uid, Permission.LINEAGE_READ)[1].id)
        case "node":
            return Vertex(kind, nodes.by_uid(call, uid).id)
    raise Invalid("Lineage begins at a version, run, logged_model or node.")


def walk(
    call: Call, kind: str, uid: str, direction: str = "both", *, depth: int = 10, most: int = VERTICES_MOST
) -> GraphView:
    """What a version, run or node came from (up), what came of it (down), or both, level by level.

    A vertex that the caller may not see stands in the graph as *hidden*, with its edges to what the caller sees and
    nothing else, and the walk ends there: what lies behind it is not shown even where the caller might see it, so
    that nothing about the hidden part can be learnt from how it joins visible ones.

    :param depth: levels, 1 to 50. :param most: vertices, 1 to 10,000; edges are bounded to 50,000.
    :raises NotFound: no such vertex, or not visible.
    """
    if direction not in DIRECTIONS:
        raise Invalid(f"Direction is one of {', '.join(DIRECTIONS)}.")
    if not (1 <= depth <= DEEPEST and 1 <= most <= VERTICES_MOST):
        raise Invalid(f"A walk has 1 to {DEEPEST} levels and 1 to {VERTICES_MOST} vertices.", limit=VERTICES_MOST)
    start = find(call, kind, uid)
    walking = _Walk(call, most)
    walking.meet([start])
    for way in DIRECTIONS[direction]:
        walking.go(start, way, depth)
    return walking.view()


@dataclass(slots=True)
class _Walk:
    """What was met so far. `places` gives each vertex its place in `views`."""

    call: Call
    most: int
    places: dict[Vertex, int] = field(default_factory=dict)
    views: list[VertexView] = field(default_factory=list)
    edges: dict[tuple[Vertex, EdgeType, Vertex], Edge] = field(default_factory=dict)
    truncated: bool = False

    def meet(self, vertices: Sequence[Vertex]) -> None:
        """Give new vertices a place, hidden ones too, until the graph is full."""
        new = [vertex for vertex in dict.fromkeys(vertices) if vertex not in self.places]
        room = self.most - len(self.places)
        self.truncated |= len(new) > room
        shown = vertex_views(self.call, new[:room])
        for vertex in new[:room]:
            self.places[vertex] = len(self.views)
            self.views.append(shown.get(vertex, HIDDEN))

    def go(self, start: Vertex, way: Way, depth: int) -> None:
        """Walk one way, one query of edges a level; every vertex is walked through at most once."""
        walked, frontier = {start}, [start]
        for _ in range(depth):
            room = EDGES_MOST - len(self.edges)
            if not frontier or room <= 0:
                self.truncated |= room <= 0
                return
            edges = self.call.tx.lineage.edges_of(frontier, way, room + 1)
            self.truncated |= len(edges) > room
            far = [edge.source if way == "up" else edge.target for edge in edges[:room]]
            self.meet(far)
            for edge in edges[:room]:
                if edge.source in self.places and edge.target in self.places:
                    self.edges[edge.source, edge.type, edge.target] = edge
            frontier = [vertex for vertex in dict.fromkeys(far) if vertex not in walked and self._is_visible(vertex)]
            walked.update(frontier)

    def _is_visible(self, vertex: Vertex) -> bool:
        return vertex in self.places and self.views[self.places[vertex]] is not HIDDEN

    def view(self) -> GraphView:
        """The graph as it was met: vertices from the start outwards."""
        edges = [
            EdgeView(
                self.places[edge.source],
                edge.type.value,
                self.places[edge.target],
                edge.properties,
                time_of(edge.recorded_at),
            )
            for edge in self.edges.values()
        ]
        return GraphView(self.views, edges, self.truncated)

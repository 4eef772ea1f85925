"""The shortest paths between two vertices, through what the caller may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Final

from strongroom.application.call import Call
from strongroom.application.lineage.ends import End
from strongroom.application.lineage.graph import VERTICES_MOST, find
from strongroom.application.lineage.sight import Sight
from strongroom.application.lineage.views import EdgeView, VertexView
from strongroom.application.lineage.walking import EDGES_MOST, draw
from strongroom.application.ports.lineage import Way
from strongroom.domain.errors import Invalid
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex
from strongroom.domain.lineage.paths import Side, Step, shortest

LONGEST_MOST: Final = 100
PATHS_MOST: Final = 100
_WAYS: dict[str, dict[Side, Sequence[Way]]] = {
    "down": {"start": ("down",), "goal": ("up",)},
    "up": {"start": ("up",), "goal": ("down",)},
    "any": {"start": ("up", "down"), "goal": ("up", "down")},
}


@dataclass(frozen=True, slots=True)
class PathsView:
    """Shortest paths, each as places in `vertices` from start to goal; `edges` are all that join their neighbours.

    `length` in edges, None without a path. `truncated`: a limit cut the search, so there may be more, or shorter ones.
    """

    vertices: Sequence[VertexView]
    edges: Sequence[EdgeView]
    paths: Sequence[Sequence[int]]
    length: int | None
    truncated: bool


def path(
    call: Call,
    start: End,
    goal: End,
    direction: str = "down",
    *,
    types: Sequence[EdgeType] | None = None,
    longest: int = LONGEST_MOST,
    most: int = 10,
) -> PathsView:
    """How one thing came of another.

    :param direction: ``down`` follows edges from start to goal, ``up`` against them, ``any`` either way.
    :param longest: edges of a path, 1 to 100. :param most: paths, 1 to 100.
    """
    if direction not in _WAYS:
        raise Invalid(f"Direction is one of {', '.join(_WAYS)}.")
    if not (1 <= longest <= LONGEST_MOST and 1 <= most <= PATHS_MOST):
        raise Invalid(f"At most {PATHS_MOST} paths of at most {LONGEST_MOST} edges.", limit=PATHS_MOST)
    ends = find(call, start.kind, start.uid), find(call, goal.kind, goal.uid)
    search = _Search(call, _WAYS[direction], types)
    search.views.update(search.sight.look(ends))
    found = shortest(*ends, search.expand, longest=longest, most=most, met_most=VERTICES_MOST)
    return search.shown(found.paths, truncated=found.truncated)


class _Search:
    """Fetches edges for the search and keeps what it may have to draw."""

    def __init__(self, call: Call, ways: dict[Side, Sequence[Way]], types: Sequence[EdgeType] | None) -> None:
        self.call = call
        self.ways = ways
        self.types = types
        self.sight = Sight(call)
        self.views: dict[Vertex, VertexView] = {}
        self.met: list[Edge] = []

    def expand(self, frontier: Sequence[Vertex], side: Side) -> tuple[Sequence[Step], bool]:
        """Steps to what is seen; nothing is stepped over that is not."""
        steps: list[Step] = []
        cut = False
        for way in self.ways[side]:
            edges = self.call.tx.lineage.edges_of(frontier, way, EDGES_MOST + 1, self.types)
            cut |= len(edges) > EDGES_MOST
            self.met += edges[:EDGES_MOST]
            near, far = map(attrgetter, ("source", "target") if way == "down" else ("target", "source"))
            steps += zip(map(near, edges), map(far, edges), strict=True)
        self.views.update(self.sight.look({there for _, there in steps} - self.views.keys()))
        return [step for step in steps if step[1] in self.views], cut

    def shown(self, paths: Sequence[Sequence[Vertex]], *, truncated: bool) -> PathsView:
        places = {vertex: place for place, vertex in enumerate(dict.fromkeys(v for path in paths for v in path))}
        pairs = {pair for path in paths for one in pairwise(path) for pair in (one, one[::-1])}
        edges = {edge[:3]: edge for edge in self.met if (edge.source, edge.target) in pairs}
        return PathsView(
            [self.views[vertex] for vertex in places],
            draw(self.call, edges.values(), places),
            [[places[vertex] for vertex in path] for path in paths],
            len(paths[0]) - 1 if paths else None,
            truncated,
        )

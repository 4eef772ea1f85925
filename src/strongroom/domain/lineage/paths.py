"""The shortest paths between two vertices: searched from both ends, a level at a time, over edges somebody fetches."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Literal

from strongroom.domain.lineage.model import Vertex

Side = Literal["start", "goal"]


Step = tuple[Vertex, Vertex]
"""An edge as a search takes it: from a vertex that it has to the one at the other end."""

Expand = Callable[[Sequence[Vertex], Side], tuple[Sequence[Step], bool]]
"""Steps away from all of these vertices, on the way from that end; and whether a limit left some out."""


@dataclass(frozen=True, slots=True)
class Found:
    """Shortest paths, each the vertices from start to goal; none when there is none.

    `truncated`: a limit cut the search or the list, so that there may be paths (or shorter ones) that are not here.
    """

    paths: Sequence[Sequence[Vertex]]
    truncated: bool


@dataclass(slots=True)
class _Half:
    """What is within `radius` steps of one end: each vertex with those before it on shortest ways from that end."""

    side: Side
    end: Vertex
    radius: int = 0
    before: dict[Vertex, list[Vertex]] = field(default_factory=dict)
    frontier: list[Vertex] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before[self.end] = []
        self.frontier = [self.end]

    def grow(self, expand: Expand) -> bool:
        """Take one more level in; whether a limit left something out."""
        steps, cut = expand(self.frontier, self.side)
        new: dict[Vertex, list[Vertex]] = {}
        for near, far in steps:
            if far not in self.before:
                new.setdefault(far, []).append(near)
        self.before.update(new)
        self.frontier = sorted(new)
        self.radius += 1
        return cut

    def ways(self, vertex: Vertex) -> Iterator[list[Vertex]]:
        """All shortest ways from the end to a vertex within the radius, as vertices with the end first."""
        if vertex == self.end:
            yield [vertex]
            return
        for near in sorted(set(self.before[vertex])):
            for way in self.ways(near):
                yield [*way, vertex]


def shortest(start: Vertex, goal: Vertex, expand: Expand, *, longest: int, most: int, met_most: int) -> Found:
    """All shortest paths, at most `most` of them and of at most `longest` steps.

    :param met_most: vertices that the search may meet on the whole.
    """
    halves = _Half("start", start), _Half("goal", goal)
    cut = False
    while True:
        middles = sorted(set(halves[0].frontier).intersection(halves[1].frontier))
        if middles:
            paths = list(islice(_joined(*halves, middles), most + 1))
            return Found(paths[:most], truncated=cut or len(paths) > most)
        if not all(half.frontier for half in halves):
            return Found([], truncated=cut)
        if sum(half.radius for half in halves) >= longest or sum(len(half.before) for half in halves) > met_most:
            return Found([], truncated=True)
        cut |= min(halves, key=lambda half: len(half.frontier)).grow(expand)


def _joined(first: _Half, second: _Half, middles: Sequence[Vertex]) -> Iterator[list[Vertex]]:
    for middle in sorted(middles):
        for one, other in product(islice(first.ways(middle), 1_000), islice(second.ways(middle), 1_000)):
            yield one + other[-2::-1]

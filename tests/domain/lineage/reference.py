"""Small graphs, and answers about them found the plainest way: by trying everything."""

from collections.abc import Iterable, Sequence

from hypothesis import strategies as st

from strongroom.domain.lineage.model import Vertex

Pair = tuple[Vertex, Vertex]


def vertices(count: int) -> list[Vertex]:
    return [Vertex("version", number) for number in range(count)]


def graphs(count: int = 9, most: int = 20) -> st.SearchStrategy[list[Pair]]:
    one = st.sampled_from(vertices(count))
    return st.lists(st.tuples(one, one), max_size=most)


def below(edges: Iterable[Pair], start: Vertex, depth: int) -> dict[Vertex, int]:
    """Distances along the edges, up to a depth."""
    found, edges = {start: 0}, list(edges)
    for distance in range(1, depth + 1):
        for source, target in edges:
            if found.get(source) == distance - 1 and target not in found:
                found[target] = distance
    return found


def has_loop(edges: Sequence[Pair]) -> bool:
    """Whether some vertex is reached from its own successors."""
    return any(source in below(edges, target, len(edges)) for source, target in edges)


def simple_paths(edges: Sequence[Pair], start: Vertex, goal: Vertex) -> list[list[Vertex]]:
    """Every path without a vertex twice."""
    found, open_ = [], [[start]]
    while open_:
        path = open_.pop()
        if path[-1] == goal:
            found.append(path)
            continue
        open_ += [[*path, target] for source, target in set(edges) if source == path[-1] and target not in path]
    return found


def shortest_paths(edges: Sequence[Pair], start: Vertex, goal: Vertex) -> list[list[Vertex]]:
    paths = simple_paths(edges, start, goal)
    least = min(map(len, paths), default=0)
    return sorted(path for path in paths if len(path) == least)

"""Whether edges close a loop."""

from collections.abc import Iterable

from strongroom.domain.lineage.model import Vertex


def closes_loop(edges: Iterable[tuple[Vertex, Vertex]]) -> bool:
    """Whether a directed graph, given by its edges (source, target), has a loop; an edge to itself is one.

    Vertices without edges into them are taken away until none is left: what then remains goes in circles.
    """
    after: dict[Vertex, list[Vertex]] = {}
    before: dict[Vertex, int] = {}
    for source, target in dict.fromkeys(edges):
        after.setdefault(source, []).append(target)
        before[target] = before.get(target, 0) + 1
        before.setdefault(source, 0)
    free = [vertex for vertex, count in before.items() if count == 0]
    taken = 0
    while free:
        taken += 1
        for target in after.get(free.pop(), ()):
            before[target] -= 1
            if before[target] == 0:
                free.append(target)
    return taken < len(before)

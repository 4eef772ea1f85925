"""Loops and paths in random graphs, against a model that tries everything."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.lineage.acyclic import closes_loop
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.lineage.paths import Expand, Side, Step, shortest
from tests.domain.lineage.reference import Pair, graphs, has_loop, shortest_paths, vertices

one = st.sampled_from(vertices(9))


def along(edges: Sequence[Pair], *, cut: bool = False) -> Expand:
    def expand(frontier: Sequence[Vertex], side: Side) -> tuple[Sequence[Step], bool]:
        if side == "start":
            return [(source, target) for source, target in edges if source in frontier], cut
        return [(target, source) for source, target in edges if target in frontier], cut

    return expand


@given(graphs())
def test_a_loop_is_found_wherever_there_is_one(edges: list[Pair]) -> None:
    assert closes_loop(edges) == has_loop(edges)


def test_an_edge_to_itself_is_a_loop() -> None:
    assert closes_loop([(Vertex("version", 1), Vertex("version", 1))])
    assert not closes_loop([])


@given(graphs(), one, one)
def test_all_shortest_paths_are_found(edges: list[Pair], start: Vertex, goal: Vertex) -> None:
    found = shortest(start, goal, along(edges), longest=20, most=1_000, met_most=1_000)
    assert sorted(map(list, found.paths)) == shortest_paths(edges, start, goal)
    assert not found.truncated


@given(graphs(), one, one, st.integers(1, 4))
def test_a_limit_on_length_is_said(edges: list[Pair], start: Vertex, goal: Vertex, longest: int) -> None:
    found = shortest(start, goal, along(edges), longest=longest, most=1_000, met_most=1_000)
    wanted = shortest_paths(edges, start, goal)
    if wanted and len(wanted[0]) - 1 <= longest:
        assert sorted(map(list, found.paths)) == wanted
    else:
        assert found.paths == []
        assert found.truncated or not wanted


def ladder(rungs: int) -> list[Pair]:
    """Two ways at each rung: 2 to the power of rungs shortest paths."""
    v = [Vertex("node", number) for number in range(3 * rungs + 1)]
    steps = [(v[3 * n], v[3 * n + 1], v[3 * n + 2], v[3 * n + 3]) for n in range(rungs)]
    return [pair for a, b, c, d in steps for pair in ((a, b), (a, c), (b, d), (c, d))]


def test_a_million_paths_are_not_listed() -> None:
    edges = ladder(20)
    found = shortest(Vertex("node", 0), Vertex("node", 60), along(edges), longest=50, most=10, met_most=1_000)
    assert [len(path) for path in found.paths] == [41] * 10
    assert found.truncated


@pytest.mark.parametrize(("met_most", "is_found"), [(5, False), (1_000, True)])
def test_a_search_gives_up_and_says_so(met_most: int, is_found: bool) -> None:
    edges = ladder(6)
    found = shortest(Vertex("node", 0), Vertex("node", 18), along(edges), longest=50, most=1, met_most=met_most)
    assert bool(found.paths) == is_found
    assert found.truncated


def test_edges_that_a_limit_left_out_are_told_of() -> None:
    pair = Vertex("node", 1), Vertex("node", 2)
    assert shortest(*pair, along([pair], cut=True), longest=5, most=5, met_most=9).truncated

"""Walks over random graphs of revisions, against the plain definition on sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.artifacts import history
from strongroom.domain.errors import TooLarge


@dataclass(frozen=True)
class Made:
    digest: str
    parents: tuple[str, ...]
    recorded_at: int


@dataclass
class Graph:
    """Revisions by digest; parents that are no key are where history ends. Counts how often it is asked."""

    nodes: dict[str, Made]
    asked: int = 0

    def get(self, digests: Sequence[str]) -> Mapping[str, Made]:
        self.asked += 1
        return {digest: self.nodes[digest] for digest in digests if digest in self.nodes}

    def ancestors(self, digest: str) -> set[str]:
        """By the definition: itself, and the ancestors of its parents."""
        found: set[str] = set()
        waiting = [digest] if digest in self.nodes else []
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += [parent for parent in self.nodes[one].parents if parent in self.nodes]
        return found


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to 14 revisions, each with any of the ones before as parents, some with a parent that is not there."""
    nodes: dict[str, Made] = {}
    for number in range(draw(st.integers(1, 14))):
        pool = [*nodes, "gone"]
        parents = draw(st.lists(st.sampled_from(pool), max_size=3, unique=True))
        at = max([nodes[p].recorded_at for p in parents if p in nodes], default=0) + draw(st.integers(1, 3))
        digest = f"{draw(st.integers(0, 9))}{number:02}"
        nodes[digest] = Made(digest, tuple(parents), at)
    return Graph(nodes)


def pick(draw: st.DataObject, graph: Graph) -> str:
    return draw.draw(st.sampled_from(sorted(graph.nodes)))


@given(graphs(), st.data())
def test_a_walk_meets_every_ancestor_once_and_children_before_parents(graph: Graph, data: st.DataObject) -> None:
    start = pick(data, graph)
    walked = [node.digest for node in history.Walk(graph, [start])]
    assert sorted(walked) == sorted(graph.ancestors(start))
    places = {digest: place for place, digest in enumerate(walked)}
    for digest in walked:
        assert all(places[parent] > places[digest] for parent in graph.nodes[digest].parents if parent in places)


@given(graphs(), st.data(), st.integers(0, 15))
def test_a_walk_goes_on_from_its_frontier_as_if_it_had_not_stopped(
    graph: Graph, data: st.DataObject, stop: int
) -> None:
    """History in pages "neither loses nor repeats"."""
    start = pick(data, graph)
    walk: history.Walk[Made] = history.Walk(graph, [start])
    before = list(islice(walk, stop))
    assert before + list(history.Walk(graph, walk.frontier)) == list(history.Walk(graph, [start]))


@given(graphs(), st.data())
def test_the_merge_base_is_a_common_ancestor_that_no_other_comes_from(graph: Graph, data: st.DataObject) -> None:
    ours, theirs = pick(data, graph), pick(data, graph)
    common = graph.ancestors(ours) & graph.ancestors(theirs)
    found = history.merge_base(graph, ours, theirs)
    if found is None:
        assert not common
        return
    assert found.digest in common
    assert all(found.digest not in graph.ancestors(other) for other in common - {found.digest})
    assert found.recorded_at == max(graph.nodes[other].recorded_at for other in common)


@given(graphs(), st.data())
def test_ahead_and_behind_are_the_differences_of_the_ancestors(graph: Graph, data: st.DataObject) -> None:
    ours, theirs = pick(data, graph), pick(data, graph)
    a, b = graph.ancestors(ours), graph.ancestors(theirs)
    assert history.apart(graph, ours, theirs) == (len(a - b), len(b - a))


@given(graphs(), st.data())
def test_reaching_is_being_an_ancestor_of_a_head(graph: Graph, data: st.DataObject) -> None:
    heads = data.draw(st.lists(st.sampled_from(sorted(graph.nodes)), max_size=3))
    target = pick(data, graph)
    reached = any(target in graph.ancestors(head) for head in heads)
    assert history.reaches(graph, heads, graph.nodes[target]) is reached


@given(graphs(), st.data())
def test_first_parents_are_a_line(graph: Graph, data: st.DataObject) -> None:
    start = pick(data, graph)
    line = list(history.first_parents(graph, start))
    assert line[0].digest == start
    for child, parent in pairwise(line):
        assert child.parents[0] == parent.digest
    assert not line[-1].parents or line[-1].parents[0] not in graph.nodes


def line(length: int) -> Graph:
    nodes = {str(n): Made(str(n), (str(n - 1),) if n else (), n) for n in range(length)}
    return Graph(nodes)


def test_a_question_about_two_near_heads_does_not_read_all_of_history() -> None:
    graph = line(5_000)
    assert history.apart(graph, "4999", "4990") == (9, 0)
    assert history.merge_base(graph, "4999", "4990") is not None
    assert graph.asked < 50


def test_history_that_is_too_long_is_refused_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "WALK_MOST", 100)
    graph = line(200)
    with pytest.raises(TooLarge):
        list(history.Walk(graph, ["199"]))
    with pytest.raises(TooLarge):
        history.apart(graph, "199", "gone")

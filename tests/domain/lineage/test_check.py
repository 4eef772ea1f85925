"""What must stand behind a version: requirements against edges and facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Invalid
from strongroom.domain.lineage.check import FACTS, PRESETS, Known, Missing, Requirement, missing
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex
from tests.domain.lineage.reference import Pair, below, graphs, vertices

MODEL, RUN = Vertex("version", 1), Vertex("run", 1)
DATA, OTHER, CODE = Vertex("node", 1), Vertex("version", 2), Vertex("node", 3)
GOOD = frozenset({"digest", "live", "unflagged"})


def edge(source: Vertex, type_: EdgeType, target: Vertex) -> Edge:
    return Edge(source, type_, target, {}, 0)


EDGES = [
    edge(RUN, EdgeType.REGISTERED, MODEL),
    edge(DATA, EdgeType.INPUT, RUN),
    edge(OTHER, EdgeType.INPUT, RUN),
    edge(CODE, EdgeType.INPUT, RUN),
]


def known(**facts: frozenset[str]) -> dict[Vertex, Known]:
    return {
        RUN: Known(frozenset({"run"}), facts.get("run", GOOD)),
        DATA: Known(frozenset({"dataset"}), facts.get("data", GOOD)),
        OTHER: Known(frozenset({"version", "dataset"}), facts.get("other", GOOD)),
        CODE: Known(frozenset({"code"}), facts.get("code", GOOD)),
    }


def lacks(*requirements: Requirement, **facts: frozenset[str]) -> list[Missing]:
    return missing(MODEL, EDGES, known(**facts), requirements)


def test_trained_from_a_data_set_with_a_digest() -> None:
    """ "trained from a data set with digest": one is enough, unless every one is asked for."""
    one, every = PRESETS["dataset_with_digest"], PRESETS["every_dataset_with_digest"]
    assert lacks(one, every) == []
    bare = frozenset({"live"})
    assert lacks(one, data=bare) == []
    assert lacks(every, data=bare) == [Missing("every_dataset_with_digest", 1, ["digest"])]
    assert lacks(one, data=bare, other=bare) == [Missing("dataset_with_digest", 2, ["digest"])]
    assert missing(MODEL, EDGES[:1], known(), [one, every]) == [Missing("dataset_with_digest", 0, [])]


def test_has_a_code_commit() -> None:
    """ "has code commit": of the run that it was registered from, or of code that was read."""
    asked = PRESETS["code_commit"]
    assert lacks(asked) == [Missing("code_commit", 2, ["commit"])]
    assert lacks(asked, run=GOOD | {"commit"}) == []
    assert lacks(asked, code=GOOD | {"commit"}) == []


def test_depth_counts_edges() -> None:
    near = Requirement("near", forms=frozenset({"dataset"}), depth=1)
    far = Requirement("far", forms=frozenset({"dataset"}), depth=2)
    assert lacks(near, far) == [Missing("near", 0, [])]


def test_a_flag_upstream_is_missing_innocence() -> None:
    assert lacks(PRESETS["upstream_unflagged"]) == []
    assert lacks(PRESETS["upstream_unflagged"], data=frozenset()) == [Missing("upstream_unflagged", 1, ["unflagged"])]


def test_what_nobody_knows_of_is_nothing() -> None:
    assert missing(MODEL, EDGES, {}, [PRESETS["registered_from_run"]]) == [Missing("registered_from_run", 0, [])]
    assert lacks(PRESETS["registered_from_run"]) == []


@pytest.mark.parametrize(
    "bad", [{"depth": 0}, {"depth": 51}, {"facts": frozenset({"nice"})}, {"forms": frozenset({"thing"})}]
)
def test_a_requirement_has_a_form(bad: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Requirement("r", **bad)  # type: ignore[arg-type]


@given(graphs(), st.integers(1, 6), st.lists(st.sampled_from(vertices(9)), max_size=5), st.booleans())
def test_random_graphs(edges: list[Pair], depth: int, marked: list[Vertex], every: bool) -> None:
    """Against the plainest reading: the sources of edges whose target is less than `depth` up from the start."""
    start, up = vertices(1)[0], [(target, source) for source, target in edges]
    near = {v for v, distance in below(up, start, depth - 1).items() if distance < depth}
    reached = {source for source, target in edges if target in near}
    asked = Requirement("r", facts=frozenset({"digest"}), depth=depth, every=every)
    facts = {v: Known(frozenset({"version"}), frozenset({"digest"} if v in marked else ())) for v in vertices(9)}
    met = missing(start, [edge(s, EdgeType.BASE, t) for s, t in edges], facts, [asked]) == []
    assert met == (reached <= set(marked) if every else bool(reached & set(marked)))


def test_presets_ask_only_for_what_there_is() -> None:
    assert all(preset.facts <= set(FACTS) and preset.name == name for name, preset in PRESETS.items())

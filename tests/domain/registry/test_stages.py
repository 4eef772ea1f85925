"""Stage graphs: free moves by default, ladders, open graphs, refusals."""

from itertools import pairwise

import pytest

from strongroom.domain.errors import Invalid, StageEdgeNotAllowed
from strongroom.domain.registry.stages import DEFAULT_STAGES, StageGraph, clean_stage
from tests.support.stages import LADDER, RUNGS


def test_by_default_every_move_is_free() -> None:
    for here in (None, *DEFAULT_STAGES.stages):
        for to in DEFAULT_STAGES.stages:
            assert DEFAULT_STAGES.check_move(here, to) == to


@pytest.mark.parametrize(("here", "up"), [(None, "development"), *pairwise(RUNGS)])
def test_on_a_ladder_a_version_climbs_one_step(here: str | None, up: str) -> None:
    assert LADDER.check_move(here, up) == up


@pytest.mark.parametrize(("here", "to"), [(None, "production"), ("none", "staging"), ("development", "production")])
def test_on_a_ladder_no_step_is_skipped(here: str | None, to: str) -> None:
    with pytest.raises(StageEdgeNotAllowed) as refused:
        LADDER.check_move(here, to)
    assert to not in str(refused.value.details["allowed"])


@pytest.mark.parametrize("n", range(1, 4))
def test_on_a_ladder_every_way_down_and_to_the_archive_is_open(n: int) -> None:
    for low in RUNGS[:n]:
        assert LADDER.check_move(RUNGS[n], low) == low
    assert LADDER.check_move(RUNGS[n], "archived") == "archived"


def test_from_the_archive_a_version_does_not_jump_to_production() -> None:
    assert LADDER.next_stages("archived") == ("none", "development")
    with pytest.raises(StageEdgeNotAllowed):
        LADDER.check_move("archived", "production")


def test_staying_is_allowed_and_unknown_stages_are_not() -> None:
    assert LADDER.check_move("staging", "staging") == "staging"
    with pytest.raises(Invalid):
        LADDER.check_move("staging", "Production")


def test_an_open_graph_takes_any_name_but_no_bad_one() -> None:
    graph = StageGraph.of(["none"], [], is_open=True)
    assert graph.check_move(None, "Live in EU") == "Live in EU"
    with pytest.raises(Invalid):
        graph.check_move(None, "a\nb")


def test_a_free_graph_allows_every_move() -> None:
    graph = StageGraph.free(RUNGS)
    assert all(graph.check_move(a, b) == b for a in RUNGS for b in RUNGS)
    assert graph.next_stages(None) == ("development", "staging", "production")


@pytest.mark.parametrize(
    ("stages", "edges"),
    [
        (["a"], []),
        (["none", "a", "a"], []),
        (["none"], [("none", "b")]),
        (["none", ""], []),
        (["none", *map(str, range(64))], []),
    ],
)
def test_a_graph_is_refused(stages: list[str], edges: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid):
        StageGraph.of(stages, edges)


def test_a_stage_name_has_a_limit() -> None:
    assert clean_stage("x" * 64)
    with pytest.raises(Invalid):
        clean_stage("x" * 65)

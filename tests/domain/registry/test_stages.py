"""Stage graphs: default moves, open graphs, refusals."""

from itertools import pairwise

import pytest

from strongroom.domain.errors import Invalid, StageEdgeNotAllowed
from strongroom.domain.registry.stages import DEFAULT_STAGES, StageGraph, clean_stage

LADDER = ["none", "development", "staging", "production"]


@pytest.mark.parametrize(("here", "up"), [(None, "development"), *pairwise(LADDER)])
def test_by_default_a_version_climbs_one_step(here: str | None, up: str) -> None:
    assert DEFAULT_STAGES.check_move(here, up) == up


@pytest.mark.parametrize(("here", "to"), [(None, "production"), ("none", "staging"), ("development", "production")])
def test_by_default_no_step_is_skipped(here: str | None, to: str) -> None:
    with pytest.raises(StageEdgeNotAllowed) as refused:
        DEFAULT_STAGES.check_move(here, to)
    assert to not in str(refused.value.details["allowed"])


@pytest.mark.parametrize("n", range(1, 4))
def test_by_default_every_way_down_and_to_the_archive_is_open(n: int) -> None:
    for low in LADDER[:n]:
        assert DEFAULT_STAGES.check_move(LADDER[n], low) == low
    assert DEFAULT_STAGES.check_move(LADDER[n], "archived") == "archived"


def test_from_the_archive_a_version_does_not_jump_to_production() -> None:
    assert DEFAULT_STAGES.next_stages("archived") == ("none", "development")
    with pytest.raises(StageEdgeNotAllowed):
        DEFAULT_STAGES.check_move("archived", "production")


def test_staying_is_allowed_and_unknown_stages_are_not() -> None:
    assert DEFAULT_STAGES.check_move("staging", "staging") == "staging"
    with pytest.raises(Invalid):
        DEFAULT_STAGES.check_move("staging", "Production")


def test_an_open_graph_takes_any_name_but_no_bad_one() -> None:
    graph = StageGraph.of(["none"], [], is_open=True)
    assert graph.check_move(None, "Live in EU") == "Live in EU"
    with pytest.raises(Invalid):
        graph.check_move(None, "a\nb")


def test_a_free_graph_allows_every_move() -> None:
    graph = StageGraph.free(LADDER)
    assert all(graph.check_move(a, b) == b for a in LADDER for b in LADDER)
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

"""Params, points and summaries: limits, which point is the latest, and merging in any order."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Conflict, Invalid
from strongroom.domain.tracking.values import Param, ParamMode, Point, Summary, clean_key, point_rank, written

VALUES = st.one_of(st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0]), st.floats())
POINTS = st.builds(Point, st.integers(-3, 3), st.integers(-3, 3), VALUES)


def same(a: Summary | None, b: Summary | None) -> bool:
    """Equal, with NaN equal to NaN and -0.0 not to 0.0."""
    return repr(a) == repr(b)


@pytest.mark.parametrize("key", ["loss", "train/loss", "a b", "layer.0/w:0", "x" * 250, "损失"])
def test_a_key(key: str) -> None:
    assert clean_key(key) == key


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/.", "a\n", "x" * 251, "a/../b"])
def test_a_key_is_refused(key: str) -> None:
    with pytest.raises(Invalid):
        clean_key(key)


def test_a_param_written_once_keeps_its_value() -> None:
    once, replace = ParamMode.ONCE, ParamMode.REPLACE
    assert written(None, Param("lr", "1")) == Param("lr", "1")
    assert written(Param("lr", "1"), Param("lr", "1")) == Param("lr", "1")
    assert written(Param("lr", "1", replace), Param("lr", "2", replace)).value == "2"
    for old, new in ((once, once), (once, replace), (replace, once)):
        with pytest.raises(Conflict):
            written(Param("lr", "1", old), Param("lr", "2", new))


def test_params_have_limits() -> None:
    assert Param.of("lr", "x" * 6000).value == "x" * 6000
    for value in ("x" * 6001, "\x00"):
        with pytest.raises(Invalid):
            Param.of("lr", value)


def test_points_are_64_bit() -> None:
    assert Point.of(-(2**63), 2**63 - 1, math.inf).value == math.inf
    for step, time in ((2**63, 0), (0, -(2**63) - 1)):
        with pytest.raises(Invalid):
            Point.of(step, time, 0.0)


def test_the_latest_point_goes_by_step_then_time_then_value() -> None:
    ordered = [
        *(Point(0, 9, 9.0), Point(1, 0, math.nan), Point(1, 0, -math.inf), Point(1, 0, -0.0), Point(1, 0, 0.0)),
        *(Point(1, 0, 1.0), Point(1, 0, math.inf), Point(1, 1, math.nan), Point(2, 0, -1.0)),
    ]
    assert sorted([*ordered[1::2], *ordered[::2]], key=point_rank) == ordered


def test_nan_is_least_or_greatest_only_alone() -> None:
    mixed = Summary.of([Point(0, 0, math.nan), Point(1, 0, 2.0), Point(2, 0, math.nan)])
    assert mixed is not None
    assert (mixed.least, mixed.greatest, mixed.count) == (2.0, 2.0, 3)
    assert math.isnan(mixed.last.value)
    alone = Summary.of([Point(0, 0, math.nan)])
    assert alone is not None
    assert math.isnan(alone.least)
    assert math.isnan(alone.greatest)
    assert Summary.of([]) is None


@given(st.lists(POINTS, min_size=1), st.lists(POINTS, min_size=1), st.lists(POINTS, min_size=1))
def test_merging_summaries_is_summarising_together(a: list[Point], b: list[Point], c: list[Point]) -> None:
    one, two, three, whole = (Summary.of(points) for points in (a, b, c, a + b + c))
    assert one is not None
    assert two is not None
    assert three is not None
    assert same(one.merge(two).merge(three), whole)
    assert same(three.merge(two.merge(one)), whole)

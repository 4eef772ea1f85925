"""Sampling: few points, but never without the first, the last, the least and the greatest."""

import math
from array import array

from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.tracking.sampling import FEWEST, sampled, spread

VALUES = st.lists(
    st.one_of(st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0]), st.floats()), min_size=1, max_size=300
)


@given(VALUES, st.integers(FEWEST, 60))
def test_first_last_least_and_greatest_are_always_kept(values: list[float], count: int) -> None:
    """Issue 3: a reader can ask for n sampled points that always keep first, last, minima and maxima."""
    places = list(sampled(array("d", values), count))
    assert len(places) <= max(count, min(len(values), count))
    assert places == sorted(set(places))
    assert places[0] == 0
    assert places[-1] == len(values) - 1
    numbers = [value for value in values if not math.isnan(value)]
    if numbers:
        kept = [values[place] for place in places if not math.isnan(values[place])]
        assert min(kept) == min(numbers)
        assert max(kept) == max(numbers)


@given(VALUES, st.integers(FEWEST, 60))
def test_few_points_are_all_kept(values: list[float], count: int) -> None:
    if len(values) <= count:
        assert list(sampled(array("d", values), count)) == list(range(len(values)))


def test_every_stretch_shows_its_extremes() -> None:
    values = array("d", [0.0] * 10_000)
    values[7_321], values[7_322] = 5.0, -5.0
    places = sampled(values, 100)
    assert 7_321 in places
    assert 7_322 in places


@given(st.integers(1, 500), st.integers(FEWEST, 60))
def test_values_without_an_order_are_spread(size: int, count: int) -> None:
    places = list(spread(size, count))
    assert len(places) == min(size, count)
    assert places[0] == 0
    assert places[-1] == size - 1
    assert places == sorted(set(places))

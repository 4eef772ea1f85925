"""What an evaluation may say."""

import pytest

from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.fields import (
    MEASURES_MOST,
    PROPERTIES_MOST,
    SLICES_MOST,
    clean_code,
    clean_data,
    clean_judge,
    clean_measures,
    clean_name,
    clean_note,
    clean_properties,
    clean_slices,
    clean_time,
)
from strongroom.domain.evaluations.model import Data, Judge, Measure, SliceMeasure

M = Measure("accuracy", 0.9)


def test_good_metrics_stay_as_they_are() -> None:
    full = Measure("a/b", 1.0, "ms", low=1.0, high=1.0, confidence=0.5, rows=0)
    assert clean_measures([M, full]) == (M, full)
    assert clean_slices([SliceMeasure("de", "accuracy", 1.0, 2)], [M]) == (SliceMeasure("de", "accuracy", 1.0, 2),)


@pytest.mark.parametrize(
    "bad",
    [
        (),
        (M, M),
        tuple(Measure(f"m{n}", 1.0) for n in range(MEASURES_MOST + 1)),
        (Measure("m", float("nan")),),
        (Measure("m", float("inf")),),
        (Measure("m", 1.0, low=0.0),),
        (Measure("m", 1.0, low=2.0, high=3.0),),
        (Measure("m", 1.0, low=float("-inf"), high=3.0),),
        (Measure("m", 1.0, confidence=0.9),),
        (Measure("m", 1.0, low=1.0, high=1.0, confidence=1.0),),
        (Measure("m", 1.0, rows=-1),),
        (Measure("a//b", 1.0),),
        (Measure("m", 1.0, unit="m" * 33),),
        (Measure("m", 1.0, better="up"),),  # type: ignore[arg-type]
        (Measure("m", 1.0, kind="fun"),),  # type: ignore[arg-type]
    ],
)
def test_metrics_that_cannot_be_compared_are_refused(bad: tuple[Measure, ...]) -> None:
    with pytest.raises(Invalid):
        clean_measures(bad)


@pytest.mark.parametrize(
    "bad",
    [
        [SliceMeasure("s", "other", 1.0)],
        [SliceMeasure("s", "accuracy", 1.0)] * 2,
        [SliceMeasure("", "accuracy", 1.0)],
        [SliceMeasure("s", "accuracy", float("nan"))],
        [SliceMeasure(str(n), "accuracy", 1.0) for n in range(SLICES_MOST + 1)],
    ],
)
def test_slices_are_of_a_metric_once_and_bounded(bad: list[SliceMeasure]) -> None:
    with pytest.raises(Invalid):
        clean_slices(bad, [M])


def test_a_data_set_is_bound_by_a_digest_of_any_algorithm() -> None:
    """ "absent = stored `unbound`"."""
    assert clean_data("", "name") == Data("", "name")
    assert not clean_data("", "").bound
    assert clean_data("sha256:" + "a" * 64, "") == clean_data("a" * 64, "")
    assert clean_data("md5:0123abcd", "").bound
    for bad in ("short", "a b c d e f g h", "x" * 201, "-leading-"):
        with pytest.raises(Invalid):
            clean_data(bad, "")


def test_the_rest_is_bounded() -> None:
    with pytest.raises(Invalid):
        clean_name("")
    with pytest.raises(Invalid):
        clean_judge(Judge(""))
    with pytest.raises(Invalid):
        clean_note("x" * 4_001)
    with pytest.raises(Invalid):
        clean_code("x" * 129, "")
    with pytest.raises(Invalid):
        clean_properties({"k": [1]})
    with pytest.raises(Invalid):
        clean_properties({str(n): 1 for n in range(PROPERTIES_MOST + 1)})
    for time in (-1, 2**62):
        with pytest.raises(Invalid):
            clean_time(time)
    assert clean_time(1) == 1
    assert clean_judge(None) is None
    assert clean_judge(Judge("j", "1", "m")) == Judge("j", "1", "m")

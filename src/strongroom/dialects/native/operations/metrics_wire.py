"""Values of series on the wire: JSON has no NaN and no infinities, so these are words."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from strongroom.application.tracking.views import (
    MetricView,
)
from strongroom.dialects.native.operation import Struct
from strongroom.domain.tracking.values import PARAM_LONGEST

Value = float | Literal["NaN", "Infinity", "-Infinity"]


Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


Key = Annotated[str, Meta(min_length=1, max_length=1000, description="At most 250 characters in Unicode's NFC.")]


Text = Annotated[str, Meta(max_length=PARAM_LONGEST)]


Word = Annotated[str, Meta(max_length=255)]


class MetricAnswer(Struct, frozen=True, kw_only=True):
    """A series in short. `last` is at the greatest step; `least` and `greatest` are NaN only if every value is."""

    last: Value
    last_step: int
    last_time_us: int
    least: Value
    greatest: Value
    count: int


def value_answer(number: float) -> Value:
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def numbers(values: list[Value]) -> list[float]:
    """Values as numbers; the words are what `float` reads."""
    return list(map(float, values))


def value_answers(values: Sequence[float]) -> list[Value]:
    """Numbers as they are sent; nearly always there is no word among them."""
    return list(values) if math.isfinite(sum(values)) else [value_answer(value) for value in values]


def metric_answer(view: MetricView) -> MetricAnswer:
    return MetricAnswer(
        last=value_answer(view.last),
        last_step=view.last_step,
        last_time_us=view.last_time_us,
        least=value_answer(view.least),
        greatest=value_answer(view.greatest),
        count=view.count,
    )

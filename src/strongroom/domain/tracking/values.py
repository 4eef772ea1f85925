"""Params, metric points and the summary of a series: limits, order and merging (domain.md N9, N17)."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from strongroom.domain.errors import Conflict, Invalid
from strongroom.domain.registry.text import clean_line, clean_text

KEY_LONGEST = 250
PARAM_LONGEST = 6_000
POINTS_MOST = 10_000
"""Points in one batch."""
INTEGER_LARGEST = 2**63 - 1

_BAD_KEY_SEGMENT = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")


def clean_key(text: str) -> str:
    """Key of a param or metric in NFC: 1 to 250 characters; slashes group keys, so no segment is empty, . or ``..``.

    :raises Invalid: that, control or invisible characters, outer whitespace.
    """
    key = clean_line(text, what="key", longest=KEY_LONGEST, error=Invalid)
    if _BAD_KEY_SEGMENT.search(key):
        raise Invalid("A key has no empty, '.' or '..' segment between slashes.")
    return key


def spelled_number(text: str) -> float | None:
    """The number that a param's text spells, for search; None of other texts and of NaN and infinities."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


class ParamMode(StrEnum):
    """Whether a param may be given another value later; the writer says which."""

    ONCE = "once"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Param:
    """A named input of a run. `value` is text as sent, up to 6,000 characters."""

    key: str
    value: str
    mode: ParamMode = ParamMode.ONCE

    @classmethod
    def of(cls, key: str, value: str, mode: ParamMode = ParamMode.ONCE) -> Self:
        """A param from outside, checked.

        :raises Invalid: see `clean_key`; a value with NUL, a lone surrogate, or too long.
        """
        return cls(clean_key(key), clean_text(value, what="param", longest=PARAM_LONGEST), mode)


def written(old: Param | None, new: Param) -> Param:
    """The param after a write. The same value again is always fine; a replaceable one may be replaced.

    Once is for ever: the same value sent again as replaceable leaves the param written once.

    :raises Conflict: another value for a param that was written once; `details` has `key`.
    """
    if old is None or ParamMode.ONCE not in (old.mode, new.mode):
        return new
    if old.value != new.value:
        raise Conflict(f"The param {new.key!r} has a value already and is written once.", key=new.key)
    return Param(new.key, new.value, ParamMode.ONCE)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric. `step` and `time_us` (microseconds since 1970, as claimed) are signed 64-bit integers."""

    step: int
    time_us: int
    value: float

    @classmethod
    def of(cls, step: int, time_us: int, value: float) -> Self:
        """A point from outside, checked; every float is a value, NaN and infinities too.

        :raises Invalid: step or time outside 64 bits.
        """
        if not all(-INTEGER_LARGEST - 1 <= number <= INTEGER_LARGEST for number in (step, time_us)):
            raise Invalid("Step and time are 64-bit integers.")
        return cls(step, time_us, float(value))


_Rank = tuple[bool, float, float]


def value_rank(value: float) -> _Rank:
    """Total order of values: NaN below all, then by size, -0.0 below 0.0."""
    return (False, 0.0, 0.0) if math.isnan(value) else (True, value, math.copysign(1.0, value))


def point_rank(point: Point) -> tuple[int, int, _Rank]:
    """Order that decides which point is the latest: step, then time, then value."""
    return point.step, point.time_us, value_rank(point.value)


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept beside the points of a series, for search. NaN is min or max only if every value is NaN."""

    last: Point
    least: float
    greatest: float
    count: int

    @classmethod
    def of(cls, points: Iterable[Point]) -> Self | None:
        """Summary of some points, in any order; None of none."""
        found = list(points)
        if not found:
            return None
        values = [point.value for point in found if not math.isnan(point.value)] or [math.nan]
        least, greatest = min(values, key=value_rank), max(values, key=value_rank)
        return cls(max(found, key=point_rank), least, greatest, len(found))

    def merge(self, other: "Summary") -> "Summary":
        """Summary of both sets of points together; order and grouping of merges do not matter."""
        return Summary(
            max(self.last, other.last, key=point_rank),
            min(self.least, other.least, key=_nan_last),
            max(self.greatest, other.greatest, key=value_rank),
            self.count + other.count,
        )


def _nan_last(value: float) -> tuple[bool, float, float]:
    return (True, 0.0, 0.0) if math.isnan(value) else (False, value, math.copysign(1.0, value))

"""Points of one series as columns, with their summary; what was sent, byte for byte, as the run's chain covers it."""

import math
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeAlias

from strongroom.domain.artifacts.packing import put_text, put_varint
from strongroom.domain.errors import Invalid
from strongroom.domain.tracking.values import Point, Summary, point_rank, value_rank

Integers: TypeAlias = "array[int]"
Floats: TypeAlias = "array[float]"
Values: TypeAlias = "array[float] | list[str]"


class Kind(StrEnum):
    """What the values of a series are; a series keeps the kind of its first point."""

    FLOAT = "float"
    TEXT = "text"
    JSON = "json"
    HISTOGRAM = "histogram"
    FILE = "file"


CODES = {kind: number for number, kind in enumerate(Kind)}
"""How a kind is written in bytes."""
KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Points:
    """Columns of equal length, in the order in which the points were sent.

    :param steps: signed 64-bit integers. :param times: microseconds since 1970, as claimed.
    :param values: doubles of a FLOAT series, else texts.
    """

    steps: Integers
    times: Integers
    values: Values
    kind: Kind = Kind.FLOAT

    def __len__(self) -> int:
        return len(self.steps)

    @classmethod
    def floats(cls, steps: Iterable[int], times: Iterable[int], values: Iterable[float]) -> Self:
        """Points of numbers from outside; every float is a value, NaN and infinities too.

        :raises Invalid: a step or time outside 64 bits.
        """
        return cls(*_integers(steps, times), array("d", values))

    @classmethod
    def texts(cls, kind: Kind, steps: Iterable[int], times: Iterable[int], values: Iterable[str]) -> Self:
        """Points of another kind, whose values were checked already. :raises Invalid: see `floats`."""
        return cls(*_integers(steps, times), list(values), kind)

    def slice(self, start: int, end: int) -> "Points":
        """The points from one place to before another."""
        return Points(self.steps[start:end], self.times[start:end], self.values[start:end], self.kind)

    def only(self, places: Sequence[int]) -> "Points":
        """The points at some places."""
        if len(places) == len(self):
            return self
        values: Values = [self.words[n] for n in places] if self.kind is not Kind.FLOAT else self._floats(places)
        steps, times = self.steps, self.times
        return Points(array("q", [steps[n] for n in places]), array("q", [times[n] for n in places]), values, self.kind)

    def _floats(self, places: Sequence[int]) -> Floats:
        numbers = self.numbers
        return array("d", [numbers[n] for n in places])

    def joined(self, more: "Points") -> "Points":
        """These points and then some more of the same kind."""
        return Points(self.steps + more.steps, self.times + more.times, self.values + more.values, self.kind)  # type: ignore[operator]

    @property
    def numbers(self) -> Floats:
        """The values of a FLOAT series."""
        assert isinstance(self.values, array)  # noqa: S101 - the kind says so
        return self.values

    @property
    def words(self) -> list[str]:
        """The values of another series."""
        assert isinstance(self.values, list)  # noqa: S101 - the kind says so
        return self.values


class Gathered:
    """Points of one series, gathered from several places in order; starts without any."""

    def __init__(self) -> None:
        self._points = Points(array("q"), array("q"), array("d"))

    def __len__(self) -> int:
        return len(self._points)

    def add(self, more: Points) -> None:
        """Some more, of the kind of the first."""
        mine = self._points
        if not len(mine):
            mine = self._points = Points(array("q"), array("q"), more.values[:0], more.kind)
        mine.steps.extend(more.steps)
        mine.times.extend(more.times)
        if mine.kind is Kind.FLOAT:
            mine.numbers.extend(more.numbers)
        else:
            mine.words.extend(more.words)

    def thin(self, places: Sequence[int]) -> None:
        """Keep only those at some places."""
        self._points = self._points.only(places)

    def points(self) -> Points:
        """All so far; not to be kept while more are added."""
        return self._points


def _integers(steps: Iterable[int], times: Iterable[int]) -> tuple[Integers, Integers]:
    try:
        return array("q", steps), array("q", times)
    except OverflowError:
        raise Invalid("Step and time are 64-bit integers.") from None


def little(column: "Integers | Floats") -> bytes:
    """A column's bytes, little-endian."""
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()


def canonical(series: Mapping[str, Points]) -> bytes:
    """Points of a batch in the one form that the run's chain covers, however they are stored.

    For each key in the order of its code points: key (text), kind (a byte), n, n steps and n times as eight bytes each,
    little-endian; then n doubles likewise, or n texts.
    """
    out = bytearray()
    for key in sorted(series):
        points = series[key]
        put_text(out, key)
        out.append(CODES[points.kind])
        put_varint(out, len(points))
        out += little(points.steps)
        out += little(points.times)
        if points.kind is Kind.FLOAT:
            out += little(points.numbers)
        else:
            for text in points.words:
                put_text(out, text)
    return bytes(out)


def latest_of(points: Points) -> Point:
    """The point of a FLOAT series that ranks highest; see `point_rank`."""
    steps, times, numbers = points.steps, points.times, points.numbers
    top = max(steps)
    if steps[-1] == top and steps.count(top) == 1:
        return Point(top, times[-1], numbers[-1])
    found = (Point(top, times[n], numbers[n]) for n, step in enumerate(steps) if step == top)
    return max(found, key=point_rank)


def summary_of(points: Points) -> Summary:
    """Summary of at least one point of a FLOAT series."""
    numbers: Sequence[float] = points.numbers
    if math.isnan(sum(numbers)):  # a NaN, or infinities of both signs; what is no NaN decides, if there is any
        numbers = [value for value in numbers if not math.isnan(value)] or [math.nan]
    least, greatest = min(numbers), max(numbers)
    if least == 0:
        least = min(numbers, key=value_rank)  # -0.0 is below 0.0
    if greatest == 0:
        greatest = max(numbers, key=value_rank)
    return Summary(latest_of(points), least, greatest, len(points))

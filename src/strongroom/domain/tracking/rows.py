"""Rows: values of several series that were logged together, under a number (domain.md N9).

A batch notes its rows in its record, so that the run's chain covers them and merging leaves them as they are: their
numbers, and of each key which of them have a value. The points of the key are those of its rows, in their order.
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from strongroom.domain.errors import Corrupted, Invalid, TooLarge
from strongroom.domain.tracking.points import Kind, Points
from strongroom.domain.tracking.values import INTEGER_LARGEST

ROWS_MOST = 1_000
"""Rows in one batch."""
NOTED = "rows"
"""What of a batch's record tells its rows."""

Value = tuple[Kind, float | str]
Stretch = tuple[int, int]
"""A first number and how many follow one another from it."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was logged together: values by key, each with its kind; `step` and `time_us` are those of all its points."""

    number: int
    step: int
    time_us: int
    values: Mapping[str, Value]

    def is_same(self, other: "Row") -> bool:
        """Whether another says the same, whenever: NaN is NaN here, and -0.0 another number than 0.0."""
        return (self.number, self.step, _bits(self.values)) == (other.number, other.step, _bits(other.values))


def _bits(values: Mapping[str, Value]) -> dict[str, tuple[Kind, bytes | str]]:
    return {
        key: (kind, value if isinstance(value, str) else struct.pack("<d", value))
        for key, (kind, value) in values.items()
    }


def check_rows(rows: Sequence[Row]) -> None:
    """:raises Invalid: not in ascending order, or one without values. :raises TooLarge: more than a batch takes."""
    if len(rows) > ROWS_MOST:
        raise TooLarge(f"A batch has at most {ROWS_MOST} rows.", limit=ROWS_MOST)
    before = -1
    for row in rows:
        if not before < row.number <= INTEGER_LARGEST:
            raise Invalid("The numbers of rows are 0 or more, and ascend within a batch.", row=row.number)
        if not row.values:
            raise Invalid("A row has a value at least.", row=row.number)
        before = row.number


def columns(rows: Sequence[Row]) -> dict[str, Points]:
    """The points of the rows by key. :raises Invalid: a key has values of two kinds, or a step does not fit 64 bits."""
    found: dict[str, tuple[Kind, list[Row]]] = {}
    for row in rows:
        for key, (kind, _) in row.values.items():
            if found.setdefault(key, (kind, []))[0] is not kind:
                raise Invalid("A series keeps the kind of its first point.", key=key)
            found[key][1].append(row)
    return {key: _points(key, kind, some) for key, (kind, some) in found.items()}


def _points(key: str, kind: Kind, rows: Sequence[Row]) -> Points:
    steps, times = [row.step for row in rows], [row.time_us for row in rows]
    if kind is Kind.FLOAT:
        return Points.floats(steps, times, [float(row.values[key][1]) for row in rows])
    return Points.texts(kind, steps, times, [str(row.values[key][1]) for row in rows])


def stretches_of(numbers: Iterable[int]) -> list[Stretch]:
    """Ascending numbers as stretches without a gap."""
    found: list[Stretch] = []
    for number in numbers:
        if found and sum(found[-1]) == number:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((number, 1))
    return found


def noted(rows: Sequence[Row]) -> dict[str, object]:
    """What a batch's record says of its rows: their numbers, and of each key the places of its rows among them."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        for key in row.values:
            places.setdefault(key, []).append(place)
    return {
        "numbers": stretches_of(row.number for row in rows),
        "keys": {key: stretches_of(found) for key, found in sorted(places.items())},
    }


def rows_of(record: bytes, contents: Mapping[str, Points]) -> list[Row]:
    """The rows of a batch again. :raises Corrupted: the record says what its points do not."""
    said = json.loads(record).get("other", {}).get(NOTED)
    if said is None:
        return []
    numbers = _numbers(said["numbers"])
    values: list[dict[str, Value]] = [{} for _ in numbers]
    stands: list[tuple[int, int]] = [(0, 0)] * len(numbers)
    for key, stretches in said["keys"].items():
        points, places = contents.get(key), _numbers(stretches)
        if points is None or len(points) != len(places) or places[-1] >= len(numbers):
            raise Corrupted("A batch has other rows than its record says.")
        for index, place in enumerate(places):
            values[place][key] = points.kind, points.values[index]
            stands[place] = points.steps[index], points.times[index]
    return [Row(number, *stand, value) for number, stand, value in zip(numbers, stands, values, strict=True)]


def _numbers(stretches: Sequence[Sequence[int]]) -> list[int]:
    return [number for first, count in stretches for number in range(first, first + count)]

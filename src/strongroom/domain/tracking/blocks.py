"""Points of several series of one run, of one batch or of many, packed into one block of bytes (table `block`).

A block keeps which batch each point came with and in which order, so that the bytes that the run's chain covers can be
made again from it however often it was merged with others (decision 10). Columns of steps and times that several
series share are written once.

Layout: ``"SRB" 2``, a byte (0 whole, 1 in sections), then the directory and the sections: all in one zlib stream when
small, else each packed apart, so that one series is read without unpacking the others. Directory: number of batches;
axes, each n and three columns (coding, stored length): number of the batch, step, time; series by key, each key, kind,
axis, stored lengths of its values and of its outline. Sections come in that order; an outline is a block of its own
with one series of the empty key. `columns` says how a column is written.
"""

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import lt

from strongroom.domain.artifacts.packing import Reader, put_text, put_varint
from strongroom.domain.errors import Corrupted, Invalid, TooLarge
from strongroom.domain.tracking.columns import (
    Coding,
    ends_of_progression,
    inflate,
    pack_floats,
    pack_integers,
    pack_texts,
    squeeze,
    unpack_floats,
    unpack_integers,
    unpack_texts,
    unsqueeze,
)
from strongroom.domain.tracking.points import CODES, KINDS, Floats, Integers, Kind, Points, Values
from strongroom.domain.tracking.sampling import sampled

MAGIC = b"SRB\x02"
POINTS_MOST = 1_000_000
"""Points in one block."""
UNPACKED_MOST = 64 << 20
"""Bytes a block may unfold to; a block above it is refused when written and when read."""
WHOLE_LARGEST = 64 << 10
"""Bytes up to which a block is one stream, which packs better than many small ones."""
OUTLINED = 32
"""Points of a series for each one in its outline."""
OUTLINED_FROM = 1_024
"""Points of a series from which a block in sections has an outline of it."""

_QUICK, _SMALL = 1, 6
_WHOLE, _SECTIONS = 0, 1


@dataclass(slots=True)
class _Collected:
    """The columns of one series while a block is put together."""

    kind: Kind
    batches: Integers = field(default_factory=lambda: array("q"))
    steps: Integers = field(default_factory=lambda: array("q"))
    times: Integers = field(default_factory=lambda: array("q"))
    floats: Floats = field(default_factory=lambda: array("d"))
    texts: list[str] = field(default_factory=list)

    def add(self, number: int, points: Points) -> None:
        self.batches.extend(array("q", [number]) * len(points))
        self.steps.extend(points.steps)
        self.times.extend(points.times)
        if self.kind is Kind.FLOAT:
            self.floats.extend(points.numbers)
        else:
            self.texts += points.words

    def values(self) -> bytes:
        return pack_floats(self.floats) if self.kind is Kind.FLOAT else pack_texts(self.texts)

    def packed(self, values: bytes) -> bytes:
        """The values in a section of their own."""
        return squeeze(values) if self.kind is Kind.FLOAT else zlib.compress(values, _SMALL)

    def outline(self) -> bytes:
        """A few of many points that show the course of all, so that a sample need not unpack the rest."""
        count = len(self.steps)
        if self.kind is not Kind.FLOAT or count < OUTLINED_FROM or not ascending(self.steps):
            return b""
        places = sampled(self.floats, count // OUTLINED)
        picked = Points(self.steps, self.times, self.floats).only(places)
        return encode_block([{"": picked}])


def encode_block(batches: Sequence[Mapping[str, Points]]) -> bytes:
    """Pack batches: by key, points whose order within the key is kept. Series without points are left out.

    :raises TooLarge: above 1,000,000 points, or 64 MiB before compression.
    :raises Invalid: a series of two kinds.
    """
    series = _collected(batches)
    if sum(len(one.steps) for one in series.values()) > POINTS_MOST:
        raise TooLarge(f"A block holds at most {POINTS_MOST} points.", limit=POINTS_MOST)
    axes: dict[tuple[bytes, bytes, bytes], int] = {}
    shared = [
        axes.setdefault((one.batches.tobytes(), one.steps.tobytes(), one.times.tobytes()), len(axes))
        for one in series.values()
    ]
    columns = [[pack_integers(_integers(data)) for data in axis] for axis in axes]
    values = [one.values() for one in series.values()]
    size = sum(len(data) for axis in columns for _, data in axis) + sum(map(len, values))
    if size > UNPACKED_MOST:
        raise TooLarge(f"A block holds at most {UNPACKED_MOST} bytes.", limit=UNPACKED_MOST)
    whole = size <= WHOLE_LARGEST
    stored = [
        data if whole or coding is Coding.PROGRESSION else squeeze(data) for axis in columns for coding, data in axis
    ]
    for one, data in zip(series.values(), values, strict=True):
        stored += [data if whole else one.packed(data), b"" if whole else one.outline()]
    lengths = iter(map(len, stored))
    directory = bytearray()
    put_varint(directory, len(batches))
    put_varint(directory, len(axes))
    for axis, (numbers, _, _) in zip(columns, axes, strict=True):
        put_varint(directory, len(numbers) // 8)
        for coding, _ in axis:
            directory.append(coding)
            put_varint(directory, next(lengths))
    put_varint(directory, len(series))
    for (key, one), axis_number in zip(series.items(), shared, strict=True):
        put_text(directory, key)
        directory.append(CODES[one.kind])
        put_varint(directory, axis_number)
        put_varint(directory, next(lengths))
        put_varint(directory, next(lengths))
    return MAGIC + (_in_one(directory, stored) if whole else _in_sections(directory, stored))


def _in_one(directory: bytearray, stored: Sequence[bytes]) -> bytes:
    head = bytearray()
    put_varint(head, len(directory))
    return bytes([_WHOLE]) + zlib.compress(bytes(head + directory) + b"".join(stored), _QUICK)


def _in_sections(directory: bytearray, stored: Sequence[bytes]) -> bytes:
    head = bytearray([_SECTIONS])
    packed = zlib.compress(directory, _SMALL)
    put_varint(head, len(packed))
    return bytes(head) + packed + b"".join(stored)


def _collected(batches: Sequence[Mapping[str, Points]]) -> dict[str, _Collected]:
    found: dict[str, _Collected] = {}
    for number, batch in enumerate(batches):
        for key, points in batch.items():
            if not len(points):
                continue
            if key not in found:
                found[key] = _Collected(points.kind)
            if found[key].kind is not points.kind:
                raise Invalid("A series keeps the kind of its first point.", key=key)
            found[key].add(number, points)
    return {key: found[key] for key in sorted(found)}


def _integers(data: bytes) -> Integers:
    column: Integers = array("q")
    column.frombytes(data)
    return column


@dataclass(frozen=True, slots=True)
class _Column:
    coding: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Axis:
    count: int
    columns: tuple[_Column, _Column, _Column]


@dataclass(frozen=True, slots=True)
class _Series:
    kind: Kind
    axis: int
    start: int
    end: int
    outline_end: int


class Block:
    """A block that is open: columns are unpacked when they are asked for."""

    def __init__(self, data: bytes) -> None:
        """:raises Corrupted: bytes that are no block."""
        if not data.startswith(MAGIC) or len(data) == len(MAGIC):
            raise Corrupted("These bytes are no block of points.")
        self._apart = data[len(MAGIC)] == _SECTIONS
        rest = data[len(MAGIC) + 1 :]
        reader = Reader(rest if self._apart else inflate(rest, UNPACKED_MOST))
        directory = reader.take(reader.varint())
        self._sections, self._base = reader.data, reader.at
        self._unpacked: dict[tuple[int, int], Integers] = {}
        listed = Reader(inflate(directory, UNPACKED_MOST) if self._apart else directory)
        self.batches = listed.varint()
        """How many batches it holds."""
        end = self._read_axes(listed, 0)
        end = self._read_series(listed, end)
        listed.end()
        if self._base + end != len(self._sections):
            raise Corrupted("A block is cut short or goes on after its end.")

    def _read_axes(self, listed: Reader, at: int) -> int:
        self._axes: list[_Axis] = []
        for _ in range(listed.varint()):
            count = listed.varint()
            if not 0 < count <= POINTS_MOST:
                raise Corrupted("A block says that it holds more points than one may.")
            columns = []
            for _ in range(3):
                coding, size = listed.take(1)[0], listed.varint()
                columns.append(_Column(coding, at, at + size))
                at += size
            self._axes.append(_Axis(count, (columns[0], columns[1], columns[2])))
        return at

    def _read_series(self, listed: Reader, at: int) -> int:
        self._series: dict[str, _Series] = {}
        for _ in range(listed.varint()):
            key, kind, axis = listed.text(), listed.take(1)[0], listed.varint()
            size, outline = listed.varint(), listed.varint()
            if kind >= len(KINDS) or axis >= len(self._axes) or key in self._series:
                raise Corrupted("A series in a block is of no known kind, or stands twice.")
            self._series[key] = _Series(KINDS[kind], axis, at, at + size, at + size + outline)
            at += size + outline
        return at

    def keys(self) -> Sequence[str]:
        """The series in it."""
        return list(self._series)

    def kind(self, key: str) -> Kind | None:
        """What the values of a series are; None when it is not in here."""
        found = self._series.get(key)
        return found.kind if found else None

    def count(self, key: str) -> int:
        """How many points of a series are in it."""
        found = self._series.get(key)
        return self._axes[found.axis].count if found else 0

    def numbers(self, key: str) -> Integers:
        """For each point of a series, which of the block's batches it came with, from 0; ascending."""
        return self._integers(key, 0)

    def steps(self, key: str) -> Integers:
        """The steps of a series that is in it."""
        return self._integers(key, 1)

    def times(self, key: str) -> Integers:
        """The times of a series that is in it."""
        return self._integers(key, 2)

    def values(self, key: str) -> Values:
        """The values of a series that is in it."""
        found = self._series[key]
        data, count = self._bytes(found.start, found.end), self._axes[found.axis].count
        if found.kind is Kind.FLOAT:
            return unpack_floats(unsqueeze(data, count) if self._apart else data, count)
        return unpack_texts(inflate(data, UNPACKED_MOST) if self._apart else data, count)

    def outline(self, key: str) -> Points | None:
        """Some points of a series with ascending steps, its first, last, least and greatest among them, if kept."""
        found = self._series[key]
        data = self._bytes(found.end, found.outline_end)
        return Block(data).points("") if data else None

    def ascending(self, key: str) -> bool:
        """Whether each step of a series is above the one before."""
        ends = self._progression(key)
        return ends[0] < ends[1] or self.count(key) == 1 if ends else ascending(self.steps(key))

    def bounds(self, key: str) -> tuple[int, int]:
        """The least and the greatest step of a series."""
        ends = self._progression(key) or self.steps(key)
        return min(ends), max(ends)

    def _progression(self, key: str) -> tuple[int, int] | None:
        """The first and the last step, where those between need not be looked at."""
        axis = self._axes[self._series[key].axis]
        column = axis.columns[1]
        if column.coding != Coding.PROGRESSION:
            return None
        return ends_of_progression(self._bytes(column.start, column.end), axis.count)

    def points(self, key: str) -> Points:
        """All columns of a series that is in it."""
        return Points(self.steps(key), self.times(key), self.values(key), self._series[key].kind)

    def contents(self) -> list[dict[str, Points]]:
        """Batch by batch what it was made of: key -> points."""
        found: list[dict[str, Points]] = [{} for _ in range(self.batches)]
        for key in self._series:
            points, numbers = self.points(key), self.numbers(key)
            start = 0
            while start < len(numbers):
                number = numbers[start]
                end = bisect_right(numbers, number, start)
                if not 0 <= number < self.batches:
                    raise Corrupted("A point in a block came with a batch that is not in it.")
                found[number][key] = points.slice(start, end)
                start = end
        return found

    def _integers(self, key: str, which: int) -> Integers:
        place = (self._series[key].axis, which)
        if place not in self._unpacked:  # series that share an axis share the columns
            axis = self._axes[place[0]]
            column = axis.columns[which]
            data = self._bytes(column.start, column.end)
            if self._apart and column.coding != Coding.PROGRESSION:
                data = unsqueeze(data, axis.count)
            self._unpacked[place] = unpack_integers(column.coding, data, axis.count)
        return self._unpacked[place]

    def _bytes(self, start: int, end: int) -> bytes:
        return self._sections[self._base + start : self._base + end]


def ascending(steps: Integers) -> bool:
    """Whether each step is above the one before."""
    return all(map(lt, steps, islice(steps, 1, None)))

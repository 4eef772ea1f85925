"""The points of one series in their one order, stretch by stretch, out of blocks that may overlap.

Points are in order of step, then time, then as they came. Blocks come by their least step, so what lies below the next
block's least step is complete. A run that is written in order, the usual one, is never sorted: each block is a stretch.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from strongroom.domain.tracking.blocks import Block
from strongroom.domain.tracking.merging import open_block
from strongroom.domain.tracking.model import BlockRow
from strongroom.domain.tracking.points import Kind, Points
from strongroom.domain.tracking.values import INTEGER_LARGEST

WAITING_LARGEST = 200_000
"""Points out of order in memory while a page is put together; beyond it only as many as the page may need."""

Place = tuple[int, int, int, int]
"""Step, time, position of the batch, place in the batch: what puts all points of a series in one order."""
_Entry = tuple[Place, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """Steps from one to another, both included."""

    least: int = -INTEGER_LARGEST - 1
    greatest: int = INTEGER_LARGEST


@dataclass(frozen=True, slots=True)
class Stretch:
    """Points in order, behind which no earlier ones come; `place` tells where one stands."""

    points: Points
    place: Callable[[int], Place]


def stretches(
    blocks: Iterable[BlockRow], key: str, span: Span, after: Place | None, limit: int | None, *, outlined: bool = False
) -> Iterator[Stretch]:
    """The points of a series within a span and beyond a place.

    :param blocks: those that may have points of the span, by their least step.
    :param limit: how many the caller will take at most; None for all.
    :param outlined: the outline of a block will do, where it has one.
    """
    waiting = _Waiting(key, span, after, limit, outlined=outlined)
    for row in blocks:
        if waiting.greatest is not None and row.least_step is not None and waiting.greatest < row.least_step:
            yield waiting.take()
        waiting.add(row)
    if waiting.greatest is not None:
        yield waiting.take()


class _Waiting:
    """Points that may still be mixed with those of the next block."""

    def __init__(self, key: str, span: Span, after: Place | None, limit: int | None, *, outlined: bool) -> None:
        self._outlined = outlined
        self._key, self._span, self._after, self._limit = key, span, after, limit
        self._pieces: list[tuple[int, Block]] = []
        self._sorted: list[_Entry] = []
        self._count = 0
        self._kind = Kind.FLOAT
        self.greatest: int | None = None
        """The greatest step of any; None without points."""

    def add(self, row: BlockRow) -> None:
        """What a block has of the series."""
        block = open_block(row.body)
        kind = block.kind(self._key)
        if kind is None:
            return
        least, greatest = block.bounds(self._key)
        if greatest < self._from or least > self._span.greatest:
            return
        self._kind = kind
        self.greatest = greatest if self.greatest is None else max(self.greatest, greatest)
        self._pieces.append((row.position, block))
        self._count += block.count(self._key)
        if self._limit is not None and self._count > max(WAITING_LARGEST, 4 * self._limit):
            self._sorted = self._entries()[: self._limit]  # no more than these can still be needed
            self._pieces, self._count = [], len(self._sorted)

    @property
    def _from(self) -> int:
        return self._span.least if self._after is None else max(self._span.least, self._after[0])

    def take(self) -> Stretch:
        """All of them; none wait any more."""
        stretch = self._as_it_is() or self._in_order(self._entries())
        self._pieces, self._sorted, self._count, self.greatest = [], [], 0, None
        return stretch

    def _as_it_is(self) -> Stretch | None:
        """The one block's columns, when they need neither sorting nor cutting."""
        if len(self._pieces) != 1 or self._sorted:
            return None
        position, block = self._pieces[0]
        least, greatest = block.bounds(self._key)
        begins_before = least < self._span.least or (self._after is not None and least <= self._after[0])
        if begins_before or greatest > self._span.greatest or not block.ascending(self._key):
            return None
        if self._outlined and (outline := block.outline(self._key)):
            return Stretch(outline, _never)
        return Stretch(block.points(self._key), lambda index: _place(block, self._key, position, index))

    def _entries(self) -> list[_Entry]:
        found = list(self._sorted)
        for position, block in self._pieces:
            found += self._picked(position, block)
        found.sort(key=lambda entry: entry[0])
        return found

    def _picked(self, position: int, block: Block) -> Iterator[_Entry]:
        points, numbers = block.points(self._key), block.numbers(self._key)
        before, at = -1, 0
        least, greatest, after = self._from, self._span.greatest, self._after
        for step, time, number, value in zip(points.steps, points.times, numbers, points.values, strict=True):
            at = at + 1 if number == before else 0
            before = number
            if least <= step <= greatest:
                place = (step, time, position + number, at)
                if after is None or place > after:
                    yield place, value

    def _in_order(self, entries: list[_Entry]) -> Stretch:
        steps, times = array("q", [e[0][0] for e in entries]), array("q", [e[0][1] for e in entries])
        values = [entry[1] for entry in entries]
        columns = array("d", values) if self._kind is Kind.FLOAT else values
        return Stretch(Points(steps, times, columns, self._kind), lambda index: entries[index][0])


def _never(_index: int) -> Place:
    raise AssertionError("an outline has no places")


def _place(block: Block, key: str, position: int, index: int) -> Place:
    numbers = block.numbers(key)
    at = index - bisect_left(numbers, numbers[index])
    return block.steps(key)[index], block.times(key)[index], position + numbers[index], at

"""Reconstructions: a file as ranges of chunks of xorbs, in order.

Stored form: for each term the xorb's id (u64), first chunk (u32), chunk behind the last (u32), and the bytes that they
are (u32), little-endian: 20 bytes.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from strongroom.domain.errors import Corrupted

_TERM: Final = struct.Struct("<QIII")
TERM_SIZE: Final = _TERM.size


@dataclass(frozen=True, slots=True)
class Term:
    """Chunks ``[start, end)`` of a xorb, which are `size` bytes."""

    xorb: int
    start: int
    end: int
    size: int


def pack_terms(terms: Iterable[Term]) -> bytes:
    """As they are stored; see the module."""
    return b"".join(_TERM.pack(term.xorb, term.start, term.end, term.size) for term in terms)


def unpack_terms(stored: bytes) -> Sequence[Term]:
    """:raises Corrupted: these are no terms."""
    if not stored or len(stored) % TERM_SIZE:
        raise Corrupted("The stored reconstruction of a file is damaged.")
    return [Term(*found) for found in _TERM.iter_unpack(stored)]


def merged(terms: Iterable[Term]) -> list[Term]:
    """The same bytes in fewer terms: what follows in the same xorb is one."""
    joined: list[Term] = []
    for term in terms:
        last = joined[-1] if joined else None
        if last is not None and (last.xorb, last.end) == (term.xorb, term.start) and last.size + term.size < 1 << 32:
            joined[-1] = Term(last.xorb, last.start, term.end, last.size + term.size)
        else:
            joined.append(term)
    return joined


def within(terms: Iterable[Term], start: int, end: int) -> tuple[list[Term], int]:
    """The terms that bytes ``[start, end)`` touch, whole, and how many bytes stand before `start` in the first."""
    touched: list[Term] = []
    at = skipped = 0
    for term in terms:
        if at >= end:
            break
        if at + term.size > start:
            skipped = skipped if touched else start - at
            touched.append(term)
        at += term.size
    return touched, skipped


Range = tuple[int, int]
"""Chunks from the first number to the one before the second."""


def joined(ranges: Iterable[Range]) -> list[Range]:
    """The same chunks in as few ranges as there can be, in order: those that touch or overlap are one."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def ranges_of(terms: Iterable[Term]) -> dict[int, list[Range]]:
    """For each xorb the ranges of chunks that the terms use, joined."""
    stated: dict[int, list[Range]] = {}
    for term in terms:
        stated.setdefault(term.xorb, []).append((term.start, term.end))
    return {xorb: joined(ranges) for xorb, ranges in stated.items()}


def overlaps(holders: Iterable[Iterable[Range]]) -> list[Range]:
    """The chunks that more than one of the holders has; each holder's ranges are joined."""
    edges = sorted(edge for ranges in holders for start, end in ranges for edge in ((start, 1), (end, -1)))
    found: list[Range] = []
    depth = 0
    for (at, step), (following, _) in pairwise(edges):
        depth += step
        if depth > 1 and at < following:
            found.append((at, following))
    return joined(found)


class Coverage:
    """Which chunks of a xorb some reconstructions use."""

    def __init__(self, xorb: int, terms: Iterable[Term]) -> None:
        self._ranges = joined((term.start, term.end) for term in terms if term.xorb == xorb)

    def has(self, start: int, end: int) -> bool:
        """Whether all chunks ``[start, end)`` are among them."""
        return any(low <= start and end <= high for low, high in self._ranges)

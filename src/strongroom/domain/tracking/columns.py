"""One column of a block as bytes and back: integers as progressions or differences, numbers by byte planes, texts.

A column of eight-byte numbers is stored plane by plane (all lowest bytes first), which is what makes it compress.
"""

import struct
import sys
import zlib
from array import array
from collections.abc import Sequence
from enum import IntEnum
from itertools import accumulate
from operator import sub
from typing import Any, Literal

from strongroom.domain.artifacts.packing import Reader, put_varint
from strongroom.domain.errors import Corrupted
from strongroom.domain.tracking.points import Floats, Integers, little

_WIDTH = 8
_QUICK = 1
_WORTH = 0.9


class Coding(IntEnum):
    """How a column of integers is written."""

    PROGRESSION = 0
    """First number and difference; the whole column in 16 bytes."""
    DIFFERENCES = 1
    PLAIN = 2
    """Differences would not fit 64 bits."""


def pack_integers(numbers: Integers) -> tuple[Coding, bytes]:
    """A column of at least one signed 64-bit integer."""
    try:
        differences = array("q", map(sub, numbers[1:], numbers))
    except OverflowError:
        return Coding.PLAIN, planes(little(numbers))
    step = differences[0] if differences else 0
    if differences.count(step) == len(differences):
        return Coding.PROGRESSION, struct.pack("<qq", numbers[0], step)
    return Coding.DIFFERENCES, planes(little(numbers[:1] + differences))


def unpack_integers(coding: int, data: bytes, count: int) -> Integers:
    """The column again. :raises Corrupted: bytes that are none."""
    if coding == Coding.PROGRESSION:
        return _progression(data, count)
    _must_have(data, count)
    numbers: Integers = _native(unplanes(data), "q")
    if coding == Coding.PLAIN:
        return numbers
    if coding != Coding.DIFFERENCES:
        raise Corrupted("A column of a block is written in no known way.")
    try:
        return array("q", accumulate(numbers))
    except OverflowError:
        raise Corrupted("A column of a block leaves 64 bits.") from None


def ends_of_progression(data: bytes, count: int) -> tuple[int, int]:
    """First and last number of a column of that coding."""
    if len(data) != 2 * _WIDTH:
        raise Corrupted("A column of a block has another length than the block says.")
    first, step = struct.unpack("<qq", data)
    return first, first + step * (count - 1)


def _progression(data: bytes, count: int) -> Integers:
    try:
        first, step = struct.unpack("<qq", data)
        return array("q", [first]) * count if step == 0 else array("q", range(first, first + step * count, step))
    except (struct.error, OverflowError):
        raise Corrupted("A column of a block leaves 64 bits.") from None


def pack_floats(numbers: Floats) -> bytes:
    """A column of doubles; every bit of a NaN is kept."""
    return planes(little(numbers))


def unpack_floats(data: bytes, count: int) -> Floats:
    """The column again. :raises Corrupted: it has another length."""
    _must_have(data, count)
    return _native(unplanes(data), "d")


def pack_texts(texts: Sequence[str]) -> bytes:
    """Texts: the length of each in bytes, then all of them."""
    out = bytearray()
    encoded = [text.encode() for text in texts]
    for data in encoded:
        put_varint(out, len(data))
    return bytes(out) + b"".join(encoded)


def unpack_texts(data: bytes, count: int) -> list[str]:
    """Texts again. :raises Corrupted: bytes that are none."""
    reader = Reader(data)
    sizes = [reader.varint() for _ in range(count)]
    try:
        texts = [reader.take(size).decode() for size in sizes]
    except UnicodeDecodeError:
        raise Corrupted("A text in a block is not UTF-8.") from None
    reader.end()
    return texts


def squeeze(data: bytes) -> bytes:
    """Planes of numbers, each with its length and packed apart, or as it is when packing saves little: it is noise."""
    out = bytearray()
    count = len(data) // _WIDTH
    for plane in range(_WIDTH):
        part = data[plane * count : (plane + 1) * count]
        packed = zlib.compress(part, _QUICK)
        if len(packed) > count * _WORTH:
            packed = part
        put_varint(out, len(packed))
        out += packed
    return bytes(out)


def unsqueeze(data: bytes, count: int) -> bytes:
    """The planes again. :raises Corrupted: bytes that are none."""
    reader = Reader(data)
    parts = []
    for _ in range(_WIDTH):
        size = reader.varint()
        part = reader.take(size)
        parts.append(part if size == count else inflate(part, count))
    reader.end()
    return b"".join(parts)


def inflate(data: bytes, largest: int) -> bytes:
    """What zlib packed. :raises Corrupted: it is cut short, goes on after its end, or is too large."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, largest or 1)
    except zlib.error:
        raise Corrupted("A block of points cannot be decompressed.") from None
    if not inflater.eof or inflater.unused_data or len(plain) > largest:
        raise Corrupted("A block of points is cut short, too large or goes on after its end.")
    return plain


def planes(data: bytes) -> bytes:
    """Eight-byte items by byte planes."""
    return b"".join([data[plane::_WIDTH] for plane in range(_WIDTH)])


def unplanes(data: bytes) -> bytearray:
    """What `planes` was given."""
    out = bytearray(len(data))
    count = len(data) // _WIDTH
    for plane in range(_WIDTH):
        out[plane::_WIDTH] = data[plane * count : (plane + 1) * count]
    return out


def _native(data: bytearray, code: Literal["q", "d"]) -> "array[Any]":
    column: array[Any] = array(code)
    column.frombytes(bytes(data))
    if sys.byteorder == "big":
        column.byteswap()
    return column


def _must_have(data: bytes, count: int) -> None:
    if len(data) != _WIDTH * count:
        raise Corrupted("A column of a block has another length than the block says.")

"""Blocks as the first release wrote them: read for ever, written no more, never merged (decision 10).

Layout: ``"SRB" 1``, then zlib level 1 over, for each key: key (text), n, then three columns of n eight-byte
little-endian numbers: steps and times as differences to the one before (modulo 2**64), and values. A column is stored
byte plane by byte plane (all lowest bytes first), which is what makes it compress. NaN is stored in one form.
"""

import math
import struct
import sys
import zlib
from array import array
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from strongroom.domain.artifacts.packing import Reader, put_text, put_varint
from strongroom.domain.errors import Corrupted, TooLarge
from strongroom.domain.tracking.values import Point

MAGIC = b"SRB\x01"
POINTS_MOST = 1_000_000
"""Points in one block."""
UNPACKED_MOST = 64 << 20
"""Bytes a block may unfold to; a block above it is refused when written and when read."""

_WIDTH = 8
_MASK = 2**64 - 1
_LEVEL = 1


def encode_block(series: Mapping[str, Sequence[Point]]) -> bytes:
    """Pack points by key; the order of keys and of the points of each key is kept.

    :param series: clean keys, points whose step and time fit 64 bits.
    :raises TooLarge: above 1,000,000 points, or 64 MiB before compression.
    """
    if sum(map(len, series.values())) > POINTS_MOST:
        raise TooLarge(f"A block holds at most {POINTS_MOST} points.", limit=POINTS_MOST)
    out = bytearray()
    for key, points in series.items():
        put_text(out, key)
        put_varint(out, len(points))
        out += _planes(_differences([point.step for point in points]))
        out += _planes(_differences([point.time_us for point in points]))
        out += _planes(_floats([point.value for point in points]))
    if len(out) > UNPACKED_MOST:
        raise TooLarge(f"A block holds at most {UNPACKED_MOST} bytes.", limit=UNPACKED_MOST)
    return MAGIC + zlib.compress(out, _LEVEL)


def decode_block(data: bytes, keys: Collection[str] | None = None) -> dict[str, list[Point]]:
    """Unpack a block: key -> points, in their order.

    :param keys: the only keys wanted; the columns of others are skipped. None for all.
    :raises Corrupted: bytes that are no block.
    """
    reader = Reader(_inflate(data))
    found: dict[str, list[Point]] = {}
    while reader.at < len(reader.data):
        key, count = reader.text(), reader.varint()
        columns = reader.take(3 * _WIDTH * count)
        if keys is None or key in keys:
            found[key] = _points(columns, count)
    return found


def _inflate(data: bytes) -> bytes:
    if not data.startswith(MAGIC):
        raise Corrupted("These bytes are no block of points.")
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data[len(MAGIC) :], UNPACKED_MOST)
    except zlib.error:
        raise Corrupted("A block of points cannot be decompressed.") from None
    if not inflater.eof or inflater.unused_data:
        raise Corrupted("A block of points is cut short, too large or goes on after its end.")
    return plain


def _points(columns: bytes, count: int) -> list[Point]:
    size = _WIDTH * count
    steps = _sums(_unplanes(columns[:size]))
    times = _sums(_unplanes(columns[size : 2 * size]))
    values = struct.unpack(f"<{count}d", _unplanes(columns[2 * size :]))
    return list(map(Point, steps, times, values))


def _differences(numbers: Sequence[int]) -> bytes:
    return _little(array("Q", [(b - a) & _MASK for a, b in pairwise((0, *numbers))]))


def _sums(data: bytes) -> list[int]:
    sums: list[int] = []
    total = 0
    for (difference,) in struct.iter_unpack("<Q", data):
        total = (total + difference) & _MASK
        sums.append(total - (total >> 63 << 64))
    return sums


def _floats(values: Sequence[float]) -> bytes:
    return _little(array("d", [math.nan if value != value else value for value in values]))  # noqa: PLR0124 - NaN


def _little(numbers: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _planes(data: bytes) -> bytes:
    return b"".join([data[plane::_WIDTH] for plane in range(_WIDTH)])


def _unplanes(data: bytes) -> bytes:
    out = bytearray(len(data))
    count = len(data) // _WIDTH
    for plane in range(_WIDTH):
        out[plane::_WIDTH] = data[plane * count : (plane + 1) * count]
    return bytes(out)

"""What is known of a xorb, a pack of chunks, kept as arrays: 41 bytes a chunk, instead of a row each.

Stored form: four bytes ``SRX`` and 1, the number of chunks n (u32), then four columns, all numbers little-endian: n
hashes of 32 bytes, n ends of the chunk's record in the body (u32), n ends in the uncompressed bytes (u32), and n
schemes (u8).
"""

import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.domain.errors import Corrupted
from strongroom.domain.xet.hashes import SIZE
from strongroom.domain.xet.merkle import Node

CHUNK_LARGEST: Final = 128 * 1024
PACKED_LARGEST: Final = 256 * 1024
CHUNKS_MOST: Final = 8_192
RAW_LARGEST: Final = 64 * 1024 * 1024
HEADER: Final = 8
BODY_LARGEST: Final = RAW_LARGEST + HEADER * CHUNKS_MOST + 1024 * 1024
"""Of a body: the bytes of the chunks, their headers, and some room for frames that did not help."""

_MAGIC: Final = b"SRX\x01"
_HEAD: Final = 8
_ROW: Final = SIZE + 4 + 4 + 1
_FOUR_BYTES: Final = "I" if array("I").itemsize == 4 else "L"  # noqa: PLR2004 - bytes of a number


@dataclass(frozen=True, slots=True)
class XorbIndex:
    """Where the chunks of a xorb lie and what they are.

    :ivar hashes: 32 bytes a chunk. :ivar body: end of each chunk's record (header and data) in the body.
    :ivar raw: end of each chunk in the uncompressed bytes. :ivar schemes: a byte a chunk.
    """

    hashes: bytes
    body: Sequence[int]
    raw: Sequence[int]
    schemes: bytes

    @property
    def count(self) -> int:
        """Chunks."""
        return len(self.schemes)

    @property
    def body_size(self) -> int:
        """Bytes of the body."""
        return self.body[-1] if self.body else 0

    @property
    def raw_size(self) -> int:
        """Bytes of all chunks, uncompressed."""
        return self.raw[-1] if self.raw else 0

    def hash_of(self, chunk: int) -> bytes:
        """The hash of a chunk."""
        return self.hashes[chunk * SIZE : (chunk + 1) * SIZE]

    def hashes_of(self, start: int, end: int) -> bytes:
        """The hashes of chunks ``[start, end)``, one behind the other."""
        return self.hashes[start * SIZE : end * SIZE]

    def body_at(self, chunk: int) -> int:
        """Where the record of a chunk begins; of the number behind the last one, the body's end."""
        return self.body[chunk - 1] if chunk else 0

    def raw_at(self, chunk: int) -> int:
        """Where a chunk begins in the uncompressed bytes."""
        return self.raw[chunk - 1] if chunk else 0

    def raw_between(self, start: int, end: int) -> int:
        """Uncompressed bytes of chunks ``[start, end)``."""
        return self.raw_at(end) - self.raw_at(start)

    def chunk_at(self, offset: int) -> int:
        """The chunk that holds this offset of the uncompressed bytes."""
        return bisect_right(self.raw, offset)

    def nodes(self, start: int = 0, end: int | None = None) -> Iterator[Node]:
        """Leaves of the Merkle tree."""
        for chunk in range(start, self.count if end is None else end):
            yield self.hash_of(chunk), self.raw_between(chunk, chunk + 1)

    def find(self, hashed: bytes) -> int | None:
        """The first chunk of that hash."""
        at = self.hashes.find(hashed)
        while at >= 0 and at % SIZE:
            at = self.hashes.find(hashed, at + 1)
        return at // SIZE if at >= 0 else None

    def pack(self) -> bytes:
        """As it is stored; see the module."""
        ends = struct.pack(f"<{self.count}I", *self.body) + struct.pack(f"<{self.count}I", *self.raw)
        return _MAGIC + struct.pack("<I", self.count) + self.hashes + ends + self.schemes


def unpack_index(stored: bytes) -> XorbIndex:
    """Read what `XorbIndex.pack` wrote.

    :raises Corrupted: it is not that.
    """
    count = struct.unpack_from("<I", stored, 4)[0] if len(stored) >= _HEAD else 0
    if stored[:4] != _MAGIC or not 0 < count <= CHUNKS_MOST or len(stored) != _HEAD + count * _ROW:
        raise Corrupted("The stored index of a xorb is damaged.")
    hashes_end = _HEAD + count * SIZE
    body, raw = (_numbers(stored[at : at + 4 * count]) for at in (hashes_end, hashes_end + 4 * count))
    return XorbIndex(stored[_HEAD:hashes_end], body, raw, stored[-count:])


def _numbers(packed: bytes) -> Sequence[int]:
    """Little-endian numbers of four bytes, in as many bytes: many indexes are held at a time."""
    numbers = array(_FOUR_BYTES, packed)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers

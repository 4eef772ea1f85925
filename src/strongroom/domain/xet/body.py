"""The body of a xorb: chunks back to back, each a header of 8 bytes and its data; read as it arrives, and verified.

Header: version (u8, 0), bytes of the data (u24), scheme (u8), bytes of the chunk (u24), little-endian. No length is
believed before it is compared with a limit, and at most one chunk is held back between two pieces.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from strongroom.domain.errors import Corrupted, DigestMismatch, Invalid
from strongroom.domain.xet.hashes import Data, Keyed, chunk_hash, text
from strongroom.domain.xet.merkle import root
from strongroom.domain.xet.xorb import CHUNK_LARGEST, CHUNKS_MOST, HEADER, PACKED_LARGEST, RAW_LARGEST, XorbIndex

Unpack = Callable[[int, Data, int], Data]
"""(scheme, data, bytes expected) -> the chunk. Raises Invalid for what cannot be unpacked to exactly so many bytes.

A chunk that is not compressed may come back as it was given: a view, no copy.
"""

NONE: Final = 0
LZ4: Final = 1
BG4_LZ4: Final = 2
_SCHEMES: Final = frozenset({NONE, LZ4, BG4_LZ4})
_U24: Final = 0xFFFFFF


class ChunkHeader(NamedTuple):
    """What stands before a chunk's data."""

    packed: int
    scheme: int
    raw: int


def read_header(data: Data, at: int = 0) -> ChunkHeader:
    """:raises Invalid: a version, scheme or length that is not taken."""
    number = int.from_bytes(data[at : at + HEADER], "little")
    found = ChunkHeader(number >> 8 & _U24, number >> 32 & 0xFF, number >> 40)
    packed = found.packed
    if number & 0xFF or found.scheme not in _SCHEMES:
        raise Invalid("The xorb holds a chunk of an unknown form.")
    if not 0 < found.raw <= CHUNK_LARGEST or not 0 < packed <= PACKED_LARGEST:
        raise Invalid("The xorb states a chunk of a size that is not taken.")
    if found.scheme == NONE and packed != found.raw:
        raise Invalid("The xorb states two sizes for a chunk that is not compressed.")
    return found


def write_header(header: ChunkHeader) -> bytes:
    """The eight bytes before a chunk's data."""
    sizes = header.packed.to_bytes(3, "little"), header.raw.to_bytes(3, "little")
    return b"\0" + sizes[0] + bytes([header.scheme]) + sizes[1]


@dataclass(slots=True)
class BodyReader:
    """Takes a body piece by piece; every chunk is unpacked and hashed as soon as it is whole.

    Chunks are looked at where they lie; only of one that is cut between two pieces a copy is made.
    """

    keyed: Keyed
    unpack: Unpack
    _held: bytearray = field(default_factory=bytearray)
    _hashes: bytearray = field(default_factory=bytearray)
    _body: list[int] = field(default_factory=list)
    _raw: list[int] = field(default_factory=list)
    _schemes: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> None:
        """:raises Invalid: what came is no xorb, or more than one may hold."""
        view = memoryview(data)
        if self._held:
            view = view[self._complete(view) :]
        at, size = 0, len(view)
        while size - at >= HEADER:
            header = read_header(view, at)
            end = at + HEADER + header.packed
            if end > size:
                break
            self._take(header, view[at + HEADER : end])
            at = end
        self._held += view[at:]

    def _complete(self, view: memoryview) -> int:
        """Finish the chunk that began in pieces before; how many bytes of this one it took."""
        used = min(max(HEADER - len(self._held), 0), len(view))
        self._held += view[:used]
        if len(self._held) < HEADER:
            return used
        header = read_header(self._held)
        more = min(HEADER + header.packed - len(self._held), len(view) - used)
        self._held += view[used : used + more]
        if len(self._held) == HEADER + header.packed:
            self._take(header, memoryview(self._held)[HEADER:])
            self._held = bytearray()
        return used + more

    def _take(self, header: ChunkHeader, data: Data) -> None:
        raw = (self._raw[-1] if self._raw else 0) + header.raw
        if len(self._raw) == CHUNKS_MOST or raw > RAW_LARGEST:
            raise Invalid(f"A xorb holds at most {CHUNKS_MOST} chunks of {RAW_LARGEST} bytes together.")
        self._hashes += chunk_hash(self.keyed, self.unpack(header.scheme, data, header.raw))
        self._body.append((self._body[-1] if self._body else 0) + HEADER + header.packed)
        self._raw.append(raw)
        self._schemes.append(header.scheme)

    def finish(self, claimed: bytes) -> XorbIndex:
        """What the body was, when it has the hash that it was sent under.

        :raises Invalid: it ended within a chunk, or was empty. :raises DigestMismatch: it has another hash.
        """
        if self._held or not self._raw:
            raise Invalid("The xorb ends within a chunk." if self._held else "The xorb is empty.")
        index = XorbIndex(bytes(self._hashes), tuple(self._body), tuple(self._raw), bytes(self._schemes))
        found, _ = root(self.keyed, index.nodes())
        if found != claimed:
            raise DigestMismatch("The xorb does not have its hash.", expected=text(claimed), found=text(found))
        return index


def read_chunks(keyed: Keyed, unpack: Unpack, index: XorbIndex, first: int, last: int, data: Data) -> list[Data]:
    """Chunks ``[first, last)`` out of `data`, which is their part of the body, each compared with its hash.

    :raises Corrupted: one is not what was stored.
    """
    view, chunks = memoryview(data), list[Data]()
    base = index.body_at(first)
    for chunk in range(first, last):
        at, stop = index.body_at(chunk) - base + HEADER, index.body[chunk] - base
        try:
            raw = unpack(index.schemes[chunk], view[at:stop], index.raw_between(chunk, chunk + 1))
        except Invalid:
            raw = b""
        if chunk_hash(keyed, raw) != index.hash_of(chunk):
            raise Corrupted("Stored bytes are not those written.", chunk=chunk)
        chunks.append(raw)
    return chunks

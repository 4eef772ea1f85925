"""The body of a xorb: chunks back to back, each a header of 8 bytes and its data; read as it arrives, and verified.

Header: version (u8, 0), bytes of the data (u24), scheme (u8), bytes of the chunk (u24), little-endian. No length is
believed before it is compared with a limit, and at most one chunk is held back between two pieces.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from strongroom.domain.errors import Corrupted, DigestMismatch, Invalid
from strongroom.domain.xet.hashes import Keyed, chunk_hash, text
from strongroom.domain.xet.merkle import root
from strongroom.domain.xet.xorb import CHUNK_LARGEST, CHUNKS_MOST, HEADER, PACKED_LARGEST, RAW_LARGEST, XorbIndex

Unpack = Callable[[int, bytes, int], bytes]
"""(scheme, data, bytes expected) -> the chunk. Raises Invalid for what cannot be unpacked to exactly so many bytes."""

NONE: Final = 0
LZ4: Final = 1
BG4_LZ4: Final = 2
_SCHEMES: Final = frozenset({NONE, LZ4, BG4_LZ4})


@dataclass(frozen=True, slots=True)
class ChunkHeader:
    """What stands before a chunk's data."""

    packed: int
    scheme: int
    raw: int


def read_header(data: bytes | bytearray, at: int = 0) -> ChunkHeader:
    """:raises Invalid: a version, scheme or length that is not taken."""
    packed = int.from_bytes(data[at + 1 : at + 4], "little")
    found = ChunkHeader(packed, data[at + 4], int.from_bytes(data[at + 5 : at + 8], "little"))
    if data[at] != 0 or found.scheme not in _SCHEMES:
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
    """Takes a body piece by piece; every chunk is unpacked and hashed as soon as it is whole."""

    keyed: Keyed
    unpack: Unpack
    _held: bytearray = field(default_factory=bytearray)
    _hashes: bytearray = field(default_factory=bytearray)
    _body: list[int] = field(default_factory=list)
    _raw: list[int] = field(default_factory=list)
    _schemes: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> None:
        """:raises Invalid: what came is no xorb, or more than one may hold."""
        self._held += data
        at = 0
        while len(self._held) - at >= HEADER:
            header = read_header(self._held, at)
            end = at + HEADER + header.packed
            if end > len(self._held):
                break
            self._take(header, bytes(self._held[at + HEADER : end]))
            at = end
        del self._held[:at]

    def _take(self, header: ChunkHeader, data: bytes) -> None:
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


def read_chunks(
    keyed: Keyed, unpack: Unpack, index: XorbIndex, first: int, end: int, data: bytes, most: int
) -> tuple[list[bytes], int]:
    """The chunks from `first` on that are whole in `data`, which begins at the header of the first one.

    :param end: the chunk behind the last one wanted. :param most: bytes after which to stop, so that memory is bounded.
    :returns: the chunks, each compared with its hash, and how many bytes of `data` they took.
    :raises Corrupted: one is not what was stored.
    """
    base, chunks = index.body_at(first), []
    chunk = first
    while chunk < end and index.body[chunk] - base <= len(data) and index.raw_between(first, chunk) < most:
        at, stop = index.body_at(chunk) - base + HEADER, index.body[chunk] - base
        try:
            raw = unpack(index.schemes[chunk], data[at:stop], index.raw_between(chunk, chunk + 1))
        except Invalid:
            raw = b""
        if chunk_hash(keyed, raw) != index.hash_of(chunk):
            raise Corrupted("Stored bytes are not those written.", chunk=chunk)
        chunks.append(raw)
        chunk += 1
    return chunks, index.body_at(chunk) - base

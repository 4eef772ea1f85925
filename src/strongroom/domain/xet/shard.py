"""Shards: what a client says of files and xorbs when it has sent the chunks; parsed with no length believed.

All records have 48 bytes, numbers are little-endian. A header; files, each a header and n terms, with n range hashes
and a SHA-256 where flags say so; a record that ends them; xorbs, each a header and n chunks; a record that ends them.
What clients send has neither look-up tables nor a footer. Records are views into what was sent: nothing is copied.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from strongroom.domain.errors import Invalid
from strongroom.domain.xet.hashes import SIZE, text

RECORD: Final = 48
SHARD_LARGEST: Final = 64 * 1024 * 1024
TAG: Final = b"HFRepoMetaData\0" + bytes.fromhex("556967456a7b815783a5bdd95ccdd14aa9")
VERSION: Final = 2
VERIFIED: Final = 1 << 31
WITH_SHA256: Final = 1 << 30
BOOKEND: Final = b"\xff" * SIZE + bytes(RECORD - SIZE)

HEADER: Final = struct.Struct("<32sQQ")
FILE: Final = struct.Struct("<32sIIQ")
TERM: Final = struct.Struct("<32sIIII")
XORB: Final = struct.Struct("<32sIIII")
CHUNK: Final = struct.Struct("<32sIIII")


@dataclass(frozen=True, slots=True)
class ClaimedTerm:
    """A range of chunks of a xorb, as the client states it, with the hash that shows that it knows them."""

    xorb: bytes
    size: int
    start: int
    end: int
    range_hash: bytes


@dataclass(frozen=True, slots=True)
class ClaimedFile:
    """A file as the client states it. :ivar count: its terms. :ivar sha256: 64 hex digits, or None."""

    hash: bytes
    count: int
    sha256: str | None
    _terms: memoryview
    _hashes: memoryview

    def terms(self) -> Iterator[ClaimedTerm]:
        """:raises Invalid: a range is empty or runs backwards."""
        stated = zip(TERM.iter_unpack(self._terms), range(0, len(self._hashes), RECORD), strict=True)
        for (xorb, _flags, size, start, end), at in stated:
            if not start < end or not size:
                raise Invalid("The shard states an empty range of chunks.")
            yield ClaimedTerm(xorb, size, start, end, bytes(self._hashes[at : at + SIZE]))


@dataclass(frozen=True, slots=True)
class ClaimedXorb:
    """A xorb as the client states it."""

    hash: bytes
    count: int
    _chunks: memoryview

    def hashes(self) -> bytes:
        """The hashes of its chunks, one behind the other."""
        return b"".join(chunk[0] for chunk in CHUNK.iter_unpack(self._chunks))


@dataclass(frozen=True, slots=True)
class Shard:
    """What a client states."""

    files: tuple[ClaimedFile, ...]
    xorbs: tuple[ClaimedXorb, ...]


class _Records:
    """Takes records one after the other; a number of them is compared with what is there before it is used."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self._at = 0

    def take(self, count: int) -> memoryview:
        if count > (len(self._view) - self._at) // RECORD:
            raise Invalid("The shard ends before what it announces.")
        taken = self._view[self._at : self._at + count * RECORD]
        self._at += count * RECORD
        return taken

    @property
    def ended(self) -> bool:
        return self._at == len(self._view)


def parse_shard(data: bytes) -> Shard:
    """:raises Invalid: it is none, or one whose lengths lie."""
    if len(data) > SHARD_LARGEST:
        raise Invalid(f"A shard has at most {SHARD_LARGEST} bytes.", limit=SHARD_LARGEST)
    records = _Records(data)
    tag, version, footer = HEADER.unpack(records.take(1))
    if tag != TAG or version != VERSION:
        raise Invalid("That is no shard of a known version.")
    if footer != 0:
        raise Invalid("A shard is sent without look-up tables and footer.")
    shard = Shard(tuple(_files(records)), tuple(_xorbs(records)))
    if not records.ended:
        raise Invalid("The shard holds more than it announces.")
    return shard


def _files(records: _Records) -> Iterator[ClaimedFile]:
    while (header := bytes(records.take(1))) != BOOKEND:
        hashed, flags, count, _ = FILE.unpack(header)
        if not count or not flags & VERIFIED or flags & ~(VERIFIED | WITH_SHA256):
            raise Invalid("A file in a shard has ranges, each with its verification hash, and no unknown flags.")
        terms, hashes = records.take(count), records.take(count)
        stated = bytes(records.take(1)[:SIZE]) if flags & WITH_SHA256 else None
        yield ClaimedFile(hashed, count, text(stated) if stated else None, terms, hashes)


def _xorbs(records: _Records) -> Iterator[ClaimedXorb]:
    while (header := bytes(records.take(1))) != BOOKEND:
        hashed, _flags, count, _raw, _body = XORB.unpack(header)
        if not count:
            raise Invalid("A xorb in a shard holds chunks.")
        yield ClaimedXorb(hashed, count, records.take(count))

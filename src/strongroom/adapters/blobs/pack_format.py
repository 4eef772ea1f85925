"""The bytes of a pack: records one after another, each with a header that names and measures it (storage-format.md)."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

from strongroom.adapters.blobs.disk import read_up_to
from strongroom.application.artifacts.blobstore import BLOCK, SMALL

MAGIC: Final = b"SRpk"
VERSION: Final = 1
LIVE: Final = ord("L")
DEAD: Final = ord("D")
STATE_OFFSET: Final = 5
"""Offset of the state byte in a header: the one byte of a pack that is ever overwritten."""

_HEADER: Final = Struct("<4sBB2xQ32s")  # magic, version, state, two zero bytes, size, SHA-256
HEADER_SIZE: Final = _HEADER.size
"""48 bytes."""


@dataclass(frozen=True, slots=True)
class Header:
    """A record's header: SHA-256 in hex, size of the bytes that follow it, and whether it is deleted."""

    sha256: str
    size: int
    live: bool


def pack_header(sha256: str, size: int) -> bytes:
    """Write the header of a live record."""
    return _HEADER.pack(MAGIC, VERSION, LIVE, size, bytes.fromhex(sha256))


def parse_header(data: bytes) -> Header | None:
    """Read a header; None for anything else, also for a torn one."""
    if len(data) < HEADER_SIZE:
        return None
    magic, version, state, size, digest = _HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION or state not in (LIVE, DEAD) or size > SMALL:
        return None
    return Header(digest.hex(), size, state == LIVE)


def walk(fd: int) -> Iterator[tuple[int, Header]]:
    """Walk the records of a pack by their headers: (offset of the header, header), dead ones included.

    A record that ends behind the end of the file is a torn tail and ignored. Where no header is, because a byte of one
    was damaged, the next record whose bytes match its digest is looked for.
    """
    end = os.fstat(fd).st_size
    at: int | None = 0
    while at is not None and at < end:
        header = parse_header(os.pread(fd, HEADER_SIZE, at))
        if header is not None and at + HEADER_SIZE + header.size <= end:
            yield at, header
            at += HEADER_SIZE + header.size
        else:
            at = _resume(fd, at + 1, end)


def _resume(fd: int, start: int, end: int) -> int | None:
    """Find the next sound record: its magic, and bytes that match its digest, since any blob may contain the magic."""
    for window in range(start, end, BLOCK):
        data = read_up_to(fd, BLOCK + len(MAGIC) - 1, window)
        found = data.find(MAGIC)
        while found >= 0:
            if sound(fd, window + found):
                return window + found
            found = data.find(MAGIC, found + 1)
    return None


def sound(fd: int, offset: int) -> bool:
    """Tell whether a live record begins here whose bytes match its digest."""
    header = parse_header(os.pread(fd, HEADER_SIZE, offset))
    if header is None or not header.live:
        return False
    data = read_up_to(fd, header.size, offset + HEADER_SIZE)
    return len(data) == header.size and hashlib.sha256(data).hexdigest() == header.sha256

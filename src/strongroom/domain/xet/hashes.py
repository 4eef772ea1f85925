"""Hashes of the Xet protocol: five keys of one keyed hash, their text form, and which chunks answer for others.

The keyed hash itself (BLAKE3) is no part of the standard library: functions take it as `Keyed`.
Source: xet-core (public), `merklehash`; the public CAS specification of the hub's documentation.
"""

import re
import struct
from collections.abc import Callable
from typing import Final

from strongroom.domain.errors import Invalid

Data = bytes | bytearray | memoryview
"""Bytes, or a view of some: a chunk is hashed where it lies."""

Keyed = Callable[[bytes, Data], bytes]
"""(key of 32 bytes, data) -> 32 bytes."""

SIZE: Final = 32
DATA_KEY: Final = bytes.fromhex("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229")
NODE_KEY: Final = bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f")
RANGE_KEY: Final = bytes.fromhex("7f1857d6ce56ed66127ff913e7a5c3f3a4cd26d5b5db49e64124987f28fb94c3")
FILE_KEY: Final = bytes(SIZE)
NO_HASH: Final = bytes(SIZE)
#: One chunk in so many answers questions for its neighbours.
ANSWERING: Final = 1024

_TEXT: Final = re.compile(r"[0-9a-f]{64}")


def text(raw: bytes) -> str:
    """A hash as clients write it: four little-endian numbers of eight bytes, each in hexadecimal."""
    return b"".join(raw[at : at + 8][::-1] for at in range(0, SIZE, 8)).hex()


def raw(written: str) -> bytes:
    """The 32 bytes of a hash in its text form.

    :raises Invalid: it is none.
    """
    if not _TEXT.fullmatch(written):
        raise Invalid("A hash is written as 64 lower-case hex digits.")
    return bytes.fromhex(text(bytes.fromhex(written)))  # the form turns groups around, so twice is once


def chunk_hash(keyed: Keyed, data: Data) -> bytes:
    """Of the bytes of a chunk, uncompressed."""
    return keyed(DATA_KEY, data)


def file_hash(keyed: Keyed, root: bytes) -> bytes:
    """Of a file, from the Merkle root of all its chunks."""
    return keyed(FILE_KEY, root)


def range_hash(keyed: Keyed, chunk_hashes: bytes) -> bytes:
    """What shows that a client knows the chunks of a range: their hashes, one behind the other, hashed once more."""
    return keyed(RANGE_KEY, chunk_hashes)


def last_word(hashed: bytes) -> int:
    """The number in the last eight bytes; it decides where trees are cut and which chunks answer for others."""
    found: int = struct.unpack_from("<Q", hashed, 24)[0]
    return found


def answers(hashed: bytes) -> bool:
    """Whether clients ask after this chunk wherever it stands; elsewhere they ask only after a file's first."""
    return last_word(hashed) % ANSWERING == 0


def key_of(hashed: bytes) -> int:
    """What an index keeps of a chunk's hash: its first eight bytes as a signed number."""
    found: int = struct.unpack_from("<q", hashed)[0]
    return found

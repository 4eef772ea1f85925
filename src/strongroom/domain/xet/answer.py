"""The shard that answers a question after a chunk: xorbs that the asker may read, with every chunk hash under a key.

Under a fresh key nobody learns a hash that it could not compute from the chunk's own bytes, and hashes are what proves
possession when a file is registered. Chunks that the asker may not read never stand here.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.domain.xet.hashes import Keyed, answers
from strongroom.domain.xet.shard import BOOKEND, CHUNK, HEADER, RECORD, TAG, VERSION, XORB
from strongroom.domain.xet.xorb import XorbIndex

FOOTER: Final = struct.Struct("<9Q32sQQ48sQQQQ")
ANSWERING_FLAG: Final = 1 << 31
_LOOKUP: Final = struct.Struct("<QI")
_CHUNK_LOOKUP: Final = struct.Struct("<QII")
_FOOTER_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Offered:
    """A xorb that is named in an answer."""

    hash: bytes
    index: XorbIndex


def build_answer(keyed: Keyed, offered: Sequence[Offered], key: bytes, created_s: int, expires_s: int) -> bytes:
    """A whole shard with look-up tables and footer, as clients keep it until `expires_s` (seconds since 1970)."""
    records, xorb_rows, chunk_rows = bytearray(), [], []
    for xorb in offered:
        position = len(records) // RECORD
        xorb_rows.append((_first(xorb.hash), position))
        hidden = [keyed(key, xorb.index.hash_of(chunk)) for chunk in range(xorb.index.count)]
        chunk_rows += [(_first(hashed), position, number) for number, hashed in enumerate(hidden)]
        records += XORB.pack(xorb.hash, 0, xorb.index.count, xorb.index.raw_size, xorb.index.body_size)
        for number, hashed in enumerate(hidden):
            flags = ANSWERING_FLAG if answers(xorb.index.hash_of(number)) else 0
            size = xorb.index.raw_between(number, number + 1)
            records += CHUNK.pack(hashed, xorb.index.raw_at(number), size, flags, 0)
    xorbs_table = b"".join(_LOOKUP.pack(*row) for row in sorted(xorb_rows))
    chunks_table = b"".join(_CHUNK_LOOKUP.pack(*row) for row in sorted(chunk_rows))
    body = HEADER.pack(TAG, VERSION, FOOTER.size) + BOOKEND + bytes(records) + BOOKEND
    places = (len(body), 0, len(body), len(xorb_rows), len(body) + len(xorbs_table), len(chunk_rows))
    end = len(body) + len(xorbs_table) + len(chunks_table)
    stored = sum(xorb.index.body_size for xorb in offered)
    raw = sum(xorb.index.raw_size for xorb in offered)
    head = (_FOOTER_VERSION, RECORD, 2 * RECORD, *places)
    footer = FOOTER.pack(*head, key, created_s, expires_s, bytes(48), stored, raw, raw, end)
    return body + xorbs_table + chunks_table + footer


def _first(hashed: bytes) -> int:
    found: int = struct.unpack_from("<Q", hashed)[0]
    return found

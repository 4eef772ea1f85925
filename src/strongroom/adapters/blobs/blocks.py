"""Checked reads, the one way out for bytes of every store: a block is compared before any of it is handed out."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from blake3 import blake3

from strongroom.adapters.blobs.threads import settle
from strongroom.application.artifacts.blobstore import BLOCK, StoredBlob
from strongroom.domain.errors import Corrupted, RangeNotSatisfiable

_DIGEST_SIZE: Final = 32

Fetch = Callable[[int, int], Awaitable[list[bytes]]]
"""Gives blocks `first` (inclusive) to `last` (exclusive), each compared already."""


def block_count(size: int) -> int:
    """Count the blocks of a blob of `size` bytes."""
    return -(-size // BLOCK)


def checked_range(blob: StoredBlob, start: int, end: int | None) -> tuple[int, int]:
    """Give both ends of the range, or raise RangeNotSatisfiable."""
    stop = blob.size if end is None else end
    if not 0 <= start <= stop <= blob.size:
        raise RangeNotSatisfiable(f"The file has {blob.size} bytes.", size=blob.size)
    return start, stop


def missing(blob: StoredBlob, block: int = 0) -> Corrupted:
    """Make the error for bytes that are not there at all."""
    return Corrupted("Stored bytes are missing.", blob=blob.sha256, block=block, missing=True)


def compare_blocks(blob: StoredBlob, first: int, last: int, data: bytes) -> list[bytes]:
    """Cut `data` into blocks ``[first, last)`` and compare each; raises Corrupted naming the first that differs."""
    blocks = []
    for number in range(first, last):
        block = data[(number - first) * BLOCK : (number - first + 1) * BLOCK]
        wanted = blob.blocks[number * _DIGEST_SIZE : (number + 1) * _DIGEST_SIZE]
        length = min(BLOCK, blob.size - number * BLOCK)
        if len(block) != length or blake3(block).digest() != wanted:
            raise Corrupted("Stored bytes are not those written.", blob=blob.sha256, block=number, missing=False)
        blocks.append(block)
    return blocks


async def read_checked(start: int, end: int, fetch: Fetch, window: int) -> AsyncGenerator[bytes, None]:
    """Yield bytes ``[start, end)`` in pieces of one block at most, fetching one window ahead.

    Args:
        start: first byte, checked by `checked_range`.
        end: end, exclusive, checked by `checked_range`.
        fetch: gives compared blocks; raises Corrupted or Unavailable.
        window: blocks a fetch; two windows are in memory at a time.
    """
    last = block_count(end)
    if last - start // BLOCK == 1 and end > start:  # one block: nothing to fetch ahead
        at = (last - 1) * BLOCK
        for block in await fetch(last - 1, last):
            yield block[start - at : end - at]
        return
    ahead: asyncio.Future[list[bytes]] | None = None
    try:
        for first in range(start // BLOCK, last if end > start else 0, window):
            now = ahead or asyncio.ensure_future(fetch(first, min(first + window, last)))
            ahead = now
            blocks = await asyncio.shield(now)
            following = first + window
            ahead = asyncio.ensure_future(fetch(following, min(following + window, last))) if following < last else None
            for number, block in enumerate(blocks, first):
                low = max(start - number * BLOCK, 0)
                high = min(end - number * BLOCK, BLOCK)
                yield block if low == 0 and high >= len(block) else block[low:high]
    finally:
        if ahead is not None:
            await settle(ahead)

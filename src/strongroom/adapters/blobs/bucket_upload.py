"""One object written as a stream: nothing is visible under its key before `finish`, and nothing ever after `abort`.

obstore pulls its input, we push ours, so a queue of one unit lies between. obstore aborts the multipart upload when its
input raises; that is how `abort` ends it (and not by cancelling obstore's task, which leaves the parts lying about in
the bucket: seen on obstore 0.12 and SeaweedFS 4.48). A server killed meanwhile leaves an unfinished multipart upload,
which buckets remove by a lifecycle rule (docs/storage-format.md).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import obstore
from obstore.store import ObjectStore

from strongroom.adapters.blobs.bucket_errors import bucket_errors
from strongroom.adapters.blobs.threads import settle

PART: Final = 8 * 1024 * 1024
"""Bytes in a part of a multipart upload, unless the announced size would need more parts than S3 allows."""

MAX_PARTS: Final = 9_500
"""Below the 10,000 that S3 allows, since obstore may cut unevenly."""

_AT_ONCE: Final = 2  # parts on their way at a time: with the one being filled, 24 MiB of memory


class _AbortedError(Exception):
    """Raised into obstore, never out of this module."""


def part_size(size: int) -> int:
    """Choose the bytes in a part for an object of at most `size` bytes."""
    return max(PART, -(-size // MAX_PARTS))


class Upload:
    """A multipart upload in progress. Always end it by `finish` or `abort`.

    Args:
        store: the bucket.
        key: of the object to be.
        part: bytes in a part, see `part_size`.
    """

    def __init__(self, store: ObjectStore, key: str, part: int) -> None:
        self._units: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._aborted = asyncio.Event()
        self._task = asyncio.ensure_future(
            obstore.put_async(store, key, self._feed(), use_multipart=True, chunk_size=part, max_concurrency=_AT_ONCE)
        )

    async def _feed(self) -> AsyncIterator[bytes]:
        while (unit := await self._units.get()) is not None:
            if self._aborted.is_set():
                raise _AbortedError
            yield unit
        if self._aborted.is_set():
            raise _AbortedError

    async def write(self, data: bytes) -> None:
        """Append; waits while the bucket is slower. Raises StorageFull or Unavailable."""
        await self._push(data)

    async def _push(self, unit: bytes | None) -> None:
        pushing = asyncio.ensure_future(self._units.put(unit))
        try:
            await asyncio.wait([pushing, self._task], return_when=asyncio.FIRST_COMPLETED)
        finally:
            pushing.cancel()
        if self._task.done():
            with bucket_errors():
                self._task.result()

    async def finish(self) -> None:
        """Make the object visible, whole. Raises StorageFull or Unavailable, and then nothing is visible."""
        await self._push(None)
        with bucket_errors():
            await asyncio.shield(self._task)

    async def abort(self) -> None:
        """Drop everything; harmless after `finish`. What has begun to become visible in a `finish` is not undone."""
        self._aborted.set()
        while not self._task.done():
            with suppress(asyncio.QueueFull):
                self._units.put_nowait(None)
            with suppress(asyncio.CancelledError):
                await asyncio.wait([self._task], timeout=0.05)
        await settle(self._task)

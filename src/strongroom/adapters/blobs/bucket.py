"""Blobs in a bucket (S3, Google Cloud Storage, Azure), through obstore.

    blobs/<2 hex>/<sha256>     a blob
    incoming/<random>          a blob whose digest is not known yet
    direct/<name>              what a client wrote itself and nobody has looked at yet
    uploads/<id>/<six digits>  parts of uploads
    probe/<random>             what `check` writes

A bucket has no rename, but an object is not visible before it is whole, so bytes are compared before that moment:

- up to 10 MiB: held in memory, hashed, written with one request;
- longer, digest claimed: streamed to the final key; the upload is completed only when the digest is the claimed one;
- longer, no digest claimed: streamed to ``incoming/``, then copied by the bucket, or above `COPY_LIMIT`, which is what
  S3 copies in one request, read and written once more by us.

Every put writes, whether or not the object is there (domain.md N16). There are no packs: each small blob is an object.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Final

import obstore
from obstore.store import ObjectStore

from strongroom.adapters.blobs.blocks import checked_range, compare_blocks, missing, read_checked
from strongroom.adapters.blobs.bucket_direct import DirectObjects
from strongroom.adapters.blobs.bucket_errors import bucket_errors
from strongroom.adapters.blobs.bucket_parts import PartObjects
from strongroom.adapters.blobs.bucket_upload import MAX_PARTS, PART, Upload, part_size
from strongroom.adapters.blobs.digests import Fingerprint, blob_of
from strongroom.adapters.blobs.intake import Expectation, units
from strongroom.adapters.blobs.names import OWN_FILE, checked_digest, checked_parts, is_digest, new_temp
from strongroom.adapters.blobs.threads import Threads
from strongroom.application.artifacts.blobstore import (
    BLOCK,
    GIT_SHA1_LIMIT,
    SMALL,
    Check,
    DirectGrant,
    Known,
    ListedBlob,
    ListedUpload,
    PartInfo,
    StoredBlob,
    T,
)
from strongroom.domain.errors import SizeMismatch, StorageFull, Unavailable

COPY_LIMIT: Final = 5 * 1024**3
"""Bytes that S3 copies in one request (Amazon S3 API, CopyObject)."""

_DIRECT: Final = GIT_SHA1_LIMIT
_WINDOW: Final = 4  # blocks fetched in one request, and as many ahead: 8 MiB of memory
_AT_ONCE: Final = 16  # small objects on their way at a time


def _key(sha256: str) -> str:
    return f"blobs/{checked_digest(sha256)[:2]}/{sha256}"


class BucketBlobStore:
    """The `BlobStore` of one bucket and prefix; any number of processes share it. An instance is for one event loop.

    Args:
        bucket: from `open_bucket`, or any obstore client.
        threads: how many hashing jobs run at a time.
        copy_limit: bytes; larger blobs of unknown digest are written twice instead of copied.
    """

    def __init__(self, bucket: ObjectStore, *, threads: int = 4, copy_limit: int = COPY_LIMIT) -> None:
        self._bucket = bucket
        self._parts = PartObjects(bucket)
        self._threads = Threads(threads)
        self._copy_limit = copy_limit
        self._direct = DirectObjects(bucket, self._threads, self._publish, self._drop)

    async def put(
        self, chunks: AsyncIterator[bytes], *, expect_sha256: str | None, expect_size: int | None, max_size: int
    ) -> StoredBlob:
        """See `WriteBlobs.put`. Above 74 GiB the size must be announced, since S3 takes 10,000 parts: TooLarge."""
        expected = _bounded(expect_sha256, expect_size, max_size)
        running = Fingerprint(expected.size)
        incoming = f"incoming/{new_temp()}"
        async with aclosing(self._hashed(chunks, expected, running)) as stream:
            head = await _take(stream, _DIRECT)
            if running.size <= _DIRECT:
                expected.compare(running.size, running.sha256)
                return await self._put_bytes(await self._threads.run(b"".join, head))
            if expected.sha256 is not None:
                await self._send(_key(expected.sha256), head, stream, expected, running)
                return running.blob(OWN_FILE, None)
            try:
                await self._send(incoming, head, stream, expected, running)
                blob = running.blob(OWN_FILE, None)
                await self._publish(incoming, blob)
            finally:
                await self._drop(incoming)
            return blob

    async def _hashed(
        self, chunks: AsyncIterator[bytes], expected: Expectation, running: Fingerprint
    ) -> AsyncGenerator[bytes, None]:
        async with aclosing(units(chunks, expected)) as stream:
            async for unit in stream:
                await self._threads.run(running.update, unit)
                yield unit

    async def _put_bytes(self, data: bytes) -> StoredBlob:
        blob = await self._threads.run(blob_of, data)
        await self._write(_key(blob.sha256), data)
        return blob

    async def _write(self, key: str, data: bytes) -> None:
        with bucket_errors():
            await obstore.put_async(self._bucket, key, data, use_multipart=False)

    async def _send(
        self,
        key: str,
        head: list[bytes],
        rest: AsyncIterator[bytes],
        expected: Expectation,
        running: Fingerprint,
    ) -> None:
        """Stream to a key, which becomes visible only when everything is as expected."""
        upload = Upload(self._bucket, key, part_size(expected.size or 0))
        try:
            for unit in head:
                await upload.write(unit)
            head.clear()
            async for unit in rest:
                await upload.write(unit)
            expected.compare(running.size, running.sha256)
            await upload.finish()
        finally:
            await upload.abort()

    async def _publish(self, incoming: str, blob: StoredBlob) -> None:
        """Bring a verified object to the key of its digest."""
        if blob.size <= self._copy_limit:
            with bucket_errors():
                await obstore.copy_async(self._bucket, incoming, _key(blob.sha256))
            return
        again = Fingerprint(None)
        claims = Expectation(blob.sha256, blob.size, blob.size)
        async with (
            aclosing(self._blocks(incoming, blob, 0, blob.size)) as pieces,
            aclosing(self._hashed(pieces, claims, again)) as stream,
        ):
            await self._send(_key(blob.sha256), [], stream, claims, again)

    async def _drop(self, key: str) -> None:
        with suppress(StorageFull, Unavailable, FileNotFoundError), bucket_errors():
            await obstore.delete_async(self._bucket, key)

    async def put_small(self, blobs: Sequence[bytes], known: Known) -> Sequence[StoredBlob]:
        """See `WriteBlobs.put_small`: an object each, 16 on their way at a time, known or not."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(data: bytes) -> StoredBlob:
            async with gate:
                return await self._put_bytes(data)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(data)) for data in blobs]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        stored = [task.result() for task in tasks]
        found = await known([blob.sha256 for blob in stored if blob.size <= SMALL])
        return [found.get(blob.sha256, blob) for blob in stored]

    def read(self, blob: StoredBlob, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """See `ReadBlobs.read`. Fetches 4 MiB a request, one request ahead."""
        low, high = checked_range(blob, start, end)
        return self._blocks(_key(blob.sha256), blob, low, high)

    def _blocks(self, key: str, blob: StoredBlob, start: int, end: int) -> AsyncGenerator[bytes, None]:
        async def fetch(first: int, last: int) -> list[bytes]:
            data = await self._range(key, blob, first * BLOCK, min(last * BLOCK, blob.size))
            return await self._threads.run(compare_blocks, blob, first, last, data)

        return read_checked(start, end, fetch, _WINDOW)

    async def _range(self, key: str, blob: StoredBlob, start: int, end: int) -> bytes:
        """As it lies there; nothing, where the object is shorter than the range asked for."""
        if blob.place != OWN_FILE:
            raise missing(blob, start // BLOCK)
        try:
            with bucket_errors():
                return bytes(await obstore.get_range_async(self._bucket, key, start=start, end=end))
        except FileNotFoundError:
            raise missing(blob, start // BLOCK) from None
        except Unavailable:
            if await self._size(key) == blob.size:
                raise
            return b""

    async def examine(self, blob: StoredBlob, start: int, end: int, look: Callable[[bytes], T]) -> T:
        """See `ReadBlobs.examine`."""
        low, high = checked_range(blob, start, end)
        data = await self._range(_key(blob.sha256), blob, low, high) if low < high else b""
        return await self._threads.run(look, data)

    async def _size(self, key: str) -> int | None:
        head = await self._head(key)
        return head["size"] if head else None

    async def _head(self, key: str) -> "obstore.ObjectMeta | None":
        with bucket_errors():
            try:
                return await obstore.head_async(self._bucket, key)
            except FileNotFoundError:
                return None

    async def exists(self, blob: StoredBlob | ListedBlob) -> bool:
        """See `ReadBlobs.exists`."""
        return blob.place == OWN_FILE and await self._size(_key(blob.sha256)) == blob.size

    async def begin_upload(self, upload_id: str) -> None:
        """See `PartUploads.begin_upload`."""
        await self._parts.begin(upload_id)

    async def put_part(
        self,
        upload_id: str,
        number: int,
        chunks: AsyncIterator[bytes],
        *,
        expect_sha256: str | None,
        expect_size: int | None,
        max_size: int,
    ) -> PartInfo:
        """See `PartUploads.put_part`."""
        key = self._parts.key(upload_id, number)
        expected = _bounded(expect_sha256, expect_size, max_size)
        running = Fingerprint(expected.size)
        await self._parts.require(upload_id)
        async with aclosing(self._hashed(chunks, expected, running)) as stream:
            head = await _take(stream, _DIRECT)
            if running.size <= _DIRECT:
                expected.compare(running.size, running.sha256)
                await self._write(key, await self._threads.run(b"".join, head))
            else:
                await self._send(key, head, stream, expected, running)
        return PartInfo(number, running.size, running.sha256)

    async def complete_upload(
        self, upload_id: str, parts: Sequence[PartInfo], *, expect_sha256: str | None, expect_size: int | None
    ) -> StoredBlob:
        """See `PartUploads.complete_upload`."""
        total = sum(part.size for part in checked_parts(parts))
        if expect_size is not None and expect_size != total:
            raise SizeMismatch("The parts do not add up to the size announced.", expected=expect_size, found=total)
        await self._parts.require(upload_id)
        async with aclosing(self._joined(upload_id, parts)) as joined:
            return await self.put(joined, expect_sha256=expect_sha256, expect_size=total, max_size=total)

    async def _joined(self, upload_id: str, parts: Sequence[PartInfo]) -> AsyncGenerator[bytes, None]:
        for part in parts:
            async with aclosing(self._parts.read(upload_id, part)) as pieces:
                async for piece in pieces:
                    yield piece

    async def grant_direct(self, name: str) -> DirectGrant:
        """See `DirectUploads.grant_direct`."""
        return await self._direct.grant(name)

    async def take_direct(self, name: str, check: Check, *, max_size: int) -> StoredBlob:
        """See `DirectUploads.take_direct`."""
        return await self._direct.take(name, check, max_size)

    async def abort_upload(self, upload_id: str) -> None:
        """See `PartUploads.abort_upload`."""
        await self._parts.abort(upload_id)

    def list_uploads(self) -> AsyncGenerator[ListedUpload, None]:
        """See `PartUploads.list_uploads`."""
        return self._parts.listed()

    @property
    def erases_in_two_steps(self) -> bool:
        """See `MaintainBlobs.erases_in_two_steps`."""
        return True

    async def delete(self, blob: StoredBlob | ListedBlob, *, written_before: datetime | None = None) -> bool:
        """See `MaintainBlobs.delete`. A bucket looks and deletes in two requests: some ms lie between them."""
        key = _key(blob.sha256)
        head = await self._head(key) if blob.place == OWN_FILE else None
        if head is None or (written_before is not None and head["last_modified"] >= written_before):
            return False
        with bucket_errors():
            await obstore.delete_async(self._bucket, key)
        return True

    async def list_places(self) -> AsyncGenerator[ListedBlob, None]:
        """See `MaintainBlobs.list_places`."""
        with bucket_errors():
            async for page in obstore.list(self._bucket, "blobs/", chunk_size=1000):
                for entry in page:
                    name = entry["path"].rpartition("/")[2]
                    if is_digest(name):
                        yield ListedBlob(name, entry["size"], OWN_FILE, entry["last_modified"])

    async def sweep(self, *, older_than: datetime) -> int:
        """See `MaintainBlobs.sweep`. Unfinished multipart uploads are for the bucket's own lifecycle rule."""
        freed = 0
        with bucket_errors():
            for prefix in ("incoming/", "direct/", "probe/"):
                async for page in obstore.list(self._bucket, prefix, chunk_size=1000):
                    for entry in page:
                        if entry["last_modified"] < older_than:
                            await self._drop(entry["path"])
                            freed += entry["size"]
        return freed

    async def check(self) -> None:
        """See `MaintainBlobs.check`."""
        key = f"probe/{new_temp()}"
        try:
            await self._write(key, key.encode())
            with bucket_errors():
                found = await (await obstore.get_async(self._bucket, key)).bytes_async()
        except FileNotFoundError:
            found = None
        finally:
            await self._drop(key)
        if found is None or bytes(found) != key.encode():
            raise Unavailable("The bucket does not give back what was written.", reason="probe")

    async def aclose(self) -> None:
        """See `MaintainBlobs.aclose`."""
        await asyncio.to_thread(self._threads.close)


def _bounded(sha256: str | None, size: int | None, max_size: int) -> Expectation:
    """State what is expected of a stream, as much as a multipart upload can take of unknown size."""
    return Expectation(sha256, size, max_size if size is not None else min(max_size, PART * MAX_PARTS))


async def _take(stream: AsyncIterator[bytes], limit: int) -> list[bytes]:
    """Take units until they are more than `limit` bytes, or all."""
    taken: list[bytes] = []
    size = 0
    async for unit in stream:
        taken.append(unit)
        size += len(unit)
        if size > limit:
            break
    return taken

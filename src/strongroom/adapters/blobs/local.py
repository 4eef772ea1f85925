"""Blobs in a folder of this machine, or of a network file system that honours flock and rename: the default store.

    ROOT/blobs/<2 hex>/<sha256>     a blob
    ROOT/packs/<name>.pack          blobs up to 64 KiB, one record each
    ROOT/uploads/<id>/<six digits>  parts of uploads
    ROOT/tmp/                       half files; nothing here was ever answered for

docs/storage-format.md is the whole of it; decisions/0003-bytes-on-disk.md says why.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from strongroom.adapters.blobs import trash
from strongroom.adapters.blobs.blocks import checked_range, compare_blocks, missing, read_checked
from strongroom.adapters.blobs.digests import Fingerprint, blob_of
from strongroom.adapters.blobs.disk import disk_errors, make_folder, opened, read_up_to
from strongroom.adapters.blobs.early import EarlySync
from strongroom.adapters.blobs.files import TempFile, WholeFiles
from strongroom.adapters.blobs.intake import Expectation, units
from strongroom.adapters.blobs.names import OWN_FILE, checked_parts, parse_packed, part_name
from strongroom.adapters.blobs.pack_format import Header
from strongroom.adapters.blobs.pack_groups import PackGroups
from strongroom.adapters.blobs.pack_writer import PACK_LIMIT, PackWriter, Record
from strongroom.adapters.blobs.packs import Packs
from strongroom.adapters.blobs.parts import PartFolders
from strongroom.adapters.blobs.threads import Threads
from strongroom.application.artifacts.blobstore import (
    BLOCK,
    SMALL,
    Known,
    ListedBlob,
    ListedUpload,
    PartInfo,
    StoredBlob,
    T,
)
from strongroom.domain.errors import SizeMismatch, Unavailable

#: Files that are forced to disk while they still come in.
_SYNCS: Final = 2
#: Bytes that are hashed where they are: in the time that a change of threads takes.
_HASHED_HERE: Final = 64 * 1024


class _OpenFile:
    """A blob's file held open while it is read, so that replacing or removing it does not cut the reader off."""

    def __init__(self, path: Path, blob: StoredBlob) -> None:
        self._path = path
        self._blob = blob
        self._fd = -1

    def blocks(self, first: int, last: int) -> list[bytes]:
        """Read and compare blocks ``[first, last)``."""
        with disk_errors():
            try:
                if self._fd < 0:
                    self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except FileNotFoundError:
                raise missing(self._blob, first) from None
            data = read_up_to(self._fd, (last - first) * BLOCK, first * BLOCK)
        return compare_blocks(self._blob, first, last, data)

    @property
    def is_open(self) -> bool:
        """Whether there is something to close."""
        return self._fd >= 0

    def close(self) -> None:
        """Close it, if it was opened."""
        if self._fd >= 0:
            os.close(self._fd)


class LocalBlobStore:
    """The `BlobStore` of one folder. Several processes may share the folder; an instance belongs to one event loop.

    Args:
        root: the folder; made, with what belongs in it, when the store is constructed (which blocks for some ms).
        threads: how many jobs of about 1 MiB run at a time.
        pack_limit: bytes; a pack that would pass it is closed and another begun.

    Raises:
        StorageFull, Unavailable: the folder cannot be made.
    """

    def __init__(self, root: Path, *, threads: int = 8, pack_limit: int = PACK_LIMIT) -> None:
        self._tmp = root / "tmp"
        self._files = WholeFiles(root / "blobs")
        self._packs = Packs(root / "packs")
        self._parts = PartFolders(root / "uploads", self._tmp)
        with disk_errors():
            root.mkdir(0o700, parents=True, exist_ok=True)
            make_folder(self._tmp)
            self._files.make()
            self._packs.make()
            self._parts.make()
        self._threads = Threads(threads)
        self._syncing = ThreadPoolExecutor(_SYNCS, thread_name_prefix="blobs-sync")
        self._writer = PackWriter(self._packs, pack_limit)
        self._groups = PackGroups(self._threads, self._writer)

    async def put(
        self, chunks: AsyncIterator[bytes], *, expect_sha256: str | None, expect_size: int | None, max_size: int
    ) -> StoredBlob:
        """See `WriteBlobs.put`. Always written and synced anew, and moved over what is there (N16)."""
        expected = Expectation(expect_sha256, expect_size, max_size)
        running = Fingerprint(expected.size)
        temp = TempFile(self._tmp, running)
        early = EarlySync(temp, self._syncing)
        try:
            await self._threads.run(temp.open)
            try:
                async with aclosing(units(chunks, expected)) as stream:
                    await self._threads.feed(stream, early.write)
            finally:
                await early.end()
            expected.compare(running.size, running.sha256)
            return await self._threads.run(self._publish, temp, running, expected)
        finally:
            await self._let_go(temp)

    def _publish(self, temp: TempFile, running: Fingerprint, expected: Expectation) -> StoredBlob:
        git = temp.git_sha1() if expected.size is None else running.git
        temp.sync()
        self._files.publish(temp, running.sha256)
        return running.blob(OWN_FILE, git)

    async def _let_go(self, temp: TempFile) -> None:
        if temp.moved:
            self._threads.start(temp.discard)  # not waited for: see TempFile.move
        else:
            await self._threads.run(temp.discard)

    async def put_small(self, blobs: Sequence[bytes], known: Known) -> Sequence[StoredBlob]:
        """See `WriteBlobs.put_small`: one append and one sync for all up to 64 KiB, shared with other callers."""
        small = [data for data in blobs if len(data) <= SMALL]
        if sum(map(len, small)) <= _HASHED_HERE:
            hashed = [blob_of(data) for data in small]
        else:
            hashed = await self._threads.run(lambda: [blob_of(data) for data in small])
        fresh = {blob.sha256: (blob, data) for blob, data in zip(hashed, small, strict=True)}
        stored = await self._append(fresh, known)
        answers = iter(hashed)
        return [stored[next(answers).sha256] if len(data) <= SMALL else await self._put_one(data) for data in blobs]

    async def _append(self, fresh: dict[str, tuple[StoredBlob, bytes]], known: Known) -> dict[str, StoredBlob]:
        if not fresh:
            return {}
        found = await known(list(fresh))
        new = [Record(sha256, data) for sha256, (_, data) in fresh.items() if sha256 not in found]
        repeats = [Record(sha256, data) for sha256, (_, data) in fresh.items() if sha256 in found]
        places = await self._groups.append(new, repeats)
        stored = {record.sha256: found[record.sha256] for record in repeats}
        for record, place in zip(new, places, strict=True):
            stored[record.sha256] = replace(fresh[record.sha256][0], place=place)
        return stored

    async def _put_one(self, data: bytes) -> StoredBlob:
        return await self.put(_once(data), expect_sha256=None, expect_size=len(data), max_size=len(data))

    def read(self, blob: StoredBlob, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """See `ReadBlobs.read`."""
        low, high = checked_range(blob, start, end)
        return self._read(blob, low, high)

    async def _read(self, blob: StoredBlob, start: int, end: int) -> AsyncGenerator[bytes, None]:
        packed = parse_packed(blob.place)
        file = _OpenFile(self._files.path(blob.sha256), blob)

        async def fetch(first: int, last: int) -> list[bytes]:
            if packed:
                now = self._packs.read_now(blob, *packed)
                return now if now is not None else await self._threads.run(self._packs.read, blob, *packed)
            if blob.place != OWN_FILE:
                raise missing(blob, first)
            return await self._threads.run(file.blocks, first, last)

        try:
            async with aclosing(read_checked(start, end, fetch, window=1)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            if file.is_open:
                await self._threads.run(file.close)

    async def examine(self, blob: StoredBlob, start: int, end: int, look: Callable[[bytes], T]) -> T:
        """See `ReadBlobs.examine`."""
        low, high = checked_range(blob, start, end)
        return await self._threads.run(lambda: look(self._range(blob, low, high)))

    def _range(self, blob: StoredBlob, start: int, end: int) -> bytes:
        if packed := parse_packed(blob.place):
            return b"".join(self._packs.read(blob, *packed))[start:end]
        if blob.place != OWN_FILE:
            raise missing(blob, start // BLOCK)
        with disk_errors():
            try:
                with opened(self._files.path(blob.sha256), os.O_RDONLY | os.O_NOFOLLOW) as fd:
                    return read_up_to(fd, end - start, start)
            except FileNotFoundError:
                raise missing(blob, start // BLOCK) from None

    async def exists(self, blob: StoredBlob | ListedBlob) -> bool:
        """See `ReadBlobs.exists`."""
        packed = parse_packed(blob.place)
        if packed:
            return await self._threads.run(self._packs.holds, Header(blob.sha256, blob.size, live=True), *packed)
        return blob.place == OWN_FILE and await self._threads.run(self._files.holds, blob.sha256, blob.size)

    async def begin_upload(self, upload_id: str) -> None:
        """See `PartUploads.begin_upload`."""
        await self._threads.run(self._parts.begin, upload_id)

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
        part_name(number)
        expected = Expectation(expect_sha256, expect_size, max_size)
        running = hashlib.sha256()
        temp = TempFile(self._tmp, running)
        await self._threads.run(self._parts.require, upload_id)
        try:
            await self._threads.run(temp.open)
            async with aclosing(units(chunks, expected)) as stream:
                await self._threads.feed(stream, temp.write)
            expected.compare(temp.size, running.hexdigest())
            await self._threads.run(self._parts.keep, temp, upload_id, number)
        finally:
            await self._let_go(temp)
        return PartInfo(number, temp.size, running.hexdigest())

    async def complete_upload(
        self, upload_id: str, parts: Sequence[PartInfo], *, expect_sha256: str | None, expect_size: int | None
    ) -> StoredBlob:
        """See `PartUploads.complete_upload`."""
        total = sum(part.size for part in checked_parts(parts))
        if expect_size is not None and expect_size != total:
            raise SizeMismatch("The parts do not add up to the size announced.", expected=expect_size, found=total)
        await self._threads.run(self._parts.require, upload_id)
        async with aclosing(self._joined(upload_id, parts)) as joined:
            return await self.put(joined, expect_sha256=expect_sha256, expect_size=total, max_size=total)

    async def _joined(self, upload_id: str, parts: Sequence[PartInfo]) -> AsyncGenerator[bytes, None]:
        for part in parts:
            async with aclosing(self._threads.iterate(self._parts.read(upload_id, part), batch=1)) as blocks:
                async for block in blocks:
                    yield block

    async def abort_upload(self, upload_id: str) -> None:
        """See `PartUploads.abort_upload`."""
        await self._threads.run(self._parts.abort, upload_id)

    def list_uploads(self) -> AsyncGenerator[ListedUpload, None]:
        """See `PartUploads.list_uploads`."""
        return self._threads.iterate(self._parts.listed())

    @property
    def erases_in_two_steps(self) -> bool:
        """See `MaintainBlobs.erases_in_two_steps`. The folder's lock is held between."""
        return False

    async def delete(self, blob: StoredBlob | ListedBlob, *, written_before: datetime | None = None) -> bool:
        """See `MaintainBlobs.delete`."""
        packed = parse_packed(blob.place)
        if packed:
            wanted = Header(blob.sha256, blob.size, live=True)
            since = written_before if isinstance(blob, ListedBlob) else None
            return await self._threads.run(self._packs.delete, wanted, *packed, since)
        return blob.place == OWN_FILE and await self._threads.run(self._files.delete, blob.sha256, written_before)

    async def list_places(self) -> AsyncGenerator[ListedBlob, None]:
        """See `MaintainBlobs.list_places`."""
        for listed in (self._files.listed(), self._packs.listed()):
            async with aclosing(self._threads.iterate(listed)) as blobs:
                async for blob in blobs:
                    yield blob

    async def sweep(self, *, older_than: datetime) -> int:
        """See `MaintainBlobs.sweep`."""
        swept = await self._threads.run(trash.sweep, self._tmp, older_than)
        return swept + await self._threads.run(self._packs.reclaim, older_than)

    async def check(self) -> None:
        """See `MaintainBlobs.check`."""
        await self._threads.run(self._probe)

    def _probe(self) -> None:
        temp = TempFile(self._tmp, hashlib.sha256())
        written = os.urandom(BLOCK // 256)
        try:
            temp.open()
            temp.write(written)
            temp.sync()
            with disk_errors(), opened(temp.path, os.O_RDONLY) as fd:
                if read_up_to(fd, len(written), 0) != written:
                    raise Unavailable("The disk gives back other bytes than were written.", reason="probe")
        finally:
            temp.discard()

    async def aclose(self) -> None:
        """See `MaintainBlobs.aclose`."""
        await self._groups.idle()
        await asyncio.to_thread(self._threads.close)
        await asyncio.to_thread(self._syncing.shutdown)
        await asyncio.to_thread(self._writer.close)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data

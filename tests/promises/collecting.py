"""What tests of the collector share: a store as old as the world's clock says, and shorter words."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from strongroom.adapters.blobs.names import parse_packed
from strongroom.application.artifacts.blobstore import BlobStore, Known, ListedBlob, StoredBlob
from strongroom.application.collection import collecting, previewing
from strongroom.application.registry import versions
from strongroom.application.registry.purging import purge
from strongroom.domain.artifacts.model import Blob
from tests.promises.support import Site, run, sha256

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
LARGE = 70_000
"""Bytes beyond which a blob has a file of its own."""


class Timed:
    """The real store, whose bytes are as old as the world's clock says: the files of a test are all of today."""

    def __init__(self, site: Site) -> None:
        self.store, self._clock = site.store, site.world.clock
        self._written: dict[str, int] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    async def put(self, chunks: AsyncIterator[bytes], **rest: Any) -> StoredBlob:
        stored = await self.store.put(chunks, **rest)
        self._written[stored.sha256] = self._clock.now_us()
        return stored

    async def list_places(self) -> AsyncGenerator[ListedBlob, None]:
        async for one in self.store.list_places():
            yield replace(one, written_at=datetime.fromtimestamp(self._written.get(one.sha256, 0) / 1_000_000, UTC))

    async def put_small(self, blobs: Sequence[bytes], known: Known) -> Sequence[StoredBlob]:
        stored = await self.store.put_small(blobs, known)
        self._written |= dict.fromkeys((one.sha256 for one in stored), self._clock.now_us())
        return stored

    async def delete(self, blob: StoredBlob | ListedBlob, *, written_before: datetime | None = None) -> bool:
        written = datetime.fromtimestamp(self._written.get(blob.sha256, 0) / 1_000_000, UTC)
        apart = parse_packed(blob.place) is None or isinstance(blob, ListedBlob)
        if written_before is not None and written >= written_before and apart:
            return False
        return await self.store.delete(blob)


async def content(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


async def whole(store: BlobStore, blob: Blob) -> bytes:
    stored = StoredBlob(blob.sha256, blob.size, blob.place, blob.blocks, None)
    async with aclosing(store.read(stored)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def listed(store: BlobStore) -> dict[str, int]:
    return {blob.sha256: blob.size async for blob in store.list_places()}


def collect(site: Site) -> collecting.Collected:
    return run(collecting.collect(site.world.executor, site.store))


def preview(site: Site) -> previewing.Preview:
    return run(previewing.preview(site.world.executor))


def put_away(site: Site, uid: str) -> None:
    site.world.command("admin", lambda c: versions.delete(c, uid, release_aliases=True, etag=None))
    site.world.command("admin", lambda c: purge(c, uid, "r"))


def blob_of(site: Site, data: bytes) -> Blob | None:
    return site.world.read_tx(lambda tx: tx.blobs.by_sha256([sha256(data)])).get(sha256(data))

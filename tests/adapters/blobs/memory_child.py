"""Streams a large blob through a store and says by how many bytes the process grew. Arguments: folder or URL, MiB."""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from strongroom.adapters.blobs.bucket import BucketBlobStore
from strongroom.adapters.blobs.bucket_url import open_bucket
from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.application.artifacts.blobstore import BlobStore
from tests.adapters.blobs.homes import ANY_SIZE, MIB


def peak() -> int:
    """The most bytes of memory that this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def body(mebibytes: int) -> AsyncIterator[bytes]:
    """A request body in pieces of 64 KiB."""
    piece = os.urandom(64 * 1024)
    for _ in range(mebibytes * 16):
        yield piece


async def main() -> None:
    """Put and read."""
    where, mebibytes = sys.argv[1], int(sys.argv[2])
    store: BlobStore = BucketBlobStore(open_bucket(where)) if "://" in where else LocalBlobStore(Path(where))
    await store.put(body(1), expect_sha256=None, expect_size=None, max_size=ANY_SIZE)
    before = peak()
    blob = await store.put(body(mebibytes), expect_sha256=None, expect_size=None, max_size=ANY_SIZE)
    size = 0
    async with aclosing(store.read(blob)) as pieces:
        async for piece in pieces:
            size += len(piece)
    assert size == mebibytes * MIB
    await store.aclose()
    sys.stdout.write(str(peak() - before))


asyncio.run(main())

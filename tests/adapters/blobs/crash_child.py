"""A server that is going to be killed: stores blobs as fast as it can and reports each one that it answered for."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.application.artifacts.blobstore import StoredBlob, nothing_known
from tests.adapters.blobs.homes import MIB, put, random_bytes


def report(blob: StoredBlob) -> None:
    """One line for each acknowledged blob."""
    sys.stdout.write(json.dumps(asdict(blob) | {"blocks": blob.blocks.hex()}) + "\n")
    sys.stdout.flush()


async def whole_blobs(store: LocalBlobStore) -> None:
    """Put blobs of some MiB, for ever."""
    while True:
        report(await put(store, random_bytes(2 * MIB + 5)))


async def small_blobs(store: LocalBlobStore) -> None:
    """Put batches of small blobs, for ever."""
    while True:
        for blob in await store.put_small([random_bytes(700 * number) for number in range(1, 30)], nothing_known):
            report(blob)


async def main() -> None:
    """Do all at once."""
    store = LocalBlobStore(Path(sys.argv[1]))
    await asyncio.gather(whole_blobs(store), whole_blobs(store), small_blobs(store), small_blobs(store))


asyncio.run(main())

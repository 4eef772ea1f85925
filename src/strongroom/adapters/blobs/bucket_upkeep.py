"""A bucket's bytes as they lie, for checks and repairs; see `UpkeepBlobs`."""

from collections.abc import AsyncGenerator
from typing import Final

import obstore
from obstore.store import ObjectStore

from strongroom.adapters.blobs.bucket_errors import bucket_errors
from strongroom.adapters.blobs.folder_upkeep import ASIDE, MARK, read_mark, written_mark
from strongroom.adapters.blobs.names import (
    OWN_FILE,
    WITNESS,
    checked_digest,
    checked_witness,
    is_digest,
    is_witness,
    new_pack,
)
from strongroom.application.artifacts.blobstore import BLOCK, StoredBlob
from strongroom.application.artifacts.upkeep import Found, Leftover, Mark, Rest

_AT_ONCE: Final = 4 * BLOCK
_HALF: Final = frozenset({"incoming", "direct", "probe"})
_OURS: Final = frozenset({"uploads", ASIDE, MARK})
_DEPTH: Final = 3
#: A copy of a bucket cannot be told from the bucket, and neither can one of a folder that was brought into it.
_PLACE: Final = "bucket"


class BucketUpkeep:
    """See the module."""

    def __init__(self, bucket: ObjectStore) -> None:
        self._bucket = bucket

    def where(self, blob: StoredBlob) -> str:
        """See `UpkeepBlobs.where`."""
        return f"blobs/{checked_digest(blob.sha256)[:2]}/{blob.sha256}"

    async def found(self, blob: StoredBlob) -> Found:
        """See `UpkeepBlobs.found`."""
        return Found(await self._size(self.where(blob)) if blob.place == OWN_FILE else None)

    async def _size(self, key: str) -> int | None:
        with bucket_errors():
            try:
                return (await obstore.head_async(self._bucket, key))["size"]
            except FileNotFoundError:
                return None

    async def raw(self, blob: StoredBlob) -> AsyncGenerator[bytes, None]:
        """See `UpkeepBlobs.raw`: some blocks a request, all of one version of the object or an early end."""
        key = self.where(blob)
        size = await self._size(key) if blob.place == OWN_FILE else None
        end = min(size or 0, blob.size + BLOCK)
        for start in range(0, end, _AT_ONCE):
            with bucket_errors():
                try:
                    piece = await obstore.get_range_async(
                        self._bucket, key, start=start, end=min(end, start + _AT_ONCE)
                    )
                except FileNotFoundError:
                    return
            data = bytes(piece)
            for at in range(0, len(data), BLOCK):
                yield data[at : at + BLOCK]

    async def set_aside(self, blob: StoredBlob) -> str | None:
        """See `UpkeepBlobs.set_aside`."""
        target = f"{ASIDE}/{new_pack()}-{blob.sha256}"
        with bucket_errors():
            try:
                await obstore.copy_async(self._bucket, self.where(blob), target)
            except FileNotFoundError:
                return None
        return target

    async def forget_aside(self, where: str) -> None:
        """See `UpkeepBlobs.forget_aside`."""
        with bucket_errors():
            try:
                await obstore.delete_async(self._bucket, f"{ASIDE}/{where.rpartition('/')[2]}")
            except FileNotFoundError:
                return

    async def bury(self, blob: StoredBlob) -> None:
        """See `UpkeepBlobs.bury`: a bucket has no packs."""

    async def leftovers(self) -> AsyncGenerator[Leftover, None]:
        """See `UpkeepBlobs.leftovers`. Unfinished multipart uploads are not listed: the lifecycle rule ends them."""
        with bucket_errors():
            async for page in obstore.list(self._bucket, chunk_size=1000):
                for entry in page:
                    rest = _rest(entry["path"])
                    if rest is not None:
                        yield Leftover(rest, entry["path"], entry["size"], entry["last_modified"])

    async def mark(self) -> Mark | None:
        """See `UpkeepBlobs.mark`."""
        with bucket_errors():
            try:
                said = await (await obstore.get_async(self._bucket, MARK)).bytes_async()
            except FileNotFoundError:
                return None
        return read_mark(bytes(said), _PLACE)

    async def set_mark(self, mark: Mark) -> None:
        """See `UpkeepBlobs.set_mark`."""
        with bucket_errors():
            await obstore.put_async(self._bucket, MARK, written_mark(mark, _PLACE), use_multipart=False)

    async def publish(self, name: str, data: bytes) -> bool:
        """See `UpkeepBlobs.publish`."""
        key = f"{WITNESS}/{checked_witness(name)}"
        if await self._size(key) is not None:
            return False
        with bucket_errors():
            await obstore.put_async(self._bucket, key, data, use_multipart=False)
        return True

    async def aclose(self) -> None:
        """See `UpkeepBlobs.aclose`."""


def _rest(key: str) -> Rest | None:
    first, *below = key.split("/")
    if first in _HALF:
        return Rest.HALF
    if first in _OURS:
        return None
    if first == WITNESS:
        return None if len(below) == 1 and is_witness(below[0]) else Rest.FOREIGN
    shaped = first == "blobs" and len(below) == _DEPTH - 1 and is_digest(below[1]) and below[1].startswith(below[0])
    return None if shaped else Rest.FOREIGN

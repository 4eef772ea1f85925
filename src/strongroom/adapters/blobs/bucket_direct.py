"""Objects that a client writes into the bucket itself, at an address signed for one of them.

direct/<32 hex>     as the client wrote it; may be overwritten for as long as the address lives
incoming/<32 hex>   the bucket's own copy of it, which no client can reach: this one is read, checked and published
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Final, Protocol

import obstore
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from strongroom.adapters.blobs.bucket_errors import bucket_errors
from strongroom.adapters.blobs.digests import Fingerprint
from strongroom.adapters.blobs.names import OWN_FILE, checked_upload, new_temp
from strongroom.adapters.blobs.threads import Threads
from strongroom.application.artifacts.blobstore import BLOCK, Check, DirectGrant, StoredBlob
from strongroom.domain.errors import NotFound, TooLarge, Unavailable

LIFE: Final = timedelta(minutes=15)
_AT_ONCE: Final = 4 * BLOCK
#: What Azure wants to be told with a plain PUT.
_AZURE: Final = {"x-ms-blob-type": "BlockBlob"}


class Publish(Protocol):
    """Brings a checked object to the key of its digest."""

    async def __call__(self, key: str, blob: StoredBlob, /) -> None: ...


class DirectObjects:
    """See the module.

    :param drop: removes an object; no error when it is not there.
    """

    def __init__(
        self, bucket: ObjectStore, threads: Threads, publish: Publish, drop: Callable[[str], Awaitable[None]]
    ) -> None:
        self._bucket, self._threads, self._publish, self._drop = bucket, threads, publish, drop

    async def grant(self, name: str) -> DirectGrant:
        """See `DirectUploads.grant_direct`."""
        if not isinstance(self._bucket, S3Store | GCSStore | AzureStore):
            raise Unavailable("This bucket signs no addresses.")
        with bucket_errors():
            url = await obstore.sign_async(self._bucket, "PUT", _key(name), LIFE)
        return DirectGrant(url, _AZURE if isinstance(self._bucket, AzureStore) else {})

    async def take(self, name: str, check: Check, max_size: int) -> StoredBlob:
        """See `DirectUploads.take_direct`."""
        source, copy = _key(name), f"incoming/{new_temp()}"
        try:
            with bucket_errors():
                await obstore.copy_async(self._bucket, source, copy)
                size = (await obstore.head_async(self._bucket, copy))["size"]
        except FileNotFoundError:
            raise NotFound("Nothing was sent to that address.") from None
        try:
            if size > max_size:
                raise TooLarge(f"At most {max_size} bytes are taken here.", limit=max_size, size=size)
            running = Fingerprint(size)
            async with aclosing(check(self._pieces(copy, size))) as units:
                async for unit in units:
                    await self._threads.run(running.update, unit)
            blob = running.blob(OWN_FILE, running.git)
            await self._publish(copy, blob)
        except Unavailable:
            raise  # what was sent stays, to be asked for again
        except BaseException:
            await self._drop(source)
            raise
        finally:
            await self._drop(copy)
        await self._drop(source)
        return blob

    async def _pieces(self, key: str, size: int) -> AsyncGenerator[bytes, None]:
        for at in range(0, size, _AT_ONCE):
            with bucket_errors():
                end = min(at + _AT_ONCE, size)
                piece = bytes(await obstore.get_range_async(self._bucket, key, start=at, end=end))
            yield piece


def _key(name: str) -> str:
    return f"direct/{checked_upload(name)}"

"""The store that the rest of the server sees: blobs that lie there as chunks are rebuilt while they are read.

Their place is ``x:<hash>``, of a reconstruction; everything else is the inner store's.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial

from strongroom.application.artifacts.blobstore import (
    BLOCK,
    BlobStore,
    Known,
    ListedBlob,
    ListedUpload,
    PartInfo,
    StoredBlob,
    T,
)
from strongroom.application.artifacts.spare import PLACE, in_chunks
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.xet import XetCodec
from strongroom.application.xet.rebuilding import Rebuilder, stored
from strongroom.domain.errors import Corrupted, RangeNotSatisfiable
from strongroom.domain.xet.terms import Term, unpack_terms


def place_of(hashed: str) -> str:
    """The place of a blob that is stored as chunks."""
    return PLACE + hashed


class RebuildingStore:
    """See the module.

    :param inner: where bodies of xorbs and whole blobs are. :param executor: looks reconstructions up.
    """

    def __init__(self, inner: BlobStore, codec: XetCodec, executor: Executor) -> None:
        self._inner, self._executor = inner, executor
        self._rebuilder = Rebuilder(self, codec, executor)

    async def _terms(self, blob: StoredBlob | ListedBlob) -> Sequence[Term]:
        hashed = blob.place.removeprefix(PLACE)
        found = await self._executor.read(lambda tx: tx.xet.file(hashed), brief=True)
        if found is None or found.sha256 != blob.sha256:
            raise Corrupted("Stored bytes are missing.", blob=blob.sha256, block=0, missing=True)
        return unpack_terms(found.terms)

    def read(self, blob: StoredBlob, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """See `ReadBlobs.read`."""
        if not in_chunks(blob.place):
            return self._inner.read(blob, start, end)
        stop = blob.size if end is None else end
        if not 0 <= start <= stop <= blob.size:
            raise RangeNotSatisfiable(f"The file has {blob.size} bytes.", size=blob.size)
        return self._rebuilt(blob, start, stop)

    async def _rebuilt(self, blob: StoredBlob, start: int, end: int) -> AsyncGenerator[bytes, None]:
        at = start
        try:
            terms = await self._terms(blob)
            async with aclosing(self._rebuilder.read(terms, start, end)) as pieces:
                async for piece in pieces:
                    yield piece
                    at += len(piece)
        except Corrupted as error:
            missing, body = bool(error.details.get("missing")), error.details.get("blob")
            raise Corrupted(error.message, blob=blob.sha256, block=at // BLOCK, missing=missing, body=body) from error

    async def examine(self, blob: StoredBlob, start: int, end: int, look: Callable[[bytes], T]) -> T:
        """See `ReadBlobs.examine`. For bodies: what is in chunks lies nowhere as a whole."""
        if in_chunks(blob.place):
            raise Corrupted("Stored bytes are missing.", blob=blob.sha256, block=0, missing=True)
        return await self._inner.examine(blob, start, end, look)

    async def exists(self, blob: StoredBlob | ListedBlob) -> bool:
        """See `ReadBlobs.exists`: of a blob in chunks, whether every body that it needs is there."""
        if not in_chunks(blob.place):
            return await self._inner.exists(blob)
        try:
            terms = await self._terms(blob)
            for xorb_id in dict.fromkeys(term.xorb for term in terms):
                body = stored((await self._rebuilder.xorb(xorb_id)).blob)
                if not await self.exists(body):
                    return False
        except Corrupted:
            return False
        return True

    # -- the inner store's ----------------------------------------------------------------------------------------

    async def put(
        self, chunks: AsyncIterator[bytes], *, expect_sha256: str | None, expect_size: int | None, max_size: int
    ) -> StoredBlob:
        """See `WriteBlobs.put`."""
        return await self._inner.put(chunks, expect_sha256=expect_sha256, expect_size=expect_size, max_size=max_size)

    async def put_small(self, blobs: Sequence[bytes], known: Known) -> Sequence[StoredBlob]:
        """See `WriteBlobs.put_small`."""
        return await self._inner.put_small(blobs, known)

    async def begin_upload(self, upload_id: str) -> None:
        """See `PartUploads.begin_upload`."""
        await self._inner.begin_upload(upload_id)

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
        put = partial(self._inner.put_part, upload_id, number, chunks)
        return await put(expect_sha256=expect_sha256, expect_size=expect_size, max_size=max_size)

    async def complete_upload(
        self, upload_id: str, parts: Sequence[PartInfo], *, expect_sha256: str | None, expect_size: int | None
    ) -> StoredBlob:
        """See `PartUploads.complete_upload`."""
        return await self._inner.complete_upload(upload_id, parts, expect_sha256=expect_sha256, expect_size=expect_size)

    async def abort_upload(self, upload_id: str) -> None:
        """See `PartUploads.abort_upload`."""
        await self._inner.abort_upload(upload_id)

    def list_uploads(self) -> AsyncIterator[ListedUpload]:
        """See `PartUploads.list_uploads`."""
        return self._inner.list_uploads()

    @property
    def erases_in_two_steps(self) -> bool:
        """See `MaintainBlobs.erases_in_two_steps`."""
        return self._inner.erases_in_two_steps

    async def delete(self, blob: StoredBlob | ListedBlob, *, written_before: datetime | None = None) -> bool:
        """See `MaintainBlobs.delete`. What is in chunks has no bytes of its own: they go with the xorbs."""
        if in_chunks(blob.place):
            return False
        return await self._inner.delete(blob, written_before=written_before)

    def list_places(self) -> AsyncIterator[ListedBlob]:
        """See `MaintainBlobs.list_places`."""
        return self._inner.list_places()

    async def sweep(self, *, older_than: datetime) -> int:
        """See `MaintainBlobs.sweep`."""
        return await self._inner.sweep(older_than=older_than)

    async def check(self) -> None:
        """See `MaintainBlobs.check`."""
        await self._inner.check()

    async def aclose(self) -> None:
        """See `MaintainBlobs.aclose`."""
        await self._inner.aclose()

"""Parts of uploads in a bucket: objects ``uploads/<id>/<six digits>`` beside ``uploads/<id>/begun``."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final

import obstore
from obstore.store import ObjectStore

from strongroom.adapters.blobs.bucket_errors import bucket_errors
from strongroom.adapters.blobs.names import checked_upload, part_name
from strongroom.adapters.blobs.parts import PartCheck, no_part, no_upload
from strongroom.application.artifacts.blobstore import BLOCK, ListedUpload, PartInfo

_FOLDER: Final = "uploads/"
_WINDOW: Final = 4 * BLOCK  # bytes fetched in one request


class PartObjects:
    """The prefix ``uploads/``."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def key(self, upload_id: str, number: int) -> str:
        """Where a part is; raises Invalid for a hostile id or number."""
        return f"{_FOLDER}{checked_upload(upload_id)}/{part_name(number)}"

    def _mark(self, upload_id: str) -> str:
        return f"{_FOLDER}{checked_upload(upload_id)}/begun"

    async def begin(self, upload_id: str) -> None:
        """Write the mark that the upload was begun."""
        with bucket_errors():
            await obstore.put_async(self._store, self._mark(upload_id), b"")

    async def require(self, upload_id: str) -> None:
        """Raise NotFound unless the upload was begun."""
        with bucket_errors():
            try:
                await obstore.head_async(self._store, self._mark(upload_id))
            except FileNotFoundError:
                raise no_upload() from None

    async def read(self, upload_id: str, part: PartInfo) -> AsyncGenerator[bytes, None]:
        """Read a part in windows, comparing it with what was said of it."""
        key = self.key(upload_id, part.number)
        check = PartCheck(part)
        try:
            with bucket_errors():
                check.expect_size((await obstore.head_async(self._store, key))["size"])
                for start in range(0, part.size, _WINDOW):
                    end = min(start + _WINDOW, part.size)
                    data = bytes(await obstore.get_range_async(self._store, key, start=start, end=end))
                    check.update(data)
                    yield data
        except FileNotFoundError:
            raise no_part(part) from None
        check.finish()

    async def abort(self, upload_id: str) -> None:
        """Remove the mark first, so that no part comes after, then all parts."""
        mark = self._mark(upload_id)
        with bucket_errors():
            await _remove(self._store, [mark])
            async for page in obstore.list(self._store, mark.removesuffix("begun"), chunk_size=1000):
                await _remove(self._store, [entry["path"] for entry in page])

    async def listed(self) -> AsyncGenerator[ListedUpload, None]:
        """Walk the uploads. Their ids are held in memory, the keys are not."""
        touched: dict[str, datetime] = {}
        with bucket_errors():
            async for page in obstore.list(self._store, _FOLDER, chunk_size=1000):
                for entry in page:
                    upload_id = entry["path"].split("/")[-2]
                    touched[upload_id] = max(entry["last_modified"], touched.get(upload_id, entry["last_modified"]))
        for upload_id, last in touched.items():
            yield ListedUpload(upload_id, last)


async def _remove(store: ObjectStore, keys: list[str]) -> None:
    try:
        await obstore.delete_async(store, keys)
    except FileNotFoundError:
        return

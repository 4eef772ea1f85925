"""Parts of uploads in the local store: ``uploads/<id>/<six digits>``. All calls block."""

import hashlib
import os
import shutil
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from strongroom.adapters.blobs.disk import disk_errors, make_folder
from strongroom.adapters.blobs.files import TempFile
from strongroom.adapters.blobs.names import checked_upload, new_temp, part_name
from strongroom.application.artifacts.blobstore import BLOCK, ListedUpload, PartInfo
from strongroom.domain.errors import DigestMismatch, NotFound, SizeMismatch


def no_upload() -> NotFound:
    """Make the error for an upload that was not begun or is gone."""
    return NotFound("There is no such upload; it was not begun, or it was aborted.")


def no_part(part: PartInfo) -> NotFound:
    """Make the error for a part that was listed and never came."""
    return NotFound(f"Part {part.number} was not received.", part=part.number)


class PartCheck:
    """Compares a part that passes with what was said of it. Raises SizeMismatch or DigestMismatch naming the part."""

    def __init__(self, part: PartInfo) -> None:
        self._part = part
        self._sha256 = hashlib.sha256()

    def expect_size(self, size: int) -> None:
        """Compare the length alone, before anything is read."""
        if size != self._part.size:
            raise SizeMismatch(f"Part {self._part.number} has another size than stated.", part=self._part.number)

    def update(self, data: bytes) -> None:
        """Take the next bytes, after `expect_size`."""
        self._sha256.update(data)

    def finish(self) -> None:
        """Compare at the end."""
        if self._sha256.hexdigest() != self._part.sha256:
            raise DigestMismatch(f"Part {self._part.number} has another digest than stated.", part=self._part.number)


class PartFolders:
    """The folder ``uploads/``, shared by all processes.

    Args:
        folder: where uploads are.
        trash: a folder of the same file system, where aborted uploads are taken apart.
    """

    def __init__(self, folder: Path, trash: Path) -> None:
        self._folder = folder
        self._trash = trash

    def make(self) -> None:
        """Make the folder, durably."""
        make_folder(self._folder)

    def path(self, upload_id: str) -> Path:
        """Where an upload is; raises Invalid for a hostile id."""
        return self._folder / checked_upload(upload_id)

    def begin(self, upload_id: str) -> None:
        """Make the upload's folder, durably; it may be there."""
        path = self.path(upload_id)
        with disk_errors():
            make_folder(path)

    def require(self, upload_id: str) -> None:
        """Raise NotFound unless the upload was begun."""
        with disk_errors():
            if not self.path(upload_id).is_dir():
                raise no_upload()

    def keep(self, temp: TempFile, upload_id: str, number: int) -> None:
        """Move a received part to its place, over an earlier one. Raises NotFound when the upload is gone."""
        target = self.path(upload_id) / part_name(number)
        with disk_errors():
            try:
                temp.move(target)
            except FileNotFoundError:
                raise no_upload() from None

    def read(self, upload_id: str, part: PartInfo) -> Generator[bytes, None, None]:
        """Read a part in blocks, comparing it with what was said of it."""
        check = PartCheck(part)
        with disk_errors():
            try:
                file = (self.path(upload_id) / part_name(part.number)).open("rb", buffering=0)
            except FileNotFoundError:
                raise no_part(part) from None
            with file:
                check.expect_size(os.fstat(file.fileno()).st_size)
                while data := file.read(BLOCK):
                    check.update(data)
                    yield data
        check.finish()

    def abort(self, upload_id: str) -> None:
        """Remove the upload; it vanishes at once, since late parts must not find half of it."""
        grave = self._trash / new_temp()
        with disk_errors():
            try:
                self.path(upload_id).rename(grave)
            except FileNotFoundError:
                return
            shutil.rmtree(grave, ignore_errors=True)

    def listed(self) -> Generator[ListedUpload, None, None]:
        """Walk the uploads; a part's arrival touches its folder."""
        with disk_errors(), os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    touched = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
                    yield ListedUpload(entry.name, touched)

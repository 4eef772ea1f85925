"""Whole blobs in the local store: half files in ``tmp/``, finished ones in ``blobs/<2 hex>/<sha256>``. All calls block.

There is one level of 256 folders, all made when the store is opened. A second level, made when first needed, would
let the time of a put tell whether a blob of like digest was there before (domain.md N16).
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from strongroom.adapters.blobs.digests import git_sha1
from strongroom.adapters.blobs.disk import (
    disk_errors,
    lock_now,
    make_folder,
    opened,
    sync_folder,
    write_all,
)
from strongroom.adapters.blobs.names import OWN_FILE, checked_digest, is_digest, new_temp
from strongroom.application.artifacts.blobstore import BLOCK, GIT_SHA1_LIMIT, ListedBlob


class Running(Protocol):
    """What watches the bytes on their way to a temporary file."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""
        ...


class TempFile:
    """A half file that nobody else sees. It always ends by `discard`, after `move` or without.

    Its lock tells the sweep of any process that its writer is alive.
    """

    def __init__(self, folder: Path, running: Running) -> None:
        self.path = folder / new_temp()
        self.size = 0
        self.moved = False
        self._running = running
        self._fd = -1
        self._replaced = -1

    def open(self) -> None:
        """Make the file."""
        with disk_errors():
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            lock_now(self._fd, exclusive=False)

    def write(self, data: bytes) -> None:
        """Hash and append."""
        self._running.update(data)
        with disk_errors():
            write_all(self._fd, data, self.size)
        self.size += len(data)

    def git_sha1(self) -> str | None:
        """Hash once more for git, from the page cache, when the size was not announced; None for larger files."""
        if self.size > GIT_SHA1_LIMIT:
            return None
        with disk_errors():
            return git_sha1(self.size, (os.pread(self._fd, BLOCK, at) for at in range(0, self.size, BLOCK)))

    def sync(self) -> None:
        """Force the bytes to disk; may run beside `write`, and is called again after the last one."""
        with disk_errors():
            os.fdatasync(self._fd)

    def move(self, target: Path) -> None:
        """Give the file its name, over any other of that name.

        A file that it replaces is kept alive until `discard`, which comes after the answer: to give back the pages of
        a large file takes milliseconds, and would tell the sender that the blob was there before (domain.md N16).
        """
        with suppress(FileNotFoundError):
            self._replaced = os.open(target, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)
        self.path.replace(target)
        self.moved = True

    def discard(self) -> None:
        """Let go of everything; after `move`, the file stays under its new name."""
        for fd in (self._fd, self._replaced):
            if fd >= 0:
                os.close(fd)
        self._fd = self._replaced = -1
        with suppress(OSError):
            self.path.unlink()


class WholeFiles:
    """The folder ``blobs/``. Several processes share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self) -> None:
        """Make the folders, durably."""
        make_folder(self._folder)
        for number in range(256):
            (self._folder / f"{number:02x}").mkdir(0o700, exist_ok=True)
        sync_folder(self._folder)

    def path(self, sha256: str) -> Path:
        """Where the blob of this digest is or would be. Raises Invalid for what is no digest."""
        return self._folder / checked_digest(sha256)[:2] / sha256

    def publish(self, temp: TempFile, sha256: str) -> None:
        """Move a finished and synced file to its place, durably, over what may be there."""
        target = self.path(sha256)
        with disk_errors(), opened(target.parent, os.O_RDONLY | os.O_DIRECTORY) as folder:
            # Shared with other writers; `delete` takes it alone: it must not look at one file and remove the next.
            fcntl.flock(folder, fcntl.LOCK_SH)
            temp.move(target)
            os.fsync(folder)

    def holds(self, sha256: str, size: int) -> bool:
        """Tell whether a file of that name and size is there."""
        with disk_errors():
            try:
                return self.path(sha256).stat().st_size == size
            except FileNotFoundError:
                return False

    def delete(self, sha256: str, written_before: datetime | None) -> bool:
        """Remove the file unless it is younger; durable when it returns. False when nothing was removed."""
        target = self.path(sha256)
        with disk_errors(), opened(target.parent, os.O_RDONLY | os.O_DIRECTORY) as folder:
            fcntl.flock(folder, fcntl.LOCK_EX)
            try:
                if written_before is not None and target.stat().st_mtime >= written_before.timestamp():
                    return False
                target.unlink()
            except FileNotFoundError:
                return False
            os.fsync(folder)
        return True

    def listed(self) -> Generator[ListedBlob, None, None]:
        """Walk all files named by a digest; others are left alone."""
        with disk_errors():
            for shard in sorted(self._folder.iterdir()):
                for path in shard.iterdir():
                    if is_digest(path.name):
                        with suppress(FileNotFoundError):
                            stat = path.stat()
                            written = datetime.fromtimestamp(stat.st_mtime, UTC)
                            yield ListedBlob(path.name, stat.st_size, OWN_FILE, written)

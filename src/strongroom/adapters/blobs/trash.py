"""What killed processes leave in ``tmp/``. All calls block."""

import os
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from strongroom.adapters.blobs.disk import disk_errors, lock_now, opened


def sweep(folder: Path, older_than: datetime) -> int:
    """Remove half files without a living writer, and half-removed uploads; the bytes given back.

    Every writer holds a lock on its half file, which ends with its process.
    """
    freed = 0
    with disk_errors():
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                if path.lstat().st_mtime < older_than.timestamp():
                    freed += _remove_folder(path) if path.is_dir() else _remove_file(path)
    return freed


def _remove_file(path: Path) -> int:
    with opened(path, os.O_RDONLY | os.O_NOFOLLOW) as fd:
        if not lock_now(fd, exclusive=True):
            return 0
        path.unlink()
        return os.fstat(fd).st_size


def _remove_folder(path: Path) -> int:
    size = sum(file.stat().st_size for file in path.iterdir())
    shutil.rmtree(path, ignore_errors=True)
    return size

"""The few operating system calls that make a write durable, and what their errors mean to the application."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from strongroom.domain.errors import StorageFull, Unavailable

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn OSError into StorageFull or Unavailable; the path stays out of the message."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull("The disk takes no more bytes; nothing of this request was kept.") from error
        reason = errno.errorcode.get(error.errno or 0, "unknown")
        raise Unavailable(f"The disk does not do what it is asked ({reason}).", reason=reason) from error


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """Open a file or folder as a bare descriptor, made with mode 0600, never inherited, and close it."""
    fd = os.open(path, flags | os.O_CLOEXEC, FILE_MODE)
    try:
        yield fd
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Force names made in or removed from the folder to disk."""
    with opened(folder, os.O_RDONLY | os.O_DIRECTORY) as fd:
        os.fsync(fd)


def make_folder(folder: Path) -> None:
    """Make a folder of mode 0700, if it is not there, and force its name to disk."""
    folder.mkdir(FOLDER_MODE, exist_ok=True)
    sync_folder(folder.parent)


def write_all(fd: int, data: bytes, offset: int) -> None:
    """Write all of it at the offset, in as many calls as the system wants."""
    view = memoryview(data)
    while len(view) > 0:
        done = os.pwrite(fd, view, offset)
        view = view[done:]
        offset += done


def read_up_to(fd: int, length: int, offset: int) -> bytes:
    """Read `length` bytes at the offset; fewer only at the end of the file."""
    data = os.pread(fd, length, offset)
    while 0 < len(data) < length:
        more = os.pread(fd, length - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data


def lock_now(fd: int, *, exclusive: bool) -> bool:
    """Take a lock on the open file (flock) without waiting; False when another holder is in the way.

    It ends when the descriptor is closed, so also when the process is killed.
    """
    try:
        fcntl.flock(fd, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""Packs as files: reading, deleting, listing and giving back. Appending is `pack_writer`'s. All calls block."""

import os
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from strongroom.adapters.blobs.blocks import block_count, compare_blocks, missing
from strongroom.adapters.blobs.disk import (
    disk_errors,
    lock_now,
    make_folder,
    opened,
    read_up_to,
    sync_folder,
    write_all,
)
from strongroom.adapters.blobs.names import is_pack, packed_place
from strongroom.adapters.blobs.pack_format import DEAD, HEADER_SIZE, STATE_OFFSET, Header, parse_header, walk
from strongroom.application.artifacts.blobstore import ListedBlob, StoredBlob

SUFFIX: Final = ".pack"
#: Linux's flag for reads that give up rather than wait.
_NO_WAIT: Final[int | None] = getattr(os, "RWF_NOWAIT", None)


class Packs:
    """The folder ``packs/``. Several processes share it; each appends to a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        """Make the folder, durably."""
        make_folder(self.folder)

    def path(self, pack: str) -> Path:
        """Where a pack is; its name was checked by whoever parsed the place."""
        return self.folder / f"{pack}{SUFFIX}"

    def read(self, blob: StoredBlob, pack: str, offset: int) -> list[bytes]:
        """Read a record whole and compare it: one block, or none when it is empty. Raises Corrupted."""
        with disk_errors():
            try:
                with opened(self.path(pack), os.O_RDONLY) as fd:
                    data = read_up_to(fd, HEADER_SIZE + blob.size, offset)
            except FileNotFoundError:
                raise missing(blob) from None
        return self._compared(blob, data)

    def read_now(self, blob: StoredBlob, pack: str, offset: int) -> list[bytes] | None:
        """The same without waiting for a disk: None when the bytes are not in the system's memory."""
        if _NO_WAIT is None:
            return None
        data = bytearray(HEADER_SIZE + blob.size)
        try:
            with opened(self.path(pack), os.O_RDONLY) as fd:
                read = os.preadv(fd, [data], offset, _NO_WAIT)
        except OSError:  # they are not, or this file system cannot tell: whoever may wait finds out
            return None
        return self._compared(blob, bytes(data)) if read == len(data) else None

    @staticmethod
    def _compared(blob: StoredBlob, data: bytes) -> list[bytes]:
        if parse_header(data) != Header(blob.sha256, blob.size, live=True):
            raise missing(blob)
        return compare_blocks(blob, 0, block_count(blob.size), data[HEADER_SIZE:])

    def holds(self, wanted: Header, pack: str, offset: int) -> bool:
        """Tell whether that record is there."""
        with disk_errors():
            try:
                with opened(self.path(pack), os.O_RDONLY) as fd:
                    whole = os.fstat(fd).st_size >= offset + HEADER_SIZE + wanted.size
                    return whole and parse_header(os.pread(fd, HEADER_SIZE, offset)) == wanted
            except FileNotFoundError:
                return False

    def delete(self, wanted: Header, pack: str, offset: int, written_before: datetime | None = None) -> bool:
        """Mark a record dead and blank its bytes, durably; the room comes back when the whole pack is dead.

        :param written_before: leave the record where somebody appends to the pack, or did at or after this moment.
        """
        with disk_errors():
            try:
                with opened(self.path(pack), os.O_RDWR) as fd:
                    alone, stat = lock_now(fd, exclusive=True), os.fstat(fd)
                    if written_before and not (alone and stat.st_mtime < written_before.timestamp()):
                        return False
                    if parse_header(os.pread(fd, HEADER_SIZE, offset)) != wanted:
                        return False
                    write_all(fd, bytes([DEAD]), offset + STATE_OFFSET)
                    os.fdatasync(fd)  # dead first: a live header over blank bytes would be corruption
                    write_all(fd, bytes(wanted.size), offset + HEADER_SIZE)
                    os.fdatasync(fd)
                    if alone:  # the pack is as old as what was appended last
                        os.utime(fd, ns=(stat.st_atime_ns, stat.st_mtime_ns))
                    return True
            except FileNotFoundError:
                return False

    def listed(self) -> Generator[ListedBlob, None, None]:
        """Walk the live records of all packs."""
        with disk_errors():
            for path in self._paths():
                with suppress(FileNotFoundError), opened(path, os.O_RDONLY) as fd:
                    written = datetime.fromtimestamp(os.fstat(fd).st_mtime, UTC)
                    for offset, header in walk(fd):
                        if header.live:
                            yield ListedBlob(header.sha256, header.size, packed_place(path.stem, offset), written)

    def reclaim(self, older_than: datetime) -> int:
        """Remove packs that nobody appends to and that hold no live record; the bytes given back."""
        freed = 0
        with disk_errors():
            for path in self._paths():
                with suppress(FileNotFoundError), opened(path, os.O_RDONLY) as fd:
                    stat = os.fstat(fd)
                    idle = stat.st_mtime < older_than.timestamp() and lock_now(fd, exclusive=True)
                    if idle and not any(header.live for _, header in walk(fd)):
                        path.unlink()
                        freed += stat.st_size
            sync_folder(self.folder)
        return freed

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.folder.glob(f"*{SUFFIX}") if is_pack(path.stem))

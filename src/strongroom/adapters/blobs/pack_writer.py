"""Appending to packs: one file a process, one wait for the disk for everybody who waits at the same time.

Why repeats are written and cut off again (domain.md N16). A sender must not learn, from the time or the I/O of his
request, that the store holds a blob already; and packs must not grow by repeats. So the records of a group are laid
out as ``new, new, ... | known, known, ...`` and written in one go with one ``fdatasync``: the same bytes, the same
calls, whatever part of them is known. Where the known ones begin is the pack's end; what lies behind it is cut off
when the next group begins, after this one was answered. A separate scratch file would need a second wait for the
disk, and a batch of new and known ones together would tell by its two waits that both kinds were in it.

A pack is only ever appended to by the process that made it, which holds its lock; after a restart a new one is begun.
So the torn tail of a crash is never written over, and readers ignore it.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from strongroom.adapters.blobs.disk import disk_errors, lock_now, sync_folder, write_all
from strongroom.adapters.blobs.names import new_pack, packed_place
from strongroom.adapters.blobs.pack_format import pack_header
from strongroom.adapters.blobs.packs import Packs
from strongroom.application.artifacts.blobstore import BLOCK

PACK_LIMIT: Final = 256 * 1024 * 1024


class Record(NamedTuple):
    """A blob to append: its digest in hex and its bytes."""

    sha256: str
    data: bytes


class PackWriter:
    """This process's open pack. Blocking, and for one thread at a time.

    Args:
        packs: where packs are.
        limit: bytes; a group that would pass it begins a new pack.
    """

    def __init__(self, packs: Packs, limit: int = PACK_LIMIT) -> None:
        self._packs = packs
        self._limit = limit
        self._fd = -1
        self._name = ""
        self._end = 0

    def append(self, new: Sequence[Record], known: Sequence[Record]) -> list[str]:
        """Write both, keep the new; durable when it returns. The places of the new, in order.

        Raises:
            StorageFull, Unavailable: nothing of the group is kept.
        """
        with disk_errors():
            self._begin(sum(len(record.data) for record in new))
            try:
                places = self._write(new, known)
            except OSError:
                self.close()  # after a failed write or sync nothing is known of the tail: cut it off, go on elsewhere
                raise
        return places

    def _begin(self, coming: int) -> None:
        if self._fd >= 0 and self._end and self._end + coming > self._limit:
            self.close()
        while self._fd < 0:
            self._open()
        os.ftruncate(self._fd, self._end)

    def _open(self) -> None:
        name = new_pack()
        path = self._packs.path(name)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        # A sweep may have locked, or locked and removed, the still empty file between these two calls.
        if not lock_now(fd, exclusive=True) or os.fstat(fd).st_nlink == 0:
            os.close(fd)
            return
        sync_folder(self._packs.folder)
        self._fd, self._name, self._end = fd, name, 0

    def _write(self, new: Sequence[Record], known: Sequence[Record]) -> list[str]:
        places = []
        end = at = self._end
        pending: list[bytes] = []
        held = 0
        for number, (sha256, data) in enumerate([*new, *known]):
            header = pack_header(sha256, len(data))
            if number < len(new):
                places.append(packed_place(self._name, end))
                end += len(header) + len(data)
            pending += (header, data)
            held += len(header) + len(data)
            if held >= BLOCK:
                write_all(self._fd, b"".join(pending), at)
                at, held, pending = at + held, 0, []
        write_all(self._fd, b"".join(pending), at)
        os.fdatasync(self._fd)
        self._end = end
        return places

    def close(self) -> None:
        """Cut off what is not kept, and let go of the file; an empty one is removed."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        with suppress(OSError):
            os.ftruncate(fd, self._end)
            if self._end == 0:
                self._packs.path(self._name).unlink()
        os.close(fd)

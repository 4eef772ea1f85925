"""Copying the local blobs that a database names, each compared with the digests in the database. All calls block."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from strongroom.adapters.blobs.blocks import block_count, compare_blocks, missing
from strongroom.adapters.blobs.disk import read_up_to
from strongroom.adapters.blobs.files import WholeFiles
from strongroom.adapters.blobs.names import parse_packed
from strongroom.adapters.blobs.packs import Packs
from strongroom.application.artifacts.blobstore import BLOCK, StoredBlob

_FILES: Final = "blobs"
_PACKS: Final = "packs"


@dataclass(frozen=True, slots=True)
class BlobRow:
    """A blob as the database names it."""

    sha256: str
    size: int
    place: str
    blocks: bytes


class BlobCopy:
    """Copies from one blob folder into another. Packs are copied whole, once, and then read like any reader would."""

    def __init__(self, source: Path, to: Path) -> None:
        self.count = 0
        self.bytes = 0
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._from_files, self._to_files = WholeFiles(source / _FILES), WholeFiles(to / _FILES)
        self._from_packs, self._to_packs = Packs(source / _PACKS), Packs(to / _PACKS)
        self._to_files.make()
        self._to_packs.make()
        self._packs: set[str] = set()

    def add(self, row: BlobRow) -> None:
        """Copy one blob.

        :raises Corrupted: it is missing, or not what was written.
        """
        blob = StoredBlob(row.sha256, row.size, row.place, row.blocks, None)
        if packed := parse_packed(row.place):
            self._add_packed(blob, *packed)
        else:
            self._add_file(blob)
        self.count += 1
        self.bytes += row.size

    def _add_packed(self, blob: StoredBlob, pack: str, offset: int) -> None:
        if pack not in self._packs:
            try:
                _copy_file(self._from_packs.path(pack), self._to_packs.path(pack))
            except FileNotFoundError:
                raise missing(blob) from None
            self._packs.add(pack)
        self._to_packs.read(blob, pack, offset)

    def _add_file(self, blob: StoredBlob) -> None:
        try:
            source = os.open(self._from_files.path(blob.sha256), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise missing(blob) from None
        target = _create(self._to_files.path(blob.sha256))
        try:
            for number in range(block_count(blob.size)):
                data = read_up_to(source, BLOCK, number * BLOCK)
                for block in compare_blocks(blob, number, number + 1, data):
                    _write(target, block)
        finally:
            os.close(source)
            os.close(target)


def _copy_file(source: Path, to: Path) -> None:
    """The file as long as it is now; what is appended meanwhile belongs to later states."""
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        writing = _create(to)
        try:
            at = 0
            while data := read_up_to(reading, BLOCK, at):
                _write(writing, data)
                at += len(data)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while len(view) > 0:
        view = view[os.write(fd, view) :]

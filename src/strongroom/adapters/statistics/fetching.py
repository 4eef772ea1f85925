"""Brings what is needed of data files to this disk: whole while there is room, else the end or the beginning alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from strongroom.application.artifacts.blobstore import ReadBlobs
from strongroom.application.ports.statistics import DataFile

TAIL: Final = 64 * 1024
FOOTER_LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a Parquet or Arrow footer that are brought."""
_ENDS: Final = {"parquet": (b"PAR1", 8), "arrow_ipc": (b"ARROW1", 10)}
"""What such a file ends in, and how many bytes stand behind its footer: its length, and that."""


@dataclass(slots=True)
class Room:
    """Bytes that may still be brought: of whole files and beginnings, and of footers alone."""

    left: int
    footers: int


async def bring(store: ReadBlobs, file: DataFile, target: Path, room: Room) -> bool | None:
    """Write a file, or a part of it at its place, to `target`.

    :returns: True when it is whole, False when only its end or beginning is there, None when there was no room.
    """
    blob = file.blob
    if blob.size <= room.left:
        room.left -= blob.size
        await _copy(store, file, target, 0, blob.size)
        return True
    if file.format not in _ENDS:
        size, room.left = room.left, 0
        await _copy(store, file, target, 0, size)
        return False if size else None
    start = await _footer_start(store, file)
    if start is None or blob.size - start > room.footers:
        return None
    room.footers -= blob.size - start
    await _copy(store, file, target, start, blob.size)
    await _copy(store, file, target, 0, min(start, TAIL))
    return False


async def _footer_start(store: ReadBlobs, file: DataFile) -> int | None:
    """Where the footer of a file begins; None when it has none, or one that is too large."""
    magic, behind = _ENDS[file.format]
    size = file.blob.size
    end = b"".join([chunk async for chunk in store.read(file.blob, max(size - behind, 0), size)])
    length = int.from_bytes(end[:4], "little")
    if not end.endswith(magic) or length > min(FOOTER_LARGEST, size - behind):
        return None
    return size - behind - length


async def _copy(store: ReadBlobs, file: DataFile, target: Path, start: int, end: int) -> None:
    """Bytes to their place; what was not written before them is a hole, which takes no room on the disk."""
    with target.open("ab"), target.open("r+b") as out:
        out.truncate(file.blob.size if file.format in _ENDS else end)
        out.seek(start)
        async for chunk in store.read(file.blob, start, end):
            out.write(chunk)

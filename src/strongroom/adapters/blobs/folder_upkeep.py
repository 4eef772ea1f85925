"""A folder's bytes as they lie, for checks and repairs; see `UpkeepBlobs`. A backup is read, too: it is not changed."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from strongroom.adapters.blobs.disk import (
    FILE_MODE,
    disk_errors,
    lock_now,
    make_folder,
    opened,
    read_up_to,
    sync_folder,
    write_all,
)
from strongroom.adapters.blobs.files import WholeFiles
from strongroom.adapters.blobs.names import (
    WITNESS,
    checked_witness,
    is_digest,
    is_pack,
    is_witness,
    new_pack,
    parse_packed,
)
from strongroom.adapters.blobs.pack_format import DEAD, HEADER_SIZE, STATE_OFFSET, parse_header, walk
from strongroom.adapters.blobs.packs import SUFFIX, Packs
from strongroom.adapters.blobs.threads import Threads
from strongroom.application.artifacts.blobstore import BLOCK, StoredBlob
from strongroom.application.artifacts.upkeep import Found, Label, Leftover, Mark, Rest

ASIDE: Final = "quarantine"
MARK: Final = "store.json"
_OURS: Final = frozenset({"blobs", "packs", "uploads", "tmp", ASIDE, MARK, WITNESS})
_FORMAT: Final = 1


class FolderUpkeep:
    """See the module.

    :param root: the folder of the bytes, as `LocalBlobStore` has it.
    """

    def __init__(self, root: Path, *, threads: int = 4) -> None:
        self._root = root
        self._files, self._packs = WholeFiles(root / "blobs"), Packs(root / "packs")
        self._threads = Threads(threads)

    # -- blobs ---------------------------------------------------------------------------------------------------

    def _place(self, blob: StoredBlob) -> tuple[Path, int]:
        """The file, and where in it the blob or its header begins."""
        packed = parse_packed(blob.place)
        return (self._packs.path(packed[0]), packed[1]) if packed else (self._files.path(blob.sha256), 0)

    def where(self, blob: StoredBlob) -> str:
        """See `UpkeepBlobs.where`."""
        path, offset = self._place(blob)
        return f"{path.relative_to(self._root)}{f':{offset}' if parse_packed(blob.place) else ''}"

    async def found(self, blob: StoredBlob) -> Found:
        """See `UpkeepBlobs.found`."""
        return await self._threads.run(self._found, blob)

    def _found(self, blob: StoredBlob) -> Found:
        path, offset = self._place(blob)
        with disk_errors():
            try:
                with opened(path, os.O_RDONLY | os.O_NOFOLLOW) as fd:
                    size = os.fstat(fd).st_size
                    return _record(fd, blob, size, offset) if parse_packed(blob.place) else Found(size)
            except FileNotFoundError:
                return Found(None)

    async def raw(self, blob: StoredBlob) -> AsyncGenerator[bytes, None]:
        """See `UpkeepBlobs.raw`."""
        async with aclosing(self._threads.iterate(self._raw(blob), batch=1)) as pieces:
            async for piece in pieces:
                yield piece

    def _raw(self, blob: StoredBlob) -> Generator[bytes, None, None]:
        path, start = self._place(blob)
        packed = parse_packed(blob.place) is not None
        at, end = (start + HEADER_SIZE, start + HEADER_SIZE + blob.size) if packed else (0, blob.size + BLOCK)
        with disk_errors(), suppress(FileNotFoundError), opened(path, os.O_RDONLY | os.O_NOFOLLOW) as fd:
            while at < end and (data := read_up_to(fd, min(BLOCK, end - at), at)):
                at += len(data)
                yield data

    # -- what is put aside ---------------------------------------------------------------------------------------

    async def set_aside(self, blob: StoredBlob) -> str | None:
        """See `UpkeepBlobs.set_aside`: a second name of a file, a copy of a record with its header."""
        return await self._threads.run(self._set_aside, blob)

    def _set_aside(self, blob: StoredBlob) -> str | None:
        path, offset = self._place(blob)
        folder = self._root / ASIDE
        target = folder / f"{new_pack()}-{blob.sha256}"
        with disk_errors():
            make_folder(folder)
            try:
                if parse_packed(blob.place):
                    _copy(path, target, offset, HEADER_SIZE + blob.size)
                else:
                    _link(path, target)
            except FileNotFoundError:
                return None
            sync_folder(folder)
        return str(target.relative_to(self._root))

    async def forget_aside(self, where: str) -> None:
        """See `UpkeepBlobs.forget_aside`."""

        def forget() -> None:
            with disk_errors(), suppress(FileNotFoundError):
                (self._root / ASIDE / Path(where).name).unlink()

        await self._threads.run(forget)

    async def bury(self, blob: StoredBlob) -> None:
        """See `UpkeepBlobs.bury`. A record whose header is damaged stays: nobody can tell how long it is."""
        if parse_packed(blob.place):
            await self._threads.run(self._bury, blob)

    def _bury(self, blob: StoredBlob) -> None:
        path, offset = self._place(blob)
        with disk_errors(), suppress(FileNotFoundError), opened(path, os.O_RDWR) as fd:
            if _record(fd, blob, os.fstat(fd).st_size, offset) == Found(blob.size):
                write_all(fd, bytes([DEAD]), offset + STATE_OFFSET)
                os.fdatasync(fd)
                write_all(fd, bytes(blob.size), offset + HEADER_SIZE)
                os.fdatasync(fd)

    # -- what else lies there ------------------------------------------------------------------------------------

    async def leftovers(self) -> AsyncGenerator[Leftover, None]:
        """See `UpkeepBlobs.leftovers`."""
        for found in (self._half(), self._foreign(), self._torn()):
            async with aclosing(self._threads.iterate(found)) as left:
                async for one in left:
                    yield one

    def _half(self) -> Generator[Leftover, None, None]:
        """Half files whose writer is gone: it would hold a lock."""
        for path in _inside(self._root / "tmp"):
            with suppress(FileNotFoundError):
                if path.is_dir() or _idle(path):
                    yield self._leftover(Rest.HALF, path)

    def _foreign(self) -> Generator[Leftover, None, None]:
        for path in _inside(self._root):
            if path.name not in _OURS:
                yield self._leftover(Rest.FOREIGN, path)
        for shard in _inside(self._root / "blobs"):
            for path in _inside(shard) if shard.is_dir() else [shard]:
                if not (is_digest(path.name) and path.name.startswith(shard.name) and path.is_file()):
                    yield self._leftover(Rest.FOREIGN, path)
        for path in _inside(self._root / "packs"):
            if path.suffix != SUFFIX or not is_pack(path.stem):
                yield self._leftover(Rest.FOREIGN, path)

        for path in _inside(self._root / WITNESS):
            if not is_witness(path.name):
                yield self._leftover(Rest.FOREIGN, path)

    def _torn(self) -> Generator[Leftover, None, None]:
        """Stretches of packs in which no record can be read; of packs that nobody appends to."""
        for path in _inside(self._root / "packs"):
            if is_pack(path.stem) and path.suffix == SUFFIX:
                with disk_errors(), suppress(FileNotFoundError), opened(path, os.O_RDONLY) as fd:
                    if lock_now(fd, exclusive=True):
                        yield from self._gaps(path, fd)

    def _gaps(self, path: Path, fd: int) -> Generator[Leftover, None, None]:
        stat, behind = os.fstat(fd), 0
        written = datetime.fromtimestamp(stat.st_mtime, UTC)
        name = path.relative_to(self._root)
        for offset, header in walk(fd):
            if offset > behind:
                yield Leftover(Rest.TORN, f"{name}:{behind}", offset - behind, written)
            behind = offset + HEADER_SIZE + header.size
        if stat.st_size > behind:
            yield Leftover(Rest.TORN, f"{name}:{behind}", stat.st_size - behind, written)

    def _leftover(self, rest: Rest, path: Path) -> Leftover:
        with disk_errors():
            stat = path.lstat()
        written = datetime.fromtimestamp(stat.st_mtime, UTC)
        return Leftover(rest, str(path.relative_to(self._root)), stat.st_size, written)

    # -- whose it is ---------------------------------------------------------------------------------------------

    async def mark(self) -> Mark | None:
        """See `UpkeepBlobs.mark`. The mark holds its own inode, which a copy of the folder does not have."""
        return await self._threads.run(self._mark)

    def _mark(self) -> Mark | None:
        with disk_errors():
            try:
                with opened(self._root / MARK, os.O_RDONLY | os.O_NOFOLLOW) as fd:
                    said, inode = read_up_to(fd, BLOCK, 0), os.fstat(fd).st_ino
            except FileNotFoundError:
                return None
        return read_mark(said, str(inode))

    async def set_mark(self, mark: Mark) -> None:
        """See `UpkeepBlobs.set_mark`."""
        await self._threads.run(self._set_mark, mark)

    def _set_mark(self, mark: Mark) -> None:
        made = self._root / "tmp" / f"{new_pack()}-mark"
        with disk_errors():
            with opened(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as fd:
                lock_now(fd, exclusive=False)
                write_all(fd, written_mark(mark, str(os.fstat(fd).st_ino)), 0)
                os.fdatasync(fd)
                made.replace(self._root / MARK)
            sync_folder(self._root)

    # -- for witnesses -------------------------------------------------------------------------------------------

    async def publish(self, name: str, data: bytes) -> bool:
        """See `UpkeepBlobs.publish`."""
        return await self._threads.run(self._publish, checked_witness(name), data)

    def _publish(self, name: str, data: bytes) -> bool:
        folder = self._root / WITNESS
        made = self._root / "tmp" / f"{new_pack()}-witness"
        with disk_errors():
            make_folder(folder)
            with opened(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as fd:
                lock_now(fd, exclusive=False)
                write_all(fd, data, 0)
                os.fdatasync(fd)
                new = not (folder / name).exists()
                made.replace(folder / name) if new else made.unlink()
            sync_folder(folder)
        return new

    async def aclose(self) -> None:
        """See `UpkeepBlobs.aclose`."""
        await asyncio.to_thread(self._threads.close)


def read_mark(said: bytes, place: str) -> Mark | None:
    """A mark out of what lies there; None for what is none, such as half of one.

    :param place: where it lies now; one that was written for another place is a copy.
    """
    try:
        content = json.loads(said)
        owner, database, wanted = (str(content[name]) for name in ("owner", "database", "place"))
    except (ValueError, KeyError, TypeError):
        return None
    return Mark(owner, database, copied=wanted != place)


def written_mark(mark: Mark, place: str) -> bytes:
    """As `read_mark` reads it."""
    content = {"strongroom_store": _FORMAT, "owner": mark.owner, "database": mark.database, "place": place}
    return json.dumps(content).encode() + b"\n"


def _record(fd: int, blob: StoredBlob, end: int, offset: int) -> Found:
    if end <= offset:
        return Found(None)
    size = max(0, min(blob.size, end - offset - HEADER_SIZE))
    header = parse_header(os.pread(fd, HEADER_SIZE, offset))
    if header is None or (header.sha256, header.size) != (blob.sha256, blob.size):
        return Found(size, Label.WRONG)
    return Found(size, Label.RIGHT if header.live else Label.DEAD)


def _inside(folder: Path) -> list[Path]:
    """What lies in a folder, in order; nothing where there is none."""
    with disk_errors():
        try:
            return sorted(folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []


def _idle(path: Path) -> bool:
    with disk_errors(), opened(path, os.O_RDONLY | os.O_NOFOLLOW) as fd:
        return lock_now(fd, exclusive=True)


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without second names
        _copy(path, target, 0, path.stat().st_size)


def _copy(path: Path, target: Path, at: int, length: int) -> None:
    with (
        opened(path, os.O_RDONLY | os.O_NOFOLLOW) as source,
        opened(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as copy,
    ):
        done = 0
        while done < length and (data := read_up_to(source, min(BLOCK, length - done), at + done)):
            write_all(copy, data, done)
            done += len(data)
        os.fchmod(copy, FILE_MODE)
        os.fdatasync(copy)

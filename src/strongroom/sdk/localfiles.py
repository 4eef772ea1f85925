"""Files on this machine that are to be sent: found, measured, hashed, and read again without a surprise."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from strongroom.sdk.errors import BadPath, DigestMismatch, FileChanged, Invalid
from strongroom.sdk.parallel import in_parallel
from strongroom.sdk.progress import Progress

HASHERS = 4
BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as it was when it was hashed.

    :param path: where it goes in the version or folder. :param source: where it is.
    :param size: bytes. :param sha256: 64 hex digits. :param mtime_ns: when it was last changed.
    """

    path: str
    source: Path
    size: int
    sha256: str
    mtime_ns: int


def find(root: Path, prefix: str = "") -> list[tuple[str, Path]]:
    """A file, or all files below a folder, with the paths they get (below `prefix`), sorted.

    Symbolic links are followed when they stay inside the folder.

    :raises BadPath: a link leads out of the folder or in a circle; something that is no file; a name that is no UTF-8.
    :raises Invalid: nothing is there, or no file below it.
    """
    start = f"{prefix.rstrip('/')}/" if prefix else ""
    if not root.exists():
        raise Invalid(f"There is no file or folder {str(root)!r}.", details={"path": str(root)})
    if not root.is_dir():
        _must_be_file(root)
        return [(start + _name(root.absolute()), root)]
    real = root.resolve()
    found = sorted((start + path, source) for path, source in _walk(real, real, "", {real}))
    if not found:
        raise Invalid(f"There are no files in {str(root)!r}.", details={"path": str(root)})
    return found


def _walk(folder: Path, root: Path, prefix: str, above: set[Path]) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            source = Path(entry.path)
            path = prefix + _name(source)
            real = source.resolve()
            if entry.is_symlink() and not real.is_relative_to(root):
                raise BadPath(f"The link {path!r} leads out of the folder.", details={"path": path})
            if not entry.is_dir():
                _must_be_file(source)
                yield path, source
            elif real in above:
                raise BadPath(f"The link {path!r} leads in a circle.", details={"path": path})
            else:
                yield from _walk(source, root, path + "/", above | {real})


def _name(path: Path) -> str:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        raise BadPath(f"The name {path.name!r} is no UTF-8.") from None
    if "\\" in path.name:
        raise BadPath(f"The name {path.name!r} holds a backslash.", details={"path": path.name})
    return path.name


def _must_be_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise BadPath(f"{str(path)!r} cannot be read: {error.strerror}.", details={"path": str(path)}) from error
    if not stat.S_ISREG(mode):
        raise BadPath(f"{str(path)!r} is not a file.", details={"path": str(path)})


def hash_all(found: list[tuple[str, Path]], progress: Progress) -> list[LocalFile]:
    """Hash files, a few at a time. :raises FileChanged: one changed meanwhile."""
    progress.start("hashing", sum(source.stat().st_size for _, source in found))
    try:
        return in_parallel(lambda item: hash_file(*item, progress), found, HASHERS)
    finally:
        progress.finish()


def hash_file(path: str, source: Path, progress: Progress) -> LocalFile:
    """Hash one file. :raises FileChanged: it changed meanwhile."""
    digest = hashlib.sha256()
    with source.open("rb") as file:
        before = os.fstat(file.fileno())
        while block := file.read(BLOCK):
            digest.update(block)
            progress.advance(len(block))
        after = os.fstat(file.fileno())
        size = file.tell()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise changed(path)
    return LocalFile(path, source, size, digest.hexdigest(), after.st_mtime_ns)


def read_whole(file: LocalFile) -> bytes:
    """The bytes that were hashed. :raises FileChanged: they are not the same any more."""
    data = _read(file, 0, file.size + 1)
    if len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
        raise changed(file.path)
    return data


def read_part(file: LocalFile, start: int, length: int) -> bytes:
    """A part of the file, of exactly that length. :raises FileChanged: the file was written to since it was hashed."""
    data = _read(file, start, length)
    now = file.source.stat()
    if len(data) != length or (now.st_size, now.st_mtime_ns) != (file.size, file.mtime_ns):
        raise changed(file.path)
    return data


def _read(file: LocalFile, start: int, length: int) -> bytes:
    try:
        with file.source.open("rb") as opened:
            opened.seek(start)
            return opened.read(length)
    except FileNotFoundError:
        raise changed(file.path) from None


def changed(path: str, cause: DigestMismatch | None = None) -> FileChanged:
    """The error for a file that is not what it was when it was hashed."""
    details = {"path": path, **(cause.details if cause else {})}
    return FileChanged(f"The file {path!r} changed while it was being sent; nothing was published.", details=details)

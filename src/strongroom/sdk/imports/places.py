"""Where artifacts lie: a folder of this machine, or behind a server. Nothing outside a named folder is ever read."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import unquote, urlsplit

from strongroom.sdk.imports.model import Wrong

DEEPEST = 64
"""Directories inside one another."""
KIND = "artifacts"


@dataclass(frozen=True, slots=True)
class Found:
    """A file below a place. `size` is what the source says of it; None when it does not."""

    path: str
    size: int | None


class Place(Protocol):
    """Files that can be listed and brought to this disk."""

    def files(self) -> Iterator[Found | Wrong]:
        """All files below it, in order, and what is there and cannot be brought."""
        ...

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:
        """A file of it on this disk: where it lies, or a copy in `folder`. :raises OSError: it cannot be read."""
        ...

    def below(self, path: str) -> "Place":
        """A directory of it, or a file."""
        ...


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """A folder, or a single file, inside `top`: links that lead out of `top` are named and not followed."""

    root: Path
    top: Path

    def files(self) -> Iterator[Found | Wrong]:
        """See :class:`Place`."""
        if self.root.is_file():
            yield self._file(self.root.name, self.root)
        elif self.root.is_dir():
            yield from self._walk(self.root, "", (self.root.resolve(),))

    def fetch(self, path: str, folder: Path, size: int | None = None) -> Path:  # noqa: ARG002 - it lies here already
        """See :class:`Place`."""
        found = self.root if self.root.is_file() else self.root / path
        if not found.resolve().is_relative_to(self.top):
            raise OSError("it leads out of the folder")
        return found

    def below(self, path: str) -> "LocalPlace":
        """See :class:`Place`."""
        return LocalPlace(self.root / path, self.top) if path else self

    def _walk(self, folder: Path, prefix: str, above: tuple[Path, ...]) -> Iterator[Found | Wrong]:
        try:
            entries = sorted(os.scandir(folder), key=lambda one: one.name)
        except OSError as error:
            yield Wrong(KIND, prefix or ".", f"the folder cannot be read: {error.strerror}")
            return
        for entry in entries:
            path, source = prefix + entry.name, Path(entry.path)
            if reason := self._refused(entry, source, above):
                yield Wrong(KIND, path, reason)
            elif entry.is_dir():
                yield from self._walk(source, path + "/", (*above, source.resolve()))
            else:
                yield self._file(path, source)

    def _refused(self, entry: os.DirEntry[str], source: Path, above: Sequence[Path]) -> str | None:
        real = source.resolve()
        if entry.is_symlink() and not real.is_relative_to(self.top):
            return "a link that leads out of the folder"
        if entry.is_dir() and real in above:
            return "a link that leads in a circle"
        if entry.is_dir() and len(above) >= DEEPEST:
            return f"more than {DEEPEST} folders inside one another"
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            return "its name is no UTF-8"
        return None

    def _file(self, path: str, source: Path) -> Found | Wrong:
        try:
            found = source.stat()
        except OSError as error:
            return Wrong(KIND, path, f"it cannot be read: {error.strerror}")
        if not stat.S_ISREG(found.st_mode):
            return Wrong(KIND, path, "it is no file")
        return Found(path, found.st_size)


class Folders:
    """The folders of this machine, and the buckets, that may be read because the user named them.

    :param buckets: addresses without a slash at their end -> what lies there.
    """

    def __init__(self, roots: Sequence[Path], buckets: Mapping[str, Place] = MappingProxyType({})) -> None:
        self._roots = [root.resolve() for root in roots]
        self._buckets = buckets

    def place(self, location: str) -> Place | None:
        """What an address of the source means inside one of them, also when the folder was moved since.

        An address that is not below any of them is found by its end: ``/old/mlruns/1/RUN/artifacts`` lies at
        ``1/RUN/artifacts`` of the folder, if that is there. At least two of its segments must agree.
        """
        for url, bucket in self._buckets.items():
            if location == url or location.startswith(url + "/"):
                return bucket.below(location[len(url) + 1 :].strip("/")) if location != url else bucket
        path = local_path(location)
        if path is None:
            return None
        for root in self._roots:
            if path.is_absolute() and inside(path, root) and path.exists():
                return LocalPlace(path, root)
        parts = [part for part in path.parts if part not in {"/", "..", "."}]
        for start in range(max(0, len(parts) - 1)):
            for root in self._roots:
                found = root.joinpath(*parts[start:])
                if inside(found, root) and found.exists():
                    return LocalPlace(found, root)
        return None


def inside(path: Path, root: Path) -> bool:
    """Whether a path, with its links followed, is below a folder whose own links are followed already."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError, ValueError):
        return False


def local_path(location: str) -> Path | None:
    """The path of this machine that an address means; None of one that means none. ``mlflow-artifacts:`` is one."""
    if "\x00" in location:
        return None
    parts = urlsplit(location) if "://" in location or location.startswith(("file:", "mlflow-artifacts:")) else None
    if parts is None:
        return Path(location) if location and not location.startswith(("runs:", "models:")) else None
    if parts.scheme not in {"file", "mlflow-artifacts"}:
        return None
    return Path(unquote(parts.path))

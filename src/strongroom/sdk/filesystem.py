"""An fsspec file system over versions: pandas, Polars, pyarrow and DuckDB read their files in place, in ranges.

``strongroom://prod/churn@champion/data/train.parquet``: the reference ends with the first path segment that holds one
of ``: @ ^ ~``, and one must (``@latest`` if nothing else); a slash inside a label or branch is written ``%2F``. Each
call resolves the reference once and keeps to that version; an open file stays with its version however the alias moves.
Needs the extra ``data``; apart, since this needs fsspec to be imported.
"""

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ClassVar, TypeVar

from strongroom.sdk.client import Client
from strongroom.sdk.destination import checked
from strongroom.sdk.download import Wanted
from strongroom.sdk.errors import BadPath, Corrupted, Forbidden, NotFound, StrongroomError, Unauthenticated
from strongroom.sdk.models import Entry, Version
from strongroom.sdk.transfers import find_file

try:
    from fsspec.registry import register_implementation  # type: ignore[import-untyped]  # it has no stubs
    from fsspec.spec import AbstractBufferedFile, AbstractFileSystem  # type: ignore[import-untyped]
except ModuleNotFoundError as missing:
    raise ImportError(
        f"The file system needs the extra 'data': pip install 'strongroom[data]' ({missing})"
    ) from missing

PROTOCOL = "strongroom"
BLOCK = 256 * 1024
_SIGN = re.compile(r"[:@^~]")
_REFUSED = re.compile("[\x00-\x1f\x7f\\\\\ud800-\udfff]")
_PARTIAL_CONTENT = 206
F = TypeVar("F", bound=Callable[..., Any])


def split(path: str) -> tuple[str, str]:
    """Reference of the version and path inside it, which is empty for the version itself.

    :raises FileNotFoundError: no version is named. :raises BadPath: a path that leads elsewhere.
    """
    parts = path.split("/")
    at = next((place for place, part in enumerate(parts) if _SIGN.search(part)), None)
    if at is None:
        raise FileNotFoundError(f"{path!r} names no version; write NAMESPACE/ASSET@latest/PATH, for example.")
    inner = parts[at + 1 :]
    if _REFUSED.search(path) or any(part in {"", ".", ".."} for part in inner):
        raise BadPath(f"{path[:200]!r} is no plain path in a version.", details={"path": path[:200]})
    return re.sub("%2[fF]", "/", "/".join(parts[: at + 1])), "/".join(inner)


@contextlib.contextmanager
def _as_os_errors(path: str) -> Iterator[None]:
    """What callers of a file system expect: absence and refusal as the system's own errors."""
    try:
        yield
    except NotFound as error:
        raise FileNotFoundError(f"{path}: {error.detail}") from error
    except (Forbidden, Unauthenticated) as error:
        raise PermissionError(f"{path}: {error.detail}") from error


def _one_version(method: F) -> F:
    """Let a call that asks for several paths find every reference at one version from its begin to its end."""

    @wraps(method)
    def held(self: "StrongroomFileSystem", *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as the method
        if hasattr(self._calls, "versions"):
            return method(self, *given, **named)
        self._calls.versions = {}
        try:
            return method(self, *given, **named)
        finally:
            del self._calls.versions

    return held  # type: ignore[return-value]


class StrongroomFileSystem(AbstractFileSystem):  # type: ignore[misc]  # its base has no types
    """Versions as folders, for reading.

    A file that is read whole by `cat_file` is checked by its SHA-256. A *part* of a file cannot be: what is read in
    ranges was checked by the server, block by block, as it left its disk, and on the way only by the connection (TLS).

    :param server: its address (``url`` is a word of fsspec's own). :param token: to it. :param workspace: slug.
        Each as `Client` finds it when None.
    """

    protocol: ClassVar[str] = PROTOCOL
    root_marker: ClassVar[str] = ""
    cachable: ClassVar[bool] = False  # the settings of the environment may change between two of them

    def __init__(
        self, server: str | None = None, token: str | None = None, workspace: str | None = None, **more: Any
    ) -> None:
        super().__init__(server=server, token=token, workspace=workspace, **more)
        self.client = Client(server, token, workspace)
        self._calls = threading.local()

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:  # noqa: ANN401 - fsspec's signature
        stripped = super()._strip_protocol(path)
        return stripped.lstrip("/") if isinstance(stripped, str) else stripped

    def pinned(self, path: str) -> str:
        """The same path with the number of the version that it means now: for a data set that several calls read."""
        found, inner = self._at(self._strip_protocol(path))
        return f"{found.reference}/{inner}".rstrip("/")

    # -- looking ---------------------------------------------------------------------------------------------------

    def _at(self, path: str, version: Version | None = None) -> tuple[Version, str]:
        reference, inner = split(path)
        if version is not None:
            return version, inner
        held: dict[str, Version] = getattr(self._calls, "versions", {})
        if reference not in held:
            with _as_os_errors(path):
                held[reference] = self.client.resolve(reference)
        return held[reference], inner

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name, type and size; of a file its `sha256`, too. :raises FileNotFoundError: nothing is there."""
        path = self._strip_protocol(path)
        version, inner = self._at(path)
        if inner:
            with contextlib.suppress(FileNotFoundError):
                with _as_os_errors(path):
                    found = find_file(self.client.api, version, inner)
                return {**_file(path, found.size, found.sha256), "version": version.reference}
        with _as_os_errors(path):
            parent = inner.rpartition("/")[0]
            if inner and (other := self._other(version, parent, inner)) is not None:
                return _row(path, other)
            self.client.api.send("file.list", uid=version.uid, path=inner or None, page_size=1)
        return {"name": path, "type": "directory", "size": 0, "version": version.reference}

    def _other(self, version: Version, parent: str, inner: str) -> Entry | None:
        """What lies at the path, when it is a reference to elsewhere."""
        entries = self.client.api.every("file.list", Entry, uid=version.uid, path=parent or None)
        return next((one for one in entries if one.path == inner and one.kind != "directory"), None)

    def ls(self, path: str, detail: bool = True, *, version: Version | None = None, **_: Any) -> list[Any]:  # noqa: FBT001, FBT002 - fsspec's signature
        """What lies in a folder of a version, or the file itself. :param version: instead of what the path says."""
        path = self._strip_protocol(path)
        version, inner = self._at(path, version)
        root = path.removesuffix(inner).rstrip("/")
        try:
            with _as_os_errors(path):
                found = list(self.client.api.every("file.list", Entry, uid=version.uid, path=inner or None))
            rows = [_row(f"{root}/{checked(one.path.rstrip('/'))}", one) for one in found]
        except FileNotFoundError:
            if not inner:
                raise
            rows = [self.info(path)]
        return rows if detail else [row["name"] for row in rows]

    def walk(self, path: str, *given: Any, version: Version | None = None, **more: Any) -> Iterator[Any]:
        """As `os.walk`, all of it in one version."""
        version = self._at(self._strip_protocol(path), version)[0]
        return super().walk(path, *given, version=version, **more)  # type: ignore[no-any-return]

    def exists(self, path: str, **_: Any) -> bool:
        """Whether it is there and you may know. A server that does not answer is an error, not an absence."""
        try:
            self.info(path)
        except (FileNotFoundError, BadPath):
            return False
        return True

    def checksum(self, path: str) -> str:
        """The SHA-256 of a file."""
        return str(self.info(path)["sha256"])

    def created(self, path: str) -> Any:  # noqa: ANN401 - fsspec's signature
        """When the version was published."""
        return self._at(self._strip_protocol(path))[0].created_at

    modified = created
    find = _one_version(AbstractFileSystem.find)
    glob = _one_version(AbstractFileSystem.glob)
    expand_path = _one_version(AbstractFileSystem.expand_path)
    get = _one_version(AbstractFileSystem.get)
    cat = _one_version(AbstractFileSystem.cat)
    cat_ranges = _one_version(AbstractFileSystem.cat_ranges)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _wanted(self, path: str) -> tuple[Version, Wanted]:
        version, inner = self._at(path)
        if not inner:
            raise IsADirectoryError(path)
        with _as_os_errors(path):
            return version, find_file(self.client.api, version, inner)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        cache_options: dict[str, Any] | None = None,
        **more: Any,
    ) -> "StrongroomFile":
        if mode != "rb":
            raise PermissionError(f"{path}: versions are never written; publish a new one with Client.push.")
        version, wanted = self._wanted(path)
        name = f"{version.reference}/{wanted.path}"
        return StrongroomFile(self, name, wanted, block_size or BLOCK, cache_options, more.get("cache_type"))

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_more: Any) -> bytes:
        """Bytes from `start` to before `end`; negative ones count from the end. The whole is checked by its SHA-256."""
        wanted = self._wanted(self._strip_protocol(path))[1]
        first, behind, _step = slice(start, end).indices(wanted.size)
        data = self.fetch(wanted, first, behind)
        whole = len(data) == wanted.size
        if whole and hashlib.sha256(data).hexdigest() != wanted.sha256:
            about = {"blob": wanted.sha256, "path": wanted.path}
            raise Corrupted(f"The bytes received for {wanted.path!r} are not those it has.", details=about)
        return data

    def fetch(self, wanted: Wanted, start: int, end: int) -> bytes:
        """A range of a file in one request."""
        end = min(end, wanted.size)
        if start >= end:
            return b""
        headers = {"Range": f"bytes={start}-{end - 1}"}
        with _as_os_errors(wanted.path):
            reply = self.client.transport.request("GET", wanted.address, headers=headers)
        if reply.status != _PARTIAL_CONTENT or len(reply.body) != end - start:
            raise StrongroomError("The server or a proxy ignored the range that was asked for.", code="bad_answer")
        return reply.body


class StrongroomFile(AbstractBufferedFile):  # type: ignore[misc]  # its base has no types
    """A file of one version, read in blocks as they are needed; `path` names the version by its number."""

    def __init__(
        self,
        fs: StrongroomFileSystem,
        path: str,
        wanted: Wanted,
        block: int,
        options: dict[str, Any] | None,
        cache: str | None,
    ) -> None:
        self._wanted = wanted
        super().__init__(
            fs, path, "rb", block, cache_type=cache or "readahead", cache_options=options, size=wanted.size
        )
        self._details = _file(path, wanted.size, wanted.sha256)

    def _fetch_range(self, start: int, end: int) -> bytes:
        found: bytes = self.fs.fetch(self._wanted, start, end)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.fs, self.path, self.blocksize, self.loc)


def _reopen(fs: StrongroomFileSystem, path: str, block: int, at: int) -> Any:  # noqa: ANN401 - fsspec has no types
    file = fs.open(path, "rb", block_size=block)
    file.seek(at)
    return file


def _file(name: str, size: int, sha256: str) -> dict[str, Any]:
    return {"name": name, "type": "file", "size": size, "sha256": sha256}


def _row(name: str, entry: Entry) -> dict[str, Any]:
    """An entry as fsspec tells of it; references to elsewhere are no files that can be opened here."""
    if entry.kind == "file":
        return _file(name, entry.size or 0, entry.sha256 or "")
    if entry.kind == "directory":
        return {"name": name, "type": "directory", "size": 0}
    return {"name": name, "type": "other", "size": entry.size, "uri": entry.uri, "pin": entry.pin}


def register() -> None:
    """Make ``strongroom://`` known to fsspec in this process; where the package is installed, its entry point does."""
    register_implementation(PROTOCOL, StrongroomFileSystem, clobber=True)

"""Push and pull: whole folders to a version and back."""

import contextlib
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.config import cache_folder
from strongroom.sdk.destination import checked, refuse_twins
from strongroom.sdk.download import PARTIAL, Wanted, fetch, is_there
from strongroom.sdk.errors import AlreadyExists, NotFound, RangeNotSatisfiable, StrongroomError
from strongroom.sdk.localfiles import find, hash_all
from strongroom.sdk.lookup import plain_name, resolve
from strongroom.sdk.models import Asset, Entry, Scalar, Version
from strongroom.sdk.operations import BY_ID
from strongroom.sdk.outside import check_pinned, fetch_reference, is_fetchable
from strongroom.sdk.parallel import in_parallel
from strongroom.sdk.progress import Progress
from strongroom.sdk.transport import fill
from strongroom.sdk.upload import Folder, send_files

FETCHERS = 6
EMPTY = hashlib.sha256().hexdigest()


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a version as it is published.

    :ivar label: your own name for it. :ivar run_uid: the run that made it. :ivar base_uids: what it derives from.
    """

    description: str = ""
    label: str | None = None
    message: str = ""
    tags: Mapping[str, str | None] = field(default_factory=dict)
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    signature: Mapping[str, object] = field(default_factory=dict)
    aliases: Sequence[str] = ()
    run_uid: str | None = None
    base_uids: Sequence[str] = ()

    def fields(self) -> dict[str, Any]:
        """As the operations take it."""
        return {
            "description": self.description,
            "label": self.label,
            "message": self.message,
            "tags": dict(self.tags),
            "properties": dict(self.properties),
            "signature": dict(self.signature),
            "aliases": list(self.aliases),
            "run_uid": self.run_uid,
            "base_uids": list(self.base_uids),
        }


@dataclass(frozen=True, slots=True)
class LocalVersion(os.PathLike[str]):
    """A version on this disk.

    :ivar path: the folder it is in. :ivar files: how many files it has. :ivar fetched: how many had to be fetched.
    :ivar references: entries that point elsewhere and were not fetched.
    """

    path: Path
    version: Version
    files: int
    fetched: int
    references: tuple[Entry, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)

    def __truediv__(self, name: str) -> Path:
        return self.path / name


def find_or_create(api: Api, name: str, kind: str, *, create: bool) -> Asset:
    """The asset of that name and kind. :raises NotFound: there is none and `create` is off."""
    namespace, bare = plain_name(name)
    reference = f"{namespace}/{bare}@latest" if namespace else f"{bare}@latest"
    try:
        return resolve(api, reference, kind).asset
    except NotFound:
        if not create:
            raise
    try:
        return api.call("asset.create", Asset, kind=kind, name=bare, namespace=namespace)
    except AlreadyExists as taken:  # somebody was faster, or the name is taken by something else
        try:
            return resolve(api, reference, kind).asset
        except NotFound:
            raise taken from None


def push(api: Api, source: Path, name: str, kind: str, said: Said, progress: Progress, *, create: bool) -> Version:
    """Publish a file or folder as the next version of an asset; nothing of it is visible before that."""
    return push_files(api, find(source), name, kind, said, progress, create=create)


def push_files(
    api: Api, found: list[tuple[str, Path]], name: str, kind: str, said: Said, progress: Progress, *, create: bool
) -> Version:
    """The same with files that were found: paths in the version, and where they are."""
    files = hash_all(found, progress)
    asset = find_or_create(api, name, kind, create=create)
    draft = api.call("draft.create", Version, uid=asset.uid)
    try:
        send_files(api, Folder("draft", draft.uid), files, said.base_uids, progress)
        return api.call("draft.seal", Version, uid=draft.uid, **said.fields())
    except BaseException:  # Ctrl-C too; what was sent is not sent again by the next push
        with contextlib.suppress(StrongroomError):
            api.send("draft.abort", uid=draft.uid)
        raise


def address_of(version_uid: str, path: str) -> str:
    """Path below the API of a file of a version."""
    return fill(BY_ID["file.get"].path, {"uid": version_uid, "path": path})


def wanted(version: Version, entry: Entry) -> Wanted:
    """How to fetch a file of a version. :raises NotFound: it is a reference to elsewhere."""
    if entry.kind != "file" or entry.sha256 is None or entry.size is None:
        raise NotFound(f"{entry.path!r} is no file of {version.reference!r}.")
    return Wanted(address_of(version.uid, entry.path), entry.path, entry.sha256, entry.size)


def find_file(api: Api, version: Version, path: str) -> Wanted:
    """A file of a version by its path, whatever else lies beside it. :raises NotFound: there is none."""
    address = address_of(version.uid, path)
    try:
        headers = api.transport.request("GET", address, headers={"Range": "bytes=0-0"}).headers
    except RangeNotSatisfiable:  # it is empty
        return Wanted(address, path, EMPTY, 0)
    size = headers.get("content-range", "").rpartition("/")[2]
    digest = headers.get("etag", "").strip('"')
    if not size.isdecimal():
        raise StrongroomError("The server or a proxy ignored the range that was asked for.", code="bad_answer")
    return Wanted(address, path, digest, int(size))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What to do with references.

    :ivar fetch: bring those at https:// too. :ivar allow_unpinned: also what nothing fixes the content of.
    """

    fetch: bool = False
    allow_unpinned: bool = False


def pull(
    api: Api, version: Version, to: Path | None, path: str, progress: Progress, elsewhere: Elsewhere = Elsewhere()
) -> LocalVersion:
    """Bring the files of a version (at or below `path`) to a folder; files that are there already are left alone.

    :param to: None is a folder of the cache that belongs to this version alone.
    :raises Unpinned: the content of a reference is not fixed, and that is not allowed; nothing was fetched.
    """
    root = (to if to is not None else cache_folder() / "versions" / version.uid).absolute()
    root.mkdir(parents=True, exist_ok=True)
    root = root.resolve()
    entries = list(api.every("file.list", Entry, uid=version.uid, path=path, recursive=True))
    if not elsewhere.allow_unpinned:
        check_pinned(entries)
    outside = [entry for entry in entries if elsewhere.fetch and is_fetchable(entry)]
    files = [wanted(version, entry) for entry in entries if entry.kind == "file"]
    paths = [one.path for one in files] + [entry.path for entry in outside]
    for one_path in paths:
        checked(one_path)
    refuse_twins(root, paths)
    present = in_parallel(lambda one: is_there(root, one), files, FETCHERS)
    absent = [one for one, there in zip(files, present, strict=True) if not there]
    progress.start("fetching", sum(one.size for one in absent))
    try:
        in_parallel(lambda one: fetch(api.transport, root, one, progress), absent, FETCHERS)
        for entry in outside:
            fetch_reference(root, entry, progress, allow_unpinned=elsewhere.allow_unpinned)
    finally:
        progress.finish()
        with contextlib.suppress(OSError):
            (root / PARTIAL).rmdir()
    left = tuple(entry for entry in entries if entry.kind not in {"file", "directory"} and entry not in outside)
    return LocalVersion(root, version, len(files) + len(outside), len(absent) + len(outside), left)

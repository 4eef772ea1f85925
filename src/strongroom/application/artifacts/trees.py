"""Reading and writing trees through their pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.artifacts.folders import EntryView
from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.artifacts import Trees
from strongroom.application.registry import versions
from strongroom.domain.artifacts.lookup import Directory, find, is_directory, iterate, list_directory
from strongroom.domain.artifacts.model import Blob, FolderEntry
from strongroom.domain.artifacts.pages import TreeRoot, build, decode_root, encode_root
from strongroom.domain.artifacts.paths import clean_directory, clean_path
from strongroom.domain.artifacts.tree import Entry, FileEntry, MountEntry, ReferenceEntry, tree_digest
from strongroom.domain.errors import Corrupted, NotFound


class StoredPages:
    """Pages out of the database, as domain/artifacts reads them."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees

    def get(self, ids: Sequence[str]) -> Sequence[bytes]:
        """The bytes of these pages. :raises Corrupted: one is not there."""
        found = self._trees.pages(ids)
        try:
            return [found[page] for page in ids]
        except KeyError as error:
            raise Corrupted("A page of this tree is missing.", page=str(error.args[0])) from error


@dataclass(frozen=True, slots=True)
class FrozenTree:
    """A tree ready to be written: its digest, its root and pages, its totals."""

    digest: str
    root: bytes
    pages: dict[str, bytes]
    files: int
    bytes: int
    unpinned: bool


def freeze(entries: Sequence[Entry]) -> FrozenTree:
    """A tree out of clean entries in order (pure; run it off the event loop when there are many)."""
    root, pages = build(entries)
    return FrozenTree(
        tree_digest(entries), encode_root(root), pages, root.files, root.bytes, unpinned=root.unpinned > 0
    )


def tree_entry(entry: FolderEntry) -> Entry:
    """An entry of a folder as that of a tree."""
    if entry.sha256 is not None and entry.size is not None:
        return FileEntry(entry.path, entry.sha256, entry.size)
    return ReferenceEntry(entry.path, entry.uri or "", entry.size, entry.pin)


def load_root(call: Call, digest: str) -> TreeRoot:
    """The root of a stored tree. :raises Corrupted: it is not there."""
    root = call.tx.trees.root(digest)
    if root is None:
        raise Corrupted("The tree of this version is missing.", tree=digest)
    return decode_root(root)


def _root_of(call: Call, version_uid: str) -> TreeRoot:
    _asset, version = versions.readable(call, version_uid)
    assert version.tree is not None  # noqa: S101 - readable refused it
    return load_root(call, version.tree)


def entry_view(item: Entry | Directory) -> EntryView:
    """An entry of a tree, or a directory in it."""
    match item:
        case Directory(path):
            return EntryView(path, "directory", None, None, None, None, None)
        case FileEntry(path, sha256, size):
            return EntryView(path, "file", size, sha256, None, None, None)
        case ReferenceEntry(path, uri, maybe_size, pin):
            return EntryView(path, "reference", maybe_size, None, uri, pin, None)
        case MountEntry(path, uri, pin):
            return EntryView(path, "mount", None, None, uri, pin, None)


def listed(call: Call, version_uid: str, directory: str, page: PageRequest, *, recursive: bool) -> Page[EntryView]:
    """What lies in a directory of a version, by path; everything below it when `recursive`.

    Opens only the pages that hold the answer. :raises NotFound: there is no such directory.
    """
    return listed_in(call, _root_of(call, version_uid), version_uid, directory, page, recursive=recursive)


def listed_in(
    call: Call, root: TreeRoot, name: str, directory: str, page: PageRequest, *, recursive: bool
) -> Page[EntryView]:
    """The same of any tree. :param name: tells its listing from others, and from those of other trees."""
    source = StoredPages(call.tx.trees)
    base = clean_directory(directory)
    if not is_directory(root, source, base):
        raise NotFound("There is no such directory.")
    listing = f"tree/{name}/{base}/{recursive}"
    token = call.sealer.open(listing, page.token)
    after, most = (str(token[0]) if token else ""), page.size + 1
    items: list[Entry | Directory] = []
    if recursive:
        for entry in iterate(root, source, prefix=base + "/" if base else "", after=after):
            items.append(entry)
            if len(items) == most:
                break
    else:
        items = list_directory(root, source, base, after=after, limit=most)
    return call.sealer.page(listing, [entry_view(item) for item in items], page.size, lambda item: (item.path,))


def file_of(call: Call, version_uid: str, path: str) -> tuple[FileEntry, Blob]:
    """A file of a version with its bytes' place.

    :raises NotFound: no file at this path, or it is a reference to elsewhere.
    """
    return file_in(call, _root_of(call, version_uid), path)


def file_in(call: Call, root: TreeRoot, path: str) -> tuple[FileEntry, Blob]:
    """The same of any tree."""
    entry = find(root, StoredPages(call.tx.trees), clean_path(path))
    if not isinstance(entry, FileEntry):
        raise NotFound("There is no file at this path.")
    blob = call.tx.blobs.by_sha256([entry.sha256]).get(entry.sha256)
    if blob is None:
        raise Corrupted("The bytes of this file are missing.", blob=entry.sha256)
    return entry, blob

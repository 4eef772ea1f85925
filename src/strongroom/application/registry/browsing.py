"""What lies at a revision as clients with a file view ask for it: many paths at once, and who changed each last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from strongroom.application.artifacts.folders import EntryView
from strongroom.application.artifacts.trees import StoredPages, entry_view, load_root
from strongroom.application.call import Call
from strongroom.application.registry import locate, revisions
from strongroom.application.registry.views import RevisionView, revision_views
from strongroom.domain.artifacts import history
from strongroom.domain.artifacts.changes import diff
from strongroom.domain.artifacts.lookup import Directory, find, is_directory, iterate
from strongroom.domain.artifacts.merging import EMPTY
from strongroom.domain.artifacts.pages import TreeRoot
from strongroom.domain.artifacts.paths import clean_directory, clean_path
from strongroom.domain.artifacts.tree import Entry, FileEntry
from strongroom.domain.errors import BadPath, NotFound, TooLarge
from strongroom.domain.registry.refs import StoredRevision

PATHS_MOST: Final = 2_000
LOOKED_MOST: Final = 1_000
"""Revisions that are looked at for who changed a path last; older changes count as the oldest of these."""


@dataclass(frozen=True, slots=True)
class Digests:
    """Other digests of a file: its Git id, when it has at most 10 MiB, and its Xet file id, when it is in chunks."""

    git_sha1: str | None
    xet: str | None = None


def digests_of(call: Call, sha256s: Sequence[str]) -> Mapping[str, Digests]:
    """Other digests of files that the caller was shown already."""
    if not sha256s:
        return {}
    git, blobs = call.tx.blobs.digests("git-sha1", sha256s), call.tx.blobs.by_sha256(sha256s)
    chunked = call.tx.xet.hashes_of([blob.id for blob in blobs.values()])
    xet = {sha256: chunked.get(blob.id) for sha256, blob in blobs.items()}
    return {sha256: Digests(git.get(sha256), xet.get(sha256)) for sha256 in sha256s}


def names_of(call: Call, authors: Sequence[str]) -> Mapping[str, str]:
    """Names of those who made what the caller was shown already, by uid."""
    return call.tx.principals.names(sorted(set(authors)))


def entries_at(call: Call, asset_uid: str, revision: str, paths: Sequence[str]) -> list[EntryView]:
    """The files and directories at these paths of a revision, in that order; what is not there is left out."""
    if len(paths) > PATHS_MOST:
        raise TooLarge(f"At most {PATHS_MOST} paths at a time.", limit=PATHS_MOST)
    _asset, found = locate.content_of(call, asset_uid, revision)
    root, source = load_root(call, found.tree), StoredPages(call.tx.trees)
    items = [_item(root, source, path) for path in dict.fromkeys(paths)]
    return [entry_view(item) for item in items if item is not None]


def _item(root: TreeRoot, source: StoredPages, path: str) -> Entry | Directory | None:
    try:
        clean = clean_directory(path)
    except BadPath:
        return None
    if not clean:
        return None
    entry = find(root, source, clean)
    if entry is None and is_directory(root, source, clean):
        return Directory(clean + "/")
    return entry


def file_at(call: Call, asset_uid: str, revision: str, path: str) -> EntryView:
    """A file of a revision. :raises NotFound: there is none at this path, or it is kept elsewhere."""
    _asset, found = locate.content_of(call, asset_uid, revision)
    try:
        entry = find(load_root(call, found.tree), StoredPages(call.tx.trees), clean_path(path))
    except BadPath:
        entry = None
    if not isinstance(entry, FileEntry):
        raise NotFound("There is no file at this path.")
    return entry_view(entry)


def all_entries(call: Call, asset_uid: str, revision: str, most: int) -> list[EntryView]:
    """Every entry of a revision's tree, at most so many."""
    _asset, found = locate.content_of(call, asset_uid, revision)
    entries = iterate(load_root(call, found.tree), StoredPages(call.tx.trees))
    return [entry_view(entry) for entry in islice(entries, most)]


def last_changes(call: Call, asset_uid: str, revision: str, paths: Sequence[str]) -> Mapping[str, RevisionView]:
    """The revision that changed each of these paths last, on the line of first parents.

    :param paths: of files, and of directories with a slash at the end.
    """
    asset, start = locate.content_of(call, asset_uid, revision)
    wanted, changed = set(paths), dict[str, StoredRevision]()
    line = history.first_parents(revisions.Ancestry(call, asset.id), start.digest)
    last = start
    for newer, older in _pairs(islice(line, LOOKED_MOST)):
        last = newer
        for path in _touched(call, newer, older) & wanted:
            changed[path] = newer
            wanted.discard(path)
        if not wanted:
            break
    changed |= dict.fromkeys(wanted, last)
    views = revision_views(call, asset.id, list(dict.fromkeys(changed.values())))
    by_digest = {view.digest: view for view in views}
    return {path: by_digest[found.digest] for path, found in changed.items()}


def _pairs(line: "islice[StoredRevision]") -> list[tuple[StoredRevision, StoredRevision | None]]:
    found = list(line)
    return list(zip(found, [*found[1:], None], strict=True))


def _touched(call: Call, newer: StoredRevision, older: StoredRevision | None) -> set[str]:
    """Paths that differ between two revisions, and the directories above them."""
    before = load_root(call, older.tree) if older else EMPTY
    touched: set[str] = set()
    for change in diff(before, load_root(call, newer.tree), StoredPages(call.tx.trees)):
        parts = change.path.split("/")
        touched.add(change.path)
        touched.update("/".join(parts[:count]) + "/" for count in range(1, len(parts)))
    return touched

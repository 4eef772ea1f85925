"""Whose read it is when a file is put together from chunks: which version, or unpublished revision, it is a file of.

An asset holds every file of all its versions, the trashed ones too, so that it holds a file gives no right to read it.
"""

from collections.abc import Iterator
from typing import Final

from strongroom.application.artifacts import trees
from strongroom.application.artifacts.trees import StoredPages
from strongroom.application.call import Call
from strongroom.application.manifests.cache import Cache
from strongroom.application.recalls.chunked import TREE
from strongroom.application.registry import versions
from strongroom.application.xet.tokens import Session
from strongroom.domain.artifacts.page import DIGEST_SIZE
from strongroom.domain.artifacts.pages import TreeRoot, open_pages
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.registry.model import Asset, Version, VersionState

#: What is looked through for a token that names neither version nor revision.
VERSIONS_MOST: Final = 200
FILES_MOST: Final = 2_000_000
_AT_ONCE: Final = 50
_ABSENT: Final = "There is no such file."
#: Digests of the files of trees, 32 bytes each.
_digests: Cache[bytes] = Cache(256, 32 * FILES_MOST)


def version_read(call: Call, session: Session, asset: Asset, sha256: str) -> Version | None:
    """The version whose file is read; None where the token is for a revision that is no version's.

    Of a token that names neither it is the newest version with the file.

    :raises NotFound: what the token is for has no such file. :raises Conflict, Purged: it is not there to be read.
    :raises Invalid: the asset has too many files to look for one that a token without a version may mean.
    """
    wanted = bytes.fromhex(sha256)
    if session.version is None:
        return _newest(call, asset, wanted)
    if session.version.startswith(TREE):
        tree = session.version.removeprefix(TREE)
        _must_hold(call, tree, wanted)
        return next(iter(call.tx.versions.by_tree_prefix(asset.id, tree)), None)  # it may be a version's by now
    _, version = versions.readable(call, session.version)
    _must_hold(call, version.tree, wanted)
    return version


def _must_hold(call: Call, tree: str | None, wanted: bytes) -> None:
    if tree is None or not _holds(_digests_of(call, tree), wanted):
        raise NotFound(_ABSENT)


def _newest(call: Call, asset: Asset, wanted: bytes) -> Version:
    files, seen = 0, set[str]()
    for number, version in enumerate(_live(call, asset)):
        if version.tree is None or version.tree in seen:
            continue
        if number >= VERSIONS_MOST or files > FILES_MOST:
            raise Invalid("This asset has many files; ask for the CAS token of one version, with ?version=UID.")
        seen.add(version.tree)
        digests = _digests_of(call, version.tree)
        if _holds(digests, wanted):
            return version
        files += len(digests) // DIGEST_SIZE
    raise NotFound(_ABSENT)


def _live(call: Call, asset: Asset) -> Iterator[Version]:
    """The versions that may be read, newest first, archived ones too."""
    after: tuple[int, int] | None = None
    while True:
        rows = call.tx.versions.list(asset.id, state="all", stage=None, tag=None, after=after, limit=_AT_ONCE)
        yield from (row for row in rows if row.state is VersionState.LIVE)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].number or 0, rows[-1].id


def _digests_of(call: Call, tree: str) -> bytes:
    kept = _digests.get(tree)
    if kept is not None:
        return kept
    found = _read(call, trees.load_root(call, tree))
    return _digests.put(tree, found, len(found))


def _read(call: Call, root: TreeRoot) -> bytes:
    return b"".join(page.digests for page in open_pages(StoredPages(call.tx.trees), root.pages))


def _holds(digests: bytes, wanted: bytes) -> bool:
    at = digests.find(wanted)
    while at >= 0 and at % DIGEST_SIZE:
        at = digests.find(wanted, at + 1)
    return at >= 0

"""Every file that an asset keeps, whichever revision it is of; and taking files out of all that nobody published.

Possession lasts as long as something of the asset names a file: a version, or what a branch or pin leads to. So files
go for good when the branches that lead to them are cut off from their history; a version is never changed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import MAX_PAGE, Page, PageRequest
from strongroom.application.registry import assets, commits, refs, revisions
from strongroom.application.registry.commits import Commit
from strongroom.application.registry.edits import EditCommand
from strongroom.application.views import time_of
from strongroom.domain.artifacts import history
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.page import Page as TreePage
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.errors import Held, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, Version, VersionState
from strongroom.domain.registry.refs import REFS_MOST, Ref, RefKind

FILES_MOST: Final = 200_000
HOLDERS_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file by its digest. :ivar path: where it first stood. :ivar came_at: when that was committed."""

    path: str
    sha256: str
    size: int
    came_at: datetime


def listed(call: Call, asset_uid: str, fits: Callable[[str, int], bool], page: PageRequest) -> Page[KeptFile]:
    """Files of all versions, branches and pins, each once, by digest. :param fits: of path and size, which to show.

    :raises TooLarge: more than 200,000 fit.
    """
    asset = assets.by_uid(call, asset_uid, Permission.VERSION_BYTES)
    listing = f"kept-files/{asset.id}"
    after = call.sealer.open(listing, page.token)
    rows = sorted(_kept(call, asset, fits), key=lambda one: one.sha256)
    rest = [one for one in rows if after is None or one.sha256 > str(after[0])]
    return call.sealer.page(listing, rest[: page.size + 1], page.size, lambda one: (one.sha256,))


def _kept(call: Call, asset: Asset, fits: Callable[[str, int], bool]) -> list[KeptFile]:
    walk = history.Walk(revisions.Ancestry(call, asset.id), call.tx.refs.heads(asset.id))
    trees = [(one.recorded_at, one.tree) for one in walk]
    trees += [(one.recorded_at, one.tree) for one in _versions(call, asset) if one.tree is not None]
    found: dict[str, KeptFile] = {}
    source, seen = StoredPages(call.tx.trees), set[str]()
    for at, tree in sorted(trees):
        fresh = [page.id for page in load_root(call, tree).pages if page.id not in seen]
        seen.update(fresh)
        for body in source.get(fresh):
            for entry in TreePage(body).entries():
                if isinstance(entry, FileEntry) and entry.sha256 not in found and fits(entry.path, entry.size):
                    found[entry.sha256] = KeptFile(entry.path, entry.sha256, entry.size, time_of(at))
        if len(found) > FILES_MOST:
            raise TooLarge(f"The asset keeps more than {FILES_MOST} such files.", limit=FILES_MOST)
    return list(found.values())


def _versions(call: Call, asset: Asset) -> Iterator[Version]:
    """Live and trashed versions, the newest first."""
    after = None
    while rows := call.tx.versions.list(asset.id, state="all", stage=None, tag=None, after=after, limit=MAX_PAGE):
        yield from (one for one in rows if one.state in {VersionState.LIVE, VersionState.TRASHED})
        after = (rows[-1].number or 0, rows[-1].id)


@dataclass(frozen=True, slots=True)
class _Branch:
    """A branch whose history names some of the files. :ivar paths: those at its head."""

    name: str
    head: str
    paths: Sequence[str]


async def forget(edge: Edge, asset_uid: str, digests: Sequence[str], message: str) -> list[str]:
    """Take files out of every branch for good: what names them is cut off, and their bytes are collected.

    Each branch that has or had one becomes one revision without them. Returns the names of these branches.

    :raises Held: a version or pin holds one, or a protected branch does; nothing was changed.
    :raises PreconditionFailed: a branch moved meanwhile; ask again.
    """
    branches = await edge.read(lambda call: _leading(call, asset_uid, frozenset(digests)))
    for branch in branches:
        head, edits = branch.head, [EditCommand("delete", path) for path in branch.paths]
        if edits:
            head = (await commits.commit(edge, asset_uid, Commit(branch.name, edits, message, head))).revision.digest
        await edge.command(lambda call, b=branch, h=head: refs.squash(call, asset_uid, b.name, message, h))  # type: ignore[misc]
    return [branch.name for branch in branches]


class _Naming:
    """Whether trees name one of the files; each page is read once."""

    def __init__(self, call: Call, wanted: frozenset[str]) -> None:
        self._call, self._wanted = call, wanted
        self._source = StoredPages(call.tx.trees)
        self._pages: dict[str, bool] = {}
        self._trees: dict[str, bool] = {}

    def tree(self, digest: str) -> bool:
        if digest not in self._trees:
            self._trees[digest] = any(self._page(page.id) for page in load_root(self._call, digest).pages)
        return self._trees[digest]

    def _page(self, page: str) -> bool:
        if page not in self._pages:
            (body,) = self._source.get([page])
            names = (one.sha256 for one in TreePage(body).entries() if isinstance(one, FileEntry))
            self._pages[page] = not self._wanted.isdisjoint(names)
        return self._pages[page]

    def leading(self, asset: Asset) -> set[str]:
        """Revisions that a ref leads to, of which one or one behind it names one of the files."""
        found: set[str] = set()
        walk = history.Walk(revisions.Ancestry(self._call, asset.id), self._call.tx.refs.heads(asset.id))
        for one in reversed(list(walk)):  # parents come first
            if self.tree(one.tree) or not found.isdisjoint(one.parents):
                found.add(one.digest)
        return found

    def paths(self, tree: str) -> list[str]:
        entries = iterate(load_root(self._call, tree), self._source)
        return [one.path for one in entries if isinstance(one, FileEntry) and one.sha256 in self._wanted]


def _leading(call: Call, asset_uid: str, wanted: frozenset[str]) -> list[_Branch]:
    """The branches that lead to one of the files. :raises Held: see `forget`."""
    asset = assets.by_uid(call, asset_uid, Permission.VERSION_DELETE)
    naming = _Naming(call, wanted)
    holders = [f"version:{one.number}" for one in _versions(call, asset) if one.tree and naming.tree(one.tree)]
    leading = naming.leading(asset)

    def refs_of(kind: RefKind) -> list[Ref]:
        return [one for one in call.tx.refs.list(asset.id, kind, None, REFS_MOST) if one.revision in leading]

    holders += [f"pin:{one.name}" for one in refs_of(RefKind.PIN)]
    branches = refs_of(RefKind.BRANCH)
    holders += [f"branch:{one.name}" for one in branches if one.protected]
    if holders:
        named = holders[:HOLDERS_NAMED]
        raise Held(f"Files are held by {', '.join(named)}: purge or delete these first.", holders=named)
    heads = call.tx.revisions.get(asset.id, [one.revision for one in branches]) if branches else {}
    return [_Branch(one.name, one.revision, naming.paths(heads[one.revision].tree)) for one in branches]

"""The history of an asset as callers read it: revisions newest first, how two are related, files at any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from strongroom.application.artifacts import trees
from strongroom.application.artifacts.folders import EntryView
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import Page, PageRequest
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import assets, card_facts, locate, publishing, readiness, revisions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import RevisionView, VersionView, revision_views
from strongroom.domain.artifacts import history
from strongroom.domain.errors import DomainError, TooLarge
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.refs import StoredRevision

FRONTIER_MOST: Final = 100
"""Lines of history that may run side by side where a page of it ends; a page token holds them."""


@dataclass(frozen=True, slots=True)
class Relation:
    """How two revisions are related: `merge_base` is the youngest that both come from, null when there is none.

    `ahead` counts what the first has and the second has not, `behind` the other way round.
    """

    before: str
    after: str
    merge_base: str | None
    ahead: int
    behind: int


def _read(call: Call, asset_uid: str, revision: str) -> tuple[Asset, StoredRevision]:
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    return asset, locate.revision_of(call, asset, locate.parse_revision(revision))


def get(call: Call, asset_uid: str, revision: str) -> RevisionView:
    """One revision, named as `locate.parse_revision` says."""
    asset, found = _read(call, asset_uid, revision)
    return revision_views(call, asset.id, [found])[0]


def listed(call: Call, asset_uid: str, revision: str, page: PageRequest, *, first_parent: bool) -> Page[RevisionView]:
    """A revision and what it came from, newest first: all ancestors, or the line of first parents.

    Later pages go on from where the first began, wherever branches move meanwhile.

    :raises TooLarge: more than 100 lines of history run side by side where the page ends; read by first parent.
    """
    listing = f"history/{asset_uid}/{revision}/{first_parent}"
    token = call.sealer.open(listing, page.token)
    if token is None:
        asset, start = _read(call, asset_uid, revision)
        frontier = [start.digest]
    else:
        asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
        frontier = [str(digest) for digest in token]
    source = revisions.Ancestry(call, asset.id)
    rows, rest = _page(source, frontier, page.size, first_parent=first_parent)
    if len(rest) > FRONTIER_MOST:
        raise TooLarge("Too many lines of history run side by side; read the first parents.", limit=FRONTIER_MOST)
    views = revision_views(call, asset.id, rows)
    return Page(views, call.sealer.seal(listing, tuple(rest)) if rest else None)


def _page(
    source: revisions.Ancestry, frontier: Sequence[str], size: int, *, first_parent: bool
) -> tuple[list[StoredRevision], list[str]]:
    if not first_parent:
        walk: history.Walk[StoredRevision] = history.Walk(source, frontier)
        rows = list(islice(walk, size))
        return rows, walk.frontier
    rows = list(islice(history.first_parents(source, frontier[0]), size + 1))
    return rows[:size], [row.digest for row in rows[size:]]


def compare(call: Call, asset_uid: str, before: str, after: str) -> Relation:
    """Where two revisions of an asset parted, and how far they are apart since."""
    asset, ours = _read(call, asset_uid, before)
    theirs = locate.revision_of(call, asset, locate.parse_revision(after))
    source = revisions.Ancestry(call, asset.id)
    base = history.merge_base(source, ours.digest, theirs.digest)
    ahead, behind = history.apart(source, ours.digest, theirs.digest)
    return Relation(ours.digest, theirs.digest, base.digest if base else None, ahead, behind)


def files(
    call: Call, asset_uid: str, revision: str, path: str, page: PageRequest, *, recursive: bool
) -> Page[EntryView]:
    """What lies in a directory of a revision, by path; everything below it when `recursive`."""
    _asset, found = locate.content_of(call, asset_uid, revision)
    root = trees.load_root(call, found.tree)
    return trees.listed_in(call, root, f"{asset_uid}/{found.tree}", path, page, recursive=recursive)


def refuse_recalled_file(call: Call, asset: Asset, revision: RevisionView, sha256: str | None) -> None:
    """Refuse to tell of a file what one asks only to read it. :raises Recalled: it is recalled."""
    version = call.tx.versions.by_revision(asset.id, revision.digest)
    refuse_recalled(call, Content(revision.tree, sha256, version))


async def publish(edge: Edge, asset_uid: str, revision: str, details: PublishDetails) -> VersionView:
    """Make a version of a revision: the act by which what stands on a branch gets a number."""

    def look(call: Call) -> tuple[str, str, str]:
        asset = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER)
        found = locate.revision_of(call, asset, locate.parse_revision(revision))
        return asset.kind, found.tree, found.digest

    kind, tree, digest = await edge.read(look)
    ready = await readiness.of_tree(edge, kind, tree)

    def act(call: Call) -> VersionView:
        asset = assets.locked(call, asset_uid, Permission.VERSION_REGISTER)
        found = revisions.must_be_readable(call, asset, call.tx.revisions.get(asset.id, [digest])[digest])
        if isinstance(ready.said, DomainError):
            raise ready.said
        made = publishing.publish_revision(call, asset, found, ready.said, details)
        card_facts.derive(call, asset, made.uid, ready.card)
        return made

    return await edge.finish(act)

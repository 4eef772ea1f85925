"""Commits: a base tree and some edits become a revision at the head of a branch, by compare-and-swap.

As publishing does (see there): the new tree is computed on a snapshot, its pages and possession are written, and the
last transaction, under the asset's row lock, sees that the branch still stands where it stood. What a commit costs
depends on what it changes: unchanged pages are those of the tree before.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.artifacts.trees import FrozenTree, StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import assets, card_facts, locate, publication, readiness, refs, revisions
from strongroom.application.registry.card_facts import Card
from strongroom.application.registry.edits import EditCommand, checked
from strongroom.application.registry.freezing import finished, keep, prepare
from strongroom.application.registry.publishing import EMPTY_TREE
from strongroom.application.registry.readiness import Ready
from strongroom.application.registry.refs import HeadView
from strongroom.domain.artifacts import history, merging
from strongroom.domain.artifacts.cards import CARD_PATH
from strongroom.domain.artifacts.changes import rebuild
from strongroom.domain.artifacts.edits import EDITS_MOST, changes_of
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.pages import PagesInMemory, TreeRoot, decode_root, encode_root
from strongroom.domain.artifacts.tree import Entry, FileEntry, summarise
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.errors import Conflict, Invalid, PreconditionFailed
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.names import clean_ref_name
from strongroom.domain.registry.refs import MAIN, RefKind, StoredRevision

TRIES: Final = 8
"""How often a commit that states no parent is made again on a head that moved meanwhile."""

CONFLICTS_NAMED: Final = 100


@dataclass(frozen=True, slots=True)
class Commit:
    """What to commit.

    :param parent: digest (or its first 8 digits) that the branch must stand at; empty: it must not exist; None: any.
    :param start: where a branch that is not there begins. :param claimed_at: when the client says it was made.
    :param allow_empty: make a revision even when nothing changes; otherwise the head is answered, unchanged.
    """

    branch: str
    edits: Sequence[EditCommand]
    message: str = ""
    parent: str | None = None
    start: str | None = None
    claimed_at: int | None = None
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """What to merge into which branch. :param fast_forward: move the branch where no merge is needed."""

    branch: str
    source: str
    message: str = ""
    parent: str | None = None
    fast_forward: bool = True


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was read of the base, and what becomes of it.

    :param publishes: whether a publication rule will ask for the tree. :param done: a revision that needs no new tree.
    :param theirs: digest of the revision that is merged.
    """

    asset: Asset
    base: StoredRevision | None
    parents: tuple[str, ...]
    root: TreeRoot
    changes: Mapping[str, Entry | None]
    pages: Mapping[str, bytes]
    blob_ids: Sequence[int]
    publishes: bool
    done: StoredRevision | None = None
    theirs: str = ""

    def build(self) -> FrozenTree:
        """The tree after the changes, with the pages that are new."""
        made = list(rebuild(self.root, self.changes, PagesInMemory(self.pages)))
        root = TreeRoot(tuple(ref for ref, _ in made))
        fresh = {ref.id: data for ref, data in made if data is not None and ref.id not in self.pages}
        summary = summarise(iterate(root, PagesInMemory({**self.pages, **fresh})))
        loose = summary.unpinned > 0
        return FrozenTree(summary.digest, encode_root(root), fresh, summary.files, summary.bytes, unpinned=loose)


async def commit(edge: Edge, asset_uid: str, command: Commit) -> HeadView:
    """Commit onto a branch.

    :raises PreconditionFailed: the branch is not at the stated parent; `details["head"]` says where it is.
    :raises NotPossessed: a digest was named whose bytes the caller has not sent and may not read.
    :raises BadPath: a file stands where another path needs a directory.
    """

    def finish(call: Call, plan: _Plan, built: _Built, ready: Ready | None, card: Card | None) -> HeadView:
        made = _commit(call, asset_uid, command, plan, built.tree, ready)
        keep(call, built.review)
        _keep(call, plan, card)
        return made

    for attempt in range(1, TRIES + 1):
        plan = await edge.read(lambda call: _plan(call, asset_uid, command))
        built = await _build(edge, plan)
        ready = await _ready(edge, plan, built.tree)
        card = await _card(edge, plan, built.tree, command.branch, ready)
        try:
            return await finished(edge, built.review, lambda call: finish(call, plan, built, ready, card))  # noqa: B023
        except PreconditionFailed:
            if command.parent is not None or attempt == TRIES:
                raise
    raise AssertionError("unreachable")


async def merge(
    edge: Edge, asset_uid: str, command: Merge, after: Callable[[Call, HeadView], None] | None = None
) -> HeadView:
    """Bring a revision's changes since it and the branch parted into the branch.

    :param after: what else belongs into the transaction that moves the branch.
    :raises Conflict: both changed the same paths; `details["paths"]` names them.
    :raises PreconditionFailed: as `commit`.
    """

    def finish(call: Call, plan: _Plan, built: _Built | None, ready: Ready | None, card: Card | None) -> HeadView:
        made = _merge(call, asset_uid, command, plan, built.tree if built else None, ready)
        if built is not None:
            keep(call, built.review)
        _keep(call, plan, card)
        if after is not None:
            after(call, made)
        return made

    for attempt in range(1, TRIES + 1):
        plan = await edge.read(lambda call: _plan_merge(call, asset_uid, command))
        built = await _build(edge, plan) if plan.done is None else None
        tree = built.tree if built else None
        ready = await _ready(edge, plan, tree)
        card = await _card(edge, plan, tree, command.branch, ready)
        try:
            review = built.review if built else None
            return await finished(edge, review, lambda call: finish(call, plan, built, ready, card))  # noqa: B023
        except PreconditionFailed:  # the next plan says whether the branch is where the caller thinks
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")


@dataclass(frozen=True, slots=True)
class _Built:
    """A tree that is written; see `freezing.prepare` for the review."""

    tree: FrozenTree
    review: str


async def _build(edge: Edge, plan: _Plan) -> _Built:
    tree = await asyncio.to_thread(plan.build)
    return _Built(tree, await prepare(edge, plan.asset.id, tree.pages, plan.blob_ids))


async def _ready(edge: Edge, plan: _Plan, tree: FrozenTree | None) -> Ready | None:
    """The new tree looked at, when a publication rule will ask."""
    if not plan.publishes:
        return None
    if tree is None:
        return await readiness.of_tree(edge, plan.asset.kind, plan.done.tree) if plan.done else None
    pages = PagesInMemory({**plan.pages, **tree.pages})
    return await readiness.of_pages(edge, plan.asset.kind, tree.digest, decode_root(tree.root), pages)


async def _card(edge: Edge, plan: _Plan, tree: FrozenTree | None, branch: str, ready: Ready | None) -> Card | None:
    """The card of the new tree, when the branch is the one whose card speaks for the asset."""
    if branch != MAIN or plan.asset.kind not in card_facts.KINDS:
        return None
    if tree is None:
        return await card_facts.of_tree(edge, plan.done.tree, ready) if plan.done else None
    if CARD_PATH not in plan.changes:
        return None
    pages = PagesInMemory({**plan.pages, **tree.pages})
    return await card_facts.of_pages(edge, decode_root(tree.root), pages, ready)


def _keep(call: Call, plan: _Plan, card: Card | None) -> None:
    if card is not None:
        card_facts.keep(call, call.tx.assets.by_id(plan.asset.id), card)


def _standing(call: Call, asset_uid: str, branch: str, parent: str | None) -> Asset:
    """The asset, when the caller may move this branch of it, and it is where the caller thinks."""
    asset = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER)
    if asset.deleted_at is not None:
        raise Conflict("The asset is in the trash; restore it first.")
    refs.check_head(call, asset, branch, parent)
    refs.must_be_movable(call, asset, refs.branch(call, asset, branch))
    return asset


def _plan(call: Call, asset_uid: str, command: Commit) -> _Plan:
    branch = clean_ref_name(command.branch)
    asset = _standing(call, asset_uid, branch, command.parent)
    base = refs.branch_or_start(call, asset, branch, command.start)
    if len(command.edits) > EDITS_MOST:
        raise Invalid(f"A commit has at most {EDITS_MOST} edits.", limit=EDITS_MOST)
    root = load_root(call, base.tree) if base else merging.EMPTY
    edits, blob_ids = checked(call, asset, root, command.edits)
    changes = changes_of(root, edits, StoredPages(call.tx.trees))
    pages = call.tx.trees.pages([page.id for page in root.pages])
    publishes = publication.publishes(call, asset, RefKind.BRANCH, branch)
    return _Plan(asset, base, (base.digest,) if base else (), root, changes, pages, blob_ids, publishes)


def _commit(
    call: Call, asset_uid: str, command: Commit, plan: _Plan, tree: FrozenTree, ready: Ready | None
) -> HeadView:
    asset, branch = _locked(call, asset_uid, command.branch, command.parent, plan, command.start)
    ref = refs.branch(call, asset, branch)
    if tree.digest == (plan.base.tree if plan.base else EMPTY_TREE) and not command.allow_empty:
        if plan.base is None:
            raise Invalid("There is nothing to commit.")
        if ref is not None:
            return refs.unmoved(call, asset, ref, plan.base)
        return refs.move(call, asset, RefKind.BRANCH, branch, plan.base, "branch.create", {}, ready=ready)
    call.tx.trees.add(tree.digest, tree.root, tree.files, tree.bytes, unpinned=tree.unpinned)
    made = revisions.store(call, asset, tree.digest, plan.parents, command.message, command.claimed_at)
    details = {"paths": len(plan.changes)}
    return refs.move(call, asset, RefKind.BRANCH, branch, made, "revision.commit", details, ready=ready)


def _locked(
    call: Call, asset_uid: str, branch: str, parent: str | None, plan: _Plan, start: str | None = None
) -> tuple[Asset, str]:
    """The asset, locked, with the branch still where the plan was made.

    :raises PreconditionFailed: it moved meanwhile.
    """
    assets.locked(call, asset_uid, Permission.VERSION_REGISTER)
    branch = clean_ref_name(branch)
    asset = _standing(call, asset_uid, branch, parent)
    now = refs.branch_or_start(call, asset, branch, start)
    if (now and now.digest) != (plan.base and plan.base.digest):
        raise PreconditionFailed(f"The branch {branch!r} moved meanwhile.", head=now.digest if now else None)
    return asset, branch


def _plan_merge(call: Call, asset_uid: str, command: Merge) -> _Plan:
    branch = clean_ref_name(command.branch)
    asset = _standing(call, asset_uid, branch, command.parent)
    publishes = publication.publishes(call, asset, RefKind.BRANCH, branch)
    ours = refs.branch_or_start(call, asset, branch, None)
    theirs = locate.revision_of(call, asset, locate.parse_revision(command.source))
    base = history.merge_base(revisions.Ancestry(call, asset.id), ours.digest, theirs.digest) if ours else None
    if ours is None or (base and base.digest in (theirs.digest, ours.digest if command.fast_forward else "")):
        to = ours if ours and base and base.digest == theirs.digest else theirs
        return _Plan(asset, ours, (), merging.EMPTY, {}, {}, (), publishes, to, theirs.digest)
    pages, root = StoredPages(call.tx.trees), load_root(call, ours.tree)
    start = load_root(call, base.tree) if base else merging.EMPTY
    merged = merging.merge(start, root, load_root(call, theirs.tree), pages)
    if merged.conflicts:
        named = merged.conflicts[:CONFLICTS_NAMED]
        raise Conflict("Both sides changed these paths.", paths=named, count=len(merged.conflicts))
    held, theirs_blobs = call.tx.trees.pages([page.id for page in root.pages]), _blobs(call, merged.changes)
    parents = (ours.digest, theirs.digest)
    return _Plan(asset, ours, parents, root, merged.changes, held, theirs_blobs, publishes, theirs=theirs.digest)


def _blobs(call: Call, changes: Mapping[str, Entry | None]) -> list[int]:
    """Ids of the blobs that changes bring in: the asset has them from theirs, which may go while this is made."""
    digests = {entry.sha256 for entry in changes.values() if isinstance(entry, FileEntry)}
    return [blob.id for blob in call.tx.blobs.by_sha256(sorted(digests)).values()]


def _merge(
    call: Call, asset_uid: str, command: Merge, plan: _Plan, tree: FrozenTree | None, ready: Ready | None
) -> HeadView:
    asset, branch = _locked(call, asset_uid, command.branch, command.parent, plan)
    _still_theirs(call, asset, command, plan)
    ref = refs.branch(call, asset, branch)
    if plan.done is not None:
        if ref is not None and ref.revision == plan.done.digest:
            return refs.unmoved(call, asset, ref, plan.done)
        details: dict[str, Json] = {"merged": plan.done.digest}
        return refs.move(call, asset, RefKind.BRANCH, branch, plan.done, "branch.merge", details, ready=ready)
    assert tree is not None  # noqa: S101 - without a revision that is done, there is a tree to write
    call.tx.trees.add(tree.digest, tree.root, tree.files, tree.bytes, unpinned=tree.unpinned)
    made = revisions.store(call, asset, tree.digest, plan.parents, command.message)
    details = {"merged": plan.parents[1], "paths": len(plan.changes)}
    return refs.move(call, asset, RefKind.BRANCH, branch, made, "branch.merge", details, ready=ready)


def _still_theirs(call: Call, asset: Asset, command: Merge, plan: _Plan) -> None:
    """What is merged is still what the source means: else the asset may hold its files no more (decision 21).

    :raises PreconditionFailed: it means another revision. :raises NotFound: nothing leads to it any more.
    """
    now = locate.revision_of(call, asset, locate.parse_revision(command.source))
    if now.digest != plan.theirs:
        raise PreconditionFailed("What was to be merged moved meanwhile.", source=now.digest)

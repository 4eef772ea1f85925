"""Branches and pins: made, moved, protected, deleted. What moves a branch also asks the publication rule."""

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.application.call import Call, asset_target, check_etag
from strongroom.application.edge import Edge
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets, locate, publication, readiness, revisions
from strongroom.application.registry.readiness import Ready
from strongroom.application.registry.views import (
    RefView,
    RevisionView,
    VersionView,
    ref_view,
    revision_views,
)
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, Conflict, Held, NotFound, PreconditionFailed
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.names import clean_ref_name
from strongroom.domain.registry.refs import MAIN, REFS_MOST, Ref, RefKind, StoredRevision

DIGEST_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class HeadView:
    """Where a branch stands after a command: `changed` is false when it stood there before.

    `published` is the version that the publication rule made of it, if it made one at once.
    """

    branch: RefView
    revision: RevisionView
    changed: bool
    published: VersionView | None


def get(call: Call, asset_uid: str, kind: RefKind, name: str) -> RefView:
    """One branch or pin."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    return ref_view(_existing(call, asset, kind, clean_ref_name(name)))


def listed(call: Call, asset_uid: str, kind: RefKind, page: PageRequest) -> Page[RefView]:
    """The branches or pins of an asset, by name."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    listing = f"{kind.value}/{asset.id}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.refs.list(asset.id, kind, str(after[0]) if after else None, page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda ref: (ref.name,)).map(ref_view)


async def create(edge: Edge, asset_uid: str, kind: RefKind, name: str, revision: str) -> HeadView:
    """Make a branch or pin at a revision, named as `locate.parse_revision` says.

    :raises AlreadyExists: a branch or pin has the name.
    """

    def look(call: Call) -> tuple[str, str] | None:
        asset = assets.by_uid(call, asset_uid, Permission.VERSION_REGISTER)
        to = locate.revision_of(call, asset, locate.parse_revision(revision))
        return (asset.kind, to.tree) if publication.publishes(call, asset, kind, clean_ref_name(name)) else None

    found = await edge.read(look)
    ready = await readiness.of_tree(edge, *found) if found else None
    return await edge.finish(lambda call: _create(call, asset_uid, kind, name, revision, ready))


def _create(call: Call, asset_uid: str, kind: RefKind, name: str, revision: str, ready: Ready | None) -> HeadView:
    asset = assets.locked(call, asset_uid, Permission.VERSION_REGISTER)
    clean, selector = clean_ref_name(name), locate.parse_revision(revision)
    if call.tx.refs.get(asset.id, clean) is not None:
        raise AlreadyExists(f"There is a branch or pin {clean!r}.")
    to = locate.revision_of(call, asset, selector)
    return move(call, asset, kind, clean, to, f"{kind.value}.create", {}, ready=ready)


def move(
    call: Call,
    asset: Asset,
    kind: RefKind,
    name: str,
    to: StoredRevision,
    action: str,
    details: Mapping[str, Json],
    *,
    ready: Ready | None = None,
    follow: bool = True,
) -> HeadView:
    """Make or move a ref of a locked asset, with its record; the rights and what it stood at are checked.

    :param ready: the tree as it was looked at, for the publication rule. :param follow: whether that is asked.
    """
    before = call.tx.refs.get(asset.id, name)
    if before is None and call.tx.refs.count(asset.id) >= REFS_MOST:
        raise Conflict(f"An asset has at most {REFS_MOST} branches and pins.", limit=REFS_MOST)
    asset = call.tx.assets.advance(asset)
    ref = call.tx.refs.put(asset, kind, name, to, call.actor.id)
    said = {"name": name, "from": before.revision if before else None, "to": to.digest, "tree": to.tree}
    call.record(action, Subject("asset", asset.uid), {**said, **details}, asset=asset)
    published = publication.follow(call, asset, kind, name, to, ready) if follow else None
    return HeadView(ref_view(ref), revision_views(call, asset.id, [to])[0], changed=True, published=published)


def unmoved(call: Call, asset: Asset, ref: Ref, at: StoredRevision) -> HeadView:
    """What is answered when there was nothing to do."""
    return HeadView(ref_view(ref), revision_views(call, asset.id, [at])[0], changed=False, published=None)


def branch(call: Call, asset: Asset, name: str) -> Ref | None:
    """The branch of that clean name, None when there is none. :raises Conflict: a pin has the name."""
    ref = call.tx.refs.get(asset.id, name)
    if ref is not None and ref.kind is not RefKind.BRANCH:
        raise Conflict(f"{name!r} is a pin; pins never move.")
    return ref


def check_head(call: Call, asset: Asset, name: str, stated: str | None) -> None:
    """Compare where a branch stands with where the caller thinks: a digest or 8 digits of it, empty for nowhere.

    :raises PreconditionFailed: it stands elsewhere; `details["head"]` says where.
    """
    ref = call.tx.refs.get(asset.id, name)
    if stated is None or (ref is None and not stated):
        return
    at = revisions.head(call, asset, name)
    if at is None or len(stated) < DIGEST_SHORTEST or not at.digest.startswith(stated):
        where = at.digest if at else None
        raise PreconditionFailed(
            f"The branch {name!r} is not where you think.", head=where, etag=ref.etag if ref else 0
        )


def must_be_movable(call: Call, asset: Asset, ref: Ref | None) -> None:
    """:raises Forbidden: the branch is protected, and the caller may not protect."""
    if ref is not None and ref.protected:
        call.require(Permission.REF_PROTECT, asset_target(asset), Subject("asset", asset.uid))


def must_be_open(ref: Ref) -> None:
    """:raises Held: it is protected, so nobody may delete it or take its history away."""
    if ref.protected:
        raise Held(f"The {ref.kind.value} {ref.name!r} is protected.", holders=[f"{ref.kind.value}:{ref.name}"])


def protect(call: Call, asset_uid: str, kind: RefKind, name: str, etag: int | None, *, protected: bool) -> RefView:
    """Protect a branch or pin, or end that: only who may protect moves it, and nobody deletes or squashes it."""
    asset = assets.locked(call, asset_uid, Permission.REF_PROTECT)
    ref = _existing(call, asset, kind, clean_ref_name(name))
    check_etag(etag, ref.etag)
    asset = call.tx.assets.advance(asset)
    changed = call.tx.refs.protect(asset, ref.name, protected=protected)
    details: dict[str, Json] = {"name": ref.name, "protected": protected}
    call.record(f"{kind.value}.protect", Subject("asset", asset.uid), details, asset=asset)
    return ref_view(changed)


def delete(call: Call, asset_uid: str, kind: RefKind, name: str, etag: int | None) -> None:
    """Delete a branch or pin. Revisions that nothing leads to any more are not there any more; versions stay.

    :raises Held: it is protected.
    """
    asset = assets.locked(call, asset_uid, Permission.VERSION_REGISTER)
    ref = _existing(call, asset, kind, clean_ref_name(name))
    check_etag(etag, ref.etag)
    must_be_open(ref)
    call.tx.refs.remove(asset.id, ref.name)
    call.tx.blobs.review(asset.id, call.now)
    asset = call.tx.assets.advance(asset)
    details = {"name": ref.name, "from": ref.revision}
    call.record(f"{kind.value}.delete", Subject("asset", asset.uid), details, asset=asset)


def squash(call: Call, asset_uid: str, name: str, message: str, parent: str | None) -> HeadView:
    """Put one revision with the same tree and no parents in the place of all that a branch has.

    Published versions keep their revisions; other branches and pins keep what they lead to.
    """
    asset = assets.locked(call, asset_uid, Permission.VERSION_REGISTER)
    ref = _existing(call, asset, RefKind.BRANCH, clean_ref_name(name))
    check_head(call, asset, ref.name, parent)
    must_be_open(ref)
    head = call.tx.revisions.get(asset.id, [ref.revision])[ref.revision]
    if not head.parents:
        return unmoved(call, asset, ref, head)
    alone = revisions.store(call, asset, head.tree, (), message)
    # the same files: no reason to publish them again
    call.tx.blobs.review(asset.id, call.now)  # what only the squashed history named is let go
    return move(call, asset, RefKind.BRANCH, ref.name, alone, "branch.squash", {}, follow=False)


def _existing(call: Call, asset: Asset, kind: RefKind, name: str) -> Ref:
    ref = call.tx.refs.get(asset.id, name)
    if ref is None or ref.kind is not kind:
        raise NotFound(f"There is no {kind.value} {name[:128]!r}.")
    return ref


def branch_or_start(call: Call, asset: Asset, name: str, start: str | None) -> StoredRevision | None:
    """Where a branch stands, or where one that is to be made begins; None begins with nothing.

    :raises NotFound: there is no such branch, and nothing says where it is to begin.
    """
    ref = branch(call, asset, name)
    if ref is not None:
        return revisions.head(call, asset, name)
    if start is not None:
        return locate.revision_of(call, asset, locate.parse_revision(start))
    if name != MAIN:
        raise NotFound(f"There is no branch {name[:128]!r}.")
    return revisions.head(call, asset, MAIN)

"""Purging one version: its tombstone stays, and what only it held the asset possesses no more (domain.md N16).

Which blobs no other version of the asset holds is found by reading pages: versions that share files share pages, and
each page is read once. All of it is one transaction; purging is rare, and simple beats fast here.
"""

from collections.abc import Iterable

from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.registry import revisions, versions
from strongroom.application.registry.assets import clean_reason
from strongroom.application.registry.views import VersionView, version_view
from strongroom.domain.artifacts import history
from strongroom.domain.artifacts.page import Page
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.audit.record import Subject
from strongroom.domain.collaboration.model import On
from strongroom.domain.errors import Conflict, Held
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, Version, VersionState
from strongroom.domain.registry.refs import RefKind

NAMED = 20


def purge(call: Call, uid: str, reason: str) -> VersionView:
    """Remove a trashed version for good; number, label, digests and the reason stay as its tombstone.

    :raises Conflict: it is not in the trash. :raises Held: it is on hold, or a branch or pin leads to it.
    """
    asset, version = versions.locked(call, uid, Permission.ASSET_PURGE)
    if version.state is not VersionState.TRASHED:
        raise Conflict("Only a version in the trash can be purged.", state=version.state.value)
    why = clean_reason(reason)
    versions.refuse_held(call, version)
    _refuse_if_reached(call, asset, version)
    unused = held_alone(call, asset, version)
    call.tx.blobs.release(asset.id, sorted(unused))
    changed = call.tx.versions.purge(version, call.now, why)
    call.tx.comments.erase(On.VERSION, [version.id])
    call.tx.annotations.remove("version", version.id)
    call.tx.evaluations.forget(version.id, call.actor.id)
    call.tx.manifests.forget([version.tree] if version.tree else [])
    asset = call.tx.assets.advance(asset)
    details = {"tree": version.tree, "number": version.number, "released": len(unused)}
    call.record("version.purge", Subject("version", uid), details, asset=asset)
    return version_view(call, asset, changed)


def _refuse_if_reached(call: Call, asset: Asset, version: Version) -> None:
    """:raises Held: a branch or pin leads to its revision, so that its files could still be read."""
    found = call.tx.revisions.get(asset.id, [version.revision or ""]).get(version.revision or "")
    heads = call.tx.refs.heads(asset.id)
    if found is None or not history.reaches(revisions.Ancestry(call, asset.id), heads, found):
        return
    refs = [
        *call.tx.refs.list(asset.id, RefKind.BRANCH, None, NAMED),
        *call.tx.refs.list(asset.id, RefKind.PIN, None, NAMED),
    ]
    holders = [
        f"{ref.kind.value}:{ref.name}"
        for ref in refs
        if history.reaches(revisions.Ancestry(call, asset.id), [ref.revision], found)
    ]
    raise Held("Branches or pins lead to its revision; squash or delete them first.", holders=holders)


def held_alone(call: Call, asset: Asset, version: Version) -> set[str]:
    """SHA-256 of the version's files that stand in no other live or trashed version, nor where a ref leads to.

    An open draft need not be asked: sealing records possession of all that it holds again.
    """
    if version.tree is None:
        return set()
    mine = [page.id for page in load_root(call, version.tree).pages]
    others = _pages(call, asset, version.id)
    alone = {digest for page in mine if page not in others for digest in _digests(call, page)}
    for page in others:
        if not alone:
            break
        alone.difference_update(_digests(call, page))
    return alone


def files_of(call: Call, tree: str) -> set[str]:
    """SHA-256 of all files of a tree."""
    return {digest for page in load_root(call, tree).pages for digest in _digests(call, page.id)}


def _pages(call: Call, asset: Asset, beside: int) -> dict[str, None]:
    """The pages of all that the asset's versions but one, and its refs, can still be read by."""
    walk = history.Walk(revisions.Ancestry(call, asset.id), call.tx.refs.heads(asset.id))
    trees = dict.fromkeys([*call.tx.versions.trees_beside(asset.id, beside), *(one.tree for one in walk)])
    return dict.fromkeys(page.id for tree in trees for page in load_root(call, tree).pages)


def review(call: Call, asset_id: int) -> None:
    """Release what the asset holds and nothing of it needs, nor what is being published in it (decision 21)."""
    asset = call.tx.assets.lock(asset_id)
    needed = {digest for page in _pages(call, asset, 0) for digest in _digests(call, page)}
    call.tx.blobs.release(asset.id, sorted(set(call.tx.blobs.held_by(asset.id)) - needed))
    call.tx.blobs.end_reviews(asset.id, call.now)


def _digests(call: Call, page: str) -> Iterable[str]:
    (body,) = StoredPages(call.tx.trees).get([page])
    return (entry.sha256 for entry in Page(body).entries() if isinstance(entry, FileEntry))

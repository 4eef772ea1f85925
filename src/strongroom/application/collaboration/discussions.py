"""Discussions of assets: begun, found, retitled, closed and opened again. What is said in them are comments."""

from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call, asset_target, check_etag
from strongroom.application.collaboration import comments, things
from strongroom.application.collaboration.views import DiscussionView, discussion_views
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.collaboration.model import Discussion, On, Status, clean_title
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.names import clean_ref_name

_HERE: Final = "discussion"


@dataclass(frozen=True, slots=True)
class CreateDiscussion:
    """A new discussion with its first comment. With a branch it is a proposal."""

    title: str
    text: str
    branch: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateDiscussion:
    """Changes; what is None stays. `status` is open or closed."""

    title: str | None = None
    status: str | None = None


def create(call: Call, asset_uid: str, command: CreateDiscussion) -> DiscussionView:
    """Begin a discussion of an asset, under the asset's next number."""
    asset = assets.locked(call, asset_uid, Permission.COMMENT_WRITE)
    made = call.tx.discussions.add(
        Discussion(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            asset_id=asset.id,
            number=0,
            title=clean_title(command.title),
            status=Status.OPEN,
            branch=clean_ref_name(command.branch) if command.branch is not None else None,
            author=call.actor.uid,
            etag=1,
            recorded_at=call.now,
            closed_at=None,
        )
    )
    first = comments.add(call, things.find(call, On.DISCUSSION, made.uid, Permission.COMMENT_WRITE), command.text)
    details: dict[str, Json] = {"number": made.number, "comment": first.uid, "revision": 1}
    call.record("discussion.create", Subject(_HERE, made.uid), details, asset=call.tx.assets.tick(asset))
    return _view(call, asset, made)


def _view(call: Call, asset: Asset, discussion: Discussion) -> DiscussionView:
    return discussion_views(call, asset.uid, [discussion])[0]


def listed(call: Call, asset_uid: str, status: str | None, page: PageRequest) -> Page[DiscussionView]:
    """Discussions of an asset, the newest first."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    call.require_asset(Permission.COMMENT_READ, asset)
    if status is not None and status not in set(Status):
        raise Invalid(f"A discussion is {', '.join(Status)}.")
    listing = f"discussions/{asset.id}/{status}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.discussions.list(asset.id, status, int(after[0] or 0) if after else None, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.number,))
    return Page(discussion_views(call, asset.uid, kept.items), kept.next_page_token)


def by_number(call: Call, asset_uid: str, number: int) -> DiscussionView:
    """A discussion by its number in the asset."""
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ)
    call.require_asset(Permission.COMMENT_READ, asset)
    found = call.tx.discussions.by_number(asset.id, number)
    if found is None:
        raise NotFound(f"There is no such {_HERE}.")
    return _view(call, asset, found)


def _found(call: Call, uid: str, permission: Permission) -> tuple[Asset, Discussion]:
    found = call.tx.discussions.by_uid(call.workspace.id, uid)
    asset = call.require_asset(permission, call.tx.assets.by_id(found.asset_id) if found else None, _HERE)
    assert found is not None  # noqa: S101 - require_asset refused None
    return asset, found


def get(call: Call, uid: str) -> DiscussionView:
    """One discussion."""
    return _view(call, *_found(call, uid, Permission.COMMENT_READ))


def update(call: Call, uid: str, command: UpdateDiscussion, etag: int | None) -> DiscussionView:
    """Change the title, close a discussion or open it again: its author's, and whoever may moderate.

    :raises Conflict: its branch was merged.
    """
    asset, found = _found(call, uid, Permission.COMMENT_WRITE)
    asset = call.tx.assets.lock(asset.id)
    found = call.tx.discussions.lock(found.id)
    if found.author != call.actor.uid:
        call.require(Permission.COMMENT_MODERATE, asset_target(asset), Subject(_HERE, uid))
    check_etag(etag, found.etag)
    changes: dict[str, object] = {}
    if command.title is not None:
        changes["title"] = clean_title(command.title)
    if command.status is not None:
        changes |= _moved(call, found, command.status)
    changed = call.tx.discussions.update(found, **changes)
    details: dict[str, Json] = {
        "number": found.number,
        "status": changed.status.value,
        "changed": tuple(sorted(changes)),
    }
    call.record("discussion.update", Subject(_HERE, uid), details, asset=call.tx.assets.tick(asset))
    return _view(call, asset, changed)


def _moved(call: Call, discussion: Discussion, status: str) -> dict[str, object]:
    if status not in {Status.OPEN.value, Status.CLOSED.value}:
        raise Invalid("A discussion is opened or closed; merging its branch makes it merged.")
    if discussion.status is Status.MERGED:
        raise Conflict("The discussion's branch was merged.", status=discussion.status.value)
    return {"status": status, "closed_at": call.now if status == Status.CLOSED.value else None}

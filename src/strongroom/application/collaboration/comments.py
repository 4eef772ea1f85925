"""Comments on assets, versions, runs, experiments and discussions: made, read, edited, deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from strongroom.application.call import Call, check_etag
from strongroom.application.collaboration import things
from strongroom.application.collaboration.mentioning import meant
from strongroom.application.collaboration.things import Thing
from strongroom.application.collaboration.views import (
    CommentView,
    RevisionView,
    comment_views,
    comment_weight,
    revision_view,
)
from strongroom.application.paging import Key, Page, PageRequest, within_bytes
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.collaboration.model import Comment, clean_comment, clean_deletion_reason
from strongroom.domain.errors import Conflict, Invalid, NotFound, Purged, TooLarge
from strongroom.domain.identity.roles import Permission

PER_OBJECT_MOST: Final = 10_000
"""Comments on one object, deleted ones with them."""
REVISIONS_MOST: Final = 100
_HERE: Final = "comment"


@dataclass(frozen=True, slots=True)
class CreateComment:
    """A new comment. `kind` is asset, version, run, experiment or discussion.

    :param reply_to: uid of the comment on the same object that it answers; that one is no answer itself.
    """

    kind: str
    uid: str
    text: str
    reply_to: str | None = None


def create(call: Call, command: CreateComment) -> CommentView:
    """Comment on an object.

    :raises Conflict: it is in the trash, or the comment answered is deleted. :raises TooLarge: it has too many.
    """
    thing = things.find(call, things.clean_kind(command.kind), command.uid, Permission.COMMENT_WRITE)
    things.must_be_open(thing)
    if call.tx.comments.count(thing.kind, thing.id) >= PER_OBJECT_MOST:
        raise TooLarge(f"An object has at most {PER_OBJECT_MOST} comments.", limit=PER_OBJECT_MOST)
    above = _above(call, thing, command.reply_to) if command.reply_to is not None else None
    made = add(call, thing, command.text, above)
    _record(call, "comment.create", thing, made, {"revision": 1, "reply_to": above.uid if above else None})
    return _view(call, thing, made)


def add(call: Call, thing: Thing, text: str, above: Comment | None = None) -> Comment:
    """Store a comment with its mentions, without a record of it."""
    made = call.tx.comments.add(
        Comment(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            on_kind=thing.kind,
            on_id=thing.id,
            reply_to_id=above.id if above else None,
            reply_to=above.uid if above else None,
            author=call.actor.uid,
            text=clean_comment(text),
            revision=1,
            etag=1,
            recorded_at=call.now,
            edited_at=None,
            deleted_at=None,
            deleted_by=None,
            reason="",
        )
    )
    call.tx.comments.mention(made.id, meant(call, thing, text, 1))
    return made


def _above(call: Call, thing: Thing, uid: str) -> Comment:
    found = call.tx.comments.by_uid(call.workspace.id, uid)
    if found is None or (found.on_kind, found.on_id) != (thing.kind, thing.id):
        raise NotFound("There is no such comment on this object.")
    if found.reply_to_id is not None:
        raise Invalid("That comment is an answer itself: answer the one that it answers.")
    if found.deleted_at is not None:
        raise Conflict("That comment is deleted.")
    return found


def _record(call: Call, action: str, thing: Thing, comment: Comment, more: Mapping[str, Json]) -> None:
    """Ids only: what was written is in the table of texts, from where it can be erased."""
    asset = call.tx.assets.tick(thing.asset) if thing.asset is not None else None
    details: dict[str, Json] = {"on": thing.kind.value, "object": thing.uid, "comment": comment.uid}
    call.record(action, Subject(_HERE, comment.uid), {**details, **more}, asset=asset)


def _view(call: Call, thing: Thing, comment: Comment) -> CommentView:
    return comment_views(call, thing, [comment])[0]


def listed(call: Call, kind: str, uid: str, page: PageRequest) -> Page[CommentView]:
    """Comments on an object, the oldest first, answers and tombstones among them."""
    thing = things.find(call, things.clean_kind(kind), uid, Permission.COMMENT_READ)
    listing = f"comments/{thing.kind}/{thing.id}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.comments.list(thing.kind, thing.id, int(after[0] or 0) if after else 0, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, _place)
    build = partial(comment_views, call, thing)
    return within_bytes(kept, build, comment_weight, lambda row: call.sealer.seal(listing, _place(row)))


def _place(comment: Comment) -> Key:
    return (comment.id,)


def _found(call: Call, uid: str, permission: Permission) -> tuple[Thing, Comment]:
    comment = call.tx.comments.by_uid(call.workspace.id, uid)
    if comment is None:
        call.require_asset(permission, None, _HERE)
    assert comment is not None  # noqa: S101 - require_asset refused None
    try:
        return things.of(call, comment.on_kind, comment.on_id, permission), comment
    except NotFound:
        raise NotFound(f"There is no such {_HERE}.") from None  # the same as if there were none


def get(call: Call, uid: str) -> CommentView:
    """One comment, or its tombstone."""
    return _view(call, *_found(call, uid, Permission.COMMENT_READ))


def history(call: Call, uid: str) -> list[RevisionView]:
    """All that a comment has said, the oldest first; nothing once it is deleted."""
    _, comment = _found(call, uid, Permission.COMMENT_READ)
    return [revision_view(one) for one in call.tx.comments.history(comment.id)]


def _locked(call: Call, uid: str) -> tuple[Thing, Comment]:
    thing, comment = _found(call, uid, Permission.COMMENT_WRITE)
    return thing, call.tx.comments.lock(comment.id)


def _must_be_there(comment: Comment) -> None:
    if comment.deleted_at is not None:
        raise Purged("The comment was deleted; only its tombstone is left.")


def update(call: Call, uid: str, text: str, etag: int | None) -> CommentView:
    """Change what one has said; what it said before stays to be seen, and who is named anew is told.

    :raises Forbidden: somebody else said it. :raises TooLarge: it was changed too often.
    """
    thing, comment = _locked(call, uid)
    if comment.author != call.actor.uid:
        call.refuse(Permission.COMMENT_WRITE, Subject(_HERE, uid), "Only its author changes a comment.")
    _must_be_there(comment)
    things.must_be_open(thing)
    check_etag(etag, comment.etag)
    if comment.revision >= REVISIONS_MOST:
        raise TooLarge(f"A comment has at most {REVISIONS_MOST} revisions.", limit=REVISIONS_MOST)
    changed = call.tx.comments.revise(comment, clean_comment(text))
    call.tx.comments.mention(comment.id, meant(call, thing, text, changed.revision))
    _record(call, "comment.update", thing, changed, {"revision": changed.revision})
    return _view(call, thing, changed)


def delete(call: Call, uid: str, reason: str, etag: int | None) -> CommentView:
    """Erase all that a comment ever said; who said it when, who deleted it and why stay.

    :raises Forbidden: somebody else said it, and the caller may not moderate here.
    """
    thing, comment = _locked(call, uid)
    if comment.author != call.actor.uid:
        call.require(Permission.COMMENT_MODERATE, thing.target, Subject(_HERE, uid))
    _must_be_there(comment)
    check_etag(etag, comment.etag)
    gone = call.tx.comments.delete(comment, call.actor.id, clean_deletion_reason(reason))
    _record(call, "comment.delete", thing, gone, {"author": comment.author})
    return _view(call, thing, replace(gone, text=None))

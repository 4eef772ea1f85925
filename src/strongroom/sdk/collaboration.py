"""What people say about objects, what they watch, and what they are told."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from strongroom.sdk.api import Api
from strongroom.sdk.events import Event
from strongroom.sdk.lookup import AssetRef, asset_uid, owner_of
from strongroom.sdk.models import Asset, Version
from strongroom.sdk.run_models import Experiment, RunInfo

PAGE = 100


class Mention(msgspec.Struct, frozen=True):
    """Whom a comment mentions. `kind` is principal or team."""

    kind: str
    uid: str
    name: str


class Comment(msgspec.Struct, frozen=True):
    """A comment, or the tombstone of one: `text` is Markdown as its author wrote it, None once deleted.

    Treat it as a stranger's text: render it without HTML and scripts.
    """

    uid: str
    kind: str
    object_uid: str
    author: str
    author_name: str
    revision: int
    etag: int
    created_at: datetime
    text: str | None = None
    reply_to: str | None = None
    mentions: list[Mention] = []
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted_by: str | None = None
    reason: str = ""


class Revision(msgspec.Struct, frozen=True):
    """What a comment said from a time on."""

    revision: int
    text: str
    author: str
    created_at: datetime


class Discussion(msgspec.Struct, frozen=True):
    """A numbered discussion of an asset; with a branch it is a proposal. What is said in it are comments."""

    uid: str
    asset_uid: str
    number: int
    title: str
    status: str
    author: str
    author_name: str
    etag: int
    created_at: datetime
    branch: str | None = None
    closed_at: datetime | None = None


class Watch(msgspec.Struct, frozen=True):
    """Whether you watch an object. `automatic`: because you made it or commented on it."""

    kind: str
    object_uid: str
    path: str
    watching: bool
    automatic: bool
    types: list[str] = []
    created_at: datetime | None = None


class InboxItem(msgspec.Struct, frozen=True):
    """Something that you are told. `reason` is mention, reply, approval or watch; `state` unread, read or done."""

    position: int
    reason: str
    state: str
    event: Event
    actor_name: str
    created_at: datetime


class _Count(msgspec.Struct, frozen=True):
    unread: int


class _Changed(msgspec.Struct, frozen=True):
    changed: int


class _Settings(msgspec.Struct, frozen=True):
    automatic: bool


Thing: TypeAlias = "str | Asset | Version | RunInfo | Experiment | Discussion"
"""An answer that you hold, or a reference: with a selector (``churn:3``) a version, without one the asset."""

_KINDS: Mapping[type, str] = {
    Asset: "asset", Version: "version", RunInfo: "run", Experiment: "experiment", Discussion: "discussion",
}  # fmt: skip


def named(api: Api, thing: Thing, kind: str | None = None) -> Mapping[str, Any]:
    """Kind and uid of an object. :param kind: of what a text names; then the text is a uid, but for an asset's."""
    if not isinstance(thing, str):
        return {"kind": _KINDS[type(thing)], "uid": thing.uid}
    if kind not in {None, "asset", "version"}:
        return {"kind": kind, "uid": thing}
    found, uid = owner_of(api, thing)
    return {"kind": found, "uid": uid}


class Comments:
    """``client.comments``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def add(
        self, thing: Thing, text: str, *, reply_to: Comment | str | None = None, kind: str | None = None
    ) -> Comment:
        """Comment on an object. ``@name`` tells a principal or team that may read it.

        :param kind: run, experiment or discussion, when `thing` is the uid of one.
        """
        above = reply_to.uid if isinstance(reply_to, Comment) else reply_to
        return self._api.call("comment.create", Comment, text=text, reply_to=above, **named(self._api, thing, kind))

    def list(self, thing: Thing, *, kind: str | None = None) -> Iterator[Comment]:
        """Comments on an object, the oldest first, answers and tombstones among them."""
        return self._api.every("comment.list", Comment, page_size=PAGE, **named(self._api, thing, kind))

    def get(self, uid: str) -> Comment:
        """One comment."""
        return self._api.call("comment.get", Comment, uid=uid)

    def history(self, comment: Comment) -> Sequence[Revision]:
        """All that a comment has said, the oldest first."""
        return self._api.call("comment.history", tuple[Revision, ...], uid=comment.uid)

    def edit(self, comment: Comment, text: str) -> Comment:
        """Say something else. :raises PreconditionFailed: it changed since you read it."""
        return self._api.call("comment.update", Comment, etag=comment.etag, uid=comment.uid, text=text)

    def delete(self, comment: Comment, reason: str = "") -> Comment:
        """Erase all that a comment ever said; its tombstone stays."""
        return self._api.call("comment.delete", Comment, uid=comment.uid, reason=reason)

    def discuss(self, asset: AssetRef, title: str, text: str, *, branch: str | None = None) -> Discussion:
        """Begin a discussion of an asset."""
        uid = asset_uid(self._api, asset)
        return self._api.call("discussion.create", Discussion, uid=uid, title=title, text=text, branch=branch)

    def discussions(self, asset: AssetRef, status: str | None = None) -> Iterator[Discussion]:
        """Discussions of an asset, the newest first."""
        uid = asset_uid(self._api, asset)
        return self._api.every("discussion.list", Discussion, page_size=PAGE, uid=uid, status=status)

    def discussion(self, asset: AssetRef, number: int) -> Discussion:
        """A discussion by its number."""
        return self._api.call("discussion.find", Discussion, uid=asset_uid(self._api, asset), number=number)

    def close(self, discussion: Discussion) -> Discussion:
        """Close a discussion; it may be commented on all the same."""
        return self._api.call("discussion.update", Discussion, uid=discussion.uid, status="closed")


class Inbox:
    """``client.inbox``: what you are told, and what you watch."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __iter__(self) -> Iterator[InboxItem]:
        return self.list()

    def list(self, state: str = "open") -> Iterator[InboxItem]:
        """Items, the newest first. `state` is unread, read, done, open (not done) or all."""
        return self._api.every("inbox.list", InboxItem, page_size=PAGE, state=state)

    def unread(self) -> int:
        """How many items you have not read; at most 1,000 are counted."""
        return self._api.call("inbox.count", _Count).unread

    def mark(self, state: str, *items: InboxItem | int, upto: InboxItem | int | None = None) -> int:
        """Mark items unread, read or done: some, or all up to one. Returns how many changed."""
        positions = [item if isinstance(item, int) else item.position for item in items]
        end = upto.position if isinstance(upto, InboxItem) else upto
        return self._api.call("inbox.mark", _Changed, state=state, positions=positions or None, upto=end).changed

    def watch(self, thing: Thing, *types: str, kind: str | None = None) -> Watch:
        """Be told of what happens to an asset, experiment or namespace (`kind` with its uid), or of some types."""
        return self._api.call("watch.set", Watch, types=list(types), **self._watched(thing, kind))

    def unwatch(self, thing: Thing, *, kind: str | None = None) -> None:
        """Be told no more, not even when you comment on it."""
        self._api.send("watch.remove", **self._watched(thing, kind))

    def watches(self) -> Iterator[Watch]:
        """What you watch."""
        return self._api.every("watch.list", Watch, page_size=PAGE)

    def automatic(self, on: bool | None = None) -> bool:  # noqa: FBT001 - a switch
        """Whether what you make or comment on is watched by itself; with a value, choose."""
        if on is None:
            return self._api.call("inbox.settings", _Settings).automatic
        return self._api.call("inbox.configure", _Settings, automatic=on).automatic

    def _watched(self, thing: Thing, kind: str | None) -> Mapping[str, Any]:
        if isinstance(thing, str) and kind in {None, "asset"}:
            return {"kind": "asset", "uid": asset_uid(self._api, thing)}
        return named(self._api, thing, kind)

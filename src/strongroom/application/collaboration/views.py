"""What callers see of comments, discussions, watches and inboxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.collaboration.things import Thing
from strongroom.application.events.feed import as_cloud_event
from strongroom.application.ports.collaboration import Item, Mention
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.collaboration.model import Comment, Discussion, Revision, Watch


@dataclass(frozen=True, slots=True)
class MentionView:
    """Whom a comment mentions: a principal or a team."""

    kind: str
    uid: str
    name: str


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment. `text` is Markdown as its author sent it, null once deleted: render it as you would a stranger's."""

    uid: str
    kind: str
    object_uid: str
    reply_to: str | None
    author: str
    author_name: str
    text: str | None
    mentions: Sequence[MentionView]
    revision: int
    etag: int
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    deleted_by: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RevisionView:
    """What a comment said from a time on."""

    revision: int
    text: str
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DiscussionView:
    """A discussion of an asset; its comments are listed apart."""

    uid: str
    asset_uid: str
    number: int
    title: str
    status: str
    branch: str | None
    author: str
    author_name: str
    etag: int
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class WatchView:
    """Whether you watch an object. `automatic`: because you made it or commented on it."""

    kind: str
    object_uid: str
    path: str
    watching: bool
    automatic: bool
    types: Sequence[str]
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboxItemView:
    """Something that you are told: the event, why you are told, and whether you have read it."""

    position: int
    reason: str
    state: str
    event: Mapping[str, object]
    actor_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class InboxCountView:
    """How many items are unread; counting ends at `most`."""

    unread: int
    most: int


@dataclass(frozen=True, slots=True)
class InboxSettingsView:
    """Whether what you make or comment on is watched by itself."""

    automatic: bool


@dataclass(frozen=True, slots=True)
class MarkedView:
    """How many items changed."""

    changed: int


def comment_views(call: Call, thing: Thing, comments: Sequence[Comment]) -> list[CommentView]:
    """Comments on one object."""
    names = call.tx.principals.names(sorted({one.author for one in comments}))
    mentions = call.tx.comments.mentions([one.id for one in comments])
    return [_comment_view(thing, one, names, mentions.get(one.id, ())) for one in comments]


def _comment_view(thing: Thing, one: Comment, names: Mapping[str, str], mentions: Sequence[Mention]) -> CommentView:
    return CommentView(
        one.uid,
        thing.kind.value,
        thing.uid,
        one.reply_to,
        one.author,
        names.get(one.author, ""),
        one.text,
        [MentionView(mention.kind, mention.uid, mention.name) for mention in mentions],
        one.revision,
        one.etag,
        time_of(one.recorded_at),
        maybe_time(one.edited_at),
        maybe_time(one.deleted_at),
        one.deleted_by,
        one.reason,
    )


def comment_weight(view: CommentView) -> int:
    """About how many bytes a comment takes."""
    return 500 + 2 * len(view.text or "") + 2 * len(view.reason)


def revision_view(one: Revision) -> RevisionView:
    """One text of a comment."""
    return RevisionView(one.number, one.text, one.author, time_of(one.recorded_at))


def discussion_views(call: Call, asset_uid: str, found: Sequence[Discussion]) -> list[DiscussionView]:
    """Discussions of one asset."""
    names = call.tx.principals.names(sorted({one.author for one in found}))
    return [
        DiscussionView(
            one.uid,
            asset_uid,
            one.number,
            one.title,
            one.status.value,
            one.branch,
            one.author,
            names.get(one.author, ""),
            one.etag,
            time_of(one.recorded_at),
            maybe_time(one.closed_at),
        )
        for one in found
    ]


def watch_view(watch: Watch, object_uid: str, path: str) -> WatchView:
    """A watch with its object."""
    since = time_of(watch.recorded_at)
    return WatchView(watch.kind.value, object_uid, path, watch.watching, watch.automatic, watch.types, since)


def item_views(call: Call, items: Sequence[Item]) -> list[InboxItemView]:
    """Items of an inbox."""
    names = call.tx.principals.names(sorted({item.event.actor for item in items}))
    return [
        InboxItemView(
            item.event.leaf,
            item.reason.value,
            item.state.value,
            as_cloud_event(item.event, call.workspace.uid),
            names.get(item.event.actor, ""),
            time_of(item.recorded_at),
        )
        for item in items
    ]

"""Comments, discussions, watches and the inbox."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.collaboration import comments, discussions, inbox, watching
from strongroom.application.collaboration.inbox import MARKED_MOST
from strongroom.application.collaboration.views import (
    CommentView,
    DiscussionView,
    InboxCountView,
    InboxItemView,
    InboxSettingsView,
    MarkedView,
    RevisionView,
    WatchView,
)
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Uid
from strongroom.domain.collaboration.model import REASON_LONGEST, TITLE_LONGEST
from strongroom.domain.events.types import PATTERNS_MOST
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import COMMENT_LONGEST

Text = Annotated[str, Meta(min_length=1, max_length=COMMENT_LONGEST, description="Markdown; @name mentions.")]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_LONGEST)]
Position = Annotated[int, Meta(ge=0, le=2**62)]
Types = Annotated[
    list[str], Meta(max_length=PATTERNS_MOST, description="Types such as version.* or alias.set; none means all.")
]


class Thing(Struct, frozen=True, kw_only=True):
    """An object: `kind` is asset, version, run, experiment or discussion."""

    kind: str
    uid: Uid


class PagedThing(Paged, frozen=True, kw_only=True):
    """A listing below an object: `kind` is asset, version, run, experiment or discussion."""

    kind: str
    uid: Uid


class CreateComment(Struct, frozen=True, kw_only=True):
    """A comment; `reply_to` is the uid of the comment on the same object that it answers."""

    text: Text
    reply_to: Uid | None = None


class UpdateComment(Struct, frozen=True, kw_only=True):
    """What it says from now on."""

    text: Text


class DeleteComment(Struct, frozen=True, kw_only=True):
    """Why; the tombstone shows it."""

    reason: Annotated[str, Meta(max_length=REASON_LONGEST)] = ""


class ListDiscussions(PagedByUid, frozen=True, kw_only=True):
    """Discussions of an asset; `status` is open, closed or merged."""

    status: str | None = None


class CreateDiscussion(Struct, frozen=True, kw_only=True):
    """A discussion with its first comment; with a branch it is a proposal."""

    title: Title
    text: Text
    branch: Annotated[str, Meta(min_length=1, max_length=255)] | None = None


class UpdateDiscussion(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays. `status` is open or closed."""

    title: Title | None = None
    status: str | None = None


class Numbered(Struct, frozen=True, kw_only=True):
    """A discussion by its number in an asset."""

    uid: Uid
    number: Annotated[int, Meta(ge=1, le=2**53)]


class Watchable(Struct, frozen=True, kw_only=True):
    """What is watched: `kind` is asset, namespace or experiment."""

    kind: str
    uid: Uid


class SetWatch(Struct, frozen=True, kw_only=True):
    """Which events to be told of."""

    types: Types = []


class ListInbox(Paged, frozen=True, kw_only=True):
    """`state` is unread, read, done, open (not done) or all."""

    state: str = "open"


class MarkInbox(Struct, frozen=True, kw_only=True):
    """`state` is unread, read or done; the items are all up to a position, or those at some positions."""

    state: str
    upto: Position | None = None
    positions: Annotated[list[Position], Meta(max_length=MARKED_MOST)] = []


class ConfigureInbox(Struct, frozen=True, kw_only=True):
    """Whether what you make or comment on is watched by itself."""

    automatic: bool


@command(
    "comment.create",
    "POST",
    "/comments/on/{kind}/{uid}",
    Permission.COMMENT_WRITE,
    "Comment on an object",
    params=Thing,
    body=CreateComment,
    answer=CommentView,
    status=201,
)
def create_comment(call: Call, request: Request[Thing, CreateComment]) -> CommentView:
    p, b = request.params, request.body
    return comments.create(call, comments.CreateComment(p.kind, p.uid, b.text, b.reply_to))


@read(
    "comment.list",
    "/comments/on/{kind}/{uid}",
    Permission.COMMENT_READ,
    "Comments on an object, the oldest first",
    params=PagedThing,
    answer=Page[CommentView],
)
def list_comments(call: Call, request: Request[PagedThing, Any]) -> Page[CommentView]:
    return comments.listed(call, request.params.kind, request.params.uid, request.params.page())


@read("comment.get", "/comments/{uid}", Permission.COMMENT_READ, "One comment", params=ByUid, answer=CommentView)
def get_comment(call: Call, request: Request[ByUid, Any]) -> CommentView:
    return comments.get(call, request.params.uid)


@read(
    "comment.history",
    "/comments/{uid}/history",
    Permission.COMMENT_READ,
    "All that a comment has said",
    params=ByUid,
    answer=list[RevisionView],
)
def comment_history(call: Call, request: Request[ByUid, Any]) -> list[RevisionView]:
    return comments.history(call, request.params.uid)


@command(
    "comment.update",
    "PATCH",
    "/comments/{uid}",
    Permission.COMMENT_WRITE,
    "Change what you have said",
    params=ByUid,
    body=UpdateComment,
    answer=CommentView,
)
def update_comment(call: Call, request: Request[ByUid, UpdateComment]) -> CommentView:
    return comments.update(call, request.params.uid, request.body.text, request.etag)


@command(
    "comment.delete",
    "POST",
    "/comments/{uid}/delete",
    Permission.COMMENT_WRITE,
    "Erase a comment; its tombstone stays",
    params=ByUid,
    body=DeleteComment,
    answer=CommentView,
)
def delete_comment(call: Call, request: Request[ByUid, DeleteComment]) -> CommentView:
    return comments.delete(call, request.params.uid, request.body.reason, request.etag)


@command(
    "discussion.create",
    "POST",
    "/assets/{uid}/discussions",
    Permission.COMMENT_WRITE,
    "Begin a discussion of an asset",
    params=ByUid,
    body=CreateDiscussion,
    answer=DiscussionView,
    status=201,
)
def create_discussion(call: Call, request: Request[ByUid, CreateDiscussion]) -> DiscussionView:
    b = request.body
    return discussions.create(call, request.params.uid, discussions.CreateDiscussion(b.title, b.text, b.branch))


@read(
    "discussion.list",
    "/assets/{uid}/discussions",
    Permission.COMMENT_READ,
    "Discussions of an asset, the newest first",
    params=ListDiscussions,
    answer=Page[DiscussionView],
)
def list_discussions(call: Call, request: Request[ListDiscussions, Any]) -> Page[DiscussionView]:
    return discussions.listed(call, request.params.uid, request.params.status, request.params.page())


@read(
    "discussion.find",
    "/assets/{uid}/discussions/{number}",
    Permission.COMMENT_READ,
    "A discussion by its number in the asset",
    params=Numbered,
    answer=DiscussionView,
)
def find_discussion(call: Call, request: Request[Numbered, Any]) -> DiscussionView:
    return discussions.by_number(call, request.params.uid, request.params.number)


@read(
    "discussion.get",
    "/discussions/{uid}",
    Permission.COMMENT_READ,
    "One discussion",
    params=ByUid,
    answer=DiscussionView,
)
def get_discussion(call: Call, request: Request[ByUid, Any]) -> DiscussionView:
    return discussions.get(call, request.params.uid)


@command(
    "discussion.update",
    "PATCH",
    "/discussions/{uid}",
    Permission.COMMENT_WRITE,
    "Retitle a discussion, close it or open it again",
    params=ByUid,
    body=UpdateDiscussion,
    answer=DiscussionView,
)
def update_discussion(call: Call, request: Request[ByUid, UpdateDiscussion]) -> DiscussionView:
    changes = discussions.UpdateDiscussion(request.body.title, request.body.status)
    return discussions.update(call, request.params.uid, changes, request.etag)


@read("watch.list", "/watches", Permission.SELF, "What you watch", params=Paged, answer=Page[WatchView])
def list_watches(call: Call, request: Request[Paged, Any]) -> Page[WatchView]:
    return watching.listed(call, request.params.page())


@read(
    "watch.get",
    "/watches/{kind}/{uid}",
    Permission.SELF,
    "Whether you watch an object",
    params=Watchable,
    answer=WatchView,
)
def get_watch(call: Call, request: Request[Watchable, Any]) -> WatchView:
    return watching.get(call, request.params.kind, request.params.uid)


@command(
    "watch.set",
    "PUT",
    "/watches/{kind}/{uid}",
    Permission.SELF,
    "Watch an object: what happens to it comes to your inbox",
    params=Watchable,
    body=SetWatch,
    answer=WatchView,
)
def set_watch(call: Call, request: Request[Watchable, SetWatch]) -> WatchView:
    return watching.put(call, request.params.kind, request.params.uid, request.body.types)


@command(
    "watch.remove", "DELETE", "/watches/{kind}/{uid}", Permission.SELF, "Watch an object no more", params=Watchable
)
def remove_watch(call: Call, request: Request[Watchable, Any]) -> None:
    watching.remove(call, request.params.kind, request.params.uid)


@read(
    "inbox.list",
    "/inbox",
    Permission.SELF,
    "What you are told, the newest first",
    params=ListInbox,
    answer=Page[InboxItemView],
)
def list_inbox(call: Call, request: Request[ListInbox, Any]) -> Page[InboxItemView]:
    return inbox.listed(call, request.params.state, request.params.page())


@read("inbox.count", "/inbox/count", Permission.SELF, "How much you have not read", answer=InboxCountView)
def count_inbox(call: Call, _request: Request[Any, Any]) -> InboxCountView:
    return inbox.count(call)


@command(
    "inbox.mark",
    "POST",
    "/inbox/mark",
    Permission.SELF,
    "Mark items unread, read or done",
    body=MarkInbox,
    answer=MarkedView,
)
def mark_inbox(call: Call, request: Request[Any, MarkInbox]) -> MarkedView:
    return inbox.mark(call, request.body.state, request.body.upto, request.body.positions)


@read("inbox.settings", "/inbox/settings", Permission.SELF, "Settings of your inbox", answer=InboxSettingsView)
def inbox_settings(call: Call, _request: Request[Any, Any]) -> InboxSettingsView:
    return inbox.settings(call)


@command(
    "inbox.configure",
    "PUT",
    "/inbox/settings",
    Permission.SELF,
    "Choose whether what you make or comment on is watched by itself",
    body=ConfigureInbox,
    answer=InboxSettingsView,
)
def configure_inbox(call: Call, request: Request[Any, ConfigureInbox]) -> InboxSettingsView:
    return inbox.configure(call, automatic=request.body.automatic)


OPERATIONS = (
    create_comment,
    list_comments,
    get_comment,
    comment_history,
    update_comment,
    delete_comment,
    create_discussion,
    list_discussions,
    find_discussion,
    get_discussion,
    update_discussion,
    list_watches,
    get_watch,
    set_watch,
    remove_watch,
    list_inbox,
    count_inbox,
    mark_inbox,
    inbox_settings,
    configure_inbox,
)

"""Discussions and pull requests: a proposal is a discussion with a branch (domain.md N13)."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.collaboration import comments, discussions, proposals
from strongroom.application.collaboration.comments import CreateComment
from strongroom.application.collaboration.discussions import CreateDiscussion, UpdateDiscussion
from strongroom.application.collaboration.views import CommentView, DiscussionView
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import browsing
from strongroom.dialects.huggingface.errors import ENTRY, lacking
from strongroom.dialects.huggingface.operation import Asked, NoBody, command, flow, read
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.translate import names
from strongroom.dialects.huggingface.translate.discussions import (
    change_event,
    comment_event,
    commit_event,
    discussion_item,
)
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import COMMENT_LONGEST
from strongroom.domain.registry.refs import MAIN

LISTED_MOST = 1_000
PAGE = 50
COMMENTS_SHOWN = 1_000
_HERE = "/api/{kinds}/{repo}/discussions"
Text = Annotated[str, Meta(max_length=COMMENT_LONGEST)]
Title = Annotated[str, Meta(max_length=255)]


class NewDiscussion(msgspec.Struct, frozen=True, rename="camel"):
    """A discussion or pull request to begin."""

    title: Title
    description: Text | None = None
    pull_request: bool = False


class NewComment(msgspec.Struct, frozen=True):
    """Something to say."""

    comment: Text


class NewText(msgspec.Struct, frozen=True):
    """What a comment says from now on."""

    content: Text


class NewTitle(msgspec.Struct, frozen=True):
    """A title."""

    title: Title


class NewStatus(msgspec.Struct, frozen=True):
    """Open or closed, and why."""

    status: Annotated[str, Meta(max_length=20)]
    comment: Text | None = None


class MergeIt(msgspec.Struct, frozen=True):
    """What is said of the merge."""

    comment: Text | None = None


def _number(asked: Asked[Any]) -> int:
    text = asked.path["num"]
    if not (text.isdecimal() and text.isascii()) or len(text) > len(str(2**53)):
        raise NotFound("There is no such discussion.")
    return int(text)


def _of(call: Call, asked: Asked[Any], permission: Permission) -> DiscussionView:
    asset = found.asset_of(call, asked, permission)
    with lacking(ENTRY):
        return discussions.by_number(call, asset.uid, _number(asked))


def _fits(asked: Asked[NoBody], view: DiscussionView) -> bool:
    kind, status, author = asked.get("type") or "all", asked.get("status") or "all", asked.get("author")
    is_pull = view.branch is not None
    fits_kind = kind == "all" or (kind == "pull_request") is is_pull
    fits_status = status == "all" or (view.status == "open") is (status == "open")
    return fits_kind and fits_status and author in (None, view.author_name)


@read("discussions.list", "GET", _HERE, Permission.COMMENT_READ)
def listed(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """Discussions, the newest first: of the last 1,000 those that fit, a page of 50."""
    asset = found.asset_of(call, asked, Permission.COMMENT_READ)
    rows = discussions.listed(call, asset.uid, None, PageRequest(LISTED_MOST)).items
    fitting = [row for row in rows if _fits(asked, row)]
    text = asked.get("p") or "0"
    start = min(int(text) if text.isdecimal() and len(text) <= len(str(LISTED_MOST)) else 0, LISTED_MOST) * PAGE
    name = found.id_of(call, asset)
    items = [discussion_item(row, name, asked.kind) for row in fitting[start : start + PAGE]]
    return {"discussions": items, "count": len(fitting), "start": start, "numClosedDiscussions": 0}


@flow("discussions.create", "POST", _HERE, Permission.COMMENT_WRITE, NewDiscussion)
async def create(edge: Edge, asked: Asked[NewDiscussion]) -> dict[str, Any]:
    """Begin one; a pull request gets a branch that stands where `main` does."""
    body = asked.body

    def make(call: Call) -> DiscussionView:
        asset = found.asset_of(call, asked, Permission.COMMENT_WRITE)
        text = (body.description or "").strip() or body.title
        if body.pull_request:
            return proposals.propose(call, asset.uid, body.title, text, f"^{MAIN}")
        return discussions.create(call, asset.uid, CreateDiscussion(body.title, text))

    made = await edge.finish(make)
    return {"num": made.number, "pullRequest": made.branch is not None}


@read("discussions.get", "GET", _HERE + "/{num}", Permission.COMMENT_READ)
def get(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """One with all that was said in it, and the commits of a pull request."""
    view = _of(call, asked, Permission.COMMENT_READ)
    asset = found.asset_of(call, asked, Permission.COMMENT_READ)
    said = comments.listed(call, "discussion", view.uid, PageRequest(COMMENTS_SHOWN)).items
    made = proposals.commits_of(call, asset.uid, view)
    authors = browsing.names_of(call, [one.author for one in made])
    events = [*map(comment_event, said), *(commit_event(one, authors) for one in made)]
    item = discussion_item(view, found.id_of(call, asset), asked.kind)
    item |= {"events": sorted(events, key=lambda event: str(event["createdAt"]))}
    if view.branch is not None:
        conflicts = proposals.conflicts_of(call, asset.uid, view)
        item |= {"changes": {"base": f"refs/heads/{MAIN}"}, "filesWithConflicts": conflicts, "diff": None}
    return item


@command("discussions.comment", "POST", _HERE + "/{num}/comment", Permission.COMMENT_WRITE, NewComment)
def comment(call: Call, asked: Asked[NewComment]) -> dict[str, Any]:
    """Say something."""
    view = _of(call, asked, Permission.COMMENT_WRITE)
    made = comments.create(call, CreateComment("discussion", view.uid, asked.body.comment))
    return {"newMessage": comment_event(made)}


def _said_here(call: Call, asked: Asked[Any]) -> CommentView:
    """The comment that the address names. :raises NotFound: it is of another discussion."""
    view = _of(call, asked, Permission.COMMENT_WRITE)
    with lacking(ENTRY):
        there = comments.get(call, asked.path["comment"])
        if there.object_uid != view.uid:
            raise NotFound("There is no such comment.")
        return there


@command("discussions.edit", "POST", _HERE + "/{num}/comment/{comment}/edit", Permission.COMMENT_WRITE, NewText)
def edit(call: Call, asked: Asked[NewText]) -> dict[str, Any]:
    """Change what one has said."""
    there = _said_here(call, asked)
    return {"updatedComment": comment_event(comments.update(call, there.uid, asked.body.content, None))}


@command("discussions.hide", "POST", _HERE + "/{num}/comment/{comment}/hide", Permission.COMMENT_WRITE)
def hide(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """Erase what somebody said."""
    there = _said_here(call, asked)
    return {"updatedComment": comment_event(comments.delete(call, there.uid, "", None))}


@command("discussions.title", "POST", _HERE + "/{num}/title", Permission.COMMENT_WRITE, NewTitle)
def retitle(call: Call, asked: Asked[NewTitle]) -> dict[str, Any]:
    """Give another title."""
    before = _of(call, asked, Permission.COMMENT_WRITE)
    after = discussions.update(call, before.uid, UpdateDiscussion(title=asked.body.title), None)
    return {"newTitle": change_event(after, "title-change", **{"from": before.title, "to": after.title})}


@command("discussions.status", "POST", _HERE + "/{num}/status", Permission.COMMENT_WRITE, NewStatus)
def status(call: Call, asked: Asked[NewStatus]) -> dict[str, Any]:
    """Close one, or open it again."""
    view = _of(call, asked, Permission.COMMENT_WRITE)
    if asked.body.comment:
        comments.create(call, CreateComment("discussion", view.uid, asked.body.comment))
    after = discussions.update(call, view.uid, UpdateDiscussion(status=asked.body.status), None)
    return {"newStatus": change_event(after, "status-change", status=after.status)}


@flow("discussions.merge", "POST", _HERE + "/{num}/merge", Permission.VERSION_REGISTER, MergeIt)
async def merge(edge: Edge, asked: Asked[MergeIt]) -> dict[str, Any]:
    """Bring the branch of a pull request into `main`."""
    view = await edge.read(lambda call: _of(call, asked, Permission.VERSION_REGISTER))
    head = await proposals.merge(edge, view.uid, asked.body.comment or "")
    return {"commitOid": names.sha(head.revision.digest)}


OPERATIONS = (listed, create, get, comment, edit, hide, retitle, status, merge)

"""Discussions and what happened in them, from our words to the Hub's."""

from collections.abc import Mapping
from typing import Any

from strongroom.application.collaboration.views import CommentView, DiscussionView
from strongroom.application.registry.views import RevisionView
from strongroom.dialects.huggingface.translate.infos import moment, title_of
from strongroom.dialects.huggingface.translate.names import sha


def discussion_item(view: DiscussionView, repo: str, kind: str) -> dict[str, Any]:
    """A discussion in a listing."""
    return {
        "num": view.number,
        "title": view.title,
        "author": {"name": view.author_name},
        "createdAt": moment(view.created_at),
        "status": view.status,
        "repo": {"name": repo, "type": kind},
        "isPullRequest": view.branch is not None,
    }


def comment_event(view: CommentView) -> dict[str, Any]:
    """Something that somebody said."""
    said = {"raw": view.text or "", "html": "", "updatedAt": moment(view.edited_at or view.created_at)}
    hidden = view.deleted_at is not None
    return {
        "id": view.uid,
        "type": "comment",
        "author": {"name": view.author_name},
        "createdAt": moment(view.created_at),
        "data": {"edited": view.edited_at is not None, "hidden": hidden, "latest": said},
    }


def commit_event(view: RevisionView, names: Mapping[str, str]) -> dict[str, Any]:
    """A commit to the branch of a pull request."""
    return {
        "id": view.digest,
        "type": "commit",
        "author": {"name": names.get(view.author, view.author)},
        "createdAt": moment(view.created_at),
        "data": {"subject": title_of(view.message), "oid": sha(view.digest)},
    }


def change_event(view: DiscussionView, kind: str, **data: Any) -> dict[str, Any]:
    """A new status or title, as the answer to whoever set it."""
    return {
        "id": f"{view.uid}-{view.etag}",
        "type": kind,
        "author": {"name": view.author_name},
        "createdAt": moment(view.closed_at or view.created_at),
        "data": data,
    }

"""What people say about objects, and what they are told of."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.fields import COMMENT_LONGEST
from strongroom.domain.registry.text import clean_line, clean_text

TITLE_LONGEST = 255
REASON_LONGEST = 1_000


class On(StrEnum):
    """What a comment is on."""

    ASSET = "asset"
    VERSION = "version"
    RUN = "run"
    EXPERIMENT = "experiment"
    DISCUSSION = "discussion"


class Status(StrEnum):
    """Of a discussion. Only what merges its branch may say merged."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class Watched(StrEnum):
    """What can be watched."""

    ASSET = "asset"
    NAMESPACE = "namespace"
    EXPERIMENT = "experiment"


class Reason(StrEnum):
    """Why something is in an inbox; of several the first of these."""

    MENTION = "mention"
    REPLY = "reply"
    APPROVAL = "approval"
    WATCH = "watch"


class Reading(StrEnum):
    """Of an item in an inbox: not looked at, looked at, dealt with."""

    UNREAD = "unread"
    READ = "read"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment. Its text is kept apart and goes when it is deleted; this stays as its tombstone.

    :param text: of the latest revision, Markdown source as it was sent; None once deleted.
    :param revision: 1 for the text it was made with. :param reply_to: uid of the comment that it answers.
    """

    id: int
    uid: str
    workspace_id: int
    on_kind: On
    on_id: int
    reply_to_id: int | None
    reply_to: str | None
    author: str
    text: str | None
    revision: int
    etag: int
    recorded_at: int
    edited_at: int | None
    deleted_at: int | None
    deleted_by: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Revision:
    """What a comment said from `recorded_at` on."""

    number: int
    text: str
    author: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Discussion:
    """Numbered in its asset; with a branch it is a proposal (domain.md N13)."""

    id: int
    uid: str
    workspace_id: int
    asset_id: int
    number: int
    title: str
    status: Status
    branch: str | None
    author: str
    etag: int
    recorded_at: int
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class Watch:
    """Somebody's wish to be told of what happens to an object, or not to be (`watching` false: no automatic one).

    :param types: patterns of events, see `domain.events.types`; none means all.
    :param after: leaf of the last event before it began.
    """

    principal_id: int
    kind: Watched
    object_id: int
    watching: bool
    automatic: bool
    types: Sequence[str]
    after: int
    recorded_at: int


def clean_comment(text: str) -> str:
    """The text of a comment as sent. :raises Invalid: blank, NUL, a lone surrogate, or too long."""
    if not text.strip():
        raise Invalid("A comment says something.")
    return clean_text(text, what="comment", longest=COMMENT_LONGEST)


def clean_title(text: str) -> str:
    """The title of a discussion, one line. :raises Invalid: what no line may hold, empty or too long."""
    return clean_line(text, what="title", longest=TITLE_LONGEST)


def clean_deletion_reason(text: str) -> str:
    """Why a comment was deleted; may be empty. :raises Invalid: NUL, a lone surrogate, or too long."""
    return clean_text(text, what="reason", longest=REASON_LONGEST)

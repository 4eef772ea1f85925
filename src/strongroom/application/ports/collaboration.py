"""What the application asks of the database for comments, discussions, watches and inboxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.ports.events import StoredEvent
from strongroom.domain.collaboration.model import Comment, Discussion, On, Reading, Reason, Revision, Watch, Watched
from strongroom.domain.identity.access import Visible


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody or some team that a comment names, found when it was written. `kind` is principal or team."""

    kind: str
    id: int
    uid: str
    name: str
    revision: int


class Comments(Protocol):
    """Comments with their texts, which are kept apart so that they can be erased."""

    def add(self, new: Comment) -> Comment:
        """Store a comment (its `id` is ignored) with its text as revision 1."""
        ...

    def by_uid(self, workspace_id: int, uid: str) -> Comment | None: ...
    def lock(self, comment_id: int) -> Comment: ...
    def count(self, on: On, on_id: int) -> int: ...
    def list(self, on: On, on_id: int, after_id: int, limit: int) -> Sequence[Comment]:
        """Comments on an object with replies among them, oldest first, deleted ones too."""
        ...

    def revise(self, old: Comment, text: str) -> Comment:
        """Give a locked comment a further text."""
        ...

    def history(self, comment_id: int) -> Sequence[Revision]:
        """Its texts, oldest first."""
        ...

    def delete(self, old: Comment, by: int, reason: str) -> Comment:
        """Erase all texts and mentions of a locked comment; the rest stays."""
        ...

    def erase(self, on: On, on_ids: Sequence[int]) -> None:
        """Erase the texts of all comments on objects that are purged."""
        ...

    def erase_of(self, asset_id: int) -> None:
        """The same for all that was said of a purged asset: on it, its versions and its discussions, with titles."""
        ...

    def mention(self, comment_id: int, found: Sequence[Mention]) -> None:
        """Remember who is mentioned; who was before stays so."""
        ...

    def mentions(self, comment_ids: Sequence[int]) -> Mapping[int, Sequence[Mention]]: ...


class Discussions(Protocol):
    """Discussions of assets."""

    def add(self, new: Discussion) -> Discussion:
        """Store a discussion (its `id` and `number` are ignored) under the asset's next number; its row is locked."""
        ...

    def by_uid(self, workspace_id: int, uid: str) -> Discussion | None: ...
    def by_number(self, asset_id: int, number: int) -> Discussion | None: ...
    def by_id(self, discussion_id: int) -> Discussion: ...
    def lock(self, discussion_id: int) -> Discussion: ...
    def update(self, old: Discussion, /, **changes: object) -> Discussion:
        """Change fields; the ETag moves on."""
        ...

    def list(self, asset_id: int, status: str | None, below: int | None, limit: int) -> Sequence[Discussion]:
        """By number, newest first, below a number."""
        ...


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who may be told: a principal that is not disabled.

    :param automatic: whether what it makes or comments on is watched by itself.
    """

    id: int
    uid: str
    kind: str
    automatic: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An item to be put into an inbox. `kind` and `object_id` say by which object its visibility goes."""

    principal_id: int
    leaf: int
    workspace_id: int
    reason: Reason
    kind: Watched
    object_id: int


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an inbox with its event."""

    event: StoredEvent
    reason: Reason
    state: Reading
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an event happened, for those who watch: an asset or an experiment, and its namespace's slug path."""

    kind: Watched
    object_id: int
    slug_path: str


@dataclass(frozen=True, slots=True)
class Watcher:
    """A watch with who has it; of a namespace, `slug_path` says which."""

    workspace_id: int
    watch: Watch
    seat: Seat
    slug_path: str


class Watches(Protocol):
    """Who watches what."""

    def get(self, principal_id: int, kind: Watched, object_id: int) -> Watch | None: ...
    def put(self, workspace_id: int, new: Watch, /) -> None:
        """Store a watch in place of the one there was."""
        ...

    def add_automatic(self, found: Sequence[tuple[int, Watch]]) -> None:
        """Store watches (workspace id, watch) where the principal has none, nor a wish for none."""
        ...

    def count(self, principal_id: int) -> int: ...
    def list(self, principal_id: int, workspace_id: int, after: tuple[str, int], limit: int) -> Sequence[Watch]:
        """Present watches by (kind, object id)."""
        ...

    def of(self, workspace_ids: Sequence[int], spots: Sequence[Spot]) -> Sequence[Watcher]:
        """Present watches of these objects and of namespaces that hold them."""
        ...


class Inbox(Protocol):
    """What principals are told."""

    def asset_spots(self, asset_ids: Sequence[int]) -> Mapping[int, Spot]: ...
    def experiment_spots(self, uids: Sequence[str]) -> Mapping[str, Spot]:
        """Uid of an experiment, or of a run or logged model of it -> the experiment."""
        ...

    def seats(self, uids: Sequence[str]) -> Mapping[str, Seat]: ...
    def called(self, comment_uids: Sequence[str]) -> Mapping[tuple[str, int], Sequence[Seat]]:
        """Comment uid and revision -> who is mentioned since then, members of teams included."""
        ...

    def addressed(self, owner_uids: Sequence[str]) -> Mapping[str, Sequence[Seat]]:
        """Whom requests for approval, or for waivers, are addressed to, with the members that teams have now."""
        ...

    def answered(self, comment_uids: Sequence[str]) -> Mapping[str, Seat]:
        """Comment uid -> author of the comment that it replies to."""
        ...

    def add(self, told: Sequence[Told], now: int) -> None:
        """Items that are there already stay as they are."""
        ...

    def list(
        self,
        principal_id: int,
        workspace_id: int,
        visible: Visible,
        states: Sequence[Reading],
        below: int | None,
        limit: int,
    ) -> Sequence[Item]:
        """Items whose object is visible, newest event first, below a leaf."""
        ...

    def count(self, principal_id: int, workspace_id: int, visible: Visible, most: int) -> int:
        """Unread items whose object is visible, at most `most`."""
        ...

    def mark(
        self, principal_id: int, workspace_id: int, state: Reading, upto: int | None, leaves: Sequence[int]
    ) -> int:
        """Mark items up to a leaf but for those done, or those of some leaves; returns how many changed."""
        ...

    def automatic(self, principal_id: int) -> bool: ...
    def set_automatic(self, principal_id: int, *, automatic: bool) -> None: ...
    def forget(self, done_before: int, before: int) -> int:
        """Drop items that are done and older than one time, or of any state and older than the other."""
        ...


class Cursors(Protocol):
    """How far readers of the feed have come, each under its name."""

    def get(self, name: str) -> int:
        """The last leaf it has looked at; -1 before the first."""
        ...

    def claim(self, name: str) -> int | None:
        """The same, locked until the end of the transaction; None while another process works on it."""
        ...

    def move(self, name: str, after: int) -> None: ...

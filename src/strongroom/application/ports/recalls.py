"""What the application asks of the database for recalls, how far they reach, and who is exempt from them."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from strongroom.application.paging import Key
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.recalls.model import Bars, Exemption, Recall

SEEK: Final = "seek"
WALK: Final = "walk"
AGAIN: Final = "again"
LAST: Final = "last"
FREE: Final = "free"


class Standing(NamedTuple):
    """Just enough of a recall that stands to compare with what is pulled."""

    id: int
    uid: str
    kind: str
    subject: str
    digest: str | None
    reason: str
    recorded_at: int


class Reached(NamedTuple):
    """A vertex that a recall reaches, so many edges from its subject.

    :ivar bars: see `Bars`. :ivar walked: nothing that came of it is looked for, or all has been found.
    """

    recall_id: int
    vertex: Vertex
    distance: int
    bars: Bars
    walked: bool = False


class Work(NamedTuple):
    """What is still to be done about a recall.

    :ivar phase: seek (versions with a file or licence), walk, again (at the time that `cursor` is, walk once more, for
        edges that were being written when it was recalled), last (that walk), free (it was lifted).
    :ivar cursor: of seek and free the id of the last version that was looked at.
    """

    recall_id: int
    phase: str
    cursor: int


class Part(NamedTuple):
    """A release with one of the versions asked for. :ivar environment: where it runs; None where it does not."""

    version_id: int
    line: str
    number: int
    release_uid: str
    digest: str
    environment: str | None
    environment_id: int | None
    mode: str | None


class Recalls(Protocol):
    """Recalls, never deleted."""

    def add(self, new: Recall, actor_id: int, /) -> Recall: ...
    def by_uid(self, workspace_id: int, uid: str) -> Recall | None: ...
    def by_id(self, recall_id: int) -> Recall: ...
    def lock(self, recall_id: int) -> Recall: ...
    def count_standing(self, workspace_id: int) -> int: ...
    def lift(self, recall: Recall, at: int, actor_id: int, reason: str, /) -> None: ...
    def list(self, workspace_id: int, *, lifted: bool, after: Key | None, limit: int) -> Sequence[Recall]:
        """The latest first."""
        ...

    # -- how far they reach

    def reach(self, found: Sequence[Reached]) -> int:
        """Add vertices; one that is reached already stays so. Returns how many are new."""
        ...

    def barring(self, vertices: Sequence[Vertex]) -> Sequence[Reached]:
        """Of recalls that stand: rows of these vertices that bar something."""
        ...

    def carrying(self, vertices: Sequence[Vertex]) -> Sequence[Reached]:
        """Of recalls that stand: all rows of these vertices."""
        ...

    def unwalked(self, recall_id: int, limit: int) -> Sequence[Reached]: ...
    def walked(self, found: Sequence[Reached]) -> None: ...
    def reached(self, recall_id: int, after: Key | None, limit: int) -> Sequence[Reached]:
        """By distance, kind and id."""
        ...

    def count(self, recall_id: int) -> int: ...
    def stir(self, version_ids: Sequence[int]) -> None:
        """Let gates ask again: the evidence of these versions is another from now on."""
        ...

    def reached_versions(self, recall_id: int, after: int, limit: int) -> Sequence[int]: ...
    def mark(self, recall: Recall, vertices: Sequence[Vertex], actor_id: int) -> None:
        """Flag what is recalled itself, once."""
        ...

    def unmark(self, recall: Recall, at: int, actor_id: int, reason: str) -> None: ...

    def trees_in(self, asset_id: int) -> Sequence[str]:
        """Trees of an asset's versions and revisions on which a recall stands."""
        ...

    # -- what a recall names

    def of_tree(self, workspace_id: int, tree: str, limit: int) -> Sequence[int]:
        """Versions with a tree."""
        ...

    def holding(self, workspace_id: int, digest: str, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Versions, with their trees, of assets that hold a blob, by id."""
        ...

    def folders_with(self, workspace_id: int, digest: str, limit: int) -> Sequence[Vertex]:
        """Runs and logged models whose folder has a blob."""
        ...

    def nodes_with(self, workspace_id: int, digest: str, kinds: Sequence[str] | None, limit: int) -> Sequence[int]:
        """Nodes of a digest."""
        ...

    def licensed(self, workspace_id: int, after: int, limit: int) -> Sequence[int]:
        """Versions that state a licence, or whose asset does, by id."""
        ...

    # -- work to do

    def plan(self, recall_id: int, phase: str) -> None:
        """Have something done from its beginning, instead of what was to be done."""
        ...

    def due(self, now: int) -> int | None:
        """A recall with work to do."""
        ...

    def work(self, recall_id: int) -> Work | None: ...
    def work_locked(self, recall_id: int) -> Work | None:
        """The same, locked until the end of the transaction."""
        ...

    def forget_walk(self, recall_id: int) -> None:
        """Have all be walked again that is not marked as one that carries nothing."""
        ...

    def go_on(self, work: Work, /) -> None: ...
    def finish(self, recall_id: int) -> None: ...

    # -- exemptions

    def ask(self, new: Exemption, workspace_id: int, actor_id: int, /) -> Exemption: ...
    def exemption(self, workspace_id: int, uid: str) -> Exemption | None:
        """Lock it."""
        ...

    def give(self, exemption: Exemption, at: int, actor_id: int, /) -> None: ...
    def end(self, exemption: Exemption, at: int, actor_id: int, /) -> None: ...
    def exemptions(self, recall_id: int, after: Key | None, limit: int) -> Sequence[Exemption]:
        """The latest first."""
        ...

    def exempt(self, recall_ids: Sequence[int], principal_id: int, now: int) -> frozenset[int]:
        """Those of the recalls that a principal, or a team of it, is exempt from."""
        ...

    def is_member(self, team_uid: str, principal_id: int) -> bool: ...

    # -- who is concerned

    def parts(self, version_ids: Sequence[int], limit: int) -> Sequence[Part]:
        """Releases with these versions, with where they run, the latest first."""
        ...

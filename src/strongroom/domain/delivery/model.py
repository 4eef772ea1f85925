"""Environments, releases, and what was set to run where and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """What a placed release does: it answers, answers some, or is only shown what others answer."""

    LIVE = "live"
    CANARY = "canary"
    SHADOW = "shadow"


class Action(StrEnum):
    """How a placement came about."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"
    AUTOMATIC = "automatic"


class End(StrEnum):
    """How a placement ended: another was promoted, or it was rolled back, demoted, or taken back by its guard."""

    REPLACED = "replaced"
    ROLLBACK = "rollback"
    DEMOTE = "demote"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time in which nothing is promoted: from `start` (included) to `end`, microseconds UTC."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Environment:
    """A place in the order of delivery.

    :ivar after: names of environments that a release must have stood in first; none: anything may enter here.
    :ivar restricted: only grants on the environment itself, and the workspace's admins, may change what runs.
    :ivar keep: how many earlier releases of each line stay ready to be put back.
    """

    id: int
    uid: str
    workspace_id: int
    name: str
    description: str
    position: int
    after: tuple[str, ...]
    restricted: bool
    keep: int
    freezes: tuple[Freeze, ...]
    etag: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Part:
    """A version in a release, under the role it plays there (`model`, `prompt`, `index`, ...)."""

    role: str
    version_id: int
    tree: str


@dataclass(frozen=True, slots=True)
class Release:
    """A set of versions that go together; it never changes. `digest` is made of roles and trees (`releases.digest_of`).

    :ivar line: what is delivered, release after release; `number` counts along it.
    :ivar created_by: uid.
    """

    id: int
    uid: str
    workspace_id: int
    line: str
    number: int
    digest: str
    parts: tuple[Part, ...]
    note: str
    created_by: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Guard:
    """A bound on a number that targets report: beyond it `reports` times in a row, the release is taken back."""

    number: str
    limit: float
    above: bool
    reports: int


@dataclass(frozen=True, slots=True)
class Placement:
    """That a release is, or was, set to run in an environment.

    :ivar share: percent of the traffic that a canary answers, or that a shadow is shown; 100 of what is live.
    :ivar previous_id: the placement that a rollback goes back to. :ivar cause: what led to it, ids and digests.
    :ivar placed_by: uid. :ivar valid_to: microseconds UTC; None while it is so.
    :ivar ended: who ended it, how and why; None while it is so, and where it ended before that was kept.
    """

    id: int
    environment_id: int
    line: str
    release_id: int
    mode: Mode
    share: int
    action: Action
    note: str
    cause: Mapping[str, object]
    guard: Guard | None
    previous_id: int | None
    placed_by: str
    valid_from: int
    valid_to: int | None
    ended: "Ended | None" = None


@dataclass(frozen=True, slots=True)
class Ended:
    """Who ended a placement (uid), how, with which note, and what led to it (ids and digests)."""

    by: str
    how: End
    note: str = ""
    cause: Mapping[str, object] = field(default_factory=dict)

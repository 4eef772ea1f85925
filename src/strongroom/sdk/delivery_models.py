"""What the server answers about delivery: environments, releases, what runs where, and targets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from strongroom.sdk.models import Answer


class Part(Answer, frozen=True):
    """A version in a release. Of one that you may not see only the role is shown."""

    role: str
    asset: str | None = None
    kind: str | None = None
    number: int | None = None
    version_uid: str | None = None
    tree: str | None = None
    state: str | None = None

    @property
    def reference(self) -> str | None:
        """Such as ``prod/churn:3``."""
        return f"{self.asset}:{self.number}" if self.asset else None


class Release(Answer, frozen=True):
    """Versions that go together under one digest; it never changes."""

    uid: str
    line: str
    number: int
    digest: str
    parts: list[Part]
    created_by: str
    created_at: datetime
    note: str = ""


class Guard(msgspec.Struct, frozen=True):
    """Beyond `limit` (above it, else below) `reports` times in a row, the release is taken back by itself."""

    number: str
    limit: float
    above: bool = True
    reports: int = 3


class Placement(Answer, frozen=True):
    """That a release is, or was, set to run; `share` is the percent of the traffic that it answers.

    :ivar action: promote, rollback or automatic. :ivar ended_how: replaced, rollback, demote or automatic.
    """

    environment: str
    line: str
    release: Release
    mode: str
    share: int
    action: str
    placed_by: str
    valid_from: datetime
    note: str = ""
    cause: Mapping[str, Any] = {}
    guard: Guard | None = None
    valid_to: datetime | None = None
    ended_by: str | None = None
    ended_how: str | None = None
    ended_note: str = ""
    ended_cause: Mapping[str, Any] = {}


class Target(Answer, frozen=True):
    """A place that runs things, its latest report and what that means (`status`)."""

    uid: str
    environment: str
    line: str
    name: str
    status: str
    registered_by: str
    created_at: datetime
    description: str = ""
    running: str | None = None
    health: str = ""
    numbers: Mapping[str, float] = {}
    message: str = ""
    reported_at: datetime | None = None


class WantedRelease(Answer, frozen=True):
    """A release that a target is to run."""

    mode: str
    share: int
    release: Release


class Wanted(Answer, frozen=True):
    """What a target is to run. `mark` changes whenever that does."""

    target: Target
    releases: list[WantedRelease]
    mark: str


class Freeze(Answer, frozen=True):
    """A time in which nothing is promoted."""

    start: datetime
    end: datetime
    reason: str = ""


class Environment(Answer, frozen=True):
    """A place in the order of delivery; `after` are those that a release must have been live in first."""

    uid: str
    name: str
    position: int
    after: list[str]
    restricted: bool
    keep: int
    etag: int
    created_at: datetime
    description: str = ""
    freezes: list[Freeze] = msgspec.field(default_factory=list)


class Line(Answer, frozen=True):
    """What runs on a line in an environment, and the targets that run it."""

    environment: str
    line: str
    placements: list[Placement]
    targets: list[Target]


class Board(Answer, frozen=True):
    """Environments in their order, and what runs in each; `complete` is false where more is left out."""

    environments: list[Environment]
    lines: list[Line]
    complete: bool

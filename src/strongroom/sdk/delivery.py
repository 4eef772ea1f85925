"""What runs where: releases are made, promoted and rolled back; targets are told and heard."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.lookup import VersionRef, version_uid
from strongroom.sdk.models import Answer


class Part(Answer, frozen=True):
    """A version in a release. Of one that you may not see only the role is shown."""

    role: str
    asset: str | None
    kind: str | None
    number: int | None
    version_uid: str | None
    tree: str | None
    state: str | None

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
    parts: Sequence[Part]
    note: str
    created_by: str
    created_at: datetime


class Guard(Answer, frozen=True):
    """Beyond `limit` (above it, else below) `reports` times in a row, the release is taken back by itself."""

    number: str
    limit: float
    above: bool = True
    reports: int = 3


class Placement(Answer, frozen=True):
    """That a release is, or was, set to run; `share` is the percent of the traffic that it answers."""

    environment: str
    line: str
    release: Release
    mode: str
    share: int
    action: str
    note: str
    cause: Mapping[str, Any]
    guard: Guard | None
    placed_by: str
    valid_from: datetime
    valid_to: datetime | None


class Target(Answer, frozen=True):
    """A place that runs things, its latest report and what that means (`status`)."""

    uid: str
    environment: str
    line: str
    name: str
    description: str
    status: str
    running: str | None
    health: str
    numbers: Mapping[str, float]
    message: str
    registered_by: str
    created_at: datetime
    reported_at: datetime | None


class WantedRelease(Answer, frozen=True):
    """A release that a target is to run."""

    mode: str
    share: int
    release: Release


class Wanted(Answer, frozen=True):
    """What a target is to run. `mark` changes whenever that does."""

    target: Target
    releases: Sequence[WantedRelease]
    mark: str


class Environment(Answer, frozen=True):
    """A place in the order of delivery; `after` are those that a release must have been live in first."""

    uid: str
    name: str
    description: str
    position: int
    after: Sequence[str]
    restricted: bool
    keep: int
    freezes: Sequence[Mapping[str, Any]]
    etag: int
    created_at: datetime


class Line(Answer, frozen=True):
    """What runs on a line in an environment, and the targets that run it."""

    environment: str
    line: str
    placements: Sequence[Placement]
    targets: Sequence[Target]


class Board(Answer, frozen=True):
    """Environments in their order, and what runs in each; `complete` is false where more is left out."""

    environments: Sequence[Environment]
    lines: Sequence[Line]
    complete: bool


ReleaseRef = str | Release
"""A release by its uid, or the answer itself."""


def _uid(one: "ReleaseRef | Target") -> str:
    return one if isinstance(one, str) else one.uid


class Delivery:
    """``client.delivery``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def where(
        self, *, environment: str | None = None, line: str | None = None, at: datetime | str | None = None
    ) -> Board:
        """What runs where, who put it there and why; now, or as it was at a time."""
        return self._api.call("environment.board", Board, environment=environment, line=line, at=at)

    def release(self, line: str, parts: Mapping[str, VersionRef], *, note: str = "") -> Release:
        """Make a release: role -> version. The same versions again are the release that there is."""
        wanted = [{"role": role, "version_uid": version_uid(self._api, one)} for role, one in parts.items()]
        return self._api.call("release.create", Release, line=line, parts=wanted, note=note)

    def releases(self, line: str | None = None) -> Iterator[Release]:
        """Releases, the latest first."""
        return self._api.every("release.list", Release, line=line)

    def promote(
        self,
        release: ReleaseRef,
        environment: str,
        *,
        mode: str = "live",
        share: int | None = None,
        note: str = "",
        guard: Guard | None = None,
        despite_freeze: bool = False,
    ) -> list[Placement]:
        """Set a release to run; answers all that then runs on its line there.

        :raises Conflict: it has not stood where it must have, the environment is frozen, or a part is not fit.
        """
        asked: dict[str, Any] = {"mode": mode, "share": share, "note": note, "despite_freeze": despite_freeze}
        if guard is not None:
            above = {"number": guard.number, "limit": guard.limit, "above": guard.above, "reports": guard.reports}
            asked["guard"] = above
        return self._api.call("release.promote", list[Placement], name=environment, release_uid=_uid(release), **asked)

    def rollback(self, environment: str, line: str, *, note: str = "") -> list[Placement]:
        """Put back what ran before on a line, in one transaction."""
        return self._api.call("release.rollback", list[Placement], name=environment, line=line, note=note)

    def demote(self, environment: str, line: str, *, note: str = "") -> None:
        """Set nothing to run on a line in an environment."""
        self._api.call("release.demote", type(None), name=environment, line=line, note=note)

    def history(self, environment: str, line: str | None = None) -> Iterator[Placement]:
        """Everything that ever ran in an environment, the latest first."""
        return self._api.every("environment.history", Placement, name=environment, line=line)

    def register(self, environment: str, line: str, name: str, *, description: str = "") -> Target:
        """Register a target; the same name again is the target that there is."""
        asked: dict[str, Any] = {"environment": environment, "line": line, "name": name, "description": description}
        return self._api.call("target.register", Target, **asked)

    def wanted(self, target: str | Target, *, mark: str | None = None, wait: int = 0) -> Wanted:
        """What a target is to run; waits up to 30 seconds for something other than `mark`."""
        return self._api.call("target.wanted", Wanted, uid=_uid(target), mark=mark, wait=wait)

    def report(
        self,
        target: str | Target,
        running: str | None,
        *,
        health: str = "healthy",
        numbers: Mapping[str, float] | None = None,
        message: str = "",
    ) -> Wanted:
        """Say what a target really runs (the digest of a release, None: nothing); answers what it is to run."""
        said: dict[str, Any] = {"health": health, "numbers": dict(numbers or {}), "message": message}
        return self._api.call("target.report", Wanted, uid=_uid(target), running=running, **said)

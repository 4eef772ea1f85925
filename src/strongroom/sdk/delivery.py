"""What runs where: releases are made, promoted and rolled back; targets are told and heard."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from strongroom.sdk.api import Api
from strongroom.sdk.delivery_models import Board, Environment, Guard, Placement, Release, Target, Wanted
from strongroom.sdk.lookup import VersionRef, version_uid

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

    def environments(self) -> list[Environment]:
        """Those that you may see, in their order."""
        return self._api.call("environment.list", list[Environment])

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
            asked["guard"] = msgspec.to_builtins(guard)
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

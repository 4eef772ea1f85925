"""What the application asks of the database for environments, releases, placements and targets."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.delivery.model import Ended, Environment, Placement, Release
from strongroom.domain.delivery.targets import Target


class Environments(Protocol):
    """Environments of workspaces; three of them come with each."""

    def add(self, new: Environment, /) -> Environment:
        """:raises AlreadyExists: there is one of that name."""
        ...

    def by_id(self, environment_id: int) -> Environment | None: ...
    def by_uid(self, workspace_id: int, uid: str) -> Environment | None: ...
    def by_name(self, workspace_id: int, name: str) -> Environment | None: ...
    def list(self, workspace_id: int) -> Sequence[Environment]:
        """In their order."""
        ...

    def lock(self, environment_id: int) -> Environment | None: ...
    def lock_workspace(self, workspace_id: int) -> Sequence[Environment]:
        """All of a workspace, each locked until the end of the transaction."""
        ...

    def update(self, changed: Environment, /) -> Environment:
        """Write it as it is given, at its next ETag."""
        ...

    def remove(self, environment: Environment, now: int) -> None: ...


class Releases(Protocol):
    """Releases, which never change."""

    def add(self, new: Release, actor_id: int, /) -> Release:
        """Number and keep it; whoever calls holds the lock of the workspace."""
        ...

    def by_uid(self, workspace_id: int, uid: str) -> Release | None: ...
    def by_ids(self, ids: Sequence[int]) -> Mapping[int, Release]: ...
    def digests(self, ids: Sequence[int]) -> Mapping[int, str]:
        """The digests alone."""
        ...

    def of_digest(self, workspace_id: int, line: str, digest: str) -> Sequence[Release]:
        """Those of a line with a digest, the latest first."""
        ...

    def list(self, workspace_id: int, line: str | None, after: Key | None, limit: int) -> Sequence[Release]:
        """The latest first."""
        ...


class Placements(Protocol):
    """What was set to run where, and when: rows with an end, like aliases."""

    def current(self, environment_ids: Sequence[int], lines: Sequence[str] | None = None) -> Sequence[Placement]:
        """What is set to run, by environment and line; on these lines, or all."""
        ...

    def board(
        self, environment_ids: Sequence[int], line: str | None, time: int | None, limit: int
    ) -> Sequence[Placement]:
        """The same, now or as it was at a time (microseconds UTC): the first in the order of environments and lines."""
        ...

    def mark(self, environment_id: int, line: str) -> Sequence[int]:
        """Ids of what is set to run on a line; nothing else is read."""
        ...

    def by_id(self, placement_id: int) -> Placement | None: ...
    def place(self, new: Placement, actor_id: int, /) -> Placement: ...
    def end(self, placed: Sequence[Placement], ended: Ended, actor_id: int, now: int) -> None:
        """End what has not ended. :param actor_id: of `ended.by`."""
        ...

    def stood_in(self, release_id: int, environment_ids: Sequence[int]) -> bool:
        """Whether the release is or was live in one of them."""
        ...

    def changed_at(self, environment_ids: Sequence[int], lines: Sequence[str]) -> Mapping[tuple[int, str], int]:
        """(Environment, line) -> when what is set to run there last changed."""
        ...

    def history(self, environment_id: int, line: str | None, after: Key | None, limit: int) -> Sequence[Placement]:
        """The latest first."""
        ...

    def held(self, *, version_id: int | None = None, asset_id: int | None = None) -> Mapping[int, Sequence[str]]:
        """Versions, one or those of an asset, in releases that run or stay ready: `release:ENVIRONMENT/LINE#NUMBER`."""
        ...


class Targets(Protocol):
    """Targets with their latest report."""

    def add(self, new: Target, actor_id: int, /) -> Target: ...
    def count(self, environment_id: int) -> int: ...
    def by_uid(self, workspace_id: int, uid: str) -> Target | None: ...
    def by_name(self, environment_id: int, line: str, name: str) -> Target | None: ...
    def lock(self, target_id: int) -> Target | None: ...
    def list(self, environment_ids: Sequence[int], line: str | None, limit: int) -> Sequence[Target]:
        """By environment, line and name."""
        ...

    def report(self, changed: Target, /) -> None:
        """Write its report and status as given."""
        ...

    def remove(self, target_id: int, now: int) -> None: ...
    def silent(self, before: int, limit: int) -> Sequence[Target]:
        """Some, of any workspace, that have not reported since a time and are not announced as stale, each locked.

        Those that another process holds are left to it.
        """
        ...

"""What the application asks of the database for retention: rules, facts of versions, holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.domain.registry.model import Asset, Version


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on a version: as long as it is there nobody deletes or purges it. Times in microseconds UTC."""

    uid: str
    asset_id: int
    version_id: int
    version_uid: str
    version_number: int | None
    reason: str
    placed_by: str
    placed_at: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live version as retention sees it, without what points at it."""

    id: int
    uid: str
    number: int
    recorded_at: int
    bytes: int
    expires_at: int | None
    revision: str | None


class Retention(Protocol):
    """Rules by their owner (`asset` or `namespace` and its id), and what decides about versions."""

    def rule(self, owner_kind: str, owner_id: int) -> str | None: ...
    def set_rule(self, owner_kind: str, owner_id: int, rule: str | None) -> None: ...

    def highest_asset(self) -> int:
        """The greatest id of an asset; 0 for none."""
        ...

    def assets(self, after: int, upto: int, now: int) -> Sequence[int]:
        """Ids in ``(after, upto]`` of live assets that a rule may be about, or of which a version is expired."""
        ...

    def candidates(self, asset_id: int, limit: int) -> Sequence[Candidate]:
        """Live versions of an asset, the greatest number first."""
        ...

    def linked(self, asset_id: int) -> Sequence[int]:
        """Ids of the live versions of an asset that live links show."""
        ...

    def metrics(self, asset: Asset, keys: Sequence[str], /) -> Mapping[int, Mapping[str, float]]:
        """By version: the latest values that its run recorded under these keys; no NaN."""
        ...

    def trashed(self, asset_id: int, before: int, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Ids above `after`, and uids, of versions that went to the trash before a time and are on no hold."""
        ...


class Holds(Protocol):
    """Holds on versions. Writers hold the lock of the asset."""

    def add(self, version: Version, reason: str, actor_id: int, /) -> Hold: ...
    def by_uid(self, workspace_id: int, uid: str) -> Hold | None: ...
    def remove(self, uid: str) -> None: ...

    def of_version(self, version_id: int, limit: int) -> Sequence[Hold]:
        """The first placed first."""
        ...

    def list(self, asset_id: int, after: str | None, limit: int) -> Sequence[Hold]:
        """All of an asset, by uid."""
        ...

    def held(self, asset_id: int) -> Mapping[int, Sequence[str]]:
        """Uids of the holds by version."""
        ...

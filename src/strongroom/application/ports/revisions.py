"""What the application asks of the database for revisions, branches and pins, publication rules and origins."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from strongroom.domain.artifacts.revision import Revision
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.refs import Origin, Ref, RefKind, StoredRevision


class Revisions(Protocol):
    """Immutable commits of assets. What belongs to another asset is not there."""

    def get(self, asset_id: int, digests: Sequence[str]) -> Mapping[str, StoredRevision]:
        """Those of `digests` that there are."""
        ...

    def ancestry(self, asset_id: int, digests: Sequence[str], generations: int) -> Mapping[str, StoredRevision]:
        """The same with their ancestors, so many generations up, in a constant number of queries."""
        ...

    def by_prefix(self, asset_id: int, prefix: str) -> Sequence[StoredRevision]:
        """Revisions whose digest begins so, at most two."""
        ...

    def add(self, asset_id: int, revision: Revision, /) -> StoredRevision | None:
        """Store a revision; again changes nothing. None when another asset has one of that very digest."""
        ...


class Refs(Protocol):
    """Branches and pins. Changes are made under the asset's row lock."""

    def get(self, asset_id: int, name: str) -> Ref | None: ...
    def list(self, asset_id: int, kind: RefKind, after: str | None, limit: int) -> Sequence[Ref]:
        """By name, in byte order."""
        ...

    def heads(self, asset_id: int) -> Sequence[str]:
        """The different revisions that refs lead to."""
        ...

    def count(self, asset_id: int) -> int: ...
    def put(self, asset: Asset, kind: RefKind, name: str, revision: StoredRevision, actor_id: int, /) -> Ref:
        """Make a ref, or move it; its ETag is the asset's `event_seq`, so the asset was advanced before."""
        ...

    def protect(self, asset: Asset, name: str, /, *, protected: bool) -> Ref: ...
    def remove(self, asset_id: int, name: str) -> None: ...
    def remove_all(self, asset_id: int) -> None: ...


class Publication(Protocol):
    """Publication rules, and heads that wait until they are quiet."""

    def rule(self, owner_kind: str, owner_id: int) -> str | None:
        """The rule of an asset or namespace itself, None when it has none of its own."""
        ...

    def set_rule(self, owner_kind: str, owner_id: int, rule: str | None) -> None: ...
    def wait(self, asset_id: int, due_at: int) -> None:
        """Look at the head of `main` then; a later call moves the time."""
        ...

    def stir(self, asset_id: int, until: int) -> None:
        """Where a head waits to be quiet, let it wait until then at least."""
        ...

    def due(self, now: int, limit: int) -> Sequence[int]:
        """Assets whose time has come."""
        ...

    def due_at(self, asset_id: int) -> int | None: ...
    def done(self, asset_id: int) -> None: ...


class Origins(Protocol):
    """Where copied versions came from."""

    def add(self, origin: Origin, /) -> None: ...
    def get(self, version_id: int) -> Origin | None: ...

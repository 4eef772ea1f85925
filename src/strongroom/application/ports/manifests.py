"""What the application asks of the database for manifests, statistics and packagings: they belong to trees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """The manifest of a tree: its kind, its digest, its document as JSON."""

    tree: str
    kind: str
    digest: str
    body: str


class StatisticsState(StrEnum):
    """How far the statistics of a tree are."""

    PENDING = "pending"
    READY = "ready"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class StoredStatistics:
    """The statistics of a tree.

    :ivar splits: JSON: paths by split, as the manifest declares them. :ivar body: JSON: the statistics when ready,
        the reason when unavailable.
    """

    tree: str
    state: StatisticsState
    splits: str
    tries: int
    body: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class StoredPackaging:
    """How the MLmodel file of a tree says that the model is packaged.

    :ivar flavor: the one that tells most; None where the file is unreadable. :ivar reason: why it is unreadable.
    :ivar body: the documents that it was read from, as JSON; empty when unreadable.
    """

    tree: str
    flavor: str | None
    flavor_version: str | None
    python_version: str | None
    has_signature: bool
    reason: str | None
    body: str


class Manifests(Protocol):
    """Manifests, statistics and packagings by tree."""

    def of_tree(self, tree: str) -> StoredManifest | None: ...
    def put(self, manifest: StoredManifest, at: int) -> None:
        """Keep a manifest; the same tree says the same again."""
        ...

    def packaging(self, tree: str) -> StoredPackaging | None: ...
    def put_packaging(self, packaging: StoredPackaging, at: int) -> None:
        """Keep how a model is packaged; the same tree says the same again."""
        ...

    def unpackaged(self, after: str, limit: int, only: str | None = None) -> Sequence[str]:
        """Trees of versions of whose packaging nothing is kept, behind one of them; `only` one of them, if it is so."""
        ...

    def put_card(self, tree: str, words: str) -> None:
        """Keep the words of a tree's card; the same tree says the same again."""
        ...

    def statistics(self, tree: str) -> StoredStatistics | None: ...
    def request(self, tree: str, splits: str, at: int, *, again: bool) -> None:
        """Let statistics be made; where there are some, they stay unless asked for again."""
        ...

    def is_due(self, now: int) -> bool: ...
    def claim(self, now: int, until: int) -> StoredStatistics | None:
        """Statistics that are due, taken until a time by whoever asks; None when nothing is due."""
        ...

    def finish(self, tree: str, state: StatisticsState, body: str, at: int) -> None:
        """Keep what was found, unless the tree was forgotten meanwhile."""
        ...

    def forget(self, trees: Sequence[str]) -> None:
        """Drop what is kept of those trees that no live or trashed version has."""
        ...

    def digests_of(self, trees: Sequence[str]) -> Mapping[str, str]:
        """Tree -> digest of its manifest, for those that have one."""
        ...

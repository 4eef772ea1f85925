"""Revisions as they are stored, and the refs that lead to them (domain.md N6).

Branches and pins of an asset share one list of names, so that ``name^ref`` never means two things.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAIN: Final = "main"
"""The branch whose head is read where none is named; without it, the latest version is."""

REFS_MOST: Final = 10_000
"""Branches and pins of one asset."""


class RefKind(StrEnum):
    """A branch moves; a pin stays where it was made (Git calls it a tag)."""

    BRANCH = "branch"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """A revision of an asset. `parents` as stated: one that is no revision of this asset leads nowhere.

    Its `recorded_at` is above that of every parent, so that newest first is children before parents.
    """

    id: int
    digest: str
    asset_id: int
    tree: str
    author: str
    message: str
    claimed_at: int | None
    recorded_at: int
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or pin and the revision it leads to. `etag` is never the same twice, also after it was deleted."""

    asset_id: int
    kind: RefKind
    name: str
    revision: str
    etag: int
    protected: bool
    set_by: str
    recorded_at: int
    moved_at: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a copied version came from, as it was named then; it stays when the source is purged."""

    version_id: int
    workspace_uid: str
    workspace: str
    asset_uid: str
    asset: str
    version_uid: str
    number: int
    revision: str | None
    tree: str
    recorded_at: int

"""What a check can find, in words that programs may rely on (docs/fsck.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from strongroom.domain.artifacts.model import Blob


class Kind(StrEnum):
    """See docs/fsck.md, which says of each what it means and what helps."""

    MISSING = "missing"
    TRUNCATED = "truncated"
    OVERLONG = "overlong"
    MISLABELLED = "mislabelled"
    ROTTEN = "rotten"
    SWAPPED = "swapped"
    UNREADABLE = "unreadable"
    DIGESTS = "digests"
    CHUNKS = "chunks"
    RECONSTRUCTION = "reconstruction"
    TREE = "tree"
    PAGE = "page"
    UNRECORDED = "unrecorded"
    UNHELD = "unheld"
    EVALUATION = "evaluation"
    ORPHAN = "orphan"
    ABANDONED = "abandoned"
    HALF = "half"
    TORN = "torn"
    FOREIGN = "foreign"


#: The bytes of a blob are not what the metadata says.
OF_BYTES: Final = frozenset(
    {Kind.MISSING, Kind.TRUNCATED, Kind.OVERLONG, Kind.MISLABELLED, Kind.ROTTEN, Kind.SWAPPED, Kind.UNREADABLE}
)
#: Room that nobody needs; nothing is lost by it.
WASTE: Final = frozenset({Kind.ORPHAN, Kind.ABANDONED, Kind.HALF, Kind.TORN, Kind.FOREIGN})


@dataclass(frozen=True, slots=True)
class Hurt:
    """What somebody cannot read as it was. :ivar name: of the asset, run or other owner. :ivar path: of the file."""

    kind: str
    name: str
    version: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    :ivar digest: of what it is about: a SHA-256, or a hash of the Xet protocol; empty where nothing has one.
    :ivar where: the place within the store or the table. :ivar size: bytes that it has, or should have.
    :ivar details: what was found instead. :ivar blob: whose bytes it is about, as the metadata has it.
    :ivar hurts: who is affected, some of them; `more` others are not named.
    :ivar repaired: what was done; None for nothing.
    """

    kind: Kind
    digest: str
    where: str
    size: int = 0
    details: Mapping[str, str | int] = field(default_factory=dict)
    blob: Blob | None = None
    hurts: Sequence[Hurt] = ()
    more: int = 0
    repaired: str | None = None

    @property
    def waste(self) -> bool:
        """Whether it only takes room."""
        return self.kind in WASTE

"""What the collector asks of the metadata: what nobody holds, and the steps from there to gone (decision 21)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from strongroom.application.artifacts.blobstore import ListedBlob

SETTLING_US: Final = 60 * 1_000_000
"""How long the bytes of what was erased cannot be entered where a store looks and deletes in two requests."""


RANGE: Final = 10_000
"""Ids that one statement looks at: so many take far less time than a statement may."""


def ranges(highest: int) -> Iterator[tuple[int, int]]:
    """``(after, upto]``, one after the other, up to an id."""
    return ((after, after + RANGE) for after in range(0, highest, RANGE))


class Part(StrEnum):
    """What is collected: whole blobs, and packs of chunks, whose bodies are blobs."""

    BLOB = "blob"
    XORB = "xorb"


@dataclass(frozen=True, slots=True)
class Sum:
    """How many, and how many bytes they hold."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, self.bytes + other.bytes)


NONE: Final = Sum()


@dataclass(frozen=True, slots=True)
class Leaving:
    """A blob on its way out of the store; `condemned_at` in microseconds UTC."""

    id: int
    sha256: str
    size: int
    place: str
    condemned_at: int
    orphan: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """How the rows of a range stand: see `Preview` in `collection.previewing`."""

    unheld: Sum = NONE
    waiting: Sum = NONE
    due: Sum = NONE
    holders: Mapping[str, Sum] = field(default_factory=dict)


class Collection(Protocol):
    """Condemned rows. What is in chunks has no bytes of its own: it counts none."""

    def highest_draft(self) -> int:
        """The greatest id of a draft; 0 for none."""
        ...

    def ended_folders(self, after: int, upto: int) -> Sequence[int]:
        """Folders that still have entries, of drafts in ``(after, upto]`` that are sealed or ended."""
        ...

    def empty_folders(self, folder_ids: Sequence[int]) -> None:
        """Drop all entries: what a draft held is held by its version, or by nobody."""
        ...

    def highest(self, part: Part) -> int:
        """The greatest id there is; 0 for none."""
        ...

    def unheld(self, part: Part, after: int, upto: int) -> Sequence[int]:
        """Ids in ``(after, upto]`` that nobody holds and that are not condemned yet."""
        ...

    def condemn(self, part: Part, ids: Sequence[int]) -> int:
        """Condemn rows, now; how many were not yet."""
        ...

    def due(self, part: Part, condemned_before: int, after: tuple[int, int], limit: int) -> Sequence[tuple[int, int]]:
        """What was condemned before a time: when, and its id, in that order, above `after`."""
        ...

    def take(self, part: Part, ids: Sequence[int], condemned_before: int) -> int:
        """Take out what still nobody holds, and spare the rest; how many were taken.

        Blobs move to what is leaving. Bodies of xorbs are condemned since their xorb was.
        """
        ...

    def leave(self, orphans: Sequence[ListedBlob], condemned_at: int) -> int:
        """Put down what the store has and no row names, at its place, to be erased; how many.

        :param condemned_at: what was written since then stays.
        """
        ...

    def leaving(self, after: int, limit: int) -> Sequence[Leaving]:
        """What is to be erased, in the order of ids."""
        ...

    def erased(self, ids: Sequence[int]) -> Sequence[int]:
        """These are erased; the rows stay until `settle`. Those that nobody had said so of before."""
        ...

    def stuck(self, ids: Sequence[int], tries: int) -> int:
        """These could not be erased. After so many tries they are rows of `blob` again; how many are.

        There they are condemned and damaged, so that nobody relies on what is left of them: who sends them writes
        anew, and what nobody sends is taken again a day later. Orphans, which never had a row, are forgotten.
        """
        ...

    def settle(self, erased_before: int, limit: int) -> int:
        """Forget what was erased before a time, so many at most; how many rows."""
        ...

    def standing(self, part: Part, after: int, upto: int, condemned_before: int) -> Standing:
        """How the rows in ``(after, upto]`` stand; what was condemned before a time and nobody holds is due."""
        ...

    def leaving_sum(self) -> Sum:
        """What is to be erased."""
        ...

"""The port to the bytes as they lie: for those who check, repair and mark a store, never for those who read files.

Nothing here compares anything: what is found is for the caller to judge (decision 29).
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from strongroom.application.artifacts.blobstore import StoredBlob


class Label(StrEnum):
    """What the header before a record says; whole files and objects have none and are always `RIGHT`."""

    RIGHT = "right"
    DEAD = "dead"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at a blob's place.

    :ivar size: bytes; None where nothing lies. Of a record: as many of the blob's bytes as the pack has.
    """

    size: int | None
    label: Label = Label.RIGHT


class Rest(StrEnum):
    """What lies in a store beside its blobs and the parts of uploads."""

    HALF = "half"
    TORN = "torn"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that is neither a blob nor a part of an upload. :ivar where: its name within the store."""

    rest: Rest
    where: str
    size: int
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose the store is.

    :ivar owner: the id that its database goes by. :ivar database: where that database lives.
    :ivar copied: the mark itself is a copy: somebody copied the whole folder, and this is not the one that was marked.
    """

    owner: str
    database: str
    copied: bool = False


class UpkeepBlobs(Protocol):
    """Looks at one folder or bucket. It makes nothing there but what `set_aside`, `set_mark` and `publish` say."""

    async def found(self, blob: StoredBlob) -> Found:
        """What lies at its place, without reading it.

        :raises Unavailable: the disk or bucket does not answer.
        """
        ...

    def raw(self, blob: StoredBlob) -> AsyncGenerator[bytes, None]:
        """The bytes at its place as they are, up to one block more than it should have; none where nothing lies."""
        ...

    def where(self, blob: StoredBlob) -> str:
        """The name of its place within the store, for people."""
        ...

    async def bury(self, blob: StoredBlob) -> None:
        """Let go of a damaged record in a pack that was set aside, and that nothing names any more."""
        ...

    def leftovers(self) -> AsyncGenerator[Leftover, None]:
        """All that is neither a blob nor a part of an upload, nor written at this moment as far as can be told."""
        ...

    async def set_aside(self, blob: StoredBlob) -> str | None:
        """Keep the bytes at its place under a name of their own, too; that name, or None where nothing lies."""
        ...

    async def forget_aside(self, where: str) -> None:
        """Let go of what was set aside, since it is still at its place."""
        ...

    async def mark(self) -> Mark | None:
        """Whose the store says it is; None where it says nothing."""
        ...

    async def set_mark(self, mark: Mark) -> None:
        """Say whose it is, durably."""
        ...

    async def publish(self, name: str, data: bytes) -> bool:
        """Put something for witnesses below ``witness/``, durably; a name that is there stays as it is.

        :param name: as `is_witness`. :returns: whether it is new.
        """
        ...

    async def aclose(self) -> None:
        """Release threads. No call may follow."""
        ...

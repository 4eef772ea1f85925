"""What checks and repairs ask of the metadata: its rows by keys, some at a time, and what they name (decision 29)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.artifacts.blobstore import ListedBlob
from strongroom.application.integrity.findings import Hurt
from strongroom.domain.artifacts.model import Blob


@dataclass(frozen=True, slots=True)
class XorbRow:
    """A xorb as it is on record, nothing of it read yet."""

    id: int
    hash: str
    blob_id: int
    chunks: bytes
    body_bytes: int
    raw_bytes: int


@dataclass(frozen=True, slots=True)
class FileRow:
    """A reconstruction as it is on record. :ivar size: of its blob; None where there is no such blob."""

    id: int
    hash: str
    blob_id: int
    terms: bytes
    size: int | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class TreeUse:
    """A tree that a version, or a branch or pin, of an asset needs.

    :ivar key: by which they are in order. :ivar asset: its name. :ivar ref: name of the branch or pin.
    """

    key: int
    asset_id: int
    asset: str
    tree: str
    number: int | None = None
    ref: str | None = None

    @property
    def name(self) -> str:
        """For people."""
        return f"version {self.number} of {self.asset}" if self.ref is None else f"{self.ref} of {self.asset}"


@dataclass(frozen=True, slots=True)
class Scrub:
    """How far the scrub of the store has come; times in microseconds UTC.

    :ivar after: the blob up to which this round has come. :ivar begun_at: when the round began.
    """

    after: int
    begun_at: int
    rounds: int
    damaged: int


class Integrity(Protocol):
    """Rows whose bytes must be there. What the collector has condemned is left out: nobody holds it."""

    def blobs(self, after: int, limit: int) -> Sequence[Blob]:
        """In the order of ids."""
        ...

    def blob(self, blob_id: int) -> Blob | None: ...
    def highest(self) -> int:
        """The greatest id of a blob; 0 for none."""
        ...

    def xorbs(self, after: int, limit: int) -> Sequence[XorbRow]: ...
    def xorbs_of(self, blob_ids: Sequence[int]) -> Mapping[int, Sequence[XorbRow]]:
        """By blob: the xorbs whose body it is."""
        ...

    def xorb_called(self, hashed: str) -> XorbRow | None: ...
    def chunks_of(self, xorb_ids: Sequence[int]) -> Mapping[int, bytes]:
        """What is on record of their chunks, packed."""
        ...

    def files(self, after: int, limit: int) -> Sequence[FileRow]: ...
    def file(self, file_id: int) -> FileRow | None: ...
    def needed(self, file_ids: Sequence[int]) -> Mapping[int, AbstractSet[int]]:
        """By reconstruction: the xorbs that hold for it, as the collector sees it."""
        ...

    def versions(self, after: int, limit: int) -> Sequence[TreeUse]:
        """Versions with files, drafts and purged ones left out, in the order of ids."""
        ...

    def refs(self, after: int, limit: int) -> Sequence[TreeUse]:
        """Heads of branches and pins, in the order of their assets; all of an asset or none."""
        ...

    def unheld(self, asset_id: int, digests: Sequence[str]) -> Sequence[str]:
        """Those that are stored and that the asset does not possess."""
        ...

    def unknown(self, listed: Sequence[ListedBlob]) -> Sequence[ListedBlob]:
        """Those that no row names at their place, nor as leaving."""
        ...

    def abandoned(self, upload_ids: Sequence[str]) -> Sequence[str]:
        """Those that are no open uploads."""
        ...

    def hurt_by(self, blob_id: int, limit: int) -> tuple[Sequence[str], Sequence[int], Sequence[Hurt]]:
        """Whom the loss of a blob hurts.

        :returns: digests of it and of files in chunks that need it, assets that hold those, and what else does.
        """
        ...

    def trees_of(self, asset_id: int, limit: int) -> Sequence[tuple[int, str]]:
        """Number and tree of the versions of an asset that are there, newest first."""
        ...

    def name_of(self, asset_id: int) -> str:
        """Workspace, namespace and name."""
        ...

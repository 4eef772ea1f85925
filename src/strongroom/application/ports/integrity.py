"""What checks and repairs ask of the metadata: its rows by keys, some at a time, and what they name (decision 29)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.artifacts.blobstore import ListedBlob, StoredBlob
from strongroom.application.integrity.findings import Hurt
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.artifacts.pages import TreeRoot
from strongroom.domain.xet.xorb import XorbIndex


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
    """How far the scrub has come: up to which blob, in a round that began at a time (microseconds UTC)."""

    after: int
    begun_at: int


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

    # -- what is damaged -----------------------------------------------------------------------------------------

    def mark(self, digests: Sequence[str]) -> tuple[int, bool]:
        """Mark blobs, and files that are made of them, as damaged; how many of `digests` were not yet.

        :returns: and whether there are bodies of xorbs among those.
        """
        ...

    def sound(self, blob_ids: Sequence[int]) -> int:
        """Take the marks off what was read and is as it should be; how many blobs are still marked."""
        ...

    def damaged(self, digests: Sequence[str]) -> AbstractSet[str]:
        """Those that are marked."""
        ...

    def damaged_xorbs(self, xorb_ids: Sequence[int]) -> AbstractSet[int]:
        """Those whose body is marked."""
        ...

    def replace(self, blob: Blob, stored: StoredBlob) -> bool:
        """The blob's bytes are here now, and sound; False when it has moved meanwhile."""
        ...

    def set_chunks(self, xorb_id: int, index: XorbIndex) -> None: ...
    def set_page(self, digest: str, body: bytes) -> None: ...
    def set_tree(self, digest: str, root: TreeRoot) -> None: ...
    def file_called(self, hashed: str) -> FileRow | None: ...

    # -- the scrub, and where the database is --------------------------------------------------------------------

    def take_scrub(self, until: int) -> Scrub | None:
        """Take the turn until a time; None while another has it."""
        ...

    def hold_scrub(self, after: int, until: int) -> None:
        """It has come so far, and goes on until a time."""
        ...

    def end_scrub(self, after: int, *, begin: bool) -> None:
        """Give the turn back. :param begin: a new round begins now."""
        ...

    def identity(self) -> str:
        """What tells this database from a copy of it that was made elsewhere."""
        ...

    # -- whom it hurts -------------------------------------------------------------------------------------------

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

"""Blobs, folders and uploads as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes known by their SHA-256; `place` is opaque to all but the store, `blocks` are the BLAKE3 of each MiB."""

    id: int
    sha256: str
    size: int
    place: str
    blocks: bytes


@dataclass(frozen=True, slots=True)
class Folder:
    """A mutable map of paths to entries with one owner; `generation` counts its changes."""

    id: int
    owner_kind: str
    owner_id: int
    workspace_id: int
    generation: int


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One path of a folder: a blob (sha256, size) or a reference (uri, pin)."""

    path: str
    blob_id: int | None
    sha256: str | None
    uri: str | None
    pin: str | None
    size: int | None
    media_type: str | None
    written_at: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrives in parts of `part_size` bytes (the last one may be shorter) and may be resumed."""

    uid: str
    principal_id: int
    workspace_id: int
    sha256: str
    size: int
    part_size: int
    state: str
    expires_at: int

    @property
    def parts(self) -> int:
        """How many parts the whole file has."""
        return max(1, -(-self.size // self.part_size))

    def size_of_part(self, number: int) -> int:
        """Bytes of part `number`, counted from 0."""
        return min(self.part_size, self.size - number * self.part_size)


@dataclass(frozen=True, slots=True)
class FileUpload:
    """A file on its way into a folder in parts of any size, its digest unknown until it is whole.

    :param owner_kind, owner_uid: of the folder. :param parts: how many there will be.
    """

    uid: str
    principal_id: int
    workspace_id: int
    owner_kind: str
    owner_uid: str
    path: str
    parts: int
    state: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class UploadPart:
    """A part that has arrived whole and verified."""

    number: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TreeTotals:
    """What is known of a stored tree: files held here, their bytes, and whether an entry has no pin."""

    files: int
    bytes: int
    unpinned: bool

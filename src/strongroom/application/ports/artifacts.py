"""What the application asks of the database for blobs, possession, trees, folders and uploads."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.domain.artifacts.model import Blob, FileUpload, Folder, FolderEntry, TreeTotals, Upload, UploadPart


class Blobs(Protocol):
    """Blobs and who possesses them (domain.md N16). No method tells of a blob that the caller may not know of."""

    def by_sha256(self, digests: Sequence[str]) -> Mapping[str, Blob]:
        """Stored blobs by digest. For code that has already settled possession."""
        ...

    def by_id(self, blob_id: int) -> Blob: ...
    def fresh(self, digests: Sequence[str]) -> Mapping[str, Blob]:
        """The same without what the collector has condemned: it must be written again by who sends it again."""
        ...

    def add(self, stored: Sequence[StoredBlob]) -> Mapping[str, Blob]:
        """Record blobs; one that exists keeps its place, and is spared by the collector.

        :raises Unavailable: it is leaving the store at this moment.
        """
        ...

    def note_sent(self, principal_id: int, blob_ids: Sequence[int], until: int) -> None:
        """Enter into the ledger that a principal has sent these bytes."""
        ...

    def possessed(self, principal_id: int, asset_ids: Sequence[int], digests: Sequence[str]) -> Mapping[str, Blob]:
        """Those of `digests` that the principal has sent lately or that one of the assets holds.

        Does the same work whether or not a digest is stored for somebody else.
        """
        ...

    def digests(self, algo: str, digests: Sequence[str]) -> Mapping[str, str]:
        """Another digest of stored blobs (`git-sha1`) by their SHA-256, where it is known."""
        ...

    def hold(self, asset_id: int, blob_ids: Sequence[int]) -> None:
        """Record that an asset holds blobs; again is no change."""
        ...

    def release(self, asset_id: int, digests: Sequence[str]) -> None:
        """Record that an asset holds these no more."""
        ...

    def review(self, asset_id: int, until: int, blob_ids: Sequence[int] = (), /) -> str:
        """Have the asset's possession looked at after a time, unless `reviewed` comes first; what that one is told.

        :param blob_ids: what `release` does not take from the asset until then.
        """
        ...

    def reviewed(self, review: str, now: int) -> bool:
        """It is in order; False when its time is over."""
        ...

    def withdraw(self, review: str, now: int) -> None:
        """What it is about has come to nothing: possession may be looked at now."""
        ...

    def due_for_review(self, now: int, after: int, limit: int) -> Sequence[int]:
        """Ids above `after` of assets whose possession is to be looked at, in their order."""
        ...

    def end_reviews(self, asset_id: int, now: int) -> None:
        """It was looked at."""
        ...

    def held_by(self, asset_id: int) -> Sequence[str]:
        """SHA-256 of all that an asset holds."""
        ...

    def forget_sent(self, before: int) -> int:
        """Drop ledger entries that ended before a time."""
        ...


class Trees(Protocol):
    """Trees as a root and pages (domain.md N5); see domain/artifacts/pages.py for their form."""

    def root(self, digest: str) -> bytes | None: ...
    def totals(self, digest: str) -> TreeTotals | None: ...
    def pages(self, digests: Sequence[str]) -> Mapping[str, bytes]: ...
    def add_pages(self, pages: Mapping[str, bytes]) -> None: ...
    def add(self, digest: str, root: bytes, files: int, size: int, *, unpinned: bool) -> None: ...


class Folders(Protocol):
    """Mutable maps of paths to entries."""

    def of(self, owner_kind: str, owner_id: int) -> Folder | None: ...
    def by_id(self, folder_id: int) -> Folder: ...
    def add(self, owner_kind: str, owner_id: int, workspace_id: int) -> Folder: ...
    def put(self, folder: Folder, entries: Sequence[FolderEntry], /) -> int:
        """Write entries, replacing those of the same paths; returns the new generation."""
        ...

    def remove(self, folder: Folder, path: str, /) -> bool:
        """Remove one file, or everything below a directory."""
        ...

    def get(self, folder_id: int, path: str) -> FolderEntry | None: ...
    def lock(self, folder_id: int) -> Folder:
        """Lock the folder's row, so that writes that must not clash happen one after the other."""
        ...

    def present(self, folder_id: int, paths: Sequence[str]) -> Sequence[str]:
        """Those of `paths` that are entries."""
        ...

    def below(self, folder_id: int, paths: Sequence[str]) -> Mapping[str, str]:
        """Those of `paths` that are directories, each with the first entry that lies in it."""
        ...

    def entries(self, folder_id: int, *, prefix: str, after: str, limit: int) -> Sequence[FolderEntry]:
        """Entries whose path begins with `prefix` and is greater than `after`, in byte order."""
        ...

    def all(self, folder_id: int, directory: str) -> Sequence[FolderEntry]:
        """Every entry at or below a path ("" is all) in one statement, which is one snapshot (domain.md, Freeze)."""
        ...


class Uploads(Protocol):
    """Files arriving in parts."""

    def add(self, upload: Upload, /) -> None: ...
    def get(self, uid: str) -> Upload | None: ...
    def resumable(self, principal_id: int, workspace_id: int, sha256: str, size: int) -> Upload | None: ...
    def add_part(self, uid: str, part: UploadPart) -> None: ...
    def parts(self, uid: str) -> Sequence[UploadPart]: ...
    def finish(self, uid: str, state: str) -> None: ...
    def expired(self, now: int, limit: int) -> Sequence[Upload]: ...


class FileUploads(Protocol):
    """Files on their way into folders; their parts are among those of `Uploads`."""

    def add(self, upload: FileUpload, /) -> None: ...
    def get(self, uid: str) -> FileUpload | None: ...
    def open_of(self, principal_id: int) -> int:
        """How many a principal has open."""
        ...

    def finish(self, uid: str, state: str) -> None: ...
    def expired(self, now: int, limit: int) -> Sequence[FileUpload]: ...

"""The port to the bytes: what any blob store promises, in small protocols by capability.

A blob is a sequence of bytes named by its SHA-256. The store keeps bytes and nothing else: who may read them, whether
they are referenced and when they may go is decided by the metadata. A `StoredBlob` is what the metadata keeps of it;
`read` and `delete` need it back.

Sources: architecture.md sections 3 and 4 (durability, checked reads), domain.md N11 (digests) and N16 (possession).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar, runtime_checkable

T = TypeVar("T")

BLOCK: Final = 1024 * 1024
"""Bytes in a checked block. Block *i* of a blob is bytes ``[i * BLOCK, (i + 1) * BLOCK)``; the last may be shorter."""

SMALL: Final = 64 * 1024
"""Largest blob, in bytes, that `WriteBlobs.put_small` keeps in a pack; larger ones get a file of their own."""

GIT_SHA1_LIMIT: Final = 10 * 1024 * 1024
"""Largest blob, in bytes, that gets a git SHA-1 (domain.md N11)."""

MAX_PART: Final = 100_000
"""Highest part number; parts are numbered from 1."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What the store says of a blob that it holds durably; the metadata keeps it.

    :ivar sha256: 64 lower-case hex digits.
    :ivar size: bytes.
    :ivar place: where it is, opaque to everybody but the store that said it (at most 100 characters of ASCII).
    :ivar blocks: BLAKE3-256 of every `BLOCK`, 32 bytes each, concatenated, taken while writing. Empty blob: ``b""``.
    :ivar git_sha1: 40 hex digits, of git blob header and bytes, for every blob up to `GIT_SHA1_LIMIT`; else None.
    """

    sha256: str
    size: int
    place: str
    blocks: bytes
    git_sha1: str | None


@dataclass(frozen=True, slots=True)
class ListedBlob:
    """A blob as found by listing the store; nothing of it was checked.

    :ivar sha256: as named by its place, 64 hex digits.
    :ivar size: bytes.
    :ivar place: as in `StoredBlob.place`.
    :ivar written_at: UTC, when it was last written; for a blob in a pack: when its pack was (an upper bound).
    """

    sha256: str
    size: int
    place: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class PartInfo:
    """A part of an upload that the store has received.

    :ivar number: 1 to `MAX_PART`; parts are joined in the order in which `PartUploads.complete_upload` lists them.
    :ivar size: bytes.
    :ivar sha256: of the part's own bytes, 64 hex digits.
    """

    number: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ListedUpload:
    """An upload that was begun and neither aborted nor cleaned up.

    :ivar upload_id: as given to `PartUploads.begin_upload`.
    :ivar touched_at: UTC, when a part was last received, or when it was begun.
    """

    upload_id: str
    touched_at: datetime


Known = Callable[[Sequence[str]], Awaitable[Mapping[str, StoredBlob]]]
"""Asks the metadata which of these SHA-256 are stored already and not condemned by the collector, and where."""


async def nothing_known(_digests: Sequence[str]) -> Mapping[str, StoredBlob]:
    """Answer `Known` for a caller without metadata (import, tests): every blob is written anew."""
    return {}


class WriteBlobs(Protocol):
    """Takes bytes in.

    Possession (N16): time, I/O and answer are the same whether or not the store holds the blob already.
    """

    async def put(
        self, chunks: AsyncIterator[bytes], *, expect_sha256: str | None, expect_size: int | None, max_size: int
    ) -> StoredBlob:
        """Store one blob of any size; durable when it returns. Memory is bounded, whatever the size.

        :param chunks: the bytes, cut anywhere; read once, to the end unless refused.
        :param expect_sha256: claimed digest, 64 hex digits, or None.
        :param expect_size: announced size in bytes, or None.
        :param max_size: limit in bytes; checked against `expect_size` before anything is read.
        :raises DigestMismatch, SizeMismatch, TooLarge, Invalid: refused; nothing is kept.
        :raises StorageFull, Unavailable: the store failed; nothing is kept.

        An error of `chunks` and a cancellation pass through, and nothing is kept; a cancellation after the last byte
        may leave a whole blob that nobody references, which the collector finds by `list_places`.
        """
        ...

    async def put_small(self, blobs: Sequence[bytes], known: Known) -> Sequence[StoredBlob]:
        """Store many blobs with as few waits for the disk as the store can; all are durable when it returns.

        :param blobs: made for blobs up to `SMALL`; larger ones are allowed and each cost what a `put` costs.
        :param known: asked once, with the digests of the blobs up to `SMALL`. What it names is answered as named, and
            written and thrown away at the same cost as a new blob: packs do not grow by repeats, and timing tells
            nothing.
        :returns: one answer a blob, in the order of `blobs`.
        :raises StorageFull, Unavailable: the store failed; the metadata must reference none of these blobs.
        """
        ...


class ReadBlobs(Protocol):
    """Gives bytes out, never a wrong one."""

    def read(self, blob: StoredBlob, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """Read bytes ``[start, end)``; `end` None is the blob's end. Chunks are at most `BLOCK` bytes, never empty.

        Whole blocks are read, and each is compared with `StoredBlob.blocks` before the first of its bytes is handed
        out. Memory is bounded to a few MiB. Close the iterator (``aclose``) when leaving early.

        :raises RangeNotSatisfiable: at the call, unless ``0 <= start <= end <= size``; names `size`.
        :raises Corrupted: while iterating; `details`: `blob` (SHA-256), `block` (number), `missing` (bool: the bytes
            are not there at all, as opposed to different).
        :raises Unavailable: while iterating: the disk or bucket does not answer.
        """
        ...

    async def examine(self, blob: StoredBlob, start: int, end: int, look: Callable[[bytes], T]) -> T:
        """Have `look` read bytes ``[start, end)`` as they lie there, compared with nothing: it compares them itself.

        For readers that hold hashes of their own of all that they hand on. `look` runs in a thread of the store; it
        gets the range whole, or, where less is there, what is there. Ranges are a few MiB.

        :raises RangeNotSatisfiable: as `read`. :raises Corrupted: the blob is missing. :raises Unavailable: as `read`.
        """
        ...

    async def exists(self, blob: StoredBlob | ListedBlob) -> bool:
        """Tell whether its place holds something of its name and size; the bytes are not compared."""
        ...


class PartUploads(Protocol):
    """Uploads in parts that outlive the server process.

    Parts survive ``kill -9`` at once. They are not forced to disk one by one: after power loss a part may be damaged,
    which `complete_upload` finds and names. Upload ids match ``[a-z0-9-]{1,64}``; another raises `Invalid`.
    """

    async def begin_upload(self, upload_id: str) -> None:
        """Make room for an upload; doing it again changes nothing."""
        ...

    async def put_part(
        self,
        upload_id: str,
        number: int,
        chunks: AsyncIterator[bytes],
        *,
        expect_sha256: str | None,
        expect_size: int | None,
        max_size: int,
    ) -> PartInfo:
        """Receive a part; a part of that number that was there is replaced when, and only when, this one is whole.

        :raises NotFound: the upload was not begun, or is aborted.
        :raises DigestMismatch, SizeMismatch, TooLarge, Invalid, StorageFull, Unavailable: as in `WriteBlobs.put`; an
            earlier part of that number stays.
        """
        ...

    async def complete_upload(
        self, upload_id: str, parts: Sequence[PartInfo], *, expect_sha256: str | None, expect_size: int | None
    ) -> StoredBlob:
        """Join the parts, in the order given, to a blob; every byte is hashed again. Durable when it returns.

        The parts stay, so that it can be called again with the same result after a crash between store and metadata;
        call `abort_upload` once the metadata is committed.

        :raises NotFound: the upload is not there, or a part is not; `details["part"]` names it.
        :raises DigestMismatch, SizeMismatch: a part (`details["part"]`) or the whole is not as stated; no blob is kept.
        :raises Invalid, StorageFull, Unavailable: as in `WriteBlobs.put`.
        """
        ...

    async def abort_upload(self, upload_id: str) -> None:
        """Remove the upload and its parts; no error when it is not there."""
        ...

    def list_uploads(self) -> AsyncIterator[ListedUpload]:
        """List the uploads that are there, in no particular order, for the janitor."""
        ...


Check = Callable[[AsyncIterator[bytes]], AsyncGenerator[bytes, None]]
"""Reads bytes along: gives all of them on, and raises before the end when they are not what they should be."""


@dataclass(frozen=True, slots=True)
class DirectGrant:
    """An address that takes one PUT of bytes, with these headers and no others, without passing us."""

    url: str
    headers: Mapping[str, str]


@runtime_checkable
class DirectUploads(Protocol):
    """Uploads that go to the bucket itself; only buckets can do it."""

    async def grant_direct(self, name: str) -> DirectGrant:
        """An address for a quarter of an hour. `name` is an upload id that nobody else has."""
        ...

    async def take_direct(self, name: str, check: Check, *, max_size: int) -> StoredBlob:
        """Read what was sent back, once, and make it a blob; durable when it returns.

        What was sent is copied within the bucket first: its sender could still write to the address.

        :raises NotFound: nothing was sent. :raises TooLarge: it is larger than `max_size`.

        What `check` raises passes through, and nothing is kept.
        """
        ...


class MaintainBlobs(Protocol):
    """For the collector, fsck, backup and the readiness probe."""

    @property
    def erases_in_two_steps(self) -> bool:
        """Whether `delete` looks at a blob and removes it in two steps, between which it may be written anew."""
        ...

    async def delete(self, blob: StoredBlob | ListedBlob, *, written_before: datetime | None = None) -> bool:
        """Remove a blob from its place, durably; True when it was there and is gone now.

        :param written_before: UTC; keep the blob and answer False when it was written at or after this moment. Every
            `put` writes anew, so a collector that passes a time older than the longest request cannot take a blob from
            under an upload whose metadata is not committed yet. For a blob in a pack that was found by listing the
            pack's last write counts; it is not looked at for one that was entered: no place is given out twice.
        :raises Unavailable: the disk or bucket does not answer.
        """
        ...

    def list_places(self) -> AsyncIterator[ListedBlob]:
        """List every place that holds a blob, in no particular order; a digest may have several places."""
        ...

    async def sweep(self, *, older_than: datetime) -> int:
        """Remove what killed processes left half done before `older_than` (UTC), and packs without a live blob.

        Uploads in parts are not touched: see `PartUploads.list_uploads`.

        :returns: bytes given back.
        """
        ...

    async def check(self) -> None:
        """Write, read back and delete a probe. Raises StorageFull or Unavailable."""
        ...

    async def aclose(self) -> None:
        """Release threads and files. No call may follow."""
        ...


class BlobStore(WriteBlobs, ReadBlobs, PartUploads, MaintainBlobs, Protocol):
    """A whole store; use cases ask for the smallest protocol that serves them."""

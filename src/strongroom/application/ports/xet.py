"""What the application asks of the database and of others for xorbs and reconstructions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.xet.hashes import Data
from strongroom.domain.xet.xorb import XorbIndex


class RunningDigests(Protocol):
    """The digests of a blob, taken while its bytes pass."""

    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def git(self) -> str | None: ...
    def update(self, data: Data, /) -> None: ...
    def blob(self, place: str, git: str | None, /) -> StoredBlob: ...


class XetCodec(Protocol):
    """Keyed BLAKE3 and LZ4, which the standard library does not have."""

    def keyed(self, key: bytes, data: Data, /) -> bytes:
        """BLAKE3 of `data` under a key of 32 bytes, 32 bytes."""
        ...

    def unpack(self, scheme: int, data: Data, size: int, /) -> Data:
        """A chunk out of its packed form, exactly `size` bytes; one that is not compressed may be a view of `data`.

        :raises Invalid: it is no such form, or unpacks to another size.
        """
        ...

    def fingerprint(self, announced: int, /) -> RunningDigests: ...


@dataclass(frozen=True, slots=True)
class Xorb:
    """A xorb that is stored: its body is a blob like any other, under the SHA-256 of the body."""

    id: int
    hash: str
    blob: Blob
    index: XorbIndex


@dataclass(frozen=True, slots=True)
class XetFile:
    """A reconstruction: which bytes of which xorbs are a blob. `terms` is packed, see `domain.xet.terms`."""

    id: int
    hash: str
    blob_id: int
    sha256: str
    size: int
    terms: bytes


class Xet(Protocol):
    """Xorbs, reconstructions, who may name them, and which chunks answer questions."""

    def xorbs(self, ids: Sequence[int]) -> Mapping[int, Xorb]: ...
    def xorbs_by_hash(self, hashes: Sequence[str]) -> Mapping[str, Xorb]:
        """Stored xorbs by their hashes. For code that settles possession itself."""
        ...

    def add_xorb(self, hashed: str, blob_id: int, index: XorbIndex, answering: Sequence[int]) -> int:
        """Record a xorb; one that exists gets this body when its own is damaged, and else changes nothing.

        :param answering: keys of chunks that answer questions.
        """
        ...

    def note_xorb(self, principal_id: int, xorb_id: int, until: int) -> None:
        """Enter that a principal has sent a xorb, or was told of all of its chunks, and may name it until then."""
        ...

    def noted(self, principal_id: int, xorb_ids: Sequence[int]) -> set[int]:
        """Those that the principal may name."""
        ...

    def forget_noted(self, before: int) -> int:
        """Drop entries that ended before a time."""
        ...

    def ids_by_hash(self, hashes: Sequence[str]) -> Mapping[str, int]: ...
    def file(self, hashed: str) -> XetFile | None: ...
    def add_file(self, hashed: str, blob_id: int, terms: bytes, xorb_ids: Sequence[int]) -> None:
        """Record a reconstruction; one that exists changes nothing."""
        ...

    def remake_file(self, hashed: str, terms: bytes, xorb_ids: Sequence[int]) -> None:
        """Have a reconstruction that is on record made of other ranges."""
        ...

    def hashes_of(self, blob_ids: Sequence[int]) -> Mapping[int, str]:
        """Hashes of the files that these blobs are, where they have one."""
        ...

    def files_with(self, xorb_id: int, limit: int, assets: Sequence[int] | None = None) -> Sequence[XetFile]:
        """Reconstructions that use a xorb; with `assets`, of blobs that one of them holds."""
        ...

    def holders(self, blob_ids: Sequence[int], limit: int) -> Mapping[int, Sequence[int]]:
        """Which assets hold the blobs, at most `limit` each."""
        ...

    def held(self, asset_id: int, blob_id: int) -> bool:
        """Whether the asset holds the blob."""
        ...

    def answer(self, keys: Sequence[int], xorb_id: int) -> None:
        """Let a xorb answer for more chunks."""
        ...

    def answering(self, key: int, limit: int) -> Sequence[int]:
        """Xorbs that answer for chunks of this key, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A file in chunks that somebody holds. :ivar holder: an asset; 0 for folders of runs and drafts."""

    holder: int
    terms: bytes


@dataclass(frozen=True, slots=True)
class Whole:
    """Sums over blobs: of all, and of those that lie in the store whole.

    :ivar shared: of these, those that more than one asset holds. :ivar twice: those that are there as chunks too.
    """

    unique: int
    stored: int
    shared: int
    twice: int


class Figures(Protocol):
    """Sums over what assets, workspaces and the whole server hold; neither is given for the whole server."""

    def logical(self, *, asset_id: int | None = None, workspace_id: int | None = None) -> int: ...
    def unique(self, asset_ids: Sequence[int]) -> Mapping[int, int]:
        """Bytes of the different files that each asset holds; nothing of those that hold none."""
        ...

    def whole(
        self, *, asset_id: int | None = None, workspace_id: int | None = None, others: Sequence[int] = ()
    ) -> Whole:
        """Sums over the blobs held. `others`: of an asset, the assets with which sharing is counted."""
        ...

    def chunked(
        self,
        *,
        asset_id: int | None = None,
        workspace_id: int | None = None,
        assets: Sequence[int] | None = None,
        xorbs: Sequence[int] | None = None,
    ) -> Iterator[Held]:
        """Files in chunks that are held; with `xorbs` only those that use one of them."""
        ...

    def sharing(self, asset_id: int, xorbs: Sequence[int], limit: int) -> Sequence[int]:
        """Other assets that hold a blob that this one holds, or a file that uses one of the xorbs."""
        ...

    def sizes(self, xorbs: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        """For each xorb its number of chunks and the bytes of its body."""
        ...

    def total(self) -> int:
        """Bytes of all blobs that lie in the store, bodies of xorbs included."""
        ...

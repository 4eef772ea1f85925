"""Where a store under test keeps its bytes, as seen from outside: to open it again, look at all of it and damage it."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import obstore

from strongroom.adapters.blobs.bucket import BucketBlobStore
from strongroom.adapters.blobs.bucket_upkeep import BucketUpkeep
from strongroom.adapters.blobs.bucket_url import open_bucket
from strongroom.adapters.blobs.folder_upkeep import FolderUpkeep
from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.adapters.blobs.names import parse_packed
from strongroom.adapters.blobs.pack_format import HEADER_SIZE
from strongroom.application.artifacts.blobstore import BlobStore, StoredBlob
from strongroom.application.artifacts.upkeep import UpkeepBlobs
from tests.support.seaweed import S3

MIB = 1024 * 1024
ANY_SIZE = 1 << 40


class Home(Protocol):
    """The outside of one store."""

    def open(self) -> BlobStore:
        """A new instance, as another process would have."""
        ...

    def everything(self) -> dict[str, int]:
        """Every file or object: its name and size."""
        ...

    def flip(self, blob: StoredBlob, at: int) -> None:
        """Flip one bit of the stored byte `at`."""
        ...

    def lose(self, blob: StoredBlob) -> None:
        """Remove the file, pack or object behind the store's back."""
        ...

    def upkeep(self) -> UpkeepBlobs:
        """A look at the bytes as they lie."""
        ...

    def strew(self, name: str, data: bytes) -> None:
        """Put something under a name of the store's, as old as the hills."""
        ...

    def content(self, name: str) -> bytes | None:
        """What lies under a name of the store's."""
        ...

    def shorten(self, blob: StoredBlob, size: int) -> None:
        """Leave of the blob its first bytes, and of a pack what comes before them too."""
        ...


class LocalHome:
    """A folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self) -> BlobStore:
        return LocalBlobStore(self.root)

    def everything(self) -> dict[str, int]:
        paths = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.root)): path.stat().st_size for path in paths}

    def path(self, blob: StoredBlob) -> tuple[Path, int]:
        """The file that holds the blob, and where in it the blob begins."""
        if packed := parse_packed(blob.place):
            return self.root / "packs" / f"{packed[0]}.pack", packed[1] + HEADER_SIZE
        return self.root / "blobs" / blob.sha256[:2] / blob.sha256, 0

    def flip(self, blob: StoredBlob, at: int) -> None:
        path, offset = self.path(blob)
        with path.open("r+b") as file:
            file.seek(offset + at)
            byte = file.read(1)[0]
            file.seek(offset + at)
            file.write(bytes([byte ^ 1]))

    def lose(self, blob: StoredBlob) -> None:
        self.path(blob)[0].unlink()

    def upkeep(self) -> UpkeepBlobs:
        return FolderUpkeep(self.root)

    def strew(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (0, 0))

    def content(self, name: str) -> bytes | None:
        path = self.root / name
        return path.read_bytes() if path.exists() else None

    def shorten(self, blob: StoredBlob, size: int) -> None:
        path, offset = self.path(blob)
        os.truncate(path, offset + size)


class BucketHome:
    """A prefix of a real bucket."""

    def __init__(self, server: S3, prefix: str) -> None:
        keys = f"access_key_id={quote(server.access_key)}&secret_access_key={quote(server.secret_key)}"
        endpoint = f"endpoint={quote(server.endpoint, safe='')}&region={server.region}"
        self.url = f"s3://{server.bucket}/{prefix}?{endpoint}&{keys}"
        self._outside = server.store(prefix)

    def open(self) -> BlobStore:
        return BucketBlobStore(open_bucket(self.url))

    def everything(self) -> dict[str, int]:
        return {entry["path"]: entry["size"] for page in obstore.list(self._outside) for entry in page}

    def _key(self, blob: StoredBlob) -> str:
        return f"blobs/{blob.sha256[:2]}/{blob.sha256}"

    def flip(self, blob: StoredBlob, at: int) -> None:
        data = bytearray(bytes(obstore.get(self._outside, self._key(blob)).bytes()))
        data[at] ^= 1
        obstore.put(self._outside, self._key(blob), bytes(data))

    def lose(self, blob: StoredBlob) -> None:
        obstore.delete(self._outside, self._key(blob))

    def upkeep(self) -> UpkeepBlobs:
        return BucketUpkeep(open_bucket(self.url))

    def strew(self, name: str, data: bytes) -> None:
        obstore.put(self._outside, name, data)

    def content(self, name: str) -> bytes | None:
        try:
            return bytes(obstore.get(self._outside, name).bytes())
        except FileNotFoundError:
            return None

    def shorten(self, blob: StoredBlob, size: int) -> None:
        data = bytes(obstore.get(self._outside, self._key(blob)).bytes())
        obstore.put(self._outside, self._key(blob), data[:size])


def random_bytes(size: int) -> bytes:
    """Bytes that no other test has."""
    return os.urandom(size)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def cut(data: bytes, size: int = 100_000) -> Iterator[bytes]:
    """The bytes in pieces that fit no block."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def stream(data: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    """The bytes as a request body brings them."""
    for piece in cut(data, size):
        yield piece


async def put(store: BlobStore, data: bytes) -> StoredBlob:
    """Store bytes of which nothing is claimed."""
    return await store.put(stream(data), expect_sha256=None, expect_size=None, max_size=ANY_SIZE)


async def read(store: BlobStore, blob: StoredBlob, start: int = 0, end: int | None = None) -> bytes:
    """Read a range to its end."""
    async with aclosing(store.read(blob, start, end)) as pieces:
        return b"".join([piece async for piece in pieces])

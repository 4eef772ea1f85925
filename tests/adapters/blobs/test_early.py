"""Large files are forced to disk while they come in; what the disk says then is not lost."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from strongroom.adapters.blobs import early
from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.application.artifacts.blobstore import BLOCK
from strongroom.domain.errors import SizeMismatch, Unavailable

SIZE = 8 * BLOCK

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Disk:
    """What was asked of it: the size of the file each time that it was to be forced to disk."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.fails: list[bool] = []

    def sync(self, fd: int) -> None:
        self.sizes.append(os.fstat(fd).st_size)
        if self.fails and self.fails.pop(0):
            raise OSError(errno.EIO, "the disk is gone")
        os.fsync(fd)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    watched = Disk()
    monkeypatch.setattr(early, "EVERY", 2 * BLOCK)
    monkeypatch.setattr(os, "fdatasync", watched.sync)
    return watched


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalBlobStore]:
    made = LocalBlobStore(tmp_path)
    yield made
    asyncio.run(made.aclose())


async def slowly(size: int) -> AsyncIterator[bytes]:
    for number in range(size // BLOCK):
        await asyncio.sleep(0.01)  # so that the disk may be done before the next piece comes
        yield bytes([number]) * BLOCK


async def put(store: LocalBlobStore, size: int, announced: int) -> str:
    stored = await store.put(slowly(size), expect_sha256=None, expect_size=announced, max_size=announced)
    return stored.sha256


async def test_the_disk_works_while_bytes_come_in_and_once_more_at_the_end(store: LocalBlobStore, disk: Disk) -> None:
    await put(store, SIZE, SIZE)
    assert disk.sizes[0] < SIZE
    assert disk.sizes[-1] == SIZE
    assert len(disk.sizes) > 1


@pytest.mark.parametrize("failing", [0, 1])
async def test_a_failure_on_the_way_is_not_forgotten(
    store: LocalBlobStore, disk: Disk, tmp_path: Path, failing: int
) -> None:
    """Linux tells of a failed write once: a later wait for the disk that succeeds means nothing then."""
    disk.fails = [number == failing for number in range(failing + 1)]
    with pytest.raises(Unavailable):
        await put(store, SIZE, SIZE)
    assert not disk.fails
    assert not [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert not list((tmp_path / "tmp").iterdir())


async def test_a_refused_file_leaves_nothing_behind(store: LocalBlobStore, disk: Disk, tmp_path: Path) -> None:
    with pytest.raises(SizeMismatch):
        await put(store, SIZE - BLOCK, SIZE)
    assert disk.sizes
    assert not list((tmp_path / "tmp").iterdir())

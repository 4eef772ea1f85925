"""The local store's own promises: modes, possession, a full disk, half files of killed processes."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.application.artifacts.blobstore import StoredBlob, nothing_known
from strongroom.domain.errors import StorageFull, Unavailable
from tests.adapters.blobs.homes import ANY_SIZE, MIB, LocalHome, put, random_bytes, read, stream

pytestmark = pytest.mark.anyio

LATER = timedelta(hours=1)


async def test_nobody_else_may_look(home: LocalHome, store: LocalBlobStore) -> None:
    """Modes 0600 for files and 0700 for folders."""
    await put(store, b"abc")
    await store.put_small([b"abc"], nothing_known)
    await store.begin_upload("u-1")
    await store.put_part("u-1", 1, stream(b"abc"), expect_sha256=None, expect_size=None, max_size=ANY_SIZE)
    for path in [home.root, *home.root.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def written() -> tuple[int, int]:
    """Bytes that this process wrote so far, and calls it took."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["wchar"]), int(lines["syscw"])


async def cost(work: Callable[[], Awaitable[object]]) -> tuple[int, int]:
    before = written()
    await work()
    after = written()
    return after[0] - before[0], after[1] - before[1]


@pytest.mark.parametrize("size", [100, 3 * MIB])
async def test_a_put_costs_the_same_twice(home: LocalHome, store: LocalBlobStore, size: int) -> None:
    """N16: the same I/O whether or not the store holds the blob already; the file is really written again."""
    data = random_bytes(size)
    path = home.path(await put(store, data))[0]
    inode = path.stat().st_ino
    fresh = random_bytes(size)
    assert await cost(lambda: put(store, data)) == await cost(lambda: put(store, fresh))
    assert path.stat().st_ino != inode


@pytest.mark.parametrize("share", [0, 1, 25, 50])
async def test_known_small_blobs_cost_what_new_ones_cost(store: LocalBlobStore, share: int) -> None:
    """N16: the same bytes in the same calls, whatever part of a batch is known."""
    old = [random_bytes(40_000) for _ in range(50)]
    first = {blob.sha256: blob for blob in await store.put_small(old, nothing_known)}

    async def known(digests: Sequence[str]) -> Mapping[str, StoredBlob]:
        return {digest: first[digest] for digest in digests if digest in first}

    mixed = old[:share] + [random_bytes(40_000) for _ in range(50 - share)]
    fresh = [random_bytes(40_000) for _ in range(50)]
    assert await cost(lambda: store.put_small(mixed, known)) == await cost(lambda: store.put_small(fresh, known))


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[LocalHome]:
    """A store on a disk of 6 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, check=False, capture_output=True)  # noqa: S603 - a fixed command
    if mounted.returncode:
        pytest.skip("mounting needs root")
    yield LocalHome(disk / "bytes")
    subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S603, S607 - a fixed command


async def test_a_full_disk_keeps_nothing_and_the_store_goes_on(tiny: LocalHome) -> None:
    """StorageFull: nothing is kept of the request; smaller ones still pass."""
    store = LocalBlobStore(tiny.root)
    kept = await put(store, random_bytes(MIB))
    (packed,) = await store.put_small([b"kept"], nothing_known)
    await store.begin_upload("u-1")
    before = tiny.everything()
    with pytest.raises(StorageFull):
        await put(store, random_bytes(8 * MIB))
    with pytest.raises(StorageFull):
        await store.put_small([random_bytes(60_000) for _ in range(150)], nothing_known)
    with pytest.raises(StorageFull):
        await store.put_part(
            "u-1", 1, stream(random_bytes(8 * MIB)), expect_sha256=None, expect_size=None, max_size=ANY_SIZE
        )
    assert tiny.everything() == before
    assert await read(store, packed) == b"kept"
    assert len(await read(store, kept)) == MIB
    (again,) = await store.put_small([b"there is room for this"], nothing_known)
    assert await read(store, again) == b"there is room for this"
    await store.check()
    await store.aclose()


LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.domain.errors import StorageFull
from tests.adapters.blobs.homes import MIB, put, random_bytes

async def main():
    store = LocalBlobStore(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))
    try:
        await put(store, random_bytes(3 * MIB))
    except StorageFull:
        print("full")

asyncio.run(main())
"""


def test_a_file_size_limit_is_a_full_disk(home: LocalHome) -> None:
    """StorageFull also where a limit of the process ends the file (no root needed for this test)."""
    command = [sys.executable, "-c", LIMITED, str(home.root)]
    child = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own child
    assert child.stdout == "full\n"
    assert home.everything() == {}


async def test_a_root_that_cannot_be_is_unavailable(tmp_path: Path) -> None:
    """Unavailable: the folder cannot be made; the path stays out of the message."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as caught:
        LocalBlobStore(tmp_path / "file" / "bytes")
    assert str(tmp_path) not in caught.value.message


async def test_a_store_that_vanished_is_unavailable(home: LocalHome, store: LocalBlobStore) -> None:
    """`check` raises Unavailable when the folder is gone."""
    home.root.rename(home.root.with_name("elsewhere"))
    with pytest.raises(Unavailable):
        await store.check()


async def test_sweep_takes_only_what_no_living_writer_holds(home: LocalHome, store: LocalBlobStore) -> None:
    """Remove what killed processes left half done before `older_than`, and nothing of the living."""
    left = home.root / "tmp" / "0123456789abcdef"
    left.write_bytes(bytes(1000))
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(2 * MIB)
        started.set()
        await go_on.wait()

    task = asyncio.create_task(store.put(slow(), expect_sha256=None, expect_size=None, max_size=ANY_SIZE))
    await started.wait()
    assert await store.sweep(older_than=datetime.now(UTC) - LATER) == 0
    assert await store.sweep(older_than=datetime.now(UTC) + LATER) == 1000
    assert not left.exists()
    go_on.set()
    blob = await task
    assert await read(store, blob) == bytes(2 * MIB)
    assert home.everything().keys() == {f"blobs/{blob.sha256[:2]}/{blob.sha256}"}


async def test_a_reader_keeps_what_it_began(store: LocalBlobStore) -> None:
    """A blob's file is held open while it is read: removing it does not cut the reader off."""
    data = random_bytes(5 * MIB)
    blob = await put(store, data)
    pieces = store.read(blob)
    seen = await anext(pieces)
    await store.delete(blob)
    async for piece in pieces:
        seen += piece
    assert seen == data

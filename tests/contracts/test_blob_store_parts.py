"""What every blob store promises of uploads in parts (application/artifacts/blobstore.py), on each adapter."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from strongroom.application.artifacts.blobstore import BlobStore, PartInfo
from strongroom.domain.errors import DigestMismatch, Invalid, NotFound, SizeMismatch, TooLarge
from tests.adapters.blobs.homes import ANY_SIZE, MIB, Home, put, random_bytes, read, sha256, stream

pytestmark = pytest.mark.anyio


async def send(store: BlobStore, upload_id: str, number: int, data: bytes) -> PartInfo:
    return await store.put_part(
        upload_id, number, stream(data), expect_sha256=None, expect_size=None, max_size=ANY_SIZE
    )


async def complete(store: BlobStore, parts: list[PartInfo], **claims: object) -> str:
    said = {"expect_sha256": None, "expect_size": None, **claims}
    return (await store.complete_upload("u-1", parts, **said)).sha256  # type: ignore[arg-type]


@pytest.mark.parametrize("sizes", [[3], [5 * MIB, 5 * MIB, 7], [12 * MIB, 1, 12 * MIB]])
async def test_parts_become_a_blob(store: BlobStore, sizes: list[int]) -> None:
    """Join the parts, in the order given; every byte is hashed again."""
    datas = [random_bytes(size) for size in sizes]
    await store.begin_upload("u-1")
    parts = [await send(store, "u-1", number, data) for number, data in enumerate(datas, 1)]
    assert parts == [PartInfo(number, len(data), sha256(data)) for number, data in enumerate(datas, 1)]
    whole = b"".join(datas)
    blob = await store.complete_upload("u-1", parts, expect_sha256=sha256(whole), expect_size=len(whole))
    assert blob == await put(store, whole)
    assert await read(store, blob) == whole


async def test_an_upload_goes_on_in_another_process(home: Home, store: BlobStore) -> None:
    """Parts survive the server process, and completing again after a crash has the same result."""
    datas = [random_bytes(MIB + 5), random_bytes(MIB + 7)]
    await store.begin_upload("u-1")
    first = await send(store, "u-1", 1, datas[0])
    other = home.open()
    await other.begin_upload("u-1")
    parts = [first, await send(other, "u-1", 2, datas[1])]
    blob = await other.complete_upload("u-1", parts, expect_sha256=None, expect_size=None)
    assert blob == await store.complete_upload("u-1", parts, expect_sha256=None, expect_size=None)
    assert await read(store, blob) == b"".join(datas)
    await other.aclose()


async def test_a_part_sent_again_replaces_the_first(store: BlobStore) -> None:
    """A part of that number that was there is replaced when, and only when, this one is whole."""
    await store.begin_upload("u-1")
    await send(store, "u-1", 1, b"first")
    second = await send(store, "u-1", 1, b"second")
    with pytest.raises(DigestMismatch):
        await store.put_part("u-1", 1, stream(b"third"), expect_sha256="0" * 64, expect_size=None, max_size=ANY_SIZE)
    assert await complete(store, [second]) == sha256(b"second")


@pytest.mark.parametrize("size", [1000, 11 * MIB])
async def test_a_refused_part_leaves_nothing(home: Home, store: BlobStore, size: int) -> None:
    """DigestMismatch, SizeMismatch, TooLarge as in `put`."""
    await store.begin_upload("u-1")
    before = home.everything()
    for said, error in [
        ({"expect_sha256": "0" * 64, "expect_size": None, "max_size": ANY_SIZE}, DigestMismatch),
        ({"expect_sha256": None, "expect_size": size + 1, "max_size": ANY_SIZE}, SizeMismatch),
        ({"expect_sha256": None, "expect_size": None, "max_size": size - 1}, TooLarge),
    ]:
        with pytest.raises(error):
            await store.put_part("u-1", 1, stream(random_bytes(size)), **said)  # type: ignore[arg-type]
    assert home.everything() == before


async def test_a_cancelled_part_leaves_nothing(home: Home, store: BlobStore) -> None:
    """A cancellation passes through, and nothing is kept."""
    await store.begin_upload("u-1")
    before = home.everything()
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield random_bytes(12 * MIB)
        waiting.set()
        await asyncio.Event().wait()

    sending = store.put_part("u-1", 1, endless(), expect_sha256=None, expect_size=None, max_size=ANY_SIZE)
    task = asyncio.create_task(sending)
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert home.everything() == before


async def test_what_is_completed_must_be_what_was_sent(home: Home, store: BlobStore) -> None:
    """A part, or the whole, is not as stated: the part is named; no blob is kept."""
    await store.begin_upload("u-1")
    one, two = [await send(store, "u-1", number, random_bytes(2000)) for number in (1, 2)]
    before = home.everything()
    with pytest.raises(DigestMismatch) as caught:
        await complete(store, [one, PartInfo(2, 2000, one.sha256)])
    assert caught.value.details["part"] == 2
    with pytest.raises(SizeMismatch) as short:
        await complete(store, [one, PartInfo(2, 1999, two.sha256)])
    assert short.value.details["part"] == 2
    with pytest.raises(NotFound) as absent:
        await complete(store, [one, PartInfo(3, 2000, two.sha256)])
    assert absent.value.details["part"] == 3
    with pytest.raises(DigestMismatch):
        await complete(store, [one, two], expect_sha256="0" * 64)
    with pytest.raises(SizeMismatch):
        await complete(store, [one, two], expect_size=3999)
    assert home.everything() == before


@pytest.mark.parametrize(
    "parts", [[], [PartInfo(1, 3, "0" * 64)] * 2, [PartInfo(1, 3, "../x")], [PartInfo(0, 3, "0" * 64)]]
)
async def test_malformed_lists_are_refused(store: BlobStore, parts: list[PartInfo]) -> None:
    """Invalid: at least one part, none twice, digests and numbers well formed."""
    await store.begin_upload("u-1")
    with pytest.raises(Invalid):
        await complete(store, parts)


@pytest.mark.parametrize("hostile", ["", ".", "..", "../x", "a/b", "A", "a" * 65, "a\0", "ä", "a\n", "/etc"])
async def test_hostile_ids_are_refused(home: Home, store: BlobStore, hostile: str) -> None:
    """Upload ids match ``[a-z0-9-]{1,64}``; another raises `Invalid`."""
    before = home.everything()
    part = PartInfo(1, 3, "0" * 64)
    for attempt in (
        store.begin_upload(hostile),
        send(store, hostile, 1, b"abc"),
        store.complete_upload(hostile, [part], expect_sha256=None, expect_size=None),
        store.abort_upload(hostile),
    ):
        with pytest.raises(Invalid):
            await attempt
    assert home.everything() == before


@pytest.mark.parametrize("number", [0, -1, 100_001])
async def test_part_numbers_have_limits(store: BlobStore, number: int) -> None:
    """Parts are numbered from 1 to `MAX_PART`."""
    await store.begin_upload("u-1")
    with pytest.raises(Invalid):
        await send(store, "u-1", number, b"abc")


async def test_an_aborted_upload_is_gone(home: Home, store: BlobStore) -> None:
    """Remove the upload and its parts; no error when it is not there."""
    before = home.everything()
    await store.begin_upload("u-1")
    part = await send(store, "u-1", 1, random_bytes(3000))
    await store.abort_upload("u-1")
    await store.abort_upload("u-1")
    with pytest.raises(NotFound):
        await send(store, "u-1", 1, b"late")
    with pytest.raises(NotFound):
        await complete(store, [part])
    assert home.everything() == before


async def test_uploads_are_listed(store: BlobStore) -> None:
    """List the uploads that are there, for the janitor."""
    started = datetime.now(UTC) - timedelta(seconds=5)
    await store.begin_upload("u-1")
    await store.begin_upload("u")
    await send(store, "u", 1, b"abc")
    listed = [found async for found in store.list_uploads()]
    assert sorted(found.upload_id for found in listed) == ["u", "u-1"]
    assert all(started < found.touched_at < datetime.now(UTC) + timedelta(seconds=5) for found in listed)

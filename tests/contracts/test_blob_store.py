"""What every blob store promises (application/artifacts/blobstore.py), on each adapter: bytes in, bytes out.

Each docstring quotes the rule that its test holds.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from blake3 import blake3

from strongroom.application.artifacts.blobstore import SMALL, BlobStore, StoredBlob, nothing_known
from strongroom.domain.errors import (
    Corrupted,
    DigestMismatch,
    DomainError,
    Invalid,
    RangeNotSatisfiable,
    SizeMismatch,
    TooLarge,
)
from tests.adapters.blobs.homes import ANY_SIZE, MIB, Home, put, random_bytes, read, sha256, stream

pytestmark = pytest.mark.anyio

SIZES = [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, MIB - 1, MIB, MIB + 1, 9 * MIB, 11 * MIB + 7]


def blocks_of(data: bytes) -> bytes:
    return b"".join(blake3(data[at : at + MIB]).digest() for at in range(0, len(data), MIB))


def git_sha1_of(data: bytes) -> str | None:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() if len(data) <= 10 * MIB else None  # noqa: S324


@pytest.mark.parametrize("size", SIZES)
async def test_what_was_put_is_read(store: BlobStore, size: int) -> None:
    """Bytes read equal bytes written (architecture.md, promise 3); digests are those of the bytes (N11)."""
    data = random_bytes(size)
    blob = await put(store, data)
    assert (blob.sha256, blob.size) == (sha256(data), size)
    assert (blob.blocks, blob.git_sha1) == (blocks_of(data), git_sha1_of(data))
    assert await read(store, blob) == data
    assert await store.exists(blob)


@pytest.mark.parametrize("size", [0, 5 * MIB, 11 * MIB])
async def test_true_claims_change_nothing(store: BlobStore, size: int) -> None:
    """A blob that was announced rightly is the same as one that was not announced."""
    data = random_bytes(size)
    claimed = await store.put(stream(data), expect_sha256=sha256(data), expect_size=size, max_size=size)
    assert claimed == await put(store, data)


async def test_small_blobs_keep_their_order(store: BlobStore) -> None:
    """One answer a blob, in the order of `blobs`; larger ones are allowed, repeats too."""
    blobs = [random_bytes(size) for size in (0, 1, SMALL, SMALL + 1, 3 * MIB, 17)]
    blobs += [blobs[1], blobs[4]]
    stored = await store.put_small(blobs, nothing_known)
    assert [blob.sha256 for blob in stored] == [sha256(data) for data in blobs]
    assert [blob.git_sha1 for blob in stored] == [git_sha1_of(data) for data in blobs]
    assert [blob.blocks for blob in stored] == [blocks_of(data) for data in blobs]
    assert [await read(store, blob) for blob in stored] == blobs


async def test_no_small_blobs(store: BlobStore) -> None:
    """A batch may be empty."""
    assert list(await store.put_small([], nothing_known)) == []


async def test_known_blobs_are_answered_as_named(store: BlobStore) -> None:
    """What `known` names is answered as named."""
    old, new = random_bytes(1000), random_bytes(1000)
    (first,) = await store.put_small([old], nothing_known)
    asked: list[Sequence[str]] = []

    async def known(digests: Sequence[str]) -> Mapping[str, StoredBlob]:
        asked.append(digests)
        return {first.sha256: first}

    again, other = await store.put_small([old, new], known)
    assert again == first
    assert [sorted(digests) for digests in asked] == [sorted([first.sha256, other.sha256])]
    assert [await read(store, blob) for blob in (again, other)] == [old, new]


@pytest.mark.parametrize("size", [5000, 3 * MIB + 5, 11 * MIB])
async def test_ranges_at_every_boundary(store: BlobStore, size: int) -> None:
    """Read bytes ``[start, end)``: the same as slicing, at both sides of every boundary of a block."""
    data = random_bytes(size)
    blob = await put(store, data)
    edges = {0, 1, size - 1, size} | {at + step for at in range(0, size, 4 * MIB) for step in (-1, 0, 1) if at}
    edges |= {MIB - 1, MIB, MIB + 1} & set(range(size))
    pairs = [(start, end) for start in sorted(edges) for end in sorted(edges) if start <= end]
    for start, end in pairs:
        assert await read(store, blob, start, end) == data[start:end], (start, end)
    assert await read(store, blob, size - 1) == data[-1:]


@pytest.mark.parametrize(("start", "end"), [(-1, None), (0, 11), (11, None), (5, 4)])
async def test_ranges_outside_are_refused_at_once(store: BlobStore, start: int, end: int | None) -> None:
    """RangeNotSatisfiable at the call, unless ``0 <= start <= end <= size``; names `size`."""
    blob = await put(store, random_bytes(10))
    with pytest.raises(RangeNotSatisfiable) as caught:
        store.read(blob, start, end)
    assert caught.value.details["size"] == 10


@pytest.mark.parametrize("size", [SMALL, MIB + 17])
async def test_what_is_examined_is_compared_by_who_looks(home: Home, store: BlobStore, size: int) -> None:
    """ "Have `look` read bytes [start, end) as they lie there, compared with nothing: it compares them itself"."""
    data = random_bytes(size)
    blob = await put(store, data)
    for start, end in ((0, size), (1, size - 1), (size - 1, size), (5, 5)):
        assert await store.examine(blob, start, end, bytes) == data[start:end]
    for start, end in ((0, size + 1), (-1, 3), (4, 3)):
        with pytest.raises(RangeNotSatisfiable):
            await store.examine(blob, start, end, bytes)
    packed = (await store.put_small([b"packed"], nothing_known))[0]
    assert await store.examine(packed, 1, 4, bytes) == b"ack"
    home.flip(blob, 7)
    found = await store.examine(blob, 0, size, bytes)
    assert found != data
    assert found[8:] == data[8:]

    def refuse(_: bytes) -> None:
        raise Corrupted("not so")

    with pytest.raises(Corrupted, match="not so"):
        await store.examine(blob, 0, size, refuse)
    home.lose(blob)
    with pytest.raises(Corrupted) as lost:
        await store.examine(blob, 0, size, bytes)
    assert (lost.value.details["blob"], lost.value.details["missing"]) == (blob.sha256, True)


async def test_a_read_may_be_left_early(store: BlobStore) -> None:
    """Close the iterator when leaving early: nothing is left running, and the store goes on."""
    data = random_bytes(9 * MIB)
    blob = await put(store, data)
    pieces = store.read(blob)
    assert await anext(aiter(pieces)) == data[:MIB]
    await pieces.aclose()
    assert await read(store, blob) == data


LARGE = 11 * MIB  # above what a bucket store holds in memory
WRONG = "0" * 64


def claims(**said: object) -> dict[str, object]:
    return {"expect_sha256": None, "expect_size": None, "max_size": ANY_SIZE, **said}


@pytest.mark.parametrize("size", [1000, LARGE])
@pytest.mark.parametrize(
    ("said", "error"),
    [
        (lambda _: claims(expect_sha256=WRONG), DigestMismatch),
        (lambda size: claims(expect_size=size - 1), SizeMismatch),
        (lambda size: claims(expect_size=size + 1), SizeMismatch),
        (lambda size: claims(max_size=size - 1), TooLarge),
        (lambda size: claims(max_size=size - 1, expect_size=size), TooLarge),
        (lambda _: claims(expect_sha256="../../../etc/passwd"), Invalid),
        (lambda _: claims(expect_sha256="A" * 64), Invalid),
        (lambda _: claims(expect_size=-1), Invalid),
    ],
)
async def test_refused_bytes_leave_nothing(
    home: Home, store: BlobStore, size: int, said: Callable[[int], dict[str, object]], error: type[DomainError]
) -> None:
    """Refused; nothing is kept."""
    before = home.everything()
    with pytest.raises(error) as caught:
        await store.put(stream(random_bytes(size)), **said(size))  # type: ignore[arg-type]
    assert type(caught.value) is error
    assert home.everything() == before


@pytest.mark.parametrize("size", [1000, LARGE])
@pytest.mark.parametrize("claimed", [False, True])
async def test_a_broken_body_leaves_nothing(home: Home, store: BlobStore, size: int, claimed: bool) -> None:
    """An error of `chunks` passes through, and nothing is kept."""
    before = home.everything()
    data = random_bytes(size)

    async def broken() -> AsyncIterator[bytes]:
        yield data
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put(broken(), expect_sha256=sha256(data) if claimed else None, expect_size=None, max_size=ANY_SIZE)
    assert home.everything() == before


@pytest.mark.parametrize("sent", [0, 1000, LARGE])
async def test_a_cancelled_put_leaves_nothing(home: Home, store: BlobStore, sent: int) -> None:
    """A cancellation passes through, and nothing is kept."""
    before = home.everything()
    waiting = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield random_bytes(sent)
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.put(endless(), expect_sha256=None, expect_size=None, max_size=ANY_SIZE))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert home.everything() == before


async def test_cancelled_at_any_moment_nothing_half_is_left(home: Home, store: BlobStore) -> None:
    """A cancellation may leave a whole blob that nobody references, never half a one."""
    data = random_bytes(3 * MIB)
    for delay in range(12):
        task = asyncio.create_task(put(store, data))
        await asyncio.sleep(delay / 1000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await store.check()
    left = {name: size for name, size in home.everything().items() if size}
    assert set(left) <= {f"blobs/{sha256(data)[:2]}/{sha256(data)}"}
    assert set(left.values()) <= {len(data)}


@pytest.mark.parametrize("size", [5 * MIB + 3, 11 * MIB])
async def test_concurrent_puts_of_the_same_bytes(home: Home, store: BlobStore, size: int) -> None:
    """The same bytes from several senders, through several processes, become one blob."""
    data = random_bytes(size)
    other = home.open()
    blobs = await asyncio.gather(*(put(each, data) for each in (store, other, store, other)))
    assert len(set(blobs)) == 1
    assert await read(other, blobs[0]) == data
    assert len([name for name, held in home.everything().items() if held]) == 1
    await other.aclose()


async def read_until_refused(store: BlobStore, blob: StoredBlob) -> tuple[bytes, Corrupted]:
    seen = b""
    try:
        async for piece in store.read(blob):
            seen += piece
    except Corrupted as error:
        return seen, error
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize(("size", "at"), [(1000, 999), (3 * MIB, MIB), (11 * MIB, 10 * MIB - 1)])
async def test_a_flipped_bit_is_named_and_never_read(home: Home, store: BlobStore, size: int, at: int) -> None:
    """Each block is compared before the first of its bytes is handed out; Corrupted names blob and block."""
    data = random_bytes(size)
    blob = await put(store, data)
    home.flip(blob, at)
    seen, error = await read_until_refused(store, blob)
    assert error.details == {"blob": blob.sha256, "block": at // MIB, "missing": False}
    assert data.startswith(seen)
    assert len(seen) <= at // MIB * MIB
    with pytest.raises(Corrupted):
        await read(store, blob, at // MIB * MIB, at // MIB * MIB + 1)
    assert await read(store, blob, 0, 0) == b""


async def test_a_flipped_bit_of_a_small_blob_is_named(home: Home, store: BlobStore) -> None:
    """The same for blobs in packs."""
    blob, other = await store.put_small([random_bytes(3000), b"its neighbour"], nothing_known)
    home.flip(blob, 2999)
    with pytest.raises(Corrupted) as caught:
        await read(store, blob, 0, 10)
    assert caught.value.details["blob"] == blob.sha256
    assert await read(store, other) == b"its neighbour"


async def test_a_put_heals(home: Home, store: BlobStore) -> None:
    """Every put writes anew, so sending the bytes again repairs them."""
    data = random_bytes(2 * MIB)
    blob = await put(store, data)
    home.flip(blob, 5)
    await put(store, data)
    assert await read(store, blob) == data


@pytest.mark.parametrize("small", [False, True])
async def test_lost_bytes_are_corruption(home: Home, store: BlobStore, small: bool) -> None:
    """Corrupted with `missing`: the bytes are not there at all, as opposed to different."""
    data = random_bytes(2000)
    blob = (await store.put_small([data], nothing_known))[0] if small else await put(store, data)
    home.lose(blob)
    assert not await store.exists(blob)
    with pytest.raises(Corrupted) as caught:
        await read(store, blob)
    assert caught.value.details == {"blob": blob.sha256, "block": 0, "missing": True}


@pytest.mark.parametrize("small", [False, True])
async def test_deleted_is_gone(store: BlobStore, small: bool) -> None:
    """Delete answers True when it was there and is gone now; a neighbour stays."""
    pair = [random_bytes(2000), random_bytes(2001)]
    blob, other = await store.put_small(pair, nothing_known) if small else [await put(store, data) for data in pair]
    assert await store.delete(blob)
    assert not await store.exists(blob)
    assert not await store.delete(blob)
    with pytest.raises(Corrupted):
        await read(store, blob)
    assert [listed.sha256 async for listed in store.list_places()] == [other.sha256]
    assert await read(store, other) == pair[1]


async def test_a_fresh_blob_is_not_collected(store: BlobStore) -> None:
    """`written_before`: keep the blob and answer False when it was written at or after this moment."""
    data = random_bytes(2000)
    blob = await put(store, data)
    assert not await store.delete(blob, written_before=datetime.now(UTC) - timedelta(minutes=1))
    assert await read(store, blob) == data
    assert await store.delete(blob, written_before=datetime.now(UTC) + timedelta(minutes=1))


async def test_every_place_is_listed(store: BlobStore) -> None:
    """List every place that holds a blob."""
    blobs = [await put(store, random_bytes(size)) for size in (0, 10, 2 * MIB)]
    blobs += await store.put_small([random_bytes(size) for size in (0, 5, SMALL)], nothing_known)
    listed = {(found.sha256, found.size, found.place) async for found in store.list_places()}
    assert listed == {(blob.sha256, blob.size, blob.place) for blob in blobs}
    assert all([await store.exists(found) async for found in store.list_places()])


async def test_a_second_process_reads_what_the_first_wrote(home: Home, store: BlobStore) -> None:
    """Durable when it returns: another instance needs nothing but the `StoredBlob`."""
    small, large = random_bytes(100), random_bytes(2 * MIB)
    blobs = [*await store.put_small([small], nothing_known), await put(store, large)]
    other = home.open()
    assert [await read(other, blob) for blob in blobs] == [small, large]
    await other.aclose()


async def test_check_leaves_nothing(home: Home, store: BlobStore) -> None:
    """Write, read back and delete a probe."""
    before = home.everything()
    await store.check()
    assert home.everything() == before

"""Packs of the local store: what is in them after crashes, damage, repeats and deletion."""

import asyncio
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.adapters.blobs.digests import blob_of
from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.adapters.blobs.names import parse_packed
from strongroom.adapters.blobs.pack_format import HEADER_SIZE, MAGIC, pack_header, walk
from strongroom.adapters.blobs.pack_groups import PackGroups
from strongroom.adapters.blobs.pack_writer import PackWriter, Record
from strongroom.adapters.blobs.packs import Packs
from strongroom.adapters.blobs.threads import Threads
from strongroom.application.artifacts.blobstore import SMALL, StoredBlob, nothing_known
from strongroom.domain.errors import Corrupted
from tests.adapters.blobs.homes import LocalHome, put, random_bytes, read, sha256

pytestmark = pytest.mark.anyio

LATER = timedelta(hours=1)


def packs(home: LocalHome) -> dict[str, int]:
    return {name: size for name, size in home.everything().items() if name.startswith("packs/")}


def all_records(root: Path) -> list[str]:
    found = []
    for path in root.glob("packs/*.pack"):
        with path.open("rb") as file:
            found += [header.sha256 for _, header in walk(file.fileno()) if header.live]
    return found


async def listed(store: LocalBlobStore) -> list[str]:
    return [found.sha256 async for found in store.list_places()]


async def test_repeats_do_not_grow_packs(home: LocalHome, store: LocalBlobStore) -> None:
    """What `known` names is written and thrown away: packs do not grow by repeats."""
    datas = [random_bytes(3000) for _ in range(20)]
    first = {blob.sha256: blob for blob in await store.put_small(datas, nothing_known)}

    async def known(digests: Sequence[str]) -> Mapping[str, StoredBlob]:
        return {digest: first[digest] for digest in digests if digest in first}

    new = random_bytes(500)
    for _ in range(3):
        assert list(await store.put_small(datas, known)) == list(first.values())
    (last,) = await store.put_small([new], known)
    await store.aclose()
    assert list(packs(home).values()) == [20 * (HEADER_SIZE + 3000) + HEADER_SIZE + 500]
    assert await read(LocalBlobStore(home.root), last) == new


async def test_callers_at_the_same_time_share_a_pack(home: LocalHome, store: LocalBlobStore) -> None:
    """Batches that arrive while the disk is busy share the next wait for it; each gets its own places."""
    datas = [random_bytes(100 + number) for number in range(200)]
    stored = await asyncio.gather(*(store.put_small([data], nothing_known) for data in datas))
    assert [await read(store, blob) for (blob,) in stored] == datas
    assert len(packs(home)) == 1


async def test_packs_roll_over(tmp_path: Path) -> None:
    """A pack that would pass its limit is closed and another begun."""
    home = LocalHome(tmp_path / "bytes")
    store = LocalBlobStore(home.root, pack_limit=100_000)
    datas = [random_bytes(30_000) for _ in range(7)]
    blobs = [(await store.put_small([data], nothing_known))[0] for data in datas]
    assert [await read(store, blob) for blob in blobs] == datas
    assert sorted(packs(home).values()) == [30_048, 90_144, 90_144]
    await store.aclose()


@pytest.mark.parametrize("torn", [1, HEADER_SIZE - 1, HEADER_SIZE, HEADER_SIZE + 1, HEADER_SIZE + 999])
async def test_a_torn_tail_is_ignored_and_never_written_over(home: LocalHome, torn: int) -> None:
    """A torn tail after a crash is ignored by readers; the next process begins a new pack."""
    first = LocalBlobStore(home.root)
    (blob,) = await first.put_small([b"whole"], nothing_known)
    await first.aclose()
    (name,) = packs(home)
    tail = (pack_header("ab" * 32, 1000) + bytes(1000))[:torn]
    with (home.root / name).open("ab") as file:
        file.write(tail)
    second = LocalBlobStore(home.root)
    assert await listed(second) == [blob.sha256]
    (other,) = await second.put_small([b"after the crash"], nothing_known)
    assert sorted(await listed(second)) == sorted([blob.sha256, other.sha256])
    assert (home.root / name).read_bytes().endswith(tail)
    assert await read(second, blob) == b"whole"
    await second.aclose()


async def test_a_damaged_header_hides_its_own_record_only(home: LocalHome, store: LocalBlobStore) -> None:
    """Where no header is, the next record whose bytes match its digest is looked for, not one that a blob forged."""
    forged = MAGIC + b"x" * 60 + pack_header("cd" * 32, 10) + b"0123456789"
    blobs = await store.put_small([random_bytes(2000), forged, b"last"], nothing_known)
    for blob in blobs[:2]:
        home.flip(blob, -HEADER_SIZE)
    assert await listed(store) == [blobs[2].sha256]
    with pytest.raises(Corrupted):
        await read(store, blobs[1])
    assert await read(store, blobs[2]) == b"last"


async def test_a_place_does_not_make_a_wrong_blob_right(store: LocalBlobStore) -> None:
    """The record's own header is compared too: a place that was mixed up gives an error, never other bytes."""
    one, two = await store.put_small([b"one", b"two"], nothing_known)
    mixed = StoredBlob(one.sha256, one.size, two.place, one.blocks, one.git_sha1)
    with pytest.raises(Corrupted):
        await read(store, mixed)
    assert not await store.exists(mixed)
    assert not await store.delete(mixed)
    assert await read(store, two) == b"two"


@pytest.mark.parametrize("place", ["", "x", "p:", "p:../../etc/passwd:0", "p:000000000000-0000000000000000:-1", "f/.."])
async def test_foreign_places_lead_nowhere(store: LocalBlobStore, place: str) -> None:
    """A place that is not ours never becomes a path."""
    own = await put(store, b"abc")
    blob = replace(own, place=place)
    assert not await store.exists(blob)
    assert not await store.delete(blob)
    assert await read(store, own) == b"abc"
    with pytest.raises(Corrupted):
        await read(store, blob)


async def test_deleted_bytes_are_blanked_and_empty_packs_go(home: LocalHome) -> None:
    """Mark a record dead and blank its bytes; the room comes back when the whole pack is dead."""
    store = LocalBlobStore(home.root)
    secret, other = b"forget me, please", random_bytes(100)
    blobs = await store.put_small([secret, other], nothing_known)
    (name,) = packs(home)
    await store.delete(blobs[0])
    assert secret not in (home.root / name).read_bytes()
    assert await store.sweep(older_than=datetime.now(UTC) + LATER) == 0
    assert await read(store, blobs[1]) == other
    await store.delete(blobs[1])
    assert await store.sweep(older_than=datetime.now(UTC) + LATER) == 0, "its writer is still there"
    await store.aclose()
    store = LocalBlobStore(home.root)
    assert await store.sweep(older_than=datetime.now(UTC) - LATER) == 0, "too young"
    assert await store.sweep(older_than=datetime.now(UTC) + LATER) == 2 * HEADER_SIZE + len(secret) + len(other)
    assert packs(home) == {}
    await store.aclose()


class GatedWriter(PackWriter):
    """A writer whose disk is as slow as the test wants."""

    def __init__(self, packs: Packs) -> None:
        super().__init__(packs)
        self.writing, self.go_on = threading.Event(), threading.Event()

    def append(self, new: Sequence[Record], known: Sequence[Record]) -> list[str]:
        self.writing.set()
        self.go_on.wait(10)
        return super().append(new, known)


async def test_a_cancelled_batch_does_not_shift_the_places_of_others(tmp_path: Path) -> None:
    """Each caller of a group gets its own places, whoever is cancelled while the group is being written."""
    packs, threads = Packs(tmp_path / "packs"), Threads(2)
    packs.make()
    writer = GatedWriter(packs)
    groups = PackGroups(threads, writer)
    datas = [random_bytes(1000 + number) for number in range(9)]
    tasks = [asyncio.create_task(groups.append([Record(sha256(data), data)], [])) for data in datas]
    await threads.run(writer.writing.wait)
    for task in tasks[::3]:
        task.cancel()
    await asyncio.sleep(0)
    writer.go_on.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for number, (data, answer) in enumerate(zip(datas, answers, strict=True)):
        assert isinstance(answer, asyncio.CancelledError) == (number % 3 == 0)
        if isinstance(answer, list):
            pack, offset = parse_packed(answer[0]) or ("", 0)
            assert packs.read(blob_of(data), pack, offset) == [data]
    await groups.idle()
    writer.close()
    threads.close()


@settings(max_examples=40)
@given(
    batches=st.lists(st.lists(st.binary(max_size=300) | st.just(bytes(SMALL)), max_size=6), min_size=1, max_size=5),
)
def test_any_mix_of_new_and_known(batches: list[list[bytes]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever part of a batch is known, every answer reads back as the blob, and the pack holds each new one once."""
    root = tmp_path_factory.mktemp("mix")
    asyncio.run(_mix(batches, root))
    shutil.rmtree(root)  # pytest would keep the folders of all examples


async def _mix(batches: list[list[bytes]], root: Path) -> None:
    store = LocalBlobStore(root)
    metadata: dict[str, StoredBlob] = {}

    async def known(digests: Sequence[str]) -> Mapping[str, StoredBlob]:
        return {digest: metadata[digest] for digest in digests if digest in metadata}

    for batch in batches:
        stored = await store.put_small(batch, known)
        assert [blob.sha256 for blob in stored] == [sha256(data) for data in batch]
        metadata |= {blob.sha256: blob for blob in stored}
        assert [await read(store, blob) for blob in stored] == batch
    await store.aclose()
    assert sorted(all_records(root)) == sorted(metadata)
    assert all(parse_packed(blob.place) for blob in metadata.values())


async def test_an_orphan_is_deleted_only_from_a_pack_that_nobody_appends_to(home: LocalHome) -> None:
    """`written_before`: "For a blob in a pack that was found by listing the pack's last write counts"."""
    store = home.open()
    await store.put_small([random_bytes(100) for _ in range(2)], nothing_known)
    orphans = [found async for found in store.list_places()]
    since = datetime.now(UTC) + LATER
    assert [await store.delete(one, written_before=since) for one in orphans] == [False, False], "somebody appends"
    await store.aclose()
    store = home.open()
    written = orphans[0].written_at
    assert not await store.delete(orphans[0], written_before=written)
    later = written + timedelta(seconds=1)
    assert [await store.delete(one, written_before=later) for one in orphans] == [True, True], "no deletion is a write"
    await store.aclose()

"""Promise 4: "Garbage collection never removes a reachable or in-flight byte, runs beside live uploads, and what it
says it freed is freed."
"""

import os
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias

import pytest

from strongroom.adapters.blobs.names import parse_packed
from strongroom.adapters.jobs import housekeeping
from strongroom.application.artifacts import folders, uploads
from strongroom.application.artifacts.blobstore import BlobStore, Known, ListedBlob, StoredBlob
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.collection import collecting
from strongroom.application.paging import PageRequest
from strongroom.application.ports.collection import Sum
from strongroom.application.registry import freezing, publishing, versions
from strongroom.application.registry.freezing import freeze_folder
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.purging import purge
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import Conflict, NotFound, Unavailable
from tests.promises.support import BOTH_STORES, Site, make_draft, publish_bytes, run, sha256

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
LARGE = 70_000
"""Bytes beyond which a blob has a file of its own."""
WALKS = int(os.environ.get("STRONGROOM_WALKS", "6"))
"""Walks of 60 steps on each database and store; `STRONGROOM_WALKS=170` makes 10,000 interleavings of each."""
STEPS = 60


class Timed:
    """The real store, whose bytes are as old as the world's clock says: the files of a test are all of today."""

    def __init__(self, site: Site) -> None:
        self.store, self._clock = site.store, site.world.clock
        self._written: dict[str, int] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    async def put(self, chunks: AsyncIterator[bytes], **rest: Any) -> StoredBlob:
        stored = await self.store.put(chunks, **rest)
        self._written[stored.sha256] = self._clock.now_us()
        return stored

    async def list_places(self) -> AsyncGenerator[ListedBlob, None]:
        async for one in self.store.list_places():
            yield replace(one, written_at=datetime.fromtimestamp(self._written.get(one.sha256, 0) / 1_000_000, UTC))

    async def put_small(self, blobs: Sequence[bytes], known: Known) -> Sequence[StoredBlob]:
        stored = await self.store.put_small(blobs, known)
        self._written |= dict.fromkeys((one.sha256 for one in stored), self._clock.now_us())
        return stored

    async def delete(self, blob: StoredBlob | ListedBlob, *, written_before: datetime | None = None) -> bool:
        written = datetime.fromtimestamp(self._written.get(blob.sha256, 0) / 1_000_000, UTC)
        if written_before is not None and written >= written_before and parse_packed(blob.place) is None:
            return False
        return await self.store.delete(blob)


@pytest.fixture(autouse=True)
def timed(site: Site) -> None:
    site.store = Timed(site)  # type: ignore[assignment]


async def content(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


async def whole(store: BlobStore, blob: Blob) -> bytes:
    stored = StoredBlob(blob.sha256, blob.size, blob.place, blob.blocks, None)
    async with aclosing(store.read(stored)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def listed(store: BlobStore) -> dict[str, int]:
    return {blob.sha256: blob.size async for blob in store.list_places()}


def collect(site: Site) -> collecting.Collected:
    return run(collecting.collect(site.world.executor, site.store))


def preview(site: Site) -> collecting.Preview:
    return run(collecting.preview(site.world.executor))


def put_away(site: Site, uid: str) -> None:
    site.world.command("admin", lambda c: versions.delete(c, uid, release_aliases=True, etag=None))
    site.world.command("admin", lambda c: purge(c, uid, "r"))


def blob_of(site: Site, data: bytes) -> Blob | None:
    return site.world.read_tx(lambda tx: tx.blobs.by_sha256([sha256(data)])).get(sha256(data))


@BOTH_STORES
def test_what_only_a_purged_version_held_is_freed_to_the_byte(site: Site, model: AssetView) -> None:
    """ "what it says it freed is freed": the dry run says the bytes, and so many are gone from the store."""
    shared, alone, small = os.urandom(LARGE), os.urandom(3 * LARGE), b"small"
    run(publish_bytes(site, model.uid, {"a": shared, "s": small}))
    gone = run(publish_bytes(site, model.uid, {"a": shared, "b": alone, "s": small}))
    put_away(site, gone.uid)
    mine = Sum(1, len(alone))
    assert collect(site).condemned == Sum(), "what was sent within 48 hours is on its way"
    site.world.clock.advance(3 * DAY)
    before = run(listed(site.store))
    assert preview(site).unheld == mine
    assert collect(site).condemned == mine
    assert (preview(site).unheld, preview(site).waiting, preview(site).due) == (Sum(), mine, Sum())
    assert collect(site).freed == Sum(), "its day is not over"
    site.world.clock.advance(DAY + HOUR)
    assert (preview(site).waiting, preview(site).due) == (Sum(), mine)
    assert collect(site).freed == mine
    after = run(listed(site.store))
    assert before.keys() - after.keys() == {sha256(alone)}
    assert sum(before.values()) - sum(after.values()) == len(alone)
    kept = blob_of(site, shared)
    assert kept is not None
    assert run(whole(site.store, kept)) == shared
    assert preview(site) == collecting.Preview(Sum(), Sum(), Sum())


@BOTH_STORES
def test_what_is_sent_again_while_it_is_condemned_is_spared(site: Site, model: AssetView) -> None:
    """ "never removes ... an in-flight byte": sent after it was condemned, and while it leaves the store."""
    data = os.urandom(LARGE)
    put_away(site, run(publish_bytes(site, model.uid, {"a": data})).uid)
    site.world.clock.advance(3 * DAY)
    assert collect(site).condemned == Sum(1, LARGE)
    site.world.clock.advance(DAY + HOUR)
    run(publish_bytes(site, model.uid, {"a": data}))
    assert collect(site).freed == Sum()
    again = blob_of(site, data)
    assert again is not None
    assert run(whole(site.store, again)) == data


def test_a_killed_run_is_finished_by_the_next(site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "freed equals predicted": between the metadata and the bytes nothing is lost sight of."""
    datas = [os.urandom(LARGE + n) for n in range(3)]
    put_away(site, run(publish_bytes(site, model.uid, {str(n): data for n, data in enumerate(datas)})).uid)
    site.world.clock.advance(3 * DAY)
    collect(site)
    site.world.clock.advance(DAY + HOUR)
    killed = site.store.delete

    async def dies(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(site.store, "delete", dies)
    with pytest.raises(KeyboardInterrupt):
        collect(site)
    monkeypatch.setattr(site.store, "delete", killed)
    assert preview(site).due == Sum(3, sum(map(len, datas)))
    with pytest.raises(Unavailable):  # its bytes are there anew, and nobody has been told that they are
        run(publish_bytes(site, model.uid, {"again": datas[0]}))
    done = collect(site)
    assert (done.freed, done.kept) == (Sum(2, len(datas[1]) + len(datas[2])), Sum(1, LARGE))
    assert run(listed(site.store)) == {sha256(datas[0]): LARGE}
    site.world.clock.advance(DAY + HOUR)
    assert run(collecting.find_orphans(site.world.executor, site.store)) == 1
    assert collect(site).freed == Sum(1, LARGE)
    assert run(listed(site.store)) == {}
    run(publish_bytes(site, model.uid, {"again": datas[0]}))


def test_a_run_that_freed_something_is_on_record(site: Site, model: AssetView) -> None:
    put_away(site, run(publish_bytes(site, model.uid, {"a": os.urandom(LARGE)})).uid)
    for _ in range(3):
        site.world.clock.advance(3 * DAY)
        collect(site)
    with site.connect() as connection:
        bodies = connection.exec_driver_sql("SELECT body FROM audit WHERE action = 'collection.run'").scalars().all()
    assert len(bodies) == 1
    assert b'"bytes":70000' in bytes(bodies[0])


def test_what_was_frozen_before_it_was_condemned_is_spared(site: Site, model: AssetView) -> None:
    """ "never removes ... an in-flight byte": frozen from a run's folder, removed there, condemned, then sealed."""
    data = os.urandom(LARGE)
    made = site.world.command("contributor", lambda c: experiments.create(c, CreateExperiment("e")))
    uid = site.world.command("contributor", lambda c: runs.create(c, CreateRun(made.uid))).uid
    run(publish_bytes(site, model.uid, {"a": data}))  # whoever has sent it may name it
    entry = PutEntry("a", sha256(data), len(data))
    site.world.command("contributor", lambda c: folders.put(c, "run", uid, [entry]))
    first = site.world.read("viewer", lambda c: versions.listed(c, model.uid, ListVersions(), PageRequest())).items[0]
    put_away(site, first.uid)
    site.world.clock.advance(3 * DAY)
    snapshot = run(freeze_folder(site.edge("contributor"), "run", uid, "", model.uid))
    site.world.command("contributor", lambda c: folders.remove(c, "run", uid, "a"))
    assert collect(site).condemned == Sum(1, LARGE)
    site.world.clock.advance(20 * HOUR)
    site.world.command("contributor", lambda c: publishing.publish_new(c, model.uid, snapshot, PublishDetails()))
    site.world.clock.advance(5 * HOUR)
    assert collect(site).freed == Sum()
    found = blob_of(site, data)
    assert found is not None
    assert run(whole(site.store, found)) == data
    assert preview(site) == collecting.Preview(Sum(), Sum(), Sum())


def test_small_bytes_that_are_condemned_are_written_again(site: Site, model: AssetView) -> None:
    """ "runs beside live uploads": the collector erases the old place between the writing and its record."""
    data, edge = b"small", site.edge("contributor")
    put_away(site, run(publish_bytes(site, model.uid, {"a": data})).uid)
    site.world.clock.advance(3 * DAY)
    collect(site)
    site.world.clock.advance(DAY + HOUR)
    stored = run(site.store.put_small([data], partial(uploads.known, edge)))
    assert collect(site).freed == Sum(1, len(data))
    site.world.command("contributor", lambda c: uploads.note(c, stored))
    found = blob_of(site, data)
    assert found is not None
    assert run(whole(site.store, found)) == data


def test_a_purge_waits_for_what_is_being_published(
    site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "never removes a reachable byte": possession of a large tree is written before the version that needs it."""
    monkeypatch.setattr(freezing, "ROWS_AT_SEAL", 0)
    data, edge = os.urandom(LARGE), site.edge("contributor")
    first = run(publish_bytes(site, model.uid, {"a": data}))
    drafts = [make_draft(site, model.uid) for _ in range(2)]
    entry = PutEntry("a", sha256(data), len(data))
    for uid in drafts:
        site.world.command("contributor", lambda c, uid=uid: folders.put(c, "draft", uid, [entry]))  # type: ignore[misc]
    late, timely = (run(freeze_folder(edge, "draft", uid, "", None)) for uid in drafts)
    with pytest.raises(Conflict, match="try again"):
        put_away(site, first.uid)
    seal = publishing._seal_draft
    site.world.command("contributor", lambda c: seal(c, drafts[1], timely, PublishDetails(), publishing.nothing_more))
    site.world.clock.advance(2 * HOUR)
    site.world.command("admin", lambda c: purge(c, first.uid, "r"))
    with pytest.raises(Conflict, match="hour"):
        site.world.command("contributor", lambda c: seal(c, drafts[0], late, PublishDetails(), publishing.nothing_more))
    for _ in range(3):
        site.world.clock.advance(9 * DAY)
        site.world.command_tx(housekeeping.expire_drafts)
        collect(site)
    found = blob_of(site, data)
    assert found is not None
    assert run(whole(site.store, found)) == data
    put_away(site, drafts[1])
    for _ in range(2):
        site.world.clock.advance(9 * DAY)
        collect(site)
    assert run(listed(site.store)) == {}


# -- random interleavings ------------------------------------------------------------------------------------------


Flow: TypeAlias = Iterator[None]


class Walk:
    """Uploads, registrations, purges and collections, each step by step and in any order; who may read what at the end.

    Flows of clients end within a day, which is what the collector counts on; one of a collector may end at any time.
    """

    def __init__(self, site: Site, asset: AssetView, seed: int) -> None:
        self.site, self.asset, self.random = site, asset, random.Random(seed)  # noqa: S311 - a walk, not a secret
        self.contents = [self.random.randbytes(LARGE + n) for n in range(4)] + [b"small %d" % n for n in range(3)]
        self.versions: dict[str, list[bytes]] = {}
        self.runs: dict[str, list[bytes]] = {}
        self.begun: list[str] = []
        made = site.world.command("contributor", lambda c: experiments.create(c, CreateExperiment(f"e{seed}")))
        self.experiment = made.uid
        self.clients: list[tuple[Flow, int]] = []
        self.collectors: list[Flow] = []

    def send(self, kind: str, uid: str, datas: list[bytes]) -> Iterator[None]:
        """Bytes, then the ledger, then entries of a folder."""
        site, who = self.site, "contributor"
        stored = []
        for data in datas:
            if len(data) < LARGE:
                run(uploads.put_small(site.edge(who), kind, uid, [(sha256(data), data)]))
            else:
                put = site.store.put(content(data), expect_sha256=None, expect_size=None, max_size=1 << 30)
                stored.append(run(put))
            yield
        if stored:
            site.world.command(who, lambda c: uploads.note(c, stored))
            yield
        entries = [PutEntry(str(n), sha256(data), len(data)) for n, data in enumerate(datas)]
        site.world.command(who, lambda c: folders.put(c, kind, uid, entries))

    def some(self) -> list[bytes]:
        return self.random.sample(self.contents, self.random.randint(1, 3))

    def upload(self) -> Iterator[None]:
        """A draft: filled, frozen, sealed."""
        site, who, datas = self.site, "contributor", self.some()
        draft = make_draft(site, self.asset.uid)
        yield
        yield from self.send("draft", draft, datas)
        yield
        snapshot = run(freeze_folder(site.edge(who), "draft", draft, "", None))
        yield
        site.world.command(
            who,
            lambda c: publishing._seal_draft(c, draft, snapshot, PublishDetails(), publishing.nothing_more),
        )
        self.versions[draft] = datas

    def record(self) -> Iterator[None]:
        """Files of a run, which stay in its folder."""
        datas = self.some()
        uid = self.site.world.command("contributor", lambda c: runs.create(c, CreateRun(self.experiment))).uid
        self.begun.append(uid)
        yield from self.send("run", uid, datas)
        self.runs[uid] = datas

    def register(self, uid: str) -> Iterator[None]:
        """A version out of a run's folder, whose files are removed while it is made."""
        site, who, datas = self.site, "contributor", self.runs.pop(uid, None)
        if datas is None:  # another flow was faster
            return
        snapshot = run(freeze_folder(site.edge(who), "run", uid, "", self.asset.uid))
        yield
        for n in range(len(datas)):
            site.world.command(who, lambda c, path=str(n): folders.remove(c, "run", uid, path))  # type: ignore[misc]
        yield
        made = site.world.command(who, lambda c: publishing.publish_new(c, self.asset.uid, snapshot, PublishDetails()))
        self.versions[made.uid] = datas

    def collecting(self) -> Iterator[None]:
        """What `collect` does, in its order."""
        executor, store = self.site.world.executor, self.site.store
        run(collecting._erase(executor, store))
        yield
        before = self.site.world.clock.now_us() - collecting.QUARANTINE_US
        for part in collecting.PARTS:
            run(collecting._take(executor, part, before))
            yield
        run(collecting._erase(executor, store))
        yield
        run(collecting._empty(executor))
        for part in collecting.PARTS:
            run(collecting._condemn(executor, part))
            yield

    def step(self) -> None:
        choice = self.random.random()
        now = self.site.world.clock.now_us()
        if choice < 0.2 and len(self.clients) < 3:
            flows: list[Callable[[], Flow]] = [self.upload, self.record]
            flows += [*(partial(self.register, uid) for uid in sorted(self.runs))]
            self.clients.append((self.random.choice(flows)(), now))
        elif choice < 0.3 and len(self.collectors) < 2:
            self.collectors.append(self.collecting())
        elif choice < 0.4 and self.versions:
            self.put_away(self.random.choice(sorted(self.versions)))
        elif choice < 0.5:
            hours = self.random.choice([1, 10, 30, 60])
            if all(now + hours * HOUR < begun + DAY for _, begun in self.clients):
                self.site.world.clock.advance(hours * HOUR)
        elif choice < 0.8 and self.clients:
            self.go_on(self.random.choice(self.clients))
        elif self.collectors:
            flow = self.random.choice(self.collectors)
            if next(flow, "over") == "over":
                self.collectors.remove(flow)

    def put_away(self, uid: str) -> None:
        """Refused while possession of a large tree is being written; the version then stays in the trash."""
        with suppress(Conflict):  # it is in the trash already
            self.site.world.command("admin", lambda c: versions.delete(c, uid, release_aliases=True, etag=None))
        with suppress(Conflict):
            self.site.world.command("admin", lambda c: purge(c, uid, "r"))
            del self.versions[uid]

    def go_on(self, client: tuple[Flow, int]) -> None:
        try:
            next(client[0])
        except (StopIteration, Unavailable, Conflict):  # told to begin again, which is as good as never begun
            self.clients.remove(client)

    def tidy(self, keep: dict[str, list[bytes]]) -> None:
        """Remove the files of all runs but some."""
        for uid in set(self.begun) - keep.keys():
            for n in range(3):
                with suppress(NotFound):
                    self.site.world.command("contributor", lambda c, at=(uid, str(n)): folders.remove(c, "run", *at))  # type: ignore[misc]

    def end(self) -> None:
        """Collectors come to their end, clients do not."""
        for flow in self.collectors:
            for _ in flow:
                pass
        self.tidy(self.runs)

    def live(self) -> set[bytes]:
        return {data for datas in (*self.versions.values(), *self.runs.values()) for data in datas}

    def check(self) -> None:
        for data in self.live():
            found = blob_of(self.site, data)
            assert found is not None, "a file is not on record"
            assert run(whole(self.site.store, found)) == data


@BOTH_STORES
@pytest.mark.parametrize("rows_at_seal", [64, 0], ids=["small trees", "large trees"])
def test_random_interleavings_lose_no_live_byte_and_leave_no_orphan(
    site: Site, model: AssetView, rows_at_seal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 5: "10,000 random interleavings of upload, delete and collection on folder and S3: no live byte lost, no
    orphan after two passes".
    """
    monkeypatch.setattr(freezing, "ROWS_AT_SEAL", rows_at_seal)
    with site.connect() as connection:  # the walks take years
        connection.exec_driver_sql("UPDATE token SET expires_at = 9000000000000000")
    for seed in range(WALKS):
        walk = Walk(site, model, seed)
        for _ in range(STEPS):
            walk.step()
        walk.end()
        walk.check()
        for kept in (len(walk.versions), 1):
            for uid in list(walk.versions)[kept:]:
                walk.put_away(uid)
            for _ in range(2):
                site.world.clock.advance(9 * DAY)
                site.world.command_tx(housekeeping.expire_drafts)
                run(collecting.find_orphans(site.world.executor, site.store))
                collect(site)
            walk.check()
            there = set(run(listed(site.store)))
            assert there == {sha256(data) for data in walk.live()}, f"orphans, or lost bytes, in walk {seed}"
        for uid in list(walk.versions):
            walk.put_away(uid)
        walk.tidy({})

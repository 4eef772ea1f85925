"""Promise 4 on random interleavings: "Garbage collection never removes a reachable or in-flight byte"."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TypeAlias

import pytest

from strongroom.adapters.jobs import housekeeping
from strongroom.application.artifacts import folders, uploads
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.collection import collecting
from strongroom.application.registry import freezing, publishing, versions
from strongroom.application.registry.freezing import freeze_folder
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.purging import purge
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import Conflict, NotFound, Unavailable
from tests.promises.collecting import DAY, HOUR, LARGE, Timed, blob_of, collect, content, listed, whole
from tests.promises.support import BOTH_STORES, Site, make_draft, run, sha256

WALKS = int(os.environ.get("STRONGROOM_WALKS", "6"))
"""Walks of 60 steps on each database and store; `STRONGROOM_WALKS=170` makes 10,000 interleavings of each."""
STEPS = 60


@pytest.fixture(autouse=True)
def timed(site: Site) -> None:
    site.store = Timed(site)  # type: ignore[assignment]


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
        run(collecting._review(executor))
        yield
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
        """Into the trash and out of it, whatever is being published meanwhile."""
        self.site.world.command("admin", lambda c: versions.delete(c, uid, release_aliases=True, etag=None))
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

"""Files that enter a folder in parts: one at a time, bounded, expiring, joined once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest

from strongroom.adapters.blobs.local import LocalBlobStore
from strongroom.adapters.jobs import housekeeping
from strongroom.application.artifacts import file_uploads, folders
from strongroom.application.artifacts.file_uploads import LIFE_US, OPEN_FILES_MOST, Target
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import BadPath, Conflict, NotFound, TooManyRequests, Unauthenticated
from tests.application.conftest import World

T = TypeVar("T")


class WorldEdge:
    """An edge over the world's database and a store in a folder; without a name nobody calls."""

    def __init__(self, world: World, store: LocalBlobStore, who: str | None) -> None:
        self._world, self._who, self.store = world, who, store
        self.gateway = SimpleNamespace(sealer=world.sealer)

    async def command(self, work: Callable[[Call], T]) -> T:
        return await asyncio.to_thread(self._world.command, self._who, work)

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
        assert not brief
        return await asyncio.to_thread(self._world.read, self._who, work)


class Site:
    """A run, and who sends files to it."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        made = world.command("contributor", lambda call: experiments.create(call, CreateExperiment("e")))
        self.run = world.command("contributor", lambda call: runs.create(call, CreateRun(made.uid))).uid

    def target(self, path: str = "m/big.bin") -> Target:
        return Target("run", self.run, path)

    def do(self, who: str | None, step: Callable[[Edge], Awaitable[T]]) -> T:
        async def once() -> T:
            store = LocalBlobStore(self.folder)
            try:
                return await step(cast("Edge", WorldEdge(self.world, store, who)))
            finally:
                await store.aclose()

        return asyncio.run(once())

    def send(self, *bodies: bytes, path: str = "m/big.bin") -> tuple[str, dict[int, str]]:
        begun = self.do("contributor", lambda edge: file_uploads.begin(edge, self.target(path), len(bodies)))
        digests = {}
        for number, (ticket, body) in enumerate(zip(begun.tickets, bodies, strict=True), 1):
            digests[number] = self.part(ticket, body)
        return begun.uid, digests

    def part(self, ticket: str, body: bytes) -> str:
        async def chunks() -> AsyncIterator[bytes]:
            yield body

        return self.do(None, lambda edge: file_uploads.put_part(edge, ticket, chunks(), None)).sha256

    def complete(self, uid: str, digests: dict[int, str], path: str = "m/big.bin", who: str = "contributor") -> None:
        self.do(who, lambda edge: file_uploads.complete(edge, self.target(path), uid, digests, None))

    def files(self) -> dict[str, int | None]:
        page = self.world.read(
            "viewer", lambda call: folders.listed(call, "run", self.run, "", PageRequest(), recursive=True)
        )
        return {entry.path: entry.size for entry in page.items}


@pytest.fixture
def site(world: World, tmp_path: Path) -> Site:
    return Site(world, tmp_path / "blobs")


def test_parts_become_a_file_of_the_folder_once(site: Site) -> None:
    uid, digests = site.send(b"a" * 100, b"", b"b")
    site.complete(uid, digests)
    assert site.files() == {"m/big.bin": 101}
    with pytest.raises(Conflict):
        site.complete(uid, digests)


def test_a_path_that_is_no_path_or_needs_a_file_to_be_a_directory_is_refused(site: Site) -> None:
    """The same rules as for a file that is sent whole."""
    site.complete(*site.send(b"x", path="m"), path="m")
    with pytest.raises(BadPath):
        site.complete(*site.send(b"x", path="m/below"), path="m/below")
    with pytest.raises(BadPath):
        site.send(b"x", path="../out")
    assert site.files() == {"m": 1}


def test_what_is_abandoned_expires_with_its_parts(site: Site) -> None:
    """ "kill -9 / abandoned uploads expire"."""
    uid, digests = site.send(b"x" * 1_000)
    ticket = site.do("contributor", lambda edge: file_uploads.begin(edge, site.target("other"), 1)).tickets[0]
    kept = [path for path in site.folder.rglob("*") if path.is_file() and uid in str(path)]
    assert kept
    site.world.clock.advance(LIFE_US + 1)
    with pytest.raises(Conflict):
        site.complete(uid, digests)
    with pytest.raises(Unauthenticated):
        site.part(ticket, b"late")

    async def job() -> None:
        store = LocalBlobStore(site.folder)
        await housekeeping.expire_uploads(site.world.executor, store)
        await store.aclose()

    asyncio.run(job())
    assert not any(path.exists() for path in kept)
    assert site.world.read_tx(lambda tx: tx.file_uploads.open_of(site.world.principals["contributor"].id)) == 0


def test_a_principal_has_so_many_files_on_their_way(site: Site) -> None:
    async def begin_all(edge: Edge) -> None:
        for number in range(OPEN_FILES_MOST + 1):
            await file_uploads.begin(edge, site.target(f"{number}"), 1)

    with pytest.raises(TooManyRequests):
        site.do("contributor", begin_all)


def test_only_who_began_it_and_may_write_ends_it(site: Site) -> None:
    uid, digests = site.send(b"x")
    for who in ("maintainer", "viewer", "stranger"):
        with pytest.raises(Exception) as refused:  # noqa: PT011 - which one depends on who asks
            site.complete(uid, digests, who=who)
        assert refused.type.__name__ in {"NotFound", "Forbidden"}
    with pytest.raises(NotFound):
        site.complete(uid, digests, path="m/elsewhere.bin")


def test_a_part_is_refused_once_its_run_is_in_the_trash(site: Site) -> None:
    """The right to write is asked for with each part, not only when its address was made."""
    begun = site.do("contributor", lambda edge: file_uploads.begin(edge, site.target(), 1))
    site.world.command("maintainer", lambda call: runs.delete(call, site.run))
    with pytest.raises(Conflict):
        site.part(begun.tickets[0], b"x")

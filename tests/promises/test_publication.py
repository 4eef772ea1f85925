"""Promise 2: "A reader of a version sees it whole or not at all (folders and drafts are mutable and say so)".
domain.md N4: "Sealing writes a constant number of rows whatever the number of files"; "Sealing is idempotent".
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import asset_blob
from strongroom.application.artifacts import folders, trees
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.identity import setup
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import aliases, assets, locate, publishing, versions
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tests.promises.support import (
    Site,
    added,
    fill,
    make_asset,
    make_draft,
    publish,
    reference,
    run,
    seal,
    send,
    statements,
)

T = TypeVar("T")
NOT_OF_THE_SEAL = {"tree_page", "asset_blob", "possession_review"}  # the review lets go of the rest


def paths_of(site: Site, version_uid: str) -> list[str]:
    found: list[str] = []
    token: str | None = None
    while True:
        page = site.world.read(
            "viewer",
            lambda call, t=token: trees.listed(call, version_uid, "", PageRequest(1_000, t), recursive=True),  # type: ignore[misc]
        )
        found += [item.path for item in page.items]
        token = page.next_page_token
        if token is None:
            return found


def test_a_sealed_draft_is_a_version_and_sealing_again_answers_the_same(site: Site, model: AssetView) -> None:
    """N4: "Sealing is idempotent"; a draft's "own uid [is] kept when sealed"."""
    draft = make_draft(site, model.uid)
    fill(site, draft, [reference("a"), reference("b/c")])
    version = seal(site, draft)
    before = site.counts()
    again = seal(site, draft, PublishDetails(description="another", number=77))
    assert again == version
    assert version.uid == draft
    assert added(before, site.counts()) == {}
    assert paths_of(site, version.uid) == ["a", "b/c"]


def test_sealing_at_once_from_many_sides_makes_one_version(site: Site, model: AssetView) -> None:
    """N4: "Sealing is idempotent", also while another does it."""
    draft = make_draft(site, model.uid)
    fill(site, draft, [reference("a")])

    async def together() -> list[int | None]:
        sealing = (publishing.seal(site.edge("contributor"), draft, PublishDetails()) for _ in range(6))
        return [version.number for version in await asyncio.gather(*sealing)]

    assert run(together()) == [1] * 6
    page = site.world.read("viewer", lambda c: versions.listed(c, model.uid, ListVersions("all"), PageRequest()))
    assert len(page.items) == 1


class Watching:
    """An edge that does something between the steps of a use case: kills it, looks at the world, writes."""

    def __init__(self, edge: Edge, between: Callable[[int], None]) -> None:
        self._edge, self._between, self._step = edge, between, 0
        self.gateway, self.store, self.reads, self.yaml = edge.gateway, edge.store, edge.reads, edge.yaml

    async def _then(self, work: Callable[[Callable[[Call], T]], object], what: Callable[[Call], T]) -> T:
        await asyncio.to_thread(self._between, self._step)
        self._step += 1
        return await work(what)  # type: ignore[misc,no-any-return]

    async def command(self, work: Callable[[Call], T]) -> T:
        return await self._then(self._edge.command, work)

    async def finish(self, work: Callable[[Call], T]) -> T:
        return await self._then(self._edge.finish, work)

    async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
        return await self._then(partial(self._edge.read, brief=brief), work)


class KilledError(Exception):
    """The process ended here."""


# looked at, frozen, sealed; where there are many rows, a review, pages and possession before the seal
@pytest.mark.parametrize(("files", "fatal_steps"), [(5, 3), (100, 5)])
def test_a_crash_between_any_two_steps_leaves_nothing_to_see(
    site: Site, model: AssetView, files: int, fatal_steps: int
) -> None:
    """Issue 2: "Commit of a version is atomic"; domain.md, Freeze: "Crash before seal leaves leases that expire"."""
    draft = make_draft(site, model.uid)
    run(send(site, draft, {f"dir/{n}.bin": bytes([n]) * 10 for n in range(files)}))
    before = site.counts()
    etag = site.world.read("viewer", lambda call: assets.get(call, model.uid)).etag
    steps = 0
    for fatal in range(20):

        def die(step: int, fatal: int = fatal) -> None:
            if step == fatal:
                raise KilledError

        edge = Watching(site.edge("contributor"), die)
        try:
            version = run(publishing.seal(edge, draft, PublishDetails(aliases=())))
        except KilledError:
            steps += 1
            page = site.world.read(
                "viewer", lambda c: versions.listed(c, model.uid, ListVersions("all"), PageRequest())
            )
            assert list(page.items) == []
            assert site.world.read("viewer", lambda call: assets.get(call, model.uid)).etag == etag
            assert set(added(before, site.counts())) <= NOT_OF_THE_SEAL
            with pytest.raises(Conflict):
                site.world.read("viewer", lambda call: versions.readable(call, draft))
            continue
        assert version.number == 1
        break
    assert steps == fatal_steps


def test_a_failure_inside_the_seal_takes_everything_back(site: Site, model: AssetView) -> None:
    """Issue 2: "Commit of a version is atomic"."""
    draft = make_draft(site, model.uid)
    fill(site, draft, [reference("a")])
    before = site.counts()
    with pytest.raises(NotFound):
        seal(site, draft, PublishDetails(base_uids=["01900000-0000-7000-8000-000000000000"]))
    with pytest.raises(Forbidden):
        seal(site, draft, PublishDetails(aliases=["champion"]))  # a contributor may not
    gone = added(before, site.counts())
    # the record of the Forbidden one, by itself (promise 5); the commit that makes "not there" take as long (N16)
    refusal = {"audit", "audit_leaf", "setting"}
    assert set(gone) <= NOT_OF_THE_SEAL | refusal
    assert gone["audit"] == 1
    assert seal(site, draft).number == 1


def test_sealing_writes_as_many_rows_and_statements_for_5000_files_as_for_10(site: Site, model: AssetView) -> None:
    """N4: "Sealing writes a constant number of rows whatever the number of files"."""
    costs = []
    for count in (10, 5_000):
        draft = make_draft(site, model.uid)
        fill(site, draft, [reference(f"d{n % 7}/{n:05}", str(n)) for n in range(count)])
        before = site.counts()
        said: list[int] = []

        def measure(call: Call, work: Callable[[Call], T], said: list[int] = said) -> T:
            with statements(site) as heard:
                result = work(call)
            said.append(len(heard))
            return result

        class LastStep(Watching):
            async def finish(self, work: Callable[[Call], T]) -> T:
                return await super().finish(lambda call: measure(call, work))

        run(publishing.seal(LastStep(site.edge("contributor"), lambda _step: None), draft, PublishDetails()))
        grown = added(before, site.counts())
        assert grown.pop("tree_page") == (1 if count == 10 else grown_pages(site, draft))
        costs.append((grown, said))
    assert costs[0] == costs[1]
    assert costs[0][0] == {"tree": 1, "revision": 1, "audit": 1, "audit_leaf": 1, "outbox": 1}


def grown_pages(site: Site, version_uid: str) -> int:
    tree = site.world.read("contributor", lambda call: versions.get(call, version_uid)).tree
    assert tree is not None
    return len(site.world.read("contributor", lambda call: trees.load_root(call, tree)).pages)


def test_a_reader_never_sees_a_half_version(site: Site, model: AssetView) -> None:
    """Promise 2: "A reader of a version sees it whole or not at all"; a reader polls `latest` and lists it all."""
    count, rounds = 600, 5
    seen: list[tuple[int, int]] = []
    ended = False

    async def poll() -> None:
        while not ended:
            edge = site.edge("viewer")
            found = await edge.read(lambda call: locate.resolve(call, "churn", None, None).version)
            if found is not None:
                uid = found.uid
                page = await site.edge("viewer").read(
                    lambda call, uid=uid: trees.listed(call, uid, "", PageRequest(1_000), recursive=True)  # type: ignore[misc]
                )
                assert found.files + len(page.items) == count
                seen.append((found.number or 0, len(page.items)))
            await asyncio.sleep(0)

    async def write() -> None:
        nonlocal ended
        try:
            for n in range(rounds):
                edge = site.edge("contributor")
                draft = await edge.command(lambda call: publishing.create_draft(call, model.uid, None, None))
                entries = [reference(f"{i % 9}/{i}", f"{n}-{i}") for i in range(count)]
                uid = draft.uid
                await edge.command(lambda call: folders.put(call, "draft", uid, entries))  # noqa: B023 - run at once
                await publishing.seal(site.edge("contributor"), uid, PublishDetails())
        finally:
            ended = True

    async def together() -> None:
        await asyncio.gather(poll(), poll(), write())

    run(together())
    assert seen
    assert {files for _number, files in seen} == {count}


def test_writes_after_the_freeze_never_reach_the_version(site: Site, model: AssetView) -> None:
    """N4: freeze reads "in one database snapshot ... Later writes to the folder never reach it"."""
    draft = make_draft(site, model.uid)
    fill(site, draft, [reference("kept", "1"), reference("replaced", "1"), reference("removed", "1")])

    def write(step: int) -> None:
        if step == 2:  # frozen; pages and seal are to come
            fill(site, draft, [reference("replaced", "2"), reference("late", "2")])
            site.world.command("contributor", lambda call: folders.remove(call, "draft", draft, "removed"))

    version = run(publishing.seal(Watching(site.edge("contributor"), write), draft, PublishDetails()))
    assert paths_of(site, version.uid) == ["kept", "removed", "replaced"]
    items = site.world.read("viewer", lambda c: trees.listed(c, version.uid, "", PageRequest(), recursive=True)).items
    assert {item.pin for item in items} == {"etag:1"}
    with pytest.raises(Conflict):
        fill(site, draft, [reference("later")])


def test_a_run_folder_is_frozen_in_part_and_stays_open(site: Site, model: AssetView) -> None:
    """N4: "read a folder, or a part of it with paths renamed"; issue 2: "run artifacts as a mutable folder that
    registration freezes atomically".
    """
    world = site.world
    experiment = world.command("contributor", lambda c: experiments.create(c, CreateExperiment("e", "")))
    a_run = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid, "r")))
    fill(site, a_run.uid, [reference("model/w"), reference("model/conf/x"), reference("logs/1")], kind="run")
    version = run(publishing.register(site.edge("contributor"), model.uid, a_run.uid, "model", PublishDetails()))
    assert paths_of(site, version.uid) == ["conf/x", "w"]
    assert version.run_uid == a_run.uid
    fill(site, a_run.uid, [reference("model/w", "2")], kind="run")
    second = run(publishing.register(site.edge("contributor"), model.uid, a_run.uid, "model", PublishDetails()))
    assert second.tree != version.tree
    assert paths_of(site, version.uid) == ["conf/x", "w"]
    with pytest.raises(Invalid):
        run(publishing.register(site.edge("contributor"), model.uid, a_run.uid, "nothing", PublishDetails()))


def test_an_alias_never_points_at_what_is_not_published(site: Site, model: AssetView) -> None:
    """Promise 2: "an alias points at exactly one committed version"; a delete and a move that race end consistent."""
    for round_ in range(8):
        version = publish(site, model.uid)
        name = f"a{round_}"
        uid = version.uid

        async def together(uid: str = uid, name: str = name) -> list[object]:
            deleting = site.edge("maintainer").command(
                lambda call: versions.delete(call, uid, release_aliases=False, etag=None)
            )
            moving = site.edge("maintainer").command(
                lambda call: aliases.change(call, model.uid, [ChangeAlias(name, uid)])
            )
            return list(await asyncio.gather(deleting, moving, return_exceptions=True))

        outcomes = run(together())
        assert sum(isinstance(outcome, BaseException) for outcome in outcomes) == 1, outcomes
        state = site.world.read("viewer", lambda call, u=uid: versions.get(call, u))  # type: ignore[misc]
        assert (state.state, list(state.aliases)) in (("live", [name]), ("trashed", []))


def test_an_expired_or_ended_draft_cannot_be_sealed_nor_written(site: Site, model: AssetView) -> None:
    """N4: "open -> sealed, failed or expired"."""
    short = site.world.command("contributor", lambda call: publishing.create_draft(call, model.uid, None, 5)).uid
    fill(site, short, [reference("a")])
    site.world.clock.advance(6_000_000)
    ended = make_draft(site, model.uid)
    fill(site, ended, [reference("a")])
    site.world.command("contributor", lambda call: publishing.abort_draft(call, ended))
    for uid in (short, ended):
        with pytest.raises(Conflict):
            seal(site, uid)
        with pytest.raises(Conflict):
            fill(site, uid, [reference("b")])


def test_a_draft_of_a_deleted_or_purged_asset_can_still_be_ended(site: Site, model: AssetView) -> None:
    """N4: drafts expire; the job that ends them must not stumble over an asset in the trash."""
    drafts = [make_draft(site, model.uid) for _ in range(2)]
    site.world.command("maintainer", lambda c: assets.delete(c, model.uid, release_aliases=True, etag=None))
    site.world.command("contributor", lambda call: publishing.abort_draft(call, drafts[0]))
    other = make_asset(site, "other")
    orphan = make_draft(site, other.uid)
    site.world.command("maintainer", lambda c: assets.delete(c, other.uid, release_aliases=True, etag=None))
    site.world.command("admin", lambda call: assets.purge(call, other.uid, "why"))
    site.world.clock.advance(31 * 86_400 * 1_000_000)
    for uid in (drafts[1], orphan):
        site.world.command_tx(lambda tx, u=uid: _expire(site, tx, u))  # type: ignore[misc]
    assert site.world.read_tx(lambda tx: tx.versions.expired_drafts(tx.now(), 10)) == []


def _expire(site: Site, tx: Transaction, uid: str) -> None:
    publishing.abort_draft(setup.as_system(tx, site.world.workspace), uid)


def test_what_a_version_holds_is_possessed_by_its_asset(site: Site, model: AssetView) -> None:
    """domain.md section 2, N4: possession rows are written before the seal."""
    draft = make_draft(site, model.uid)
    run(send(site, draft, {"a": b"one", "b": b"two", "c": b"one"}))
    seal(site, draft)
    with site.connect() as connection:
        assert len(connection.execute(select(asset_blob.c.blob_id)).all()) == 2

"""Promise 4: "Garbage collection never removes a reachable or in-flight byte, runs beside live uploads, and what it
says it freed is freed."
"""

import os
from functools import partial

import pytest

from strongroom.adapters.jobs import housekeeping
from strongroom.application.artifacts import folders, uploads
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.collection import collecting
from strongroom.application.collection.previewing import Preview
from strongroom.application.paging import PageRequest
from strongroom.application.ports.collection import Sum
from strongroom.application.registry import freezing, publishing, versions
from strongroom.application.registry.freezing import freeze_folder
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import Conflict, Unavailable
from tests.promises.collecting import (
    DAY,
    HOUR,
    LARGE,
    Timed,
    blob_of,
    collect,
    listed,
    preview,
    put_away,
    whole,
)
from tests.promises.support import BOTH_STORES, Site, make_draft, publish_bytes, run, sha256


@pytest.fixture(autouse=True)
def timed(site: Site) -> None:
    site.store = Timed(site)  # type: ignore[assignment]


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
    assert preview(site) == Preview(Sum(), Sum(), Sum())


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
    assert preview(site) == Preview(Sum(), Sum(), Sum())


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


def test_a_purge_leaves_what_is_being_published(site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "never removes a reachable byte": possession of a large tree is written before the version that needs it."""
    monkeypatch.setattr(freezing, "ROWS_AT_SEAL", 0)
    data, edge = os.urandom(LARGE), site.edge("contributor")
    first = run(publish_bytes(site, model.uid, {"a": data, "b": b"only here"}))
    drafts = [make_draft(site, model.uid) for _ in range(2)]
    entry = PutEntry("a", sha256(data), len(data))
    for uid in drafts:
        site.world.command("contributor", lambda c, uid=uid: folders.put(c, "draft", uid, [entry]))  # type: ignore[misc]
    late, timely = (run(freeze_folder(edge, "draft", uid, "", None)) for uid in drafts)
    put_away(site, first.uid)
    assert site.counts("asset_blob") == {"asset_blob": 1}, "what only the purged version had is let go at once"
    run(collecting._review(site.world.executor))
    seal = publishing._seal_draft
    site.world.command("contributor", lambda c: seal(c, drafts[1], timely, PublishDetails(), publishing.nothing_more))
    site.world.clock.advance(2 * HOUR)
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

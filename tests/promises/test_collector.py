"""The collector itself: interrupted, beside another, over many rows, over what is broken. All of it is promise 4: "what
it says it freed is freed".
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from sqlalchemy import text

from strongroom.adapters.sql.engine import is_sqlite
from strongroom.application.artifacts import uploads
from strongroom.application.artifacts.blobstore import ListedBlob, nothing_known
from strongroom.application.collection import collecting, previewing
from strongroom.application.ports import collection
from strongroom.application.ports.collection import Sum
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import freezing, publishing
from strongroom.application.registry.freezing import freeze_folder
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView
from tests.promises.collecting import DAY, HOUR, LARGE, Timed, blob_of, collect, listed, preview, put_away, whole
from tests.promises.support import Site, make_asset, make_draft, publish_bytes, run, send, sha256, statements

T = TypeVar("T")


def condemned(site: Site, model: AssetView, count: int) -> list[bytes]:
    """Contents that nobody holds, whose day is over."""
    site.store = Timed(site)  # type: ignore[assignment]
    datas = [os.urandom(LARGE + n) for n in range(count)]
    put_away(site, run(publish_bytes(site, model.uid, {str(n): data for n, data in enumerate(datas)})).uid)
    site.world.clock.advance(3 * DAY)
    collect(site)
    site.world.clock.advance(DAY + HOUR)
    return datas


def recorded(site: Site) -> list[int]:
    """Bytes that the audit log says were freed, record by record."""
    with site.connect() as connection:
        query = text("SELECT body FROM audit WHERE action = 'collection.run' ORDER BY id")
        return [json.loads(bytes(body))["details"]["bytes"] for body in connection.execute(query).scalars()]


def test_small_bytes_on_their_way_outlive_a_search_for_orphans_without_quarantine(site: Site) -> None:
    """ "never removes ... an in-flight byte": they are in a pack, and their record is not written yet."""
    data = b"on its way"
    stored = run(site.store.put_small([data], nothing_known))
    assert run(collecting.find_orphans(site.world.executor, site.store, 0)) == 1
    assert run(collecting.collect(site.world.executor, site.store, 0)).freed == Sum()
    site.world.command("contributor", lambda c: uploads.note(c, stored))
    found = blob_of(site, data)
    assert found is not None
    assert run(whole(site.store, found)) == data


def test_what_is_predicted_is_of_one_moment(site: Site, model: AssetView) -> None:
    """ "`strongroom gc --dry-run` names holders and exact bytes": another run takes what is due meanwhile."""
    datas = condemned(site, model, 2)
    executor = site.world.executor

    class Meanwhile:
        async def read(self, work: Callable[[Transaction], T]) -> T:
            seen = await executor.read(work)
            before = site.world.clock.now_us() - collecting.QUARANTINE_US
            for part in collecting.PARTS:
                await collecting._take(executor, part, before)
            return seen

    mine = Sum(2, sum(map(len, datas)))
    for _ in range(2):  # before it is taken, and after
        seen = run(previewing.preview(Meanwhile()))  # type: ignore[arg-type]
        assert (seen.waiting, seen.due) == (Sum(), mine)
    assert collect(site).freed == mine


def test_all_that_is_freed_is_on_record_once_whenever_a_run_is_killed(
    site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "freed equals predicted", and one record says so: in the transaction that says that it is erased."""
    datas = condemned(site, model, 3)
    monkeypatch.setattr(collecting, "ERASED_AT_ONCE", 1)
    predicted, deleted, delete = preview(site).due, [], site.store.delete

    async def dies(blob: object, **rest: object) -> bool:
        deleted.append(await delete(blob, **rest))  # type: ignore[arg-type]
        if len(deleted) == 2:
            raise KeyboardInterrupt  # the bytes are gone, and nothing says so yet
        return deleted[-1]

    monkeypatch.setattr(site.store, "delete", dies)
    with pytest.raises(KeyboardInterrupt):
        collect(site)
    assert len(recorded(site)) == 1
    assert collect(site).freed == Sum(2, predicted.bytes - recorded(site)[0])
    assert sorted(recorded(site)) == sorted(map(len, datas))
    assert run(listed(site.store)) == {}


def test_two_runs_at_once_count_what_they_free_once(site: Site, model: AssetView) -> None:
    datas = condemned(site, model, 3)
    executor, store = site.world.executor, site.store
    before = site.world.clock.now_us() - collecting.QUARANTINE_US
    run(collecting._take(executor, collection.Part.BLOB, before))
    found = site.world.read_tx(lambda tx: tx.collection.leaving(0, 10))
    sums = [site.world.command_tx(lambda tx: collecting._erased(tx, found, found))[0] for _ in range(2)]
    assert sums == [Sum(3, sum(map(len, datas))), Sum()]
    assert recorded(site) == [sums[0].bytes]
    assert run(collecting.collect(executor, store)).freed == Sum()


def test_one_asset_that_cannot_be_looked_at_stops_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A page is missing; however many assets wait, and however few are looked at in one step."""
    monkeypatch.setattr(collecting, "REVIEWS_AT_ONCE", 1)
    broken, sound = make_asset(site, "broken"), make_asset(site, "sound")
    for n, asset in enumerate((broken, sound)):
        run(publish_bytes(site, asset.uid, {"a": b"%d" % n}))
        site.world.command_tx(lambda tx, uid=asset.uid: tx.blobs.review(_id(tx, site, uid), tx.now()))  # type: ignore[misc]
        if asset is broken:
            with site.connect() as connection:
                connection.exec_driver_sql("DELETE FROM tree_page")
    assert collect(site).failed == 1
    assert "could not be looked at" in caplog.text
    assert site.counts("possession_review") == {"possession_review": 1}
    assert collect(site).failed == 1, "it is tried again"


def _id(tx: Transaction, site: Site, uid: str) -> int:
    found = tx.assets.by_uid(site.world.workspace.id, uid)
    assert found is not None
    return found.id


def test_what_is_let_go_is_seen_though_something_is_always_being_published(
    site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken publication's bytes are freed while one publication begins before another ends, for days."""
    monkeypatch.setattr(freezing, "ROWS_AT_SEAL", 0)
    site.store = Timed(site)  # type: ignore[assignment]
    edge, lost = site.edge("contributor"), os.urandom(LARGE)
    broken = make_draft(site, model.uid)
    run(send(site, broken, {"a": lost}))
    run(freeze_folder(edge, "draft", broken, "", None))
    site.world.command("contributor", lambda c: publishing.abort_draft(c, broken))
    for n in range(8):
        other = make_draft(site, model.uid)
        run(send(site, other, {"a": b"%d" % n}))
        run(freeze_folder(edge, "draft", other, "", None))  # on its way while the collector runs
        collect(site)
        site.world.clock.advance(DAY)
    assert sha256(lost) not in run(listed(site.store))


def test_a_draft_that_was_sealed_by_another_leaves_no_review_for_an_hour(
    site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freezing, "ROWS_AT_SEAL", 0)
    uid, edge = make_draft(site, model.uid), site.edge("contributor")
    run(send(site, uid, {"a": b"1"}))
    both = [run(freeze_folder(edge, "draft", uid, "", None)) for _ in range(2)]
    for snapshot in both:
        site.world.command(
            "contributor",
            lambda c, s=snapshot: publishing._seal_draft(c, uid, s, PublishDetails(), publishing.nothing_more),  # type: ignore[misc]
        )
    assert len(site.world.read_tx(lambda tx: tx.blobs.due_for_review(tx.now(), 0, 10))) == 1
    collect(site)
    assert site.counts("possession_review", "asset_blob") == {"possession_review": 0, "asset_blob": 1}


def test_no_statement_looks_at_all_rows(site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 10^8 rows a statement over all of them would be ended by the database, every hour."""
    monkeypatch.setattr(collection, "RANGE", 2)
    datas = condemned(site, model, 5)
    mine = Sum(5, sum(map(len, datas)))
    with statements(site) as said:
        assert preview(site).due == mine
        assert collect(site).freed == mine
    looked = [one for one in said if "FROM blob" in one or "FROM xorb" in one or "FROM draft" in one]
    assert len(looked) > 5
    assert [one for one in looked if " > " not in one and " IN " not in one and "max(" not in one] == []


def test_orphans_are_compared_by_index(site: Site) -> None:
    """500 places at a time, against tables of any size: both databases find them by their digest."""
    listed_ = [ListedBlob(f"{n:064x}", 1, "f", datetime.now(UTC)) for n in range(500)]
    with statements(site) as said:
        site.world.command_tx(lambda tx: tx.collection.leave(listed_, 0))
    looks = [one for one in said if "SELECT" in one and "sha256 IN" in one]
    assert len(looks) == 2
    explain = "EXPLAIN QUERY PLAN " if is_sqlite(site.database) else "EXPLAIN "
    with site.connect() as connection:
        if not is_sqlite(site.database):
            connection.exec_driver_sql("SET enable_seqscan = off")  # tables of a test have no rows
        for one, name in zip(looks, ("blob", "blob_leaving"), strict=True):
            assert name in one
            inlined = f"{explain}{one.partition('WHERE')[0]} WHERE sha256 IN ('a', 'b')"
            plan = " ".join(str(row) for row in connection.exec_driver_sql(inlined))
            assert ("SEARCH" in plan and "SCAN" not in plan) or "Index" in plan, plan


def test_what_is_due_is_found_by_index(site: Site) -> None:
    """However many rows are not condemned: by the time that they were, and from there on by it and their id."""
    with statements(site) as said:
        site.world.read_tx(lambda tx: tx.collection.due(collection.Part.BLOB, 9, (0, 0), 5))
    (look,) = [one for one in said if "condemned_at" in one]
    plain = look.replace("?", "9") if is_sqlite(site.database) else look
    with site.connect() as connection:
        if is_sqlite(site.database):
            plan = " ".join(str(row) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plain}"))
            assert "ix_blob_condemned" in plan, plan
            assert "TEMP B-TREE" not in plan, plan

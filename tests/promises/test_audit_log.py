"""domain.md N15: a record's "*leaf number* is given by one fenced sequencer at most 1 s after commit"; "an inclusion
proof exists once sequenced". Section 4, experiment 2: "pending + leaves = commands, receipts all provable, no gap,
order = event_seq; then delete a pending row by hand: the verifier given the receipts must name it."
"""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from strongroom.adapters.sql.engine import is_sqlite
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.adapters.sql.sequencer import sequence_pending
from strongroom.adapters.sql.tables import audit, audit_leaf, audit_log, audit_pending, audit_tile
from strongroom.application.audit import log
from strongroom.application.audit.log import ListRecords
from strongroom.application.call import Call
from strongroom.application.identity import setup
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, tags
from strongroom.application.registry.assets import UpdateAsset
from strongroom.application.registry.views import AssetView
from strongroom.cli.ed25519 import verify
from strongroom.dialects.native.operations.audit import _lines
from strongroom.domain.audit.checkpoint import open_checkpoint
from strongroom.domain.audit.export import Header
from strongroom.domain.audit.findings import LogTruncated, RecordEdited
from strongroom.domain.audit.proofs import verify_consistency, verify_inclusion
from strongroom.domain.audit.receipt import issue
from strongroom.domain.audit.record import AuditRecord, Subject, parse
from strongroom.domain.audit.verify import Report, verify_export
from strongroom.domain.errors import Conflict
from tests.domain.audit.support import OLD, ORIGIN
from tests.promises.support import Site, TestKeys, make_asset, open_engine, run

KEYS = TestKeys()
#: SQLite numbers inside its one writer's commit: there is no second sequencer.
POSTGRES_ALONE = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


def record_many(count: int) -> Callable[[Transaction], list[str]]:
    """As many records as if so many commands had run, in one transaction."""

    def work(tx: Transaction) -> list[str]:
        workspace = tx.workspaces.by_slug("default")
        assert workspace is not None
        made = []
        for n in range(count):
            record = AuditRecord(
                tx.new_uid(), workspace.uid, tx.now(), "system", None, "test.made", "done", Subject("test", str(n))
            )
            made.append(tx.audit.append(record, workspace.id).uid)
        return made

    return work


def settle(site: Site) -> None:
    """Number everything: what a stop and a start of the server do."""
    site.world.executor.close()
    clock = site.world.clock
    if is_sqlite(site.database):
        executor: SqliteExecutor | PostgresExecutor = SqliteExecutor(site.database, clock)
    else:
        executor = PostgresExecutor(site.database, clock, connections=4)
    site.world.executor = executor
    if isinstance(executor, PostgresExecutor):
        executor.sequence()


@pytest.fixture
def running(site: Site) -> Iterator[Site]:
    yield site
    site.world.executor.close()


def exported(site: Site) -> list[bytes]:
    """The lines that `GET /api/v1/audit/export` sends."""

    async def fetch() -> bytes:
        edge = site.edge("admin")
        signed = await edge.command(lambda call: log.sign(call.tx, KEYS))
        header = Header(ORIGIN, signed.size, KEYS.header)
        return b"".join([lines async for lines in _lines(edge, header, signed.note)])

    return run(fetch()).splitlines(keepends=True)


def verified(lines: list[bytes], older: list[str] | None = None, receipts: list[str] | None = None) -> Report:
    return verify_export(iter(lines), verify, [str(OLD.key)], older or [], receipts or [])


def tamper(site: Site, work: Callable[[Connection], object]) -> None:
    with site.connect() as connection:
        work(connection)


def leaves(site: Site) -> list[tuple[int, int]]:
    with site.connect() as connection:
        query = select(audit_leaf.c.leaf, audit_leaf.c.audit_id).order_by(audit_leaf.c.leaf)
        return [(row.leaf, row.audit_id) for row in connection.execute(query)]


def test_proofs_over_several_thousand_leaves_verify_offline(running: Site) -> None:
    """Issue 2: "Inclusion and consistency proofs by API"; they verify with nothing but the log's public key."""
    site, made = running, []
    sizes = [0]
    for count in (1, 254, 3, 700, 1_500, 1_542):
        made += site.world.command_tx(record_many(count))
        settle(site)
        sizes.append(site.world.read_tx(lambda tx: tx.audit.size()))
    assert sizes[-1] > 4_000
    for uid in (*made[:3], *made[250:262], made[1_023], made[1_024], *made[-3:]):
        proof = site.world.command("admin", lambda call, u=uid: log.inclusion(call, KEYS, u))  # type: ignore[misc]
        checkpoint = open_checkpoint(proof.checkpoint, [OLD.key], verify)
        steps = [bytes.fromhex(step) for step in proof.proof]
        assert verify_inclusion(bytes.fromhex(proof.hash), proof.leaf, checkpoint.size, steps, checkpoint.root)
        assert not verify_inclusion(bytes.fromhex(proof.hash), proof.leaf + 1, checkpoint.size, steps, checkpoint.root)
    for old in sizes:
        found = site.world.command("admin", lambda call, o=old: log.consistency(call, o, sizes[-1]))  # type: ignore[misc]
        roots = bytes.fromhex(found.old_root), bytes.fromhex(found.new_root)
        assert verify_consistency(old, sizes[-1], *roots, [bytes.fromhex(step) for step in found.proof])


def test_an_export_verifies_and_every_kind_of_tampering_is_named(running: Site) -> None:
    """Issue 2: "`strongroom audit verify` checks an exported log with no server and names the first wrong record;
    truncation is caught against an older checkpoint".
    """
    site = running
    made = site.world.command_tx(record_many(700))
    settle(site)
    clean = exported(site)
    held = site.world.read_tx(lambda tx: tx.audit.latest_checkpoint())
    assert held is not None
    assert verified(clean, [held[1]]).ok

    victim = made[300]
    with site.connect() as connection:
        query = select(audit, audit_leaf.c.leaf).join(audit_leaf, audit_leaf.c.audit_id == audit.c.id)
        row = connection.execute(query.where(audit.c.uid == victim)).one()
    edited = row.body.replace(b"test.made", b"test.mede")

    tamper(site, lambda c: c.execute(update(audit).where(audit.c.id == row.id).values(body=edited)))
    report = verified(exported(site), [held[1]])
    assert isinstance(report.first, RecordEdited)
    assert report.first.place == row.leaf
    tamper(site, lambda c: c.execute(update(audit).where(audit.c.id == row.id).values(body=row.body)))
    assert verified(exported(site), [held[1]]).ok

    # deleted
    tamper(site, lambda c: c.execute(delete(audit_leaf).where(audit_leaf.c.leaf == row.leaf)))
    report = verified(exported(site), [held[1]])
    assert not report.ok
    assert report.first is not None
    assert report.first.place == row.leaf
    values = {"leaf": row.leaf, "audit_id": row.id, "hash": bytes.fromhex(row.hash)}
    tamper(site, lambda c: c.execute(insert(audit_leaf).values(values)))
    assert verified(exported(site), [held[1]]).ok

    # reordered
    def swap(connection: Connection) -> None:
        pair = connection.execute(
            select(audit_leaf).where(audit_leaf.c.leaf.in_([row.leaf, row.leaf + 1])).order_by(audit_leaf.c.leaf)
        ).all()
        connection.execute(delete(audit_leaf).where(audit_leaf.c.leaf.in_([row.leaf, row.leaf + 1])))
        for leaf, other in ((pair[0].leaf, pair[1]), (pair[1].leaf, pair[0])):
            connection.execute(insert(audit_leaf).values(leaf=leaf, audit_id=other.audit_id, hash=other.hash))

    tamper(site, swap)
    report = verified(exported(site), [held[1]])
    assert report.first is not None
    assert report.first.place is not None
    assert abs(report.first.place - row.leaf) <= 256
    tamper(site, swap)
    assert verified(exported(site), [held[1]]).ok

    # truncated, with everything that would show it
    size = held[0]

    def cut(connection: Connection) -> None:
        connection.execute(delete(audit_leaf).where(audit_leaf.c.leaf >= size - 10))
        connection.execute(update(audit_log).values(size=size - 10))
        connection.execute(delete(audit_tile).where(audit_tile.c.position * 256 + 256 > size - 10))

    tamper(site, cut)
    report = verified(exported(site), [held[1]])
    assert any(isinstance(finding, LogTruncated) for finding in report.findings), report


def test_a_receipt_names_a_record_whose_pending_row_was_deleted_by_hand(running: Site, model: AssetView) -> None:
    """Section 4, experiment 2: "delete a pending row by hand: the verifier given the receipts must name it"."""
    site = running
    edge = site.edge("contributor")
    run(edge.command(lambda call: assets.update(call, model.uid, UpdateAsset(card="kept"), None)))
    lost = site.edge("contributor")
    run(lost.command(lambda call: assets.update(call, model.uid, UpdateAsset(card="lost"), None)))
    settle(site)
    (record,) = lost.records

    def drop(connection: Connection) -> None:
        leaf = connection.execute(select(audit_leaf.c.leaf).where(audit_leaf.c.audit_id == record.id)).scalar_one()
        assert leaf == connection.execute(select(audit_log.c.size)).scalar_one() - 1
        connection.execute(delete(audit_leaf).where(audit_leaf.c.leaf == leaf))  # as if it had never been numbered
        connection.execute(update(audit_log).values(size=leaf))

    tamper(site, drop)
    receipts = [str(issue(r.uid, bytes.fromhex(r.hash), OLD)) for r in (*edge.records, record)]
    lines = exported(site)
    assert verified(lines).ok  # nothing else can show it
    report = verified(lines, receipts=receipts)
    assert len(report.findings) == 1
    assert record.uid in report.sentence


def test_what_a_killed_process_left_unnumbered_is_numbered_by_the_next(site: Site, model: AssetView) -> None:
    """N15: the leaf number comes after the commit: a crash between the two delays it and loses nothing."""
    site.world.executor.close()

    # the process died between the commit of these commands and their numbering
    engine = open_engine(site.database)
    with engine.begin() as connection:
        before = connection.execute(select(audit_log.c.size)).scalar_one()
        ids = connection.execute(select(audit_leaf).order_by(audit_leaf.c.leaf.desc()).limit(3)).all()
        for row in ids:
            connection.execute(delete(audit_leaf).where(audit_leaf.c.leaf == row.leaf))
            connection.execute(insert(audit_pending).values(audit_id=row.audit_id))
        connection.execute(update(audit_log).values(size=before - 3))
    engine.dispose()

    settle(site)
    site.world.command("contributor", lambda call: tags.set_tags(call, "asset", model.uid, {"a": None}))
    settle(site)
    site.world.executor.close()
    counts = site.counts("audit", "audit_pending", "audit_leaf")
    assert counts["audit_pending"] == 0
    assert counts["audit"] == counts["audit_leaf"] == before + 1
    assert [leaf for leaf, _ in leaves(site)] == list(range(before + 1))


def test_leaves_have_no_gap_and_keep_each_assets_order_whoever_numbers(running: Site) -> None:
    """N15, section 3: "sorts by (id) subject to ascending asset_seq, appends leaves, deletes pending"; here several
    executors write and number at once.
    """
    site = running
    models = [make_asset(site, f"m{n}").uid for n in range(3)]
    second = type(site.world.executor)(site.database, type(site.world.clock)())

    async def together() -> None:
        works = []
        for n in range(120):
            executor = (site.world.executor, second)[n % 2]

            def work(tx: Transaction, uid: str = models[n % 3]) -> None:
                call = site.world.call(tx, "contributor")
                assets.update(call, uid, UpdateAsset(card="x"), None)

            works.append(executor.command(work))
        await asyncio.gather(*works)

    run(together())
    second.close()
    settle(site)
    numbered = leaves(site)
    assert [leaf for leaf, _ in numbered] == list(range(len(numbered)))
    counts = site.counts("audit", "audit_pending")
    assert (counts["audit"], counts["audit_pending"]) == (len(numbered), 0)
    with site.connect() as connection:
        bodies = {row.id: row.body for row in connection.execute(select(audit.c.id, audit.c.body))}
    records = [parse(bodies[audit_id]) for _, audit_id in numbered]
    for uid in models:
        order = [record.subject_seq for record in records if record.subject.uid == uid]
        assert order == list(range(1, 42))
    assert verified(exported(site)).ok


@POSTGRES_ALONE
def test_two_sequencers_at_once_are_fenced(running: Site) -> None:
    """Section 3: the sequencer holds an "advisory lock plus an epoch row updated in its own transaction"."""
    site = running
    others = [PostgresExecutor(site.database, site.world.clock, connections=2) for _ in range(2)]
    errors: list[Exception] = []

    def hammer(executor: PostgresExecutor) -> None:
        try:
            for _ in range(40):
                executor.sequence()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test reports it
            errors.append(error)

    threads = [threading.Thread(target=hammer, args=[one]) for one in (*others, *others)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        site.world.command_tx(record_many(20))
    for thread in threads:
        thread.join()
    for one in others:
        one.close()
    settle(site)
    assert errors == []
    numbered = leaves(site)
    assert [leaf for leaf, _ in numbered] == list(range(len(numbered)))
    assert verified(exported(site)).ok


@POSTGRES_ALONE
def test_without_the_lock_the_size_itself_is_the_fence(running: Site) -> None:
    """Section 3: a "fenced sequencer": one that lost its lock unawares cannot number over another."""
    site = running
    executor = site.world.executor
    assert isinstance(executor, PostgresExecutor)
    engine = open_engine(site.database)
    other = open_engine(site.database)
    executor.close()
    with site.connect() as connection:
        row = connection.execute(select(audit_leaf).order_by(audit_leaf.c.leaf.desc()).limit(1)).one()
        connection.execute(delete(audit_leaf).where(audit_leaf.c.leaf == row.leaf))
        connection.execute(update(audit_log).values(size=row.leaf))
        connection.execute(insert(audit_pending).values(audit_id=row.audit_id))
    done: list[int] = []
    failed: list[Exception] = []

    def late() -> None:
        try:
            with other.begin() as connection:
                done.append(sequence_pending(connection))
        except Exception as error:  # noqa: BLE001 - any failure will do: it must not have numbered
            failed.append(error)

    with engine.begin() as first:
        assert sequence_pending(first) == 1
        thread = threading.Thread(target=late)
        thread.start()
        thread.join(0.5)
    thread.join()
    engine.dispose()
    other.dispose()
    assert failed or done == [0]
    numbered = leaves(site)
    assert [leaf for leaf, _ in numbered] == list(range(len(numbered)))


def test_a_record_is_provable_within_a_second_of_its_answer(running: Site, model: AssetView) -> None:
    """N15: numbered "at most 1 s after commit" (three on a busy test machine)."""
    edge = running.edge("contributor")
    run(edge.command(lambda call: assets.update(call, model.uid, UpdateAsset(card="x"), None)))
    uid = edge.records[0].uid

    async def prove() -> bool:
        for _ in range(60):
            try:
                await running.edge("admin").command(lambda call: log.inclusion(call, KEYS, uid))
            except Conflict:
                await asyncio.sleep(0.05)
            else:
                return True
        return False

    assert run(prove())


def test_reading_the_log_is_itself_on_record_and_needs_the_right(running: Site, model: AssetView) -> None:
    """N15: "reads of objects marked sensitive are written before the answer"."""

    def listing(call: Call) -> object:
        return log.listed(call, ListRecords(subject_uid=model.uid), PageRequest())

    edge = running.edge("admin")
    run(edge.command(listing))
    (record,) = edge.records
    parsed = parse(record.body)
    assert (parsed.action, parsed.outcome) == ("audit.list", "read")
    settled = running.world.command_tx(lambda tx: setup.as_system(tx, running.world.workspace).workspace.uid)
    assert parsed.workspace == settled

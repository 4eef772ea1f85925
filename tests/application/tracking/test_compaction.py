"""Merging blocks in the background: the chain still covers every batch, nobody is in the way of anybody."""

import asyncio
import threading

import pytest
from sqlalchemy import text

from strongroom.application.paging import PageRequest
from strongroom.application.tracking import compaction, recording, runs
from strongroom.application.tracking.other_series import LogOther
from strongroom.application.tracking.recording import Batch, LogParam, LogSeries
from strongroom.application.tracking.views import RunView
from strongroom.domain.audit.chain import EMPTY_HEAD, ChainBreak, extend, verify
from strongroom.domain.errors import DomainError
from strongroom.domain.tracking import merging
from strongroom.domain.tracking.batches import chained
from strongroom.domain.tracking.first_blocks import encode_block as encode_first
from strongroom.domain.tracking.values import Point
from tests.application.conftest import World
from tests.application.tracking.test_series import columns, log, run_id


def due(world: World) -> int:
    return asyncio.run(compaction.merge_due(world.executor))


def sizes(world: World, uid: str) -> list[tuple[int, int]]:
    rows = world.read_tx(lambda tx: tx.runs.block_sizes(run_id(world, uid), 10_000))
    return [(row.batches, row.points) for row in rows]


def broken(world: World, uid: str) -> ChainBreak | None:
    """Check every batch against the head that the chain has."""
    id_ = run_id(world, uid)
    chain = world.read_tx(lambda tx: tx.runs.chain(id_))
    batches = world.read_tx(lambda tx: list(tx.runs.batches(id_)))
    return verify(batches, {chain.count: bytes.fromhex(chain.head)})


def some(world: World, uid: str, count: int, first: int = 0) -> None:
    for n in range(first, first + count):
        points = [LogSeries("loss", [n / 7], [n], [n]), LogSeries("acc", [float(n)], [n], [n])]
        log(world, uid, Batch([LogParam(f"p{n}", "x")] if n % 5 == 0 else [], (), {}, points))


def test_many_batches_become_one_block_that_the_chain_still_covers(world: World, run: RunView) -> None:
    """Every record of a run is covered by an audited chain head, merged or not; text series too."""
    some(world, run.uid, 31)
    assert due(world) == 0, "not worth it yet"
    log(world, run.uid, Batch(others=[LogOther("note", "text", ["so far"], [31], [31])]))
    head = world.read_tx(lambda tx: tx.runs.chain(run_id(world, run.uid)))
    assert due(world) == 1
    assert sizes(world, run.uid) == [(32, 63)]
    assert world.read_tx(lambda tx: tx.runs.chain(run_id(world, run.uid))) == head
    assert broken(world, run.uid) is None
    assert due(world) == 0
    some(world, run.uid, 3, first=40)
    assert sizes(world, run.uid) == [(32, 63), (1, 2), (1, 2), (1, 2)]
    assert broken(world, run.uid) is None
    assert [row[2] for row in columns(world, run.uid, "acc")] == [*range(31), 40, 41, 42]


def test_a_changed_batch_shows_after_merging_too(world: World, run: RunView) -> None:
    some(world, run.uid, 32)
    assert due(world) == 1
    other = world.command("contributor", lambda c: runs.create(c, runs.CreateRun(run.experiment_uid)))
    some(world, other.uid, 32, first=100)
    assert due(world) == 1
    spoil = text("UPDATE block SET body = (SELECT body FROM block WHERE run_id = :a) WHERE run_id = :b")
    ids = {"a": run_id(world, other.uid), "b": run_id(world, run.uid)}
    world.command_tx(lambda tx: tx.connection.execute(spoil, ids))  # type: ignore[attr-defined]
    assert broken(world, run.uid) == ChainBreak(0, 31, missing=False)


def test_the_end_of_a_run_merges_what_it_has(world: World, run: RunView) -> None:
    some(world, run.uid, 3)
    assert due(world) == 0
    world.command("contributor", lambda c: runs.end(c, run.uid, "finished"))
    assert due(world) == 1
    assert sizes(world, run.uid) == [(3, 6)]
    assert due(world) == 0, "it is settled"
    assert world.read_tx(lambda tx: tx.runs.loose(10)) == []
    world.command("contributor", lambda c: runs.resume(c, run.uid))
    some(world, run.uid, 32, first=10)
    assert due(world) == 1
    assert broken(world, run.uid) is None


def test_of_two_that_merge_the_same_one_wins(world: World, run: RunView) -> None:
    some(world, run.uid, 32)
    id_ = run_id(world, run.uid)
    old = world.read_tx(lambda tx: tx.runs.block_sizes(id_, 100))
    new = merging.merge(world.read_tx(lambda tx: tx.runs.block_rows(id_, 0, 31)))
    won = world.race(lambda tx: tx.runs.replace_blocks(id_, old, new), lambda tx: tx.runs.replace_blocks(id_, old, new))
    assert sorted(map(bool, won)) == [False, True]
    overlapping = old[5:9]
    assert not world.command_tx(lambda tx: tx.runs.replace_blocks(id_, overlapping, new))
    assert sizes(world, run.uid) == [(32, 64)]
    assert broken(world, run.uid) is None


def test_blocks_of_the_first_release_stay_as_they_are(world: World, run: RunView) -> None:
    """Their bytes, not only their points, are what the chain covers."""
    some(world, run.uid, 20)
    id_ = run_id(world, run.uid)
    chain = world.read_tx(lambda tx: tx.runs.chain(id_))
    body = encode_first({"loss": [Point(20, 20, 0.5)]})
    head = extend(bytes.fromhex(chain.head), chained(b"{}", body)).hex()

    def as_before(tx: object) -> None:
        execute = tx.connection.execute  # type: ignore[attr-defined]
        row = {"r": id_, "p": chain.count, "b": body, "e": b"{}"}
        execute(
            text(
                "INSERT INTO block (run_id, position, points, least_step, greatest_step, record, body)"
                " VALUES (:r, :p, 1, 20, 20, :e, :b)"
            ),
            row,
        )
        execute(text("UPDATE run_chain SET head = :h, count = :n"), {"h": head, "n": chain.count + 1})

    world.command_tx(as_before)
    some(world, run.uid, 20, first=21)
    assert due(world) == 2
    assert sizes(world, run.uid) == [(20, 40), (1, 1), (20, 40)]
    assert broken(world, run.uid) is None
    assert [row[0] for row in columns(world, run.uid, "loss")] == list(range(41))


def test_writers_and_mergers_at_once_lose_nothing_and_double_nothing(
    world: World, run: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 3: several writers on one run; points compacted in the background, beside them."""
    monkeypatch.setattr(merging, "FEWEST", 2)
    writers, batches = 4, 25
    failures: list[BaseException] = []
    over = threading.Event()

    def write(writer: int) -> None:
        try:
            for n in range(batches):
                log(world, run.uid, Batch(series=[LogSeries("shared", [float(writer)], [n], [writer])]))
        except DomainError as error:
            failures.append(error)

    def combine() -> None:
        while not over.is_set():
            asyncio.run(compaction.merge_run(world.executor, run_id(world, run.uid)))

    mergers = [threading.Thread(target=combine) for _ in range(2)]
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in (*mergers, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    for thread in mergers:
        thread.join()
    assert failures == []
    assert columns(world, run.uid, "shared") == [(n, w, float(w)) for n in range(batches) for w in range(writers)]
    assert world.read("viewer", lambda c: recording.latest(c, run.uid, None, PageRequest())).items[0].metric.count
    assert broken(world, run.uid) is None
    assert sum(count for count, _ in sizes(world, run.uid)) == writers * batches
    assert EMPTY_HEAD.hex() != world.read_tx(lambda tx: tx.runs.chain(run_id(world, run.uid))).head

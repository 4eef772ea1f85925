"""Group commit when things go wrong: nobody is told that something was kept which was not."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strongroom.adapters.sql.engine import sqlite_engine
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.tables import audit_log, metadata
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap.clock import MachineClock
from strongroom.domain.errors import StorageFull


@pytest.fixture
def executor(tmp_path: Path) -> Iterator[SqliteExecutor]:
    url = f"sqlite:///{tmp_path}/db"
    engine = sqlite_engine(url, write=True)
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(audit_log.insert().values(id=1, size=0, epoch=0))
    engine.dispose()
    executor = SqliteExecutor(url, MachineClock())
    yield executor
    executor.close()


def put(key: str, size: int = 1) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        tx.settings.put(key, "x" * size)
        return key

    return work


async def in_one_group(executor: SqliteExecutor, *works: Callable[[Transaction], str]) -> list[object]:
    """Run works in one group: the writer is held by a first command until all of them wait."""
    held, go = threading.Event(), threading.Event()

    def hold(_tx: Transaction) -> None:
        held.set()
        go.wait(10)

    first = asyncio.create_task(executor.command(hold))
    await asyncio.to_thread(held.wait, 10)
    tasks = [asyncio.create_task(executor.command(work)) for work in works]
    await asyncio.sleep(0.05)
    go.set()
    await first
    return list(await asyncio.gather(*tasks, return_exceptions=True))


def stored(executor: SqliteExecutor, *keys: str) -> list[bool]:
    return asyncio.run(executor.read(lambda tx: [tx.settings.get(key) is not None for key in keys]))


def test_a_full_disk_fails_the_whole_group_and_answers_nothing_that_is_lost(executor: SqliteExecutor) -> None:
    """ "A version answered as committed survives"; "disk full during upload": SQLite then drops the whole group."""

    def limit(tx: Transaction) -> None:
        assert isinstance(tx, SqlTransaction)
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 20}")

    asyncio.run(executor.command(limit))
    answers = asyncio.run(in_one_group(executor, put("first"), put("big", 10_000_000), put("after")))
    kept = stored(executor, "first", "big", "after")
    assert [isinstance(answer, str) for answer in answers] == kept
    assert isinstance(answers[1], StorageFull)
    assert asyncio.run(executor.command(put("later"))) == "later"
    assert stored(executor, "later") == [True]


def test_one_refused_command_takes_nothing_else_with_it(executor: SqliteExecutor) -> None:
    """N15: "each under its own savepoint; none is answered before that commit"."""

    def refuse(tx: Transaction) -> str:
        tx.settings.put("refused", "x")
        raise StorageFull("no")

    answers = asyncio.run(in_one_group(executor, put("one"), refuse, put("two")))
    assert [answers[0], answers[2]] == ["one", "two"]
    assert isinstance(answers[1], StorageFull)
    assert stored(executor, "one", "refused", "two") == [True, False, True]


def test_whatever_a_command_raises_the_writer_goes_on(executor: SqliteExecutor) -> None:
    """A panic in an extension is no Exception; the commands behind it are answered all the same."""

    class Panic(BaseException):
        pass

    def panic(_tx: Transaction) -> str:
        raise Panic

    answers = asyncio.run(in_one_group(executor, put("before"), panic, put("behind")))
    assert [answers[0], answers[2]] == ["before", "behind"]
    assert isinstance(answers[1], RuntimeError)
    assert asyncio.run(executor.command(put("still"))) == "still"


COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT max(i), ? FROM n"


@pytest.mark.parametrize("swallowed", [False, True], ids=["raised", "swallowed"])
def test_a_brief_read_that_is_none_is_moved_off_the_event_loop(executor: SqliteExecutor, *, swallowed: bool) -> None:
    """One caller's question must not keep the event loop from all others, whatever the work makes of the error."""
    threads: list[int] = []

    def work(tx: Transaction) -> int:
        assert isinstance(tx, SqlTransaction)
        threads.append(threading.get_ident())
        try:
            return int(tx.connection.exec_driver_sql(COUNTING.format(200_000), ("x",)).scalar_one())
        except Exception:
            if not swallowed:
                raise
            return 0

    assert asyncio.run(executor.read(work, brief=True)) == 200_000
    assert len(threads) == 2
    assert threads[0] == threading.get_ident() != threads[1]
    assert asyncio.run(executor.read(work)) == 200_000, "the budget went with the brief read"


def test_a_brief_read_stays_where_it_is_however_often_its_statement_ran(executor: SqliteExecutor) -> None:
    """SQLite counts the steps of a statement over all its runs: a thousand short ones are none that is long."""
    threads: set[int] = set()

    def work(tx: Transaction) -> int:
        assert isinstance(tx, SqlTransaction)
        threads.add(threading.get_ident())
        return int(tx.connection.exec_driver_sql(COUNTING.format(100), ("x",)).scalar_one())

    async def many() -> None:
        for _ in range(1_000):
            await executor.read(work, brief=True)

    asyncio.run(many())
    assert threads == {threading.get_ident()}

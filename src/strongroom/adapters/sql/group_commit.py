"""SQLite: one writer thread, many commands in one commit.

`synchronous=FULL` makes a commit cost an fsync, so the writer takes whatever commands wait, runs each under its own
savepoint, numbers the audit leaves, commits once and only then answers them all (domain.md N15). Reads run in a small
pool of their own on WAL snapshots and never wait for the writer.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from strongroom.adapters.sql.admission import RememberedFacts
from strongroom.adapters.sql.brief import NotBriefError, within_budget
from strongroom.adapters.sql.engine import sqlite_engine
from strongroom.adapters.sql.executor import ping, run_work, translate
from strongroom.adapters.sql.kept import KeptConnections
from strongroom.adapters.sql.sequencer import sequence_pending
from strongroom.application.ports.execution import Clock
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.errors import Unavailable

T = TypeVar("T")

#: A commit waits for nobody: it takes what is queued now, at most this many commands.
GROUP_SIZE = 64


@dataclass(slots=True)
class _Job:
    work: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"
    result: Any = None
    failed: bool = False


class SqliteExecutor:
    """Runs commands in group commits and reads on snapshots of one SQLite file."""

    def __init__(self, url: str, clock: Clock, *, readers: int = 4) -> None:
        self._clock = clock
        self._remembered = RememberedFacts()
        self._writer = sqlite_engine(url, write=True)
        self._reader = sqlite_engine(url, write=False, pool_size=readers + 1)
        self._writing, self._reading = KeptConnections(self._writer), KeptConnections(self._reader)
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-read")
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._write_loop, name="sqlite-write", daemon=True)
        self._thread.start()

    async def command(self, work: Callable[[Transaction], T]) -> T:
        """See :class:`strongroom.application.ports.execution.Executor`."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        with self._gate:
            if self._closed:
                raise Unavailable("The server is stopping.")
            self._queue.put(_Job(work, loop, done))
        return await done

    async def read(self, work: Callable[[Transaction], T], *, brief: bool = False) -> T:
        """See :class:`strongroom.application.ports.execution.Executor`.

        A brief one runs on the event loop itself: a reader never waits for the writer, and the change of threads
        would take longer than the answer. One that turns out not to be brief is ended and begun again in a thread.
        The pool has one connection more than threads, so that none is waited for.
        """
        if brief:
            try:
                return self._read(work, brief=True)
            except NotBriefError:
                pass
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[Transaction], T], *, brief: bool = False) -> T:
        try:
            with self._reading.begin() as connection, within_budget(connection, brief=brief):
                return run_work(connection, work, self._clock, self._remembered, reads=True)
        except NotBriefError:
            raise
        except Exception as error:
            raise translate(error) from error

    def _write_loop(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            stopping = False
            while len(group) < GROUP_SIZE:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    stopping = True
                    break
                group.append(job)
            self._commit(group)
            if stopping:
                return

    def _commit(self, group: list[_Job]) -> None:
        live = [job for job in group if not job.done.cancelled()]
        try:
            with self._writing.begin() as connection:
                for job in live:
                    self._run(connection, job)
                if not all(job.failed for job in live):
                    sequence_pending(connection)
        except BaseException as error:  # noqa: BLE001 - whatever it is, every waiting caller must get it
            failure = _as_failure(error)
            for job in live:
                job.result, job.failed = job.result if job.failed else failure, True
        for loop in {job.loop for job in live}:
            with suppress(RuntimeError):  # a loop that was closed waits for nothing
                loop.call_soon_threadsafe(_answer, [job for job in live if job.loop is loop])

    def _run(self, connection: Connection, job: _Job) -> None:
        """Run one command under its own savepoint, so that a refused one takes nothing else with it.

        :raises BaseException: SQLite itself ended the transaction (disk full, I/O error, out of memory): nothing of
            this group is on disk, whatever was answered by the commands before, and nothing may follow.
        """
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - the executor of SQLite
        driver.execute("SAVEPOINT command")
        try:
            job.result = run_work(connection, job.work, self._clock, self._remembered)
            driver.execute("RELEASE command")
        except BaseException as error:
            if not _is_open(connection):
                raise
            driver.execute("ROLLBACK TO command")
            driver.execute("RELEASE command")
            job.failed = True
            job.result = _as_failure(error)
        if not _is_open(connection):
            raise OperationalError("commit", None, sqlite3.OperationalError("SQLite ended the transaction"))

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        ping(self._reader)

    def close(self) -> None:
        """Finish what was accepted, then stop."""
        with self._gate:  # nothing may come behind the end of the queue: it would never be answered
            self._closed = True
            self._queue.put(None)
        self._thread.join(timeout=30)
        self._readers.shutdown(wait=True)
        self._reading.dispose()
        self._writing.dispose()


def _answer(jobs: list[_Job]) -> None:
    """Answer all callers of a loop at once: waking it for each would hand it the interpreter in between, each time."""
    for job in jobs:
        if job.done.done():
            continue
        if job.failed:
            job.done.set_exception(job.result)
        else:
            job.done.set_result(job.result)


def _is_open(connection: Connection) -> bool:
    """Whether SQLite, not only SQLAlchemy, still is in the transaction."""
    driver = connection.connection.driver_connection
    return isinstance(driver, sqlite3.Connection) and driver.in_transaction


def _as_failure(error: BaseException) -> Exception:
    if not isinstance(error, Exception):
        return RuntimeError(f"a command ended with {type(error).__name__}")
    try:
        return translate(error)
    except Exception as untranslated:  # noqa: BLE001 - whatever it is, the waiting caller must get it
        return untranslated

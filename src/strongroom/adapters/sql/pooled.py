"""PostgreSQL: each command is a transaction of its own on a pooled connection; leaves are numbered after commit.

One sequencer at a time numbers audit leaves, in a transaction of its own under an advisory lock, so that no command
waits for the log's head (domain.md N15). Every process tries; the lock lets one work.
"""

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from strongroom.adapters.sql.admission import RememberedFacts
from strongroom.adapters.sql.engine import postgres_engine
from strongroom.adapters.sql.executor import is_retryable, ping, run_work, translate
from strongroom.adapters.sql.sequencer import sequence_pending
from strongroom.application.ports.execution import Clock
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.errors import Unavailable

T = TypeVar("T")
log = logging.getLogger(__name__)

TRIES = 6
SEQUENCER_LOCK = 0x5354_524F_4E47  # "STRONG"
SEQUENCER_PERIOD_S = 0.2


class PostgresExecutor:
    """Runs commands and reads on a pool of connections, and takes its turn as the sequencer."""

    def __init__(self, url: str, clock: Clock, *, connections: int = 16) -> None:
        self._clock = clock
        self._remembered = RememberedFacts()
        self._engine = postgres_engine(url, pool_size=connections + 1)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="postgres")
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._sequencer = threading.Thread(target=self._sequence_loop, name="sequencer", daemon=True)
        self._sequencer.start()

    async def command(self, work: Callable[[Transaction], T]) -> T:
        """See :class:`strongroom.application.ports.execution.Executor`."""
        result = await self._run(self._command, work)
        self._wake.set()
        return result

    async def read(self, work: Callable[[Transaction], T], *, brief: bool = False) -> T:  # noqa: ARG002 - see the port
        """See :class:`strongroom.application.ports.execution.Executor`."""
        return await self._run(self._read, work)

    async def _run(self, how: Callable[[Callable[[Transaction], T]], T], work: Callable[[Transaction], T]) -> T:
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, how, work)
        except RuntimeError as error:  # the pool takes nothing more
            raise Unavailable("The server is stopping.") from error
        return await running

    def _command(self, work: Callable[[Transaction], T]) -> T:
        for attempt in range(TRIES):
            try:
                with self._engine.begin() as connection:
                    return run_work(connection, work, self._clock, self._remembered)
            except Exception as error:
                if not is_retryable(error) or attempt == TRIES - 1:
                    raise translate(error) from error
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def _read(self, work: Callable[[Transaction], T]) -> T:
        try:
            with (
                self._engine.connect().execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                ) as connection,
                connection.begin(),
            ):
                return run_work(connection, work, self._clock, self._remembered, reads=True)
        except Exception as error:
            raise translate(error) from error

    def _sequence_loop(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(SEQUENCER_PERIOD_S)
            self._wake.clear()
            try:
                self.sequence()
            except Exception as error:  # noqa: BLE001 - whatever it was, somebody has to go on numbering
                log.warning("the audit sequencer could not run: %s", type(error).__name__)
                self._stop.wait(1.0)

    def sequence(self) -> None:
        """Number what is pending, unless another process is at it."""
        with self._engine.begin() as connection:
            if connection.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": SEQUENCER_LOCK}).scalar():
                sequence_pending(connection)

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        ping(self._engine)

    def close(self) -> None:
        """Finish what was accepted, number it, then stop."""
        self._threads.shutdown(wait=True)
        self._stop.set()
        self._wake.set()
        self._sequencer.join(timeout=30)
        with contextlib.suppress(SQLAlchemyError):  # what stays pending is numbered by the next process
            self.sequence()
        self._engine.dispose()

"""A search that takes too long is ended: one caller's filter must not keep a core from the others."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import DBAPIError

from strongroom.adapters.sql.engine import STATEMENT_TIMEOUT
from strongroom.domain.errors import Invalid

SECONDS = 10.0
_STEPS = 50_000
"""Instructions of SQLite's machine between two looks at the clock: some milliseconds."""
_CANCELED = "57014"
_WHOLE = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_material")
"""Ways of PostgreSQL to read tables whole. It expects few rows of filters that it has no statistics for, and then takes
one of them for a page that it would find along an index."""


_SLACK = 0.25
"""Seconds that a search may be late: PostgreSQL is told its time anew only when it is less by more than that."""
_TOO_LONG = "The search looks at too many rows; narrow it, or order by something else."


class Deadline:
    """When a search ends, however many statements it is made of."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds."""
        return self._until - time.monotonic()

    def check(self) -> None:
        """:raises Invalid: it is over."""
        if self.left <= 0:
            raise Invalid(_TOO_LONG)


@contextmanager
def bounded(connection: Connection, seconds: float = SECONDS) -> Iterator[Deadline]:
    """Run statements that end after some seconds, all of them together.

    :returns: when that is, for what takes long between them.
    :raises Invalid: they did not end in time; the caller has to narrow the question.
    """
    deadline = Deadline(seconds)
    sqlite = isinstance(connection.connection.driver_connection, sqlite3.Connection)
    with _sqlite(connection, deadline) if sqlite else _postgres(connection, deadline):
        try:
            yield deadline
        except DBAPIError as error:
            if "interrupted" in str(error.orig) or getattr(error.orig, "sqlstate", None) == _CANCELED:
                raise Invalid(_TOO_LONG) from error
            raise


@contextmanager
def _sqlite(connection: Connection, deadline: Deadline) -> Iterator[None]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - narrows the type
    driver.set_progress_handler(lambda: deadline.left <= 0, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


@contextmanager
def _postgres(connection: Connection, deadline: Deadline) -> Iterator[None]:
    """PostgreSQL ends single statements: it is told again what is left when that is much less than it was told."""
    told = deadline.left
    _set(connection, _milliseconds(told), "off")

    def tell(_connection: Connection, cursor: Any, *_rest: object) -> None:  # noqa: ANN401 - the driver's
        nonlocal told
        deadline.check()
        if told - deadline.left > _SLACK:
            told = deadline.left
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", (_milliseconds(told),))

    event.listen(connection, "before_cursor_execute", tell)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", tell)
    _set(connection, STATEMENT_TIMEOUT, "on")


def _milliseconds(seconds: float) -> str:
    return f"{max(1, int(seconds * 1000))}ms"


def _set(connection: Connection, timeout: str, whole: str) -> None:
    """For this transaction: how long a statement may take, and whether PostgreSQL may read tables whole."""
    values = {"statement_timeout": timeout, **dict.fromkeys(_WHOLE, whole)}
    connection.execute(select(*(func.set_config(name, value, True) for name, value in values.items())))  # noqa: FBT003 - is_local

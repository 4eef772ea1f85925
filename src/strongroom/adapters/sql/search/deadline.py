"""A search that takes too long is ended: one caller's filter must not keep a core from the others."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from strongroom.adapters.sql.engine import STATEMENT_TIMEOUT
from strongroom.domain.errors import Invalid

SECONDS = 10.0
_STEPS = 50_000
"""Instructions of SQLite's machine between two looks at the clock: some milliseconds."""
_CANCELED = "57014"


@contextmanager
def bounded(connection: Connection, seconds: float = SECONDS) -> Iterator[None]:
    """Run statements that end after some seconds.

    :raises Invalid: one did not end in time; the caller has to narrow the question.
    """
    driver = connection.connection.driver_connection
    try:
        if isinstance(driver, sqlite3.Connection):
            until = time.monotonic() + seconds
            driver.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        else:
            _limit(connection, f"{int(seconds * 1000)}ms")
        yield
        if not isinstance(driver, sqlite3.Connection):
            _limit(connection, STATEMENT_TIMEOUT)
    except DBAPIError as error:
        if "interrupted" in str(error.orig) or getattr(error.orig, "sqlstate", None) == _CANCELED:
            raise Invalid("The search looks at too many rows; narrow it, or order by something else.") from error
        raise
    finally:
        if isinstance(driver, sqlite3.Connection):
            driver.set_progress_handler(None, 0)


def _limit(connection: Connection, timeout: str) -> None:
    connection.execute(select(func.set_config("statement_timeout", timeout, True)))  # noqa: FBT003 - is_local

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
_WHOLE = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_material")
"""Ways of PostgreSQL to read tables whole. It expects few rows of filters that it has no statistics for, and then takes
one of them for a page that it would find along an index."""


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
            _set(connection, f"{int(seconds * 1000)}ms", "off")
        yield
        if not isinstance(driver, sqlite3.Connection):
            _set(connection, STATEMENT_TIMEOUT, "on")
    except DBAPIError as error:
        if "interrupted" in str(error.orig) or getattr(error.orig, "sqlstate", None) == _CANCELED:
            raise Invalid("The search looks at too many rows; narrow it, or order by something else.") from error
        raise
    finally:
        if isinstance(driver, sqlite3.Connection):
            driver.set_progress_handler(None, 0)


def _set(connection: Connection, timeout: str, whole: str) -> None:
    """For this transaction: how long a statement may take, and whether PostgreSQL may read tables whole."""
    values = {"statement_timeout": timeout, **dict.fromkeys(_WHOLE, whole)}
    connection.execute(select(*(func.set_config(name, value, True) for name, value in values.items())))  # noqa: FBT003 - is_local

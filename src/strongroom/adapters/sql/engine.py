"""Connections: one way to open SQLite and PostgreSQL, with the settings that our promises rest on."""

import sqlite3
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 15_000
STATEMENT_TIMEOUT = "60s"
"""How long a statement may run on PostgreSQL."""


def is_sqlite(url: str) -> bool:
    """Whether `url` names a SQLite database."""
    return make_url(url).get_backend_name() == "sqlite"


def _postgres_url(url: str) -> URL:
    parsed = make_url(url)
    return parsed.set(drivername="postgresql+psycopg") if parsed.get_backend_name() == "postgresql" else parsed


def sqlite_engine(url: str, *, write: bool, pool_size: int = 4) -> Engine:
    """An engine over one SQLite file: WAL, `synchronous=FULL`; writers begin IMMEDIATE, readers cannot write.

    :param write: one connection that takes the write lock at BEGIN; otherwise `pool_size` reading connections.
    """
    engine = create_engine(
        url, pool_size=1 if write else pool_size, max_overflow=0, connect_args={"check_same_thread": False}
    )

    def configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - narrows the type for the driver's attribute
        connection.isolation_level = None  # the driver must not open transactions of its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA cache_size = -8192")
        cursor.execute("PRAGMA journal_mode = WAL" if write else "PRAGMA query_only = ON")
        cursor.close()

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", partial(_begin, "BEGIN IMMEDIATE" if write else "BEGIN"))
    return engine


def _begin(statement: str, connection: Connection) -> None:
    """Begin on the driver: every transaction does, and the round through SQLAlchemy takes longer than SQLite."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - narrows the type
    try:
        driver.execute(statement)
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error, dialect=connection.dialect) from error


def postgres_engine(url: str, *, pool_size: int = 16, **options: Any) -> Engine:
    """An engine over PostgreSQL; every session runs in UTC and gives up a statement after 60 s, a lock after 15 s."""
    return create_engine(
        _postgres_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=15,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 10,
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout={BUSY_TIMEOUT_MS}",
        },
        **options,
    )

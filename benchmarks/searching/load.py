"""Filling a new database: rows by COPY or in batches, indexes afterwards."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, insert, text

from benchmarks.searching.rows import Place, Rows
from strongroom.adapters.identity.random import Identifiers, SystemClock, SystemRandom
from strongroom.adapters.sql import tables as t
from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.migrate import move
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.identity import setup

BATCH = 20_000
_INDEXES = {
    True: "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    False: "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT IN "
    "(SELECT conname FROM pg_constraint)",
}


class Clock:
    """The time and ids of transactions."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._random = SystemRandom()
        self._identifiers = Identifiers(self._clock, self._random)

    def now_us(self) -> int:
        return self._clock.now_us()

    def new_uid(self) -> str:
        return self._identifiers.new_uid()

    def random_bytes(self, count: int) -> bytes:
        return self._random.token_bytes(count)


def open_executor(url: str) -> SqliteExecutor | PostgresExecutor:
    """As the server opens it."""
    return SqliteExecutor(url, Clock()) if is_sqlite(url) else PostgresExecutor(url, Clock(), connections=2)


def load(url: str, rows: int) -> None:
    """Fill a new database. SQLite gets no statistics, as in the server; PostgreSQL is analysed."""
    move(url)
    executor = open_executor(url)
    workspace = asyncio.run(executor.command(setup.ensure_default_workspace))
    executor.close()
    began = time.monotonic()
    sqlite = is_sqlite(url)
    engine = sqlite_engine(url, write=True) if sqlite else postgres_engine(url, pool_size=1)
    with engine.connect() as connection:
        _relax(connection, sqlite=sqlite)
        place = _place(connection, workspace.id, sqlite=sqlite)
        connection.commit()
        with _without_indexes(connection, sqlite=sqlite):
            _write_all(connection, Rows(place, rows).all())
        if sqlite:
            connection.execute(text("INSERT INTO document_index (document_index) VALUES ('rebuild')"))
        connection.commit()
    if not sqlite:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    print(f"{url}: {rows:,} runs and versions loaded in {time.monotonic() - began:.0f} s", flush=True)


def _relax(connection: Connection, *, sqlite: bool) -> None:
    """For this session: no checks of foreign keys, and nothing that waits for the disk."""
    driver: Any = connection.connection.driver_connection
    if sqlite:
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -262144", "temp_store = MEMORY"):
            driver.execute(f"PRAGMA {pragma}")
        return
    driver.execute("SET session_replication_role = replica")
    driver.execute("SET statement_timeout = 0")
    driver.execute("SET maintenance_work_mem = '512MB'")


def _place(connection: Connection, workspace_id: int, *, sqlite: bool) -> Place:
    namespace_id = connection.execute(text("SELECT id FROM namespace")).scalars().first()
    actor_id = connection.execute(text("SELECT id FROM principal")).scalars().first()
    if namespace_id is None:
        row = {"uid": Clock().new_uid(), "workspace_id": workspace_id, "path": "", "slug_path": ""}
        made = insert(t.namespace).values(**row, recorded_at=0).returning(t.namespace.c.id)
        namespace_id = connection.execute(made).scalar_one()
    return Place(workspace_id, namespace_id, actor_id or 1, quoted=not sqlite)


@contextmanager
def _without_indexes(connection: Connection, *, sqlite: bool) -> Iterator[None]:
    """Take the indexes away and make them again: a third of the time."""
    found = [tuple(row) for row in connection.execute(text(_INDEXES[sqlite]))]
    for name, _ in found:
        connection.execute(text(f'DROP INDEX "{name}"'))
    yield
    for _, made in found:
        connection.connection.driver_connection.execute(made)  # type: ignore[union-attr]


def _write_all(connection: Connection, made: Iterable[tuple[Table, dict[str, Any]]]) -> None:
    waiting: dict[tuple[Table, tuple[str, ...]], list[tuple[Any, ...]]] = {}
    for table, row in made:
        rows = waiting.setdefault((table, tuple(row)), [])
        rows.append(tuple(row.values()))
        if len(rows) == BATCH:
            _write(connection, table, tuple(row), rows)
            rows.clear()
    for (table, names), rows in waiting.items():
        _write(connection, table, names, rows)


def _write(connection: Connection, table: Table, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        columns, places = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", rows)  # noqa: S608 - ours
        return
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    with driver.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), listed)) as to:
        for row in rows:
            to.write_row(row)

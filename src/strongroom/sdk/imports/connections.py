"""Databases that are only read: a SQLite file, or PostgreSQL in read-only transactions."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from strongroom.sdk.imports.source import SourceError

if TYPE_CHECKING:
    import psycopg

Row = Mapping[str, Any]


class Sqlite:
    """A SQLite file, opened read only."""

    def __init__(self, path: Path) -> None:
        import sqlite3

        if not path.is_file():
            raise SourceError(f"There is no file {str(path)!r}.")
        try:
            self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            raise SourceError(f"{str(path)!r} cannot be read as SQLite: {error}") from error
        self._columns: dict[str, frozenset[str]] = {}

    def columns(self, table: str) -> frozenset[str]:
        """Names of its columns; none of a table that is not there."""
        if table not in self._columns:
            rows = self._connection.execute(f"PRAGMA table_info({table})")
            self._columns[table] = frozenset(row["name"] for row in rows)
        return self._columns[table]

    def rows(self, query: str, values: Sequence[Any]) -> Iterator[Row]:
        """Rows as they come. :raises SourceError: the file is damaged."""
        import sqlite3

        try:
            for row in self._connection.execute(query, list(values)):
                yield dict(row)
        except sqlite3.Error as error:
            raise SourceError(f"The database cannot be read: {error}") from error

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


class Postgres:
    """A PostgreSQL database, in read-only transactions."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
            from psycopg.rows import dict_row
        except ImportError:
            raise SourceError("Reading PostgreSQL needs psycopg: pip install 'strongroom[import]'.") from None
        self._connect = partial(
            psycopg.connect, url, row_factory=dict_row, options="-c default_transaction_read_only=on", autocommit=True
        )
        self._free: deque[psycopg.Connection[dict[str, Any]]] = deque()
        self._columns: dict[str, frozenset[str]] = {}
        try:
            self._free.append(self._connect())
        except psycopg.Error as error:
            raise SourceError(f"The database cannot be opened: {error}") from error

    @contextmanager
    def _taken(self) -> "Iterator[psycopg.Connection[dict[str, Any]]]":
        """A connection that no other thread uses: rows of one are read while another asks."""
        try:
            one = self._free.pop()
        except IndexError:
            one = self._connect()
        try:
            yield one
        finally:
            self._free.append(one)

    def columns(self, table: str) -> frozenset[str]:
        """Names of its columns; none of a table that is not there."""
        if table not in self._columns:
            query = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
            with self._taken() as one:
                rows = one.execute(query + " AND table_name = %s", [table])
                self._columns[table] = frozenset(row["column_name"] for row in rows)
        return self._columns[table]

    def rows(self, query: str, values: Sequence[Any]) -> Iterator[Row]:
        """Rows as they come, a thousand at a time. :raises SourceError: the server says no."""
        import psycopg

        try:
            with self._taken() as one, one.transaction(), one.cursor("rows") as cursor:
                cursor.itersize = 1_000
                cursor.execute(query.replace("?", "%s"), list(values))
                yield from list(cursor) if "LIMIT" in query else cursor
        except psycopg.Error as error:
            raise SourceError(f"The database cannot be read: {error}") from error

    def close(self) -> None:
        """Let go of it."""
        for one in self._free:
            one.close()


def open_database(url: str) -> Sqlite | Postgres:
    """The database at a URL of SQLAlchemy's form. :raises SourceError: none, or of a kind that is not read."""
    scheme, _, rest = url.partition(":")
    kind = scheme.partition("+")[0]
    if kind == "sqlite":
        return Sqlite(Path(unquote(rest.removeprefix("///").partition("?")[0])))
    if kind in {"postgresql", "postgres"}:
        return Postgres(f"postgresql:{rest}")
    raise SourceError(
        f"A database of the kind {kind!r} is not read: start 'mlflow server' over it and import from its address."
    )


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

"""What every repository needs: the connection, the transaction's time and ids, and the two upserts."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, func, insert
from sqlalchemy.dialects import postgresql, sqlite

from strongroom.adapters.sql.admission import Facts
from strongroom.adapters.sql.prepared import Prepared
from strongroom.application.paging import Overweight

R = TypeVar("R")
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

#: SQLite takes at most 32,766 variables a statement, PostgreSQL 65,535.
IN_MOST = 5_000


class Context(Protocol):
    """What repositories ask of their transaction."""

    connection: Connection

    @property
    def facts(self) -> Facts | None: ...
    def now(self) -> int: ...
    def new_uid(self) -> str: ...
    def name_ids(self, workspace_id: int, texts: Iterable[str], *, create: bool) -> Mapping[str, int]: ...
    def name_texts(self, ids: Iterable[int]) -> Mapping[int, str]: ...


class Repository:
    """Base of the repositories."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._connection = context.connection

    def _insert(self, table: Table, *rows: Mapping[str, Any]) -> None:
        """Insert rows of plain values, all with the same columns."""
        if rows:
            _adding(table, tuple(rows[0]), identified=False).run_many(self._connection, rows)

    def _insert_one(self, table: Table, row: Mapping[str, Any]) -> int:
        """Insert a row of plain values; the id that it got."""
        found: int = _adding(table, tuple(row), identified=True).one(self._connection, **row)[0]
        return found

    def _insert_ignore(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert rows; those whose key exists change nothing. Returns how many are new."""
        if not rows:
            return 0
        return _ignoring(self._connection.dialect.name, table, tuple(rows[0])).run_many(self._connection, rows)

    def _insert_ignore_one(self, table: Table, row: Mapping[str, Any]) -> int | None:
        """Insert a row; the id that it got, or None when its key exists."""
        new = _ignoring_one(self._connection.dialect.name, table, tuple(row)).one(self._connection, **row)
        return None if new is None else int(new[0])

    def _upsert(self, table: Table, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> None:
        """Insert rows; where `keys` exist, the other columns of the row are replaced."""
        if rows:
            statement = _replacing(self._connection.dialect.name, table, tuple(rows[0]), tuple(keys))
            statement.run_many(self._connection, rows)


@cache
def _adding(table: Table, columns: tuple[str, ...], *, identified: bool) -> Prepared:
    statement = insert(table).returning(table.c.id) if identified else insert(table)
    return Prepared(statement, columns=columns)


@cache
def _ignoring(dialect: str, table: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(_insert_of(dialect, table).on_conflict_do_nothing(), columns=columns)


@cache
def _ignoring_one(dialect: str, table: Table, columns: tuple[str, ...]) -> Prepared:
    statement = _insert_of(dialect, table).on_conflict_do_nothing().returning(table.c.id)
    return Prepared(statement, columns=columns)


@cache
def _replacing(dialect: str, table: Table, columns: tuple[str, ...], keys: tuple[str, ...]) -> Prepared:
    statement = _insert_of(dialect, table)
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    return Prepared(statement.on_conflict_do_update(index_elements=list(keys), set_=changed), columns=columns)


def _insert_of(dialect: str, table: Table) -> Any:  # noqa: ANN401 - two insert types of one shape
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


#: Text that rows of several owners may hold before fewer owners have to be asked for.
LARGEST_AT_ONCE = 32 << 20
ROW_WEIGHS = 200


ROWS_HELD = 100_000


def weighed(
    connection: Connection,
    query: Select[Any],
    owners: int,
    most: int,
    size: Callable[[Row[Any]], int],
    values: Mapping[str, object] | None = None,
) -> Iterator[Row[Any]]:
    """The rows, as long as they are not too much together.

    :param most: rows of one owner. Where they may be many, PostgreSQL is asked for some at a time: it would send all.
    :param size: characters in a row. :param values: of the query's parameters.
    :raises Overweight: rows of several owners hold more than is read at once.
    """
    options = {"stream_results": owners * most > ROWS_HELD}
    with connection.execute(query, values or {}, execution_options=options) as rows:
        yield from _bearable(rows, owners, size)


def weighed_few(rows: Iterable[Row[Any]], owners: int, size: Callable[[Row[Any]], int]) -> Iterator[Row[Any]]:
    """The same of rows that are no more than `ROWS_HELD`."""
    return _bearable(rows, owners, size)


def _bearable(rows: Iterable[Row[Any]], owners: int, size: Callable[[Row[Any]], int]) -> Iterator[Row[Any]]:
    total = 0
    for row in rows:
        total += ROW_WEIGHS + size(row)
        if total > LARGEST_AT_ONCE and owners > 1:
            raise Overweight
        yield row


def load(cls: type[R], row: AnyRow, **changed: object) -> R:
    """A dataclass from a row whose columns are named like its fields."""
    return cls(**{**row._asdict(), **changed})


def begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """A condition: the text begins so, case-sensitive on both databases (SQLite's LIKE is not)."""
    return func.substr(column, 1, len(prefix)) == prefix


def load_json(text: str) -> Any:  # noqa: ANN401 - whatever was dumped
    """What `dump_json` wrote; mostly it is nothing."""
    return {} if text == "{}" else json.loads(text)


def dump_json(value: object) -> str:
    """JSON text as it is stored."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def batches(items: Iterable[R], size: int = IN_MOST) -> Iterable[list[R]]:
    """Items in lists of at most `size`, for IN clauses."""
    batch: list[R] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch

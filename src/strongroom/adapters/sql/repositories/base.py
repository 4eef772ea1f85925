"""What every repository needs: the connection, the transaction's time and ids, and the two upserts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Table, func
from sqlalchemy.dialects import postgresql, sqlite

R = TypeVar("R")
AnyRow: TypeAlias = Row[*tuple[Any, ...]]

#: SQLite takes at most 32,766 variables a statement, PostgreSQL 65,535.
IN_MOST = 5_000


class Context(Protocol):
    """What repositories ask of their transaction."""

    connection: Connection

    def now(self) -> int: ...
    def new_uid(self) -> str: ...
    def name_ids(self, workspace_id: int, texts: Iterable[str], *, create: bool) -> Mapping[str, int]: ...
    def name_texts(self, ids: Iterable[int]) -> Mapping[int, str]: ...


class Repository:
    """Base of the repositories."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._connection = context.connection

    def _insert_ignore(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert rows; those whose key exists change nothing. Returns how many are new."""
        if not rows:
            return 0
        return self._connection.execute(_insert(self._connection, table).on_conflict_do_nothing(), list(rows)).rowcount

    def _upsert(self, table: Table, rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> None:
        """Insert rows; where `keys` exist, the other columns of the row are replaced."""
        if not rows:
            return
        statement = _insert(self._connection, table)
        changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        self._connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changed), list(rows))


def _insert(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - two insert types of one shape
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def load(cls: type[R], row: AnyRow, **changed: object) -> R:
    """A dataclass from a row whose columns are named like its fields."""
    return cls(**{**row._asdict(), **changed})


def begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """A condition: the text begins so, case-sensitive on both databases (SQLite's LIKE is not)."""
    return func.substr(column, 1, len(prefix)) == prefix


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

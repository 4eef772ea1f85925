"""Hot statements: written in SQLAlchemy Core, compiled once a dialect, run on the driver.

What every request or every batch of points runs costs more to build and to wrap than to execute. These come back as
plain tuples in the order of their columns: no types are converted, so they hold integers, floats, texts and bytes.
Failures are wrapped as SQLAlchemy wraps them, so that callers tell them apart in one way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement, ColumnElement
from sqlalchemy.types import Text

Row = tuple[Any, ...]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as one driver takes it: the values that it states itself, and the order of parameters, if any."""

    sql: str
    stated: Values
    order: Sequence[str] | None

    def bound(self, values: Values) -> Any:  # noqa: ANN401 - what the driver's style asks for
        if self.order is None:
            return {**self.stated, **values}
        return [values[name] if name in values else self.stated[name] for name in self.order]


class Hot:
    """One statement. `build` is given the dialect's name; what it leaves open are parameters named by `bindparam`."""

    def __init__(self, build: Callable[[str], ClauseElement]) -> None:
        self._build = build
        self._compiled: dict[str, _Text] = {}

    def all(self, connection: Connection, **values: Any) -> list[Row]:
        """Its rows."""
        return list(self._run(connection, values).fetchall())

    def first(self, connection: Connection, **values: Any) -> Row | None:
        """Its first row, if there is one."""
        row: Row | None = self._run(connection, values).fetchone()
        return row

    def run(self, connection: Connection, **values: Any) -> int:
        """Run it; how many rows it changed."""
        return int(self._run(connection, values).rowcount)

    def many(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Run it once for each of some rows."""
        if not rows:
            return
        said = self._text(connection)
        cursor = _driver(connection).cursor()
        try:
            cursor.executemany(said.sql, [said.bound(row) for row in rows])
        except Exception as error:
            raise _wrapped(connection, said.sql, error) from error
        finally:
            cursor.close()

    def _run(self, connection: Connection, values: Values) -> Any:  # noqa: ANN401 - a cursor of either driver
        said = self._text(connection)
        try:
            return _driver(connection).execute(said.sql, said.bound(values))
        except Exception as error:
            raise _wrapped(connection, said.sql, error) from error

    def _text(self, connection: Connection) -> "_Text":
        name = connection.dialect.name
        if name not in self._compiled:
            compiled = self._build(name).compile(dialect=connection.dialect)
            assert isinstance(compiled, SQLCompiler)  # noqa: S101 - an executable statement compiles to one
            self._compiled[name] = _Text(str(compiled), dict(compiled.params), compiled.positiontup)
        return self._compiled[name]


def among(dialect: str, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """A condition: the text is one of a list of any length; the parameter is made by `listed`."""
    if dialect == "sqlite":
        return column.in_(select(func.json_each(bindparam(name, type_=Text())).table_valued("value").c.value))
    return column == func.any(bindparam(name, type_=ARRAY(Text())))


def _driver(connection: Connection) -> Any:  # noqa: ANN401 - sqlite3's or psycopg's connection
    return connection.connection.driver_connection


def _wrapped(connection: Connection, text: str, error: Exception) -> BaseException:
    module = connection.dialect.dbapi
    base: type[Exception] | None = module.Error if module else None
    if base is None or not isinstance(error, base):
        return error
    return DBAPIError.instance(text, None, error, base, hide_parameters=True, dialect=connection.dialect)

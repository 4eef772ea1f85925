"""Hot statements: built and compiled once, then run on the driver within SQLAlchemy's transaction.

Building a statement, looking it up in SQLAlchemy's cache and wrapping its result costs ten times what SQLite needs to
answer it (benchmarks/RESULTS.md). The statements stay SQLAlchemy's, so both databases get their own text and types;
only the round through the engine is left out. Somebody who listens to the engine's statements (tests that count
queries, tracing) still hears of each: then the round is made.
"""

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import ARRAY, BindParameter, ColumnElement, Connection, Dialect, Float, Select, String, bindparam
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import UpdateBase
from sqlalchemy.types import TypeDecorator, TypeEngine

Converter = Callable[[Any], Any]
Statement: TypeAlias = Select[Any] | UpdateBase


class _JsonList(TypeDecorator[Sequence[Any]]):
    """A list as one parameter of SQLite."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> str:  # noqa: ARG002 - its interface
        return json.dumps(list(value or ()))


class among(ColumnElement[bool]):  # noqa: N801 - reads like a function in statements
    """A condition: the column's value is in the list given as parameter `name`; one text however long the list is."""

    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.name = name


@compiles(among, "sqlite")
def _among_json(element: among, compiler: SQLCompiler, **options: Any) -> str:
    listed: BindParameter[Any] = bindparam(element.name, type_=_JsonList())
    column = compiler.process(element.column, **options)
    return f"{column} IN (SELECT value FROM json_each({compiler.process(listed, **options)}))"  # noqa: S608 - both are placeholders


@compiles(among, "postgresql")
def _among_array(element: among, compiler: SQLCompiler, **options: Any) -> str:
    listed: BindParameter[Any] = bindparam(element.name, type_=ARRAY(element.column.type))
    column = compiler.process(element.column, **options)
    return f"{column} = ANY ({compiler.process(listed, **options)})"


class _Compiled:
    """A statement in one dialect's words, with what its parameters and rows need."""

    def __init__(
        self,
        statement: Statement,
        dialect: Dialect,
        into: type | None,
        convert: Mapping[str, Converter],
        columns: Sequence[str] | None,
    ) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - statements that run are nothing else
        if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError(f"this statement has another text each time: {compiled}")
        self.sql = compiled.string
        self.positions = tuple(compiled.positiontup or ()) if compiled.positional else None
        self.fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        found = (
            (name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in compiled.binds.items()
        )
        self.binders = {name: binder for name, binder in found if binder is not None}
        self.driver = dialect.loaded_dbapi
        self.make = _maker(statement, dialect, into, convert)

    def parameters(self, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what a driver takes
        """As the driver takes them: a tuple in the order of the text, or a mapping."""
        given = {**self.fixed, **values} if self.fixed else values
        if self.binders:
            given = {**given, **{name: binder(given[name]) for name, binder in self.binders.items()}}
        return given if self.positions is None else tuple([given[name] for name in self.positions])


def _maker(statement: Statement, dialect: Dialect, into: type | None, convert: Mapping[str, Converter]) -> Converter:
    """From a driver's row to a dataclass whose fields are named like the columns, or to a named tuple."""
    exported = getattr(statement, "exported_columns", ())
    columns = [column.key for column in exported]
    types = [_reader(column.type, dialect) for column in exported]
    target: Converter
    if into is not None and is_dataclass(into):
        order = [columns.index(field.name) for field in fields(into)]
        same = order == list(range(len(columns)))
        pick = itemgetter(*order)
        target = (lambda row: into(*row)) if same else (lambda row: into(*pick(row)))
    else:
        row: Any = namedtuple("Row", columns)  # type: ignore[misc]  # noqa: PYI024 - its names are known at run time
        target = row._make
    changes = [
        (place, change)
        for place, (name, of_type) in enumerate(zip(columns, types, strict=True))
        for change in (of_type, convert.get(name))
        if change is not None
    ]
    return _changing(target, changes) if changes else target


def _reader(of: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    """What makes a driver's value the type's. Floats are floats on both; asked, SQLAlchemy wants a type code first."""
    return None if isinstance(of, Float) else of.dialect_impl(dialect).result_processor(dialect, None)


def _changing(target: Converter, changes: Sequence[tuple[int, Converter]]) -> Converter:
    def make(row: Iterable[Any]) -> Any:  # noqa: ANN401 - what the statement was made for
        values = list(row)
        for place, change in changes:
            values[place] = change(values[place])
        return target(values)

    return make


class Prepared:
    """A statement with `bindparam`s that is run many times.

    :param into: a dataclass to make of each row; without it rows are named tuples.
    :param convert: column -> what makes its stored value the field's.
    :param columns: of an INSERT, the columns whose values are given.
    """

    def __init__(
        self,
        statement: Statement,
        into: type | None = None,
        *,
        columns: Sequence[str] | None = None,
        **convert: Converter,
    ) -> None:
        self._statement = statement
        self._into = into
        self._columns = columns
        self._convert = convert
        self._compiled: dict[str, _Compiled] = {}

    @property
    def select(self) -> Select[Any]:
        """What it was made of, for whom the round through SQLAlchemy is worth it: answers that are streamed."""
        assert isinstance(self._statement, Select)  # noqa: S101 - nobody streams what has no rows
        return self._statement

    def _of(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = _Compiled(self._statement, dialect, self._into, self._convert, self._columns)
            self._compiled[dialect.name] = found
        return found

    def rows(self, connection: Connection, **values: object) -> list[Any]:
        """All rows."""
        compiled = self._of(connection.dialect)
        return [compiled.make(row) for row in _execute(connection, compiled, values).fetchall()]

    def one(self, connection: Connection, **values: object) -> Any:  # noqa: ANN401 - what the statement was made for
        """The first row, or None."""
        compiled = self._of(connection.dialect)
        cursor = _execute(connection, compiled, values)
        row = cursor.fetchone()
        return None if row is None else compiled.make(row)

    def exactly_one(self, connection: Connection, **values: object) -> Any:  # noqa: ANN401 - see `one`
        """The row that a foreign key says is there.

        :raises NoResultFound: it is not.
        """
        found = self.one(connection, **values)
        if found is None:
            raise NoResultFound("a row that must be there is not")
        return found

    def run(self, connection: Connection, **values: object) -> int:
        """Run a statement without rows; how many rows it changed."""
        changed: int = _execute(connection, self._of(connection.dialect), values).rowcount
        return changed

    def run_many(self, connection: Connection, many: Sequence[Mapping[str, object]]) -> int:
        """Run it once for each set of parameters; how many rows they changed together."""
        compiled = self._of(connection.dialect)
        if not many:
            return 0
        sets = [compiled.parameters(values) for values in many]
        if connection.dispatch.before_cursor_execute:
            return connection.exec_driver_sql(compiled.sql, sets).rowcount
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(compiled.sql, sets)
            return int(cursor.rowcount)
        except compiled.driver.Error as error:
            raise _failure(connection, compiled, error) from error
        finally:
            cursor.close()


def _execute(connection: Connection, compiled: _Compiled, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - a cursor
    parameters = compiled.parameters(values)
    if connection.dispatch.before_cursor_execute:
        return connection.exec_driver_sql(compiled.sql, parameters)
    driver: Any = connection.connection.driver_connection
    try:
        return driver.execute(compiled.sql, parameters)
    except compiled.driver.Error as error:
        raise _failure(connection, compiled, error) from error


def _failure(connection: Connection, compiled: _Compiled, error: Exception) -> BaseException:
    """The driver's error as SQLAlchemy raises it; without the parameters, which may be somebody's secret."""
    return DBAPIError.instance(compiled.sql, None, error, compiled.driver.Error, dialect=connection.dialect)

"""What a failure of the database is called: busy, broken, full, or our own mistake."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.adapters.sql.executor import translate
from strongroom.domain.errors import StorageFull, Unavailable


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    made = sqlite_engine(empty_url, write=True) if is_sqlite(empty_url) else postgres_engine(empty_url, pool_size=2)
    yield made
    made.dispose()


def failure(work: Callable[[], object]) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught:
        work()
    return caught.value


@pytest.mark.parametrize("statement", ["SELECT 1 UNION (SELECT 2 UNION", "SELECT nothing", "SELECT 1 FROM nowhere"])
def test_a_mistake_in_our_own_statement_is_no_busy_database(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        error = failure(lambda: connection.execute(text(statement)))
    with pytest.raises((OperationalError, ProgrammingError)) as raised:
        translate(error)
    assert raised.value is error


def test_a_lock_that_another_holds_is_a_busy_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'db'}"
    first, second = sqlite_engine(url, write=True), sqlite_engine(url, write=True)
    with second.connect() as waiting:
        waiting.exec_driver_sql("PRAGMA busy_timeout = 1")
        waiting.rollback()
        with first.connect() as holding, holding.begin():
            assert isinstance(translate(failure(waiting.begin)), Unavailable)
    first.dispose()
    second.dispose()


def test_a_file_that_cannot_be_opened_is_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'no' / 'db'}", write=True)
    assert isinstance(translate(failure(engine.connect)), Unavailable)


def test_a_server_that_is_not_there_is_a_database_that_cannot_be_reached() -> None:
    engine = postgres_engine("postgresql://postgres@127.0.0.1:1/none", pool_size=1)
    assert isinstance(translate(failure(engine.connect)), Unavailable)


@pytest.mark.parametrize(
    ("state", "meaning"),
    [("57014", Unavailable), ("55P03", Unavailable), ("08006", Unavailable), ("53300", Unavailable),
     ("53100", StorageFull), ("58030", Unavailable)],
)  # fmt: skip
def test_states_of_postgresql(state: str, meaning: type[Exception]) -> None:
    cause = psycopg.errors.lookup(state)("it happened")
    assert isinstance(translate(OperationalError("SELECT 1", None, cause)), meaning)


def test_a_statement_too_complex_for_the_server_is_our_mistake() -> None:
    error = OperationalError("SELECT 1", None, psycopg.errors.lookup("54001")("stack depth limit exceeded"))
    with pytest.raises(OperationalError):
        translate(error)


def test_what_we_say_ourselves_of_a_lost_transaction_is_unavailable() -> None:
    error = OperationalError("commit", None, sqlite3.OperationalError("SQLite ended the transaction"))
    assert isinstance(translate(error), Unavailable)

"""Statements that run on the driver answer as they do through SQLAlchemy, on both databases."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, NoResultFound, StatementError

from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.adapters.sql.prepared import Prepared, among

THING = Table(
    "prepared_thing",
    MetaData(),
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("weight", Float),
    Column("big", BigInteger, nullable=False, server_default="7"),
    Column("kept", Boolean, nullable=False, server_default="0"),
)


@dataclass(frozen=True)
class Thing:
    name: str
    id: int
    weight: float | None
    kept: bool
    big: int


ADD = Prepared(insert(THING), columns=("id", "name", "weight", "kept"))
ALL = Prepared(select(THING).order_by(THING.c.id), Thing)
BY_NAME = Prepared(select(THING).where(THING.c.name == bindparam("name")), Thing, name=str.upper)
BY_IDS = Prepared(select(THING.c.id, THING.c.name).where(among(THING.c.id, "ids")).order_by(THING.c.id))
BY_NAMES = Prepared(select(THING.c.id).where(among(THING.c.name, "names")).order_by(THING.c.id))
GROW = Prepared(update(THING).where(THING.c.big < bindparam("limit")).values(big=THING.c.big + bindparam("by")))
HEAVIEST = Prepared(select(THING.c.name).where(THING.c.kept.is_(True)).order_by(THING.c.id.desc()).limit(1))


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    made = sqlite_engine(empty_url, write=True) if is_sqlite(empty_url) else postgres_engine(empty_url)
    with made.begin() as connection:
        THING.drop(connection, checkfirst=True)
        THING.create(connection)
    yield made
    with made.begin() as connection:
        THING.drop(connection)
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as opened, opened.begin():
        rows = [{"id": n, "name": f"t{n}", "weight": n / 2 if n else None, "kept": n % 2 == 1} for n in range(4)]
        ADD.run_many(opened, rows)
        yield opened


def test_rows_become_dataclasses_whatever_the_order_of_the_columns(connection: Connection) -> None:
    found = ALL.rows(connection)
    assert found[1] == Thing("t1", 1, 0.5, True, 7)
    assert found[0].weight is None
    assert [type(thing.kept) for thing in found] == [bool] * 4, "SQLite's 0 and 1 are no booleans"


def test_conversions_are_applied(connection: Connection) -> None:
    assert BY_NAME.one(connection, name="t2") == Thing("T2", 2, 1.0, False, 7)


def test_one_is_the_first_or_none_and_exactly_one_insists(connection: Connection) -> None:
    assert BY_NAME.one(connection, name="nobody") is None
    with pytest.raises(NoResultFound):
        BY_NAME.exactly_one(connection, name="nobody")
    assert HEAVIEST.one(connection).name == "t3"


def test_lists_are_one_parameter(connection: Connection) -> None:
    assert BY_IDS.rows(connection, ids=[]) == []
    assert BY_IDS.rows(connection, ids=[2]) == [(2, "t2")]
    assert [row.id for row in BY_IDS.rows(connection, ids=range(100_000))] == [0, 1, 2, 3]
    assert [row.id for row in BY_NAMES.rows(connection, names=("t3", "t0"))] == [0, 3]


def test_updates_tell_how_many(connection: Connection) -> None:
    assert GROW.run(connection, limit=8, by=2) == 4
    assert GROW.run(connection, limit=8, by=2) == 0
    assert {thing.big for thing in ALL.rows(connection)} == {9}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), max_size=5))
def test_whatever_text_is_given_it_stays_a_value(connection: Connection, names: list[str]) -> None:
    names += ["t1", "'); DROP TABLE prepared_thing; --", "%s", "%(x)s", '["t0"]', "?", ":ids", "\\", '"']
    assert [row.id for row in BY_NAMES.rows(connection, names=names)] == sorted(
        int(name[1:]) for name in set(names) & {"t0", "t1", "t2", "t3"}
    )


def test_the_drivers_errors_are_sqlalchemys_and_tell_no_values(connection: Connection) -> None:
    savepoint = connection.begin_nested()
    with pytest.raises(IntegrityError) as caught:
        ADD.run_many(connection, [{"id": 9, "name": "t1", "weight": None, "kept": False}])
    savepoint.rollback()
    assert "t1" not in str(caught.value.statement)
    assert caught.value.params is None
    assert len(ALL.rows(connection)) == 4, "the transaction goes on"


def test_who_listens_to_the_engine_hears_of_every_statement(engine: Engine, connection: Connection) -> None:
    """Tests that count queries, and tracing, rest on this."""
    heard: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        through_engine = (BY_IDS.rows(connection, ids=[1]), GROW.run(connection, limit=8, by=0))
        ADD.run_many(connection, [{"id": 9, "name": "t9", "weight": None, "kept": False}])
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(heard) == 3
    assert through_engine == ([(1, "t1")], 4)


def test_a_statement_whose_text_changes_each_time_is_refused(connection: Connection) -> None:
    with pytest.raises(TypeError):
        Prepared(select(THING).where(THING.c.id.in_(bindparam("ids", expanding=True)))).rows(connection, ids=[1])


def test_a_missing_parameter_is_a_mistake_of_ours(connection: Connection) -> None:
    with pytest.raises((KeyError, StatementError)):
        BY_NAME.one(connection)

"""Use cases against real databases: SQLite and PostgreSQL, each test with a schema of its own and a small world."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Engine, insert

from strongroom.adapters.identity.random import Identifiers, SystemClock, SystemRandom
from strongroom.adapters.sql.engine import postgres_engine, sqlite_engine
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.adapters.sql.tables import audit_log, metadata
from strongroom.application.call import Call
from strongroom.application.identity import setup
from strongroom.application.identity.authentication import authenticate
from strongroom.application.paging import PageSealer
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.identity.model import Principal
from strongroom.domain.identity.tokens import Token
from strongroom.domain.registry.model import Workspace
from tests.support.postgres import Postgres

T = TypeVar("T")

SECOND = 1_000_000
DAY = 86_400 * SECOND

#: name -> (role in the default workspace, whether on the whole server instead)
PEOPLE: dict[str, tuple[str | None, bool]] = {
    "root": ("admin", True),
    "admin": ("admin", False),
    "maintainer": ("maintainer", False),
    "contributor": ("contributor", False),
    "viewer": ("viewer", False),
    "stranger": (None, False),
}


class MovableClock:
    """The system's clock, ids and randomness, with a time that a test may move forward."""

    def __init__(self) -> None:
        self._ahead_ns = 0
        self._clock = SystemClock(lambda: time.time_ns() + self._ahead_ns)
        self._random = SystemRandom()
        self._identifiers = Identifiers(self._clock, self._random)

    def advance(self, microseconds: int) -> None:
        self._ahead_ns += microseconds * 1000

    def now_us(self) -> int:
        return self._clock.now_us()

    def new_uid(self) -> str:
        return self._identifiers.new_uid()

    def random_bytes(self, count: int) -> bytes:
        return self._random.token_bytes(count)


@dataclass
class World:
    """A default workspace and its people; runs use cases as one of them, each in a transaction of its own."""

    executor: SqliteExecutor | PostgresExecutor
    clock: MovableClock
    workspace: Workspace
    principals: dict[str, Principal]
    tokens: dict[str, Token]
    public_reads: bool = False
    sealer: PageSealer = field(default_factory=lambda: PageSealer(b"a key of the tests"))
    #: the call that ran last, for a look at what it asked, was refused and recorded
    last: Call | None = None

    def uid(self, name: str) -> str:
        return self.principals[name].uid

    def command(self, who: str | Token | None, work: Callable[[Call], T], workspace: str | None = None) -> T:
        """Run `work` in a writing transaction; `who` is a name of the world, a token, or None for nobody."""
        return self.command_tx(lambda tx: work(self.call(tx, who, workspace)))

    def read(self, who: str | Token | None, work: Callable[[Call], T], workspace: str | None = None) -> T:
        """The same in a read-only transaction."""
        return self.read_tx(lambda tx: work(self.call(tx, who, workspace)))

    def command_tx(self, work: Callable[[Transaction], T]) -> T:
        """Run something that takes the bare transaction."""
        return asyncio.run(self.executor.command(work))

    def read_tx(self, work: Callable[[Transaction], T]) -> T:
        return asyncio.run(self.executor.read(work))

    def race(self, *works: Callable[[Transaction], object]) -> list[object]:
        """Run commands at once, each slow to commit (one after the other on SQLite); results or exceptions."""

        def slow(work: Callable[[Transaction], object]) -> Callable[[Transaction], object]:
            def run(tx: Transaction) -> object:
                result = work(tx)
                time.sleep(0.2)
                return result

            return run

        async def together() -> list[object]:
            running = (self.executor.command(slow(work)) for work in works)
            return list(await asyncio.gather(*running, return_exceptions=True))

        return asyncio.run(together())

    def call(self, tx: Transaction, who: str | Token | None, workspace: str | None = None) -> Call:
        """Who calls, in a transaction that is open."""
        token = self.tokens[who] if isinstance(who, str) else who
        caller = authenticate(tx, token, public_reads=self.public_reads)
        place = tx.workspaces.by_slug(workspace or self.workspace.slug)
        assert place is not None, f"the world has no workspace {workspace!r}"
        self.last = Call(tx, caller, place, self.sealer)
        return self.last


def _create_schema(engine: Engine) -> None:
    """What the migrations leave: every table, and the one row of the audit log."""
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(insert(audit_log).values(id=1, size=0, epoch=0))
    engine.dispose()


def _build_postgres(url: str) -> None:
    _create_schema(postgres_engine(url, pool_size=1))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database with the whole schema, once on each of the two."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'strongroom.db'}"
        _create_schema(sqlite_engine(url, write=True))
        yield url
        return
    server: Postgres = request.getfixturevalue("postgres_server")
    url = server.create_database(server.template("schema_of_metadata", _build_postgres))
    yield url
    server.drop_database(url)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def executor(database: str, clock: MovableClock) -> Iterator[SqliteExecutor | PostgresExecutor]:
    """The executor of that database."""
    is_sqlite = database.startswith("sqlite")
    made = SqliteExecutor(database, clock) if is_sqlite else PostgresExecutor(database, clock, connections=4)
    yield made
    made.close()


@pytest.fixture
def world(executor: SqliteExecutor | PostgresExecutor, clock: MovableClock) -> World:
    """The default workspace with `PEOPLE`, each with a token."""

    def people(tx: Transaction) -> World:
        workspace = setup.ensure_default_workspace(tx)
        tokens = {
            name: setup.ensure_principal_with_token(tx, name, role, workspace.slug, server=server)
            for name, (role, server) in PEOPLE.items()
        }
        principals = {name: found for name in PEOPLE if (found := tx.principals.by_name(name)) is not None}
        return World(executor, clock, workspace, principals, tokens)

    return asyncio.run(executor.command(people))

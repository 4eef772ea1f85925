"""What stands in the tables and what the log says, as `strongroom audit replay` gets both."""

import time
from collections.abc import Iterator

from sqlalchemy import text

from strongroom.adapters.sql.engine import postgres_engine, sqlite_engine
from strongroom.application.audit import log, standing
from strongroom.application.ports.standing import Place
from strongroom.domain.audit.export import Header, encode
from strongroom.domain.audit.replay import Report, replay
from strongroom.domain.audit.state import Opening
from strongroom.domain.audit.state import encode as told
from tests.application.conftest import World
from tests.application.delivery.conftest import delivery  # noqa: F401 - a fixture
from tests.application.registry.conftest import model, publish  # noqa: F401 - fixtures


def state_of(world: World, at: int | None = None) -> list[bytes]:
    """The lines of the operation `audit.state`."""
    opening = world.command("root", lambda call: standing.begin(call, at))
    lines = [told(opening), *_facts(world, opening)]
    return [*lines, told(world.read("root", lambda call: standing.close(call, len(lines) - 1)))]


def _facts(world: World, opening: Opening) -> Iterator[bytes]:
    for kind in opening.kinds:
        after: Place | None = None
        while True:
            step = world.read("root", lambda call, k=kind, a=after: standing.page(call, opening, k, a))  # type: ignore[misc]
            yield from map(told, step.facts)
            after = step.after
            if after is None:
                break


def log_of(world: World) -> list[bytes]:
    """An export's records, all of them numbered."""
    while world.read_tx(lambda tx: tx.audit.waiting(1)):
        time.sleep(0.01)
    size = world.read_tx(lambda tx: tx.audit.size())
    rows = world.read_tx(lambda tx: list(log.rows(tx, 0, size)))
    return [encode(Header("test", size, ())), *map(encode, rows)]


def replayed(world: World, at: int | None = None) -> Report:
    """The comparison."""
    return replay(state_of(world, at), log_of(world))


def edit(database: str, statement: str) -> None:
    """What somebody does who has the database's password."""
    of_sqlite = database.startswith("sqlite")
    engine = sqlite_engine(database, write=True) if of_sqlite else postgres_engine(database, pool_size=1)
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1
    engine.dispose()

"""Where a database stands in the schema's history, and moving it up and down. Alembic is loaded only to move.

A move is one transaction on both databases, under a lock: of two that start at once, the second finds it done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.adapters.sql.executor import translate
from strongroom.adapters.sql.migrations import HEAD, REVISIONS
from strongroom.domain.errors import Conflict, Invalid

BASE = "base"
"""Before the first revision: no tables."""

_MIGRATION_LOCK = 0x5354_524F_4E4D  # "STRONM"
_FOLDER = Path(__file__).with_name("migrations")


class Standing(Enum):
    """What to do with a database."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


def standing(revision: str | None) -> Standing:
    """Compare a database's revision with this release's."""
    if revision is None:
        return Standing.EMPTY
    if revision == HEAD:
        return Standing.CURRENT
    return Standing.OLDER if revision in REVISIONS else Standing.NEWER


def revision_of(url: str) -> str | None:
    """The revision that a database is at; None when it is empty.

    :raises Conflict: it has tables, and they are not ours. :raises Unavailable: it cannot be reached.
    """
    with _writing(url) as connection:
        return _revision(connection)


def move(url: str, to: str = HEAD) -> tuple[str | None, str | None]:
    """Upgrade or downgrade a database; returns the revisions before and after.

    :param to: a revision of `REVISIONS`, or `BASE` to remove every table.
    :raises Invalid: no such revision. :raises Conflict: a newer release made the database, or it is not ours.
    """
    if to not in (*REVISIONS, BASE):
        raise Invalid(f"There is no revision {to!r}; this release knows {', '.join(REVISIONS)} and {BASE}.")
    with _writing(url) as connection:
        before = _revision(connection)
        if standing(before) is Standing.NEWER:
            raise Conflict(f"The database is at revision {before}, made by a newer release; use that one.")
        order = (BASE, *REVISIONS)
        forwards = order.index(to) >= order.index(before or BASE)
        _run(connection, to, forwards=forwards)
        return before, _revision(connection)


def _run(connection: Connection, to: str, *, forwards: bool) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    (command.upgrade if forwards else command.downgrade)(config, to)


@contextmanager
def _writing(url: str) -> Iterator[Connection]:
    """One transaction that no other migration runs beside."""
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            if not is_sqlite(url):
                connection.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": _MIGRATION_LOCK})
            yield connection
    except DBAPIError as error:
        raise translate(error) from error
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    return sqlite_engine(url, write=True) if is_sqlite(url) else postgres_engine(url, pool_size=1)


def _revision(connection: Connection) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise Conflict("The database has tables that are not Strongroom's; give it one of its own.")
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found

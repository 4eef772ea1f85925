"""What both databases share: from a driver's failure to the domain's words, and a transaction over a connection."""

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from strongroom.adapters.sql.admission import RememberedFacts
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.ports.execution import Clock
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.errors import Conflict, DomainError, Invalid, StorageFull, Unavailable

T = TypeVar("T")
Work = Callable[[Transaction], T]

#: SQLSTATE of failures that a second try of the same transaction may pass at once: serialization, deadlock. A lock
#: that was waited for in vain is answered instead: trying again would hold a thread for minutes.
RETRYABLE = frozenset({"40001", "40P01"})
LOCKED = frozenset({"55P03"})
DISK_FULL = frozenset({"53100", "53200"})

#: What is no mistake of ours in what the drivers call operational: on PostgreSQL by the class of SQLSTATE (connection,
#: resources, a setting or a lock, an operator's hand, the system); on SQLite by the primary result code.
OUTSIDE = frozenset({"08", "53", "55", "57", "58"})
SQLITE_OUTSIDE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def translate(error: Exception) -> DomainError:
    """The domain error for a failure of the database; a mistake of ours is raised as it is, and so becomes a 500.

    A unique constraint that no repository expected is a race between two writers: the caller may try again.
    """
    if isinstance(error, DomainError):
        return error
    message = str(getattr(error, "orig", error))
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if "disk is full" in message or state in DISK_FULL:
        return StorageFull("The database's disk is full; nothing was changed.")
    if isinstance(error, DataError | UnicodeEncodeError):
        return Invalid("A text or number in the request is none that can be stored.")
    if isinstance(error, IntegrityError):
        return Conflict("Another request changed the same objects at the same time; read them again and retry.")
    if isinstance(error, PoolTimeout) or _from_outside(error) or state in RETRYABLE | LOCKED:
        return Unavailable("The database cannot be reached or is busy; look at the state before you repeat a change.")
    raise error


def _from_outside(error: Exception) -> bool:
    """Whether the database failed, not our statement: a syntax error must be seen as the bug that it is."""
    if not isinstance(error, OperationalError):
        return False
    orig: Any = error.orig
    if isinstance(orig, sqlite3.Error):
        code = getattr(orig, "sqlite_errorcode", None)  # none where we raised it ourselves
        return code is None or code & 0xFF in SQLITE_OUTSIDE
    state = getattr(orig, "sqlstate", None)
    return state is None or state[:2] in OUTSIDE


def is_retryable(error: Exception) -> bool:
    """Whether running the same transaction again may succeed."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in RETRYABLE


def run_work(
    connection: Connection, work: Work[T], clock: Clock, remembered: RememberedFacts, *, reads: bool = False
) -> T:
    """Run one use case over an open transaction. :param reads: it sees one snapshot and writes nothing."""
    return work(SqlTransaction(connection, clock, remembered, reads=reads))


def ping(engine: Engine) -> None:
    """Raise Unavailable unless the database answers."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (DBAPIError, PoolTimeout) as error:
        raise Unavailable("The database cannot be reached.") from error

"""Connections that are kept open between transactions: asking the pool for one costs as much as a small transaction."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError


class KeptConnections:
    """Connections of an engine, no more than are used at once; thread-safe.

    One whose transaction failed goes back to the pool, which undoes what was left and finds out whether it still works.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: list[Connection] = []

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, undone when that raises."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._engine.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            with suppress(SQLAlchemyError):
                connection.close()
            raise
        self._idle.append(connection)

    def dispose(self) -> None:
        """Close all that nobody uses, and the engine."""
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()

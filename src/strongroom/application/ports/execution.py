"""How a use case gets its transaction. One command is one transaction, opened and committed at the edge."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from strongroom.application.ports.transaction import Transaction

T = TypeVar("T")


class Executor(Protocol):
    """Runs use cases against the database, off the event loop."""

    async def command(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a writing transaction and return its result once it is on disk.

        An exception from `work` undoes everything it did and is raised here. `work` may be run more than once (after
        a serialization failure), so it must not touch anything but its transaction.

        :raises Unavailable: when the database cannot be reached or is locked for longer than the busy timeout.
        """
        ...

    async def read(self, work: Callable[[Transaction], T], *, brief: bool = False) -> T:
        """Run `work` in a read-only transaction that sees one snapshot of the database.

        :param brief: `work` looks up a handful of rows by their keys: shorter than a change of threads, so an
            embedded database may answer it where it stands.
        :raises Unavailable: when the database cannot be reached.
        """
        ...


class Clock(Protocol):
    """Time and fresh ids; the application reads neither anywhere else."""

    def now_us(self) -> int:
        """Microseconds since 1970, UTC, strictly increasing within this process."""
        ...

    def new_uid(self) -> str:
        """A fresh UUIDv7 as text."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """`count` bytes that nobody can guess."""
        ...

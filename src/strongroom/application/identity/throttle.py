"""Passwords at the gate: hashing is slow on purpose, so few at a time, and few wrong guesses for one name.

In memory, a process: a limit on guessing, not a record. Tokens are not guessed at: they hold 256 bits.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from strongroom.application.ports.identity import PasswordHasher
from strongroom.domain.errors import TooManyRequests

T = TypeVar("T")

HASHES_AT_ONCE = 2
HASHES_WAITING = 16
FAILURES_MOST = 10
WINDOW_US = 15 * 60 * 1_000_000
NAMES_KEPT = 10_000


class PasswordGate:
    """Verifies and hashes passwords off the event loop, bounded."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._room = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0
        self._failures: OrderedDict[str, list[int]] = OrderedDict()

    async def hash(self, password: str) -> str:
        """See `PasswordHasher.hash`. :raises TooManyRequests: too many wait already."""
        return await self._slowly(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """See `PasswordHasher.verify`. :raises TooManyRequests: too many wait already."""
        return await self._slowly(lambda: self._hasher.verify(stored, password))

    def needs_rehash(self, stored: str) -> bool:
        """See `PasswordHasher.needs_rehash`."""
        return self._hasher.needs_rehash(stored)

    async def _slowly(self, work: Callable[[], T]) -> T:
        if self._waiting >= HASHES_WAITING:
            raise TooManyRequests("Too many log-ins at once; try again shortly.")
        self._waiting += 1
        try:
            async with self._room:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1

    def admit(self, name: str, now: int) -> None:
        """Let an attempt through, or not.

        :param now: microseconds. :raises TooManyRequests: too many wrong passwords for this name lately, whether or
            not anybody has it.
        """
        recent = [failed for failed in self._failures.get(name, ()) if failed > now - WINDOW_US]
        if len(recent) >= FAILURES_MOST:
            raise TooManyRequests("Too many wrong passwords for this name; try again in 15 minutes.")

    def failed(self, name: str, now: int) -> None:
        """Count a wrong password."""
        recent = [failed for failed in self._failures.pop(name, []) if failed > now - WINDOW_US]
        self._failures[name] = [*recent, now]
        while len(self._failures) > NAMES_KEPT:
            self._failures.popitem(last=False)

    def passed(self, name: str) -> None:
        """Forget the wrong passwords of a name that proved the right one."""
        self._failures.pop(name, None)

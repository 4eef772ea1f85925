"""How many shards one process verifies at a time: each reads back all that it names, and some name very much.

Long ones have a turn of their own, so that they keep nobody else waiting but each other.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

AT_ONCE: Final = 2
LONG: Final = 4 * 1024**3
"""Bytes from which a verification is long: some ten seconds."""


class Turns:
    """Waiting is in the order of arrival."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._short, self._long = asyncio.Semaphore(at_once), asyncio.Semaphore(1)
        self._bodies = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def taken(self, size: int) -> AsyncGenerator[None, None]:
        """Wait for a turn to read so many bytes back, and keep it."""
        async with self._long if size >= LONG else self._short:
            yield

    @asynccontextmanager
    async def body(self) -> AsyncGenerator[None, None]:
        """Wait for room for a body that is held in memory whole, and keep it."""
        async with self._bodies:
            yield

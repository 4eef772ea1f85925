"""How many shards one process verifies at a time: each may be long, and reads back all that it names."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

AT_ONCE: Final = 2


class Turns:
    """Waiting is in the order of arrival."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[None, None]:
        """Wait for a turn and keep it."""
        async with self._free:
            yield

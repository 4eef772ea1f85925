"""How fast bytes are read: a check beside a serving server must leave the disk to it."""

import asyncio
import time
from typing import Final

_LONGEST_S: Final = 10.0


class Pace:
    """Spends at most so many bytes a second, on average since it was made; None for as fast as it goes."""

    def __init__(self, rate: float | None = None) -> None:
        self._rate = rate
        self._began = time.monotonic()
        self.spent = 0

    async def spend(self, count: int) -> None:
        """Account for bytes that were read, and wait until it was their turn."""
        self.spent += count
        if self._rate:
            early = self._began + self.spent / self._rate - time.monotonic()
            if early > 0:
                await asyncio.sleep(min(early, _LONGEST_S))

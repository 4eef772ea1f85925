"""Large files go to disk while they come in, so that the last wait for it is short.

Without it the disk does nothing until the last byte is there, and then has all of it to write.
"""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from strongroom.adapters.blobs.files import TempFile
from strongroom.adapters.blobs.threads import settle

EVERY: Final = 32 * 1024 * 1024
"""Bytes after which the disk is sent on its way again, unless it still is."""


class EarlySync:
    """Writes a file and, beside that, forces to disk what is written so far. Ends by `end`, whatever happened.

    Args:
        temp: where to write.
        pool: of threads that do nothing else: a job that waits for the disk must not stand in the way of others.
    """

    def __init__(self, temp: TempFile, pool: ThreadPoolExecutor) -> None:
        self._temp = temp
        self._pool = pool
        self._since = 0
        self._running: Future[None] | None = None

    def write(self, data: bytes) -> None:
        """Append; blocks for the writing alone. Raises what an earlier wait for the disk ended with."""
        self._temp.write(data)
        self._since += len(data)
        if self._since < EVERY or (self._running is not None and not self._running.done()):
            return
        if self._running is not None:
            self._running.result()  # the system tells of a failed write once: whoever syncs next would hear nothing
        self._since = 0
        self._running = self._pool.submit(self._temp.sync)

    async def end(self) -> None:
        """Wait until nothing touches the file. Raises what the wait for the disk ended with."""
        if self._running is None:
            return
        running = asyncio.wrap_future(self._running)
        await settle(running)
        running.result()

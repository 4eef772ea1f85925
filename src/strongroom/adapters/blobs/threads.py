"""Blocking work in threads that the store owns; a cancelled caller never leaves a job running behind its back."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_BATCH: Final = 1000  # items fetched from a blocking iterator in one hop


async def settle(future: "asyncio.Future[Any]") -> None:
    """Wait until it is done, however often the waiter is cancelled, and take note of its error."""
    while not future.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([future])
    if not future.cancelled():
        future.exception()


class Threads:
    """A bounded pool. A hop costs about 0.1 ms, so callers hand over units of about 1 MiB or whole batches."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="blobs")

    def start(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
        """Begin a job and do not wait. Whoever starts one calls `settle` before touching what the job touches."""
        return asyncio.wrap_future(self._pool.submit(work, *args, **kwargs))

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a job and wait for it; when cancelled, wait until it has ended and then pass the cancellation on."""
        job = self.start(work, *args, **kwargs)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            await settle(job)
            raise

    async def feed(self, items: AsyncIterator[T], work: Callable[[T], object]) -> None:
        """Hand over item after item, in order, fetching the next one while the last is worked on.

        Holds two items at a time. When it returns or raises, no job is running.
        """
        job: asyncio.Future[object] | None = None
        try:
            async for item in items:
                if job is not None:
                    await asyncio.shield(job)
                job = self.start(work, item)
            if job is not None:
                await asyncio.shield(job)
        finally:
            if job is not None:
                await settle(job)

    async def iterate(self, items: Generator[T, None, None], batch: int = _BATCH) -> AsyncGenerator[T, None]:
        """Walk a blocking generator, `batch` items a hop, and close it when left."""
        try:
            while fetched := await self.run(lambda: list(islice(items, batch))):
                for item in fetched:
                    yield item
        finally:
            await self.run(items.close)

    def close(self) -> None:
        """Let running jobs end, and take no more."""
        self._pool.shutdown(wait=True)

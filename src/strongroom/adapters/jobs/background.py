"""Small periodic work inside the server process. A job that fails is logged and tried again; it never stops another."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often.

    :param period: seconds between the end of one run and the start of the next.
    :param last: whether it is run once more when the server stops.
    """

    name: str
    period: float
    run: Callable[[], Awaitable[object]]
    last: bool = False


class Background:
    """Runs jobs as tasks of the running event loop, from `start` to `stop`."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; the first run of each job is one period from now."""
        self._tasks = [asyncio.create_task(self._repeat(job), name=job.name) for job in self._jobs]

    async def stop(self) -> None:
        """End every job, then run those once more that ask for it, in their order."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for job in self._jobs:
            if job.last:
                await _once(job)

    async def _repeat(self, job: Job) -> None:
        while True:
            await asyncio.sleep(job.period)
            await _once(job)


async def _once(job: Job) -> None:
    try:
        await job.run()
    except Exception:
        log.exception("background job %s failed and will be tried again", job.name)

"""Group commit for packs: batches that arrive while the disk is busy share the next wait for it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.adapters.blobs.pack_writer import PackWriter, Record
from strongroom.adapters.blobs.threads import Threads


@dataclass(frozen=True, slots=True)
class _Batch:
    new: Sequence[Record]
    known: Sequence[Record]
    places: "asyncio.Future[list[str]]"


class PackGroups:
    """One writer at a time; whoever comes meanwhile forms the next group. Belongs to one event loop."""

    def __init__(self, threads: Threads, writer: PackWriter) -> None:
        self._threads = threads
        self._writer = writer
        self._waiting: list[_Batch] = []
        self._task: asyncio.Task[None] | None = None

    async def append(self, new: Sequence[Record], known: Sequence[Record]) -> list[str]:
        """Append a batch; durable when it returns. The places of `new`, in order. Raises what the writer raises.

        A batch whose caller was cancelled before its group began is not written.
        """
        places = asyncio.get_running_loop().create_future()
        self._waiting.append(_Batch(new, known, places))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        result: list[str] = await places
        return result

    async def idle(self) -> None:
        """Wait until everything handed over is written."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        try:
            while self._waiting:
                group = [batch for batch in self._waiting if not batch.places.done()]
                self._waiting = []
                await self._commit(group)
        finally:
            self._task = None

    async def _commit(self, group: Sequence[_Batch]) -> None:
        new = [record for batch in group for record in batch.new]
        known = [record for batch in group for record in batch.known]
        try:
            places = iter(await self._threads.run(self._writer.append, new, known))
        except Exception as error:  # noqa: BLE001 - handed to every caller of the group, none is left waiting
            for batch in group:
                if not batch.places.done():
                    batch.places.set_exception(error)
            return
        for batch in group:
            mine = [next(places) for _ in batch.new]
            if not batch.places.done():
                batch.places.set_result(mine)

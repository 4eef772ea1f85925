"""Runs the reading program over data files, in a process of its own with hard limits; see `child`."""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from strongroom.adapters.children.running import answer_of
from strongroom.adapters.statistics.fetching import Room, bring
from strongroom.application.artifacts.blobstore import ReadBlobs
from strongroom.application.ports.statistics import DataFile, UnreadableError
from strongroom.domain.manifests.statistics import COLUMNS_MOST, LARGEST

BROUGHT_MOST: Final = 64 * 1024 * 1024
"""Bytes that are read of one data set."""
FOOTERS_MOST: Final = 64 * 1024 * 1024
"""Bytes of the footers of files that were too many or too large to be brought whole."""
FILES_MOST: Final = 1_000
MEMORY: Final = 1 << 30
"""Bytes of address space of the reading program."""
CPU_S: Final = 60
WALL_S: Final = 60
LIMITS: Final = {
    "memory": MEMORY,
    "cpu_s": CPU_S,
    "wall_s": WALL_S - 15,
    "columns": COLUMNS_MOST,
    "row_groups": 10_000,
    "sketch_rows": 100_000,
    "answer": LARGEST - 1024,
}
_PROGRAM: Final = "strongroom.adapters.statistics.child"


class ChildReader:
    """See :class:`strongroom.application.ports.statistics.Examine`."""

    def __init__(
        self,
        store: ReadBlobs,
        *,
        brought: int = BROUGHT_MOST,
        wall_s: float = WALL_S,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self._store, self._brought, self._wall_s = store, brought, wall_s
        self._limits = {**LIMITS, **(limits or {})}

    async def examine(self, files: Sequence[DataFile]) -> bytes:
        with tempfile.TemporaryDirectory(prefix="strongroom-statistics-") as folder:
            job = Path(folder) / "job.json"
            listed = await self._bring(files, Path(folder))
            told = {"files": listed, "limits": self._limits, "omitted": max(len(files) - FILES_MOST, 0)}
            await asyncio.to_thread(job.write_text, json.dumps(told))
            return await answer_of(_PROGRAM, job, wall_s=self._wall_s, most=LARGEST)

    async def _bring(self, files: Sequence[DataFile], folder: Path) -> list[dict[str, object]]:
        room = Room(self._brought, FOOTERS_MOST)
        listed: list[dict[str, object]] = []
        for number, file in enumerate(files[:FILES_MOST]):
            local = folder / str(number)
            try:
                whole = await bring(self._store, file, local, room)
            except OSError as error:
                raise UnreadableError(f"no room to read in: {error.strerror}") from error
            told = {"path": file.path, "split": file.split, "size": file.blob.size, "local": str(local)}
            listed.append({**told, "format": file.format if whole is not None else "absent", "whole": bool(whole)})
        return listed

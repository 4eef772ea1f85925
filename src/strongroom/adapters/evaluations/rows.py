"""Runs the program that reads files of rows, over files that it brings to this disk; see `child`."""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from strongroom.adapters.children.running import answer_of
from strongroom.application.artifacts.blobstore import ReadBlobs, StoredBlob
from strongroom.application.ports.statistics import UnreadableError
from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.comparing import Outcome, Plan, Verdict
from strongroom.domain.evaluations.model import Rows

FILE_LARGEST: Final = 64 * 1024 * 1024
ROWS_MOST: Final = 1_000_000
COLUMNS_MOST: Final = 200
SLICES_MOST: Final = 1_000
ANSWER_LARGEST: Final = 4 * 1024 * 1024
WALL_S: Final = 60
AT_ONCE: Final = 2
"""Programs that run at a time; others wait."""
LIMITS: Final = {
    "memory": 2 << 30,
    "cpu_s": 45,
    "rows": ROWS_MOST,
    "columns": COLUMNS_MOST,
    "slices": SLICES_MOST,
}
_PROGRAM: Final = "strongroom.adapters.evaluations.child"


class ChildRows:
    """See :class:`strongroom.application.ports.evaluation_rows.EvaluationRows`."""

    def __init__(self, store: ReadBlobs, *, wall_s: float = WALL_S, limits: Mapping[str, int] | None = None) -> None:
        self._store, self._wall_s = store, wall_s
        self._limits = {**LIMITS, **(limits or {})}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def describe(self, blob: StoredBlob) -> Rows:
        """See the port."""
        told = await self._ask({"ask": "describe"}, [blob])
        columns, slices = tuple(told["columns"]), tuple(told["slices"])
        return Rows(blob.sha256, blob.size, told["count"], columns, slices, told["slices_cut"])

    async def compare(self, champion: StoredBlob, challenger: StoredBlob, column: str, plan: Plan) -> Outcome:
        """See the port."""
        asked = {"ask": "compare", "column": column, "plan": asdict(plan)}
        told = await self._ask(asked, [champion, challenger])
        return Outcome(**{**told, "verdict": Verdict(told["verdict"])})

    async def _ask(self, asked: Mapping[str, object], blobs: Sequence[StoredBlob]) -> dict[str, Any]:
        for blob in blobs:
            if blob.size > FILE_LARGEST:
                raise Invalid(f"A file of rows has at most {FILE_LARGEST} bytes.", limit=FILE_LARGEST)
        async with self._turns:
            with tempfile.TemporaryDirectory(prefix="strongroom-evaluation-") as folder:
                files = [await self._bring(blob, Path(folder) / str(n)) for n, blob in enumerate(blobs)]
                job = Path(folder) / "job.json"
                job.write_text(json.dumps({**asked, "files": files, "limits": self._limits}))
                answer = await self._run(job)
        told: dict[str, Any] = json.loads(answer)
        if "refused" in told:
            raise Invalid(told["refused"])
        return told

    async def _run(self, job: Path) -> bytes:
        try:
            return await answer_of(_PROGRAM, job, wall_s=self._wall_s, most=ANSWER_LARGEST)
        except UnreadableError as error:
            raise Invalid(f"The file of rows cannot be read: {error}.") from error

    async def _bring(self, blob: StoredBlob, target: Path) -> str:
        with target.open("wb") as out:
            async for chunk in self._store.read(blob):
                out.write(chunk)
        return str(target)

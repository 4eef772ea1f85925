"""Runs the reading program over data files, in a process of its own with hard limits; see `child`."""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import strongroom
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
#: Isolated from the environment and the working folder, so it is told where we are installed.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from strongroom.adapters.statistics.child import main; main()"
)
_HOME: Final = str(Path(strongroom.__file__).parents[1])
_SAID_MOST: Final = 300


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
            return await self._run(job)

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

    async def _run(self, job: Path) -> bytes:
        """The program's answer. Whatever it does, it is ended when its time is up or ours is."""
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-X",
            "utf8",
            "-c",
            _PROGRAM,
            _HOME,
            str(job),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=job.parent,
            env={"PATH": "", "OMP_NUM_THREADS": "1"},
            start_new_session=True,
            limit=64 * 1024,
        )
        assert program.stdout is not None and program.stderr is not None  # noqa: S101, PT018 - asked for above
        said: bytearray = bytearray()
        try:
            async with asyncio.timeout(self._wall_s):
                listening = asyncio.create_task(_last(program.stderr, said))
                answer = await _bounded(program.stdout, LARGEST)
                await listening
                code = await program.wait()
        except TimeoutError:
            raise UnreadableError(f"reading took longer than {self._wall_s:g} seconds{_at(said)}") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            await program.wait()
        if code:
            raise UnreadableError(f"the reading program {_ended(code)}{_at(said)}")
        return answer


async def _bounded(stream: asyncio.StreamReader, most: int) -> bytes:
    """:raises UnreadableError: more than `most` bytes."""
    data = bytearray()
    while chunk := await stream.read(64 * 1024):
        data += chunk
        if len(data) > most:
            raise UnreadableError("there is more to tell of the files than is kept")
    return bytes(data)


async def _last(stream: asyncio.StreamReader, said: bytearray) -> None:
    """Keep the end of what the program says of itself."""
    while chunk := await stream.read(4096):
        said += chunk
        del said[:-4096]


def _at(said: bytearray) -> str:
    """At which file it was."""
    for line in reversed(bytes(said).decode(errors="replace").splitlines()):
        if line.startswith('"'):
            with contextlib.suppress(ValueError):
                return f" at {str(json.loads(line))[:_SAID_MOST]!r}"
    return ""


def _ended(code: int) -> str:
    if code >= 0:
        return f"failed (status {code})"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"

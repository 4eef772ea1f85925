"""Runs programs of ours over bytes that nobody trusts, each in a process of its own that gets no key and no address."""

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import Final

import strongroom
from strongroom.application.ports.statistics import UnreadableError

#: Isolated from the environment and the working folder, so it is told where we are installed.
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from importlib import import_module; "
    "import_module(sys.argv.pop(1)).main()"
)
_HOME: Final = str(Path(strongroom.__file__).parents[1])
_SAID_MOST: Final = 300


async def answer_of(module: str, job: Path, *, wall_s: float, most: int) -> bytes:
    """What the program of a module answers about a job. Whatever it does, it is ended when its time is up or ours is.

    :param most: bytes of its answer.
    :raises UnreadableError: it took too long, failed, or said too much.
    """
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-X",
        "utf8",
        "-c",
        _PROGRAM,
        _HOME,
        module,
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
        async with asyncio.timeout(wall_s):
            listening = asyncio.create_task(_last(program.stderr, said))
            answer = await _bounded(program.stdout, most)
            await listening
            code = await program.wait()
    except TimeoutError:
        raise UnreadableError(f"reading took longer than {wall_s:g} seconds{_at(said)}") from None
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

"""Keeps one process that evaluates expressions, limits the time of each, and begins another when one had to end."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import strongroom
from strongroom.adapters.cel.child import framed
from strongroom.domain.errors import Invalid
from strongroom.domain.gates import bounds

RULE_S: Final = 0.25
"""Seconds that one expression may take."""
BEGIN_S: Final = 20.0
"""Seconds that the process may take to begin, on a machine that is busy."""
ASKED_MOST: Final = 200
VIEW_LARGEST: Final = 8 * 1024 * 1024
_PROGRAM: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from strongroom.adapters.cel.child import main; main()"
)
_HOME: Final = str(Path(strongroom.__file__).parents[1])


class CelExpressions:
    """See :class:`strongroom.application.ports.gates.Expressions`."""

    def __init__(self, *, rule_s: float = RULE_S) -> None:
        self._rule_s = rule_s
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def evaluate(self, expressions: Sequence[str], view: Mapping[str, Any]) -> Sequence[object]:
        """See the port."""
        if len(expressions) > ASKED_MOST:
            return [f"more than {ASKED_MOST} rules are asked at once"] * len(expressions)
        try:
            fits = len(framed(view)) <= VIEW_LARGEST
        except (TypeError, ValueError):
            return ["what is known of the version is no plain data"] * len(expressions)
        if not fits:
            return ["more is known of the version than a rule may see"] * len(expressions)
        refused = [_refusal(one) for one in expressions]
        sound = [one for one, why in zip(expressions, refused, strict=True) if why is None]
        async with self._turn:
            given = iter(await self._each(sound, view))
        return [next(given) if why is None else why for why in refused]

    async def _each(self, expressions: Sequence[str], view: Mapping[str, Any]) -> list[object]:
        """What each gives; after one that had to be ended the others are asked of a new process."""
        found: list[object] = []
        while len(found) < len(expressions):
            try:
                await self._ask(expressions[len(found) :], view, found)
            except TimeoutError:
                found.append(f"it took longer than {self._rule_s:g} seconds")
                await self.aclose()
            except (asyncio.IncompleteReadError, ConnectionError):
                found.append("evaluating it ended the program")
                await self.aclose()
            except BaseException:
                await self.aclose()  # who waits no more leaves no answers behind for the next
                raise
        return found

    async def _ask(self, expressions: Sequence[str], view: Mapping[str, Any], found: list[object]) -> None:
        process = await self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - asked for below
        # one that does nothing first: the time of a rule begins when the program listens
        process.stdin.write(framed({"expressions": ["true", *expressions], "view": view}))
        await asyncio.wait_for(_frame(process.stdout), BEGIN_S)
        for _ in expressions:
            answer = await asyncio.wait_for(_frame(process.stdout), self._rule_s)
            found.append(answer)  # one by one: whoever stops here knows how far it came

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-X",
                "utf8",
                "-c",
                _PROGRAM,
                _HOME,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PATH": ""},
                start_new_session=True,
            )
        return self._process

    async def aclose(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _refusal(expression: str) -> str | None:
    try:
        bounds.check(expression)
    except Invalid as error:
        return error.message
    return None


async def _frame(stream: asyncio.StreamReader) -> object:
    size = int.from_bytes(await stream.readexactly(4), "big")
    found: object = json.loads(await stream.readexactly(size))
    return found

"""What a program prints while its run runs, kept as lines of the run's stream ``console``.

Only what goes through `sys.stdout` and `sys.stderr` is seen, not what child processes or C libraries write. Nothing
that goes wrong here reaches the program.
"""

import contextlib
import os
import re
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from strongroom.sdk.errors import StrongroomError, Unavailable

STREAM = "console"
SECONDS = 1.0
LINES_BATCH = 1_000
LINE_LONGEST = 4_096
"""Characters of a line; a longer one is cut into several."""
BATCH_LARGEST = 256 * 1024
"""Characters in one request."""
LINES_HELD = 50_000
"""Lines that wait for the server; of more, the oldest are lost, and a line says how many."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
Sink = Callable[[str, list[str]], None]
"""Takes an idempotency key and lines."""


class Lines:
    """Text as it is printed, cut into lines. A carriage return begins the line anew, as progress bars do."""

    def __init__(self) -> None:
        self.whole: list[str] = []
        self._open = ""

    def add(self, text: str) -> None:
        """Take text in."""
        *ended, rest = (self._open + text).split("\n")
        self.whole += [one for line in ended for one in _cut(line)]
        self._open = rest[-LINE_LONGEST:] if "\r" not in rest else rest[rest.rfind("\r", 0, len(rest) - 1) + 1 :]

    def end(self) -> None:
        """Take a last line without an end as one."""
        if self._open:
            self.whole += _cut(self._open)
            self._open = ""


def _cut(line: str) -> list[str]:
    shown = _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", line.rstrip("\r").rpartition("\r")[2])
    return [shown[start : start + LINE_LONGEST] for start in range(0, len(shown), LINE_LONGEST)] or [""]


class _Tee:
    """A stream that shows what is written, and hands it on."""

    def __init__(self, shown: TextIO, take: Callable[[str], None]) -> None:
        self._shown, self._take = shown, take

    def write(self, text: str) -> int:
        written = self._shown.write(text)
        with contextlib.suppress(Exception):
            self._take(text)
        return written

    def writelines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._shown, name)


class Console:
    """Sends what is printed, a batch a second, until `stop`."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lines = Lines()
        self._lock = threading.Lock()
        self._pending: tuple[str, list[str]] | None = None
        self._stopping = threading.Event()
        self._pid = os.getpid()
        self._shown = {name: getattr(sys, name) for name in ("stdout", "stderr")}
        self._tees = {name: _Tee(stream, self._take) for name, stream in self._shown.items()}
        for name, tee in self._tees.items():
            setattr(sys, name, tee)
        self._thread = threading.Thread(target=self._work, name="strongroom-console", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Show again as before, and send what waits."""
        for name, tee in self._tees.items():
            if getattr(sys, name) is tee:  # else somebody put another over it, which still leads through here
                setattr(sys, name, self._shown[name])
        self._stopping.set()
        if self._pid == os.getpid():
            self._thread.join()

    def _take(self, text: str) -> None:
        if self._pid != os.getpid() or self._stopping.is_set():
            return
        with self._lock:
            self._lines.add(text)
            lost = len(self._lines.whole) - LINES_HELD
            if lost > 0:
                self._lines.whole[: lost + 1] = [f"[{lost + 1} lines were not kept]"]

    def _work(self) -> None:
        while not self._stopping.wait(SECONDS):
            self._send()
        with self._lock:
            self._lines.end()
        self._send()

    def _send(self) -> None:
        with contextlib.suppress(Exception):  # the program goes on, whatever it is
            while batch := self._pending or self._next():
                self._pending = batch
                try:
                    self._sink(*batch)
                except Unavailable:
                    return  # sent again under the same key
                except StrongroomError:
                    pass  # refused: sent again it would be refused again
                self._pending = None

    def _next(self) -> tuple[str, list[str]] | None:
        with self._lock:
            size = count = 0
            for line in self._lines.whole[:LINES_BATCH]:
                size += len(line) + 1
                if size > BATCH_LARGEST:
                    break
                count += 1
            taken, self._lines.whole = self._lines.whole[:count], self._lines.whole[count:]
        return (uuid.uuid4().hex, taken) if taken else None

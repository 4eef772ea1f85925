"""Showing how far a transfer is: a line on the terminal, or whatever the caller gives instead."""

import sys
import threading
import time
from typing import Protocol

_EVERY = 0.1
_MIB = 1024 * 1024


class Progress(Protocol):
    """Told of a transfer's progress, from several threads."""

    def start(self, what: str, total: int) -> None:
        """A step begins; `total` in bytes."""
        ...

    def advance(self, done: int) -> None:
        """So many more bytes are done."""
        ...

    def finish(self) -> None:
        """The step is over, also when it failed."""
        ...


class Silent:
    """Shows nothing."""

    def start(self, what: str, total: int) -> None:
        """See :class:`Progress`."""

    def advance(self, done: int) -> None:
        """See :class:`Progress`."""

    def finish(self) -> None:
        """See :class:`Progress`."""


class Line:
    """One line on standard error that is written over, at most ten times a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._what, self._total, self._done, self._shown = "", 0, 0, 0.0

    def start(self, what: str, total: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._what, self._total, self._done, self._shown = what, total, 0, 0.0

    def advance(self, done: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._done += done
            now = time.monotonic()
            if now - self._shown >= _EVERY:
                self._shown = now
                self._show()

    def finish(self) -> None:
        """See :class:`Progress`."""
        with self._lock:
            if self._shown:
                self._show()
                sys.stderr.write("\n")
                sys.stderr.flush()

    def _show(self) -> None:
        share = min(100, self._done * 100 // self._total) if self._total else 100
        text = f"{self._what}: {self._done / _MIB:,.1f} of {self._total / _MIB:,.1f} MiB ({share} %)"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def choose(progress: Progress | bool) -> Progress:  # noqa: FBT001 - it is what callers of push and pull gave
    """What to tell: the caller's own, or the line when asked for and standard error is a terminal."""
    if not isinstance(progress, bool):
        return progress
    return Line() if progress and sys.stderr.isatty() else Silent()

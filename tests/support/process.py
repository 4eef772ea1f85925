"""Child processes of a test: start one, wait until it answers, stop or kill it, read what it wrote."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

POLL_SECONDS = 0.02


class NotReadyError(AssertionError):
    """The child ended, or did not answer before its deadline. The message ends with what it wrote."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    """Whether a GET of the address is answered with a status below 500."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - an address the test made itself
            return bool(response.status < 500)
    except urllib.error.HTTPError as error:
        with error:
            return error.code < 500
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], *, deadline: float = 20.0, what: str = "the condition") -> None:
    """Poll until the condition holds; NotReadyError after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise NotReadyError(f"{what} did not come true within {deadline:.0f} s")
        time.sleep(POLL_SECONDS)


class Child:
    """One child process in a process group of its own; it never outlives the process that started it.

    Its output, both streams, goes to the file `log`. As a context manager it is killed at the end, with its group.

    Args:
        command: the argument list, no shell.
        log: where the output goes; appended, so that a restarted server keeps its history.
        env: the whole environment, or None for this process's own.
        cwd: the working folder.
        tied: kill the child when the starting *thread* ends (Linux). None means: when that is the main thread.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        tied: bool | None = None,
    ) -> None:
        arguments = [str(part) for part in command]
        if tied is None:
            tied = threading.current_thread() is threading.main_thread()
        setpriv = shutil.which("setpriv")
        if tied and setpriv:
            arguments = [setpriv, "--pdeathsig", "KILL", "--", *arguments]
        self.command = arguments
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def output(self) -> str:
        """Everything written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_ready(self, ready: str | Callable[[], bool], *, deadline: float = 20.0) -> Self:
        """Wait until an address answers, or a condition holds.

        Raises:
            NotReadyError: the child ended first, or the deadline (seconds) passed.
        """
        condition = ready if callable(ready) else lambda: answers(ready)
        end = time.monotonic() + deadline
        while not condition():
            if self.returncode is not None:
                raise NotReadyError(f"{self.command} ended with {self.returncode} before it answered:\n{self.output()}")
            if time.monotonic() > end:
                raise NotReadyError(f"{self.command} did not answer within {deadline:.0f} s:\n{self.output()}")
            time.sleep(POLL_SECONDS)
        return self

    def wait(self, *, timeout: float = 20.0) -> int:
        """Wait for its end and return the exit code."""
        return self._process.wait(timeout)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        self._process.send_signal(number)

    def kill(self) -> int:
        """`kill -9` the process alone, as a crash would; its own children are left to notice."""
        self._process.kill()
        return self.wait()

    def terminate(self, *, timeout: float = 20.0) -> int:
        """Ask it to end (SIGTERM) and return the exit code.

        Raises:
            subprocess.TimeoutExpired: it is still running after `timeout` seconds.
        """
        self._process.terminate()
        return self.wait(timeout=timeout)

    def close(self) -> None:
        """Kill whatever is left of its process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

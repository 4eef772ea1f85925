"""A real server as a child process of a test, and a small client for it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.support.process import Child, free_port

SOURCES = Path(__file__).resolve().parents[2] / "src"


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would set the server up, and with the sources on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STRONGROOM_", "OTEL_"))}
    return {**kept, "PYTHONPATH": str(SOURCES), **more}


def admin(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run ``strongroom admin ...``."""
    command = [sys.executable, "-m", "strongroom.cli.admin", *map(str, arguments)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=check)  # noqa: S603 - our own program, no shell


def new_token(data: Path, name: str = "ann", role: str | None = "admin") -> str:
    """A token made beside the server, as an operator makes one."""
    granted = ["--role", role] if role else []
    done = admin("token", "create", "--data", data, "--principal", name, *granted)
    return done.stdout.splitlines()[-1]


class ServerProcess:
    """``strongroom serve`` on a data folder; it can be killed and started again on the same port."""

    def __init__(
        self,
        data: Path,
        log: Path,
        *options: str | Path,
        env: Mapping[str, str] | None = None,
        place: Sequence[str | Path] | None = None,
    ) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._place = place or ["--data", data]
        self._options, self._log, self._env = options, log, dict(env or {})
        self.child = self._start()

    def _start(self) -> Child:
        command = [sys.executable, "-m", "strongroom.cli.serve", *self._place, "--port", str(self.port)]
        return Child([*command, *self._options], log=self._log, env=environment(**self._env))

    def wait(self) -> "ServerProcess":
        """Wait until it can answer requests."""
        self.child.wait_ready(self._ready, deadline=60)
        return self

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def restart(self) -> None:
        """Start it again after its end."""
        self.child.close()
        self.child = self._start()
        self.wait()

    def client(self, token: str | None = None, timeout: float = 30) -> httpx.Client:
        """A client of the native API."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=timeout)

    def setup_code(self) -> str:
        """The code of the set-up link that it printed."""
        found = re.search(r"/setup\?code=([\w-]+)", self.child.output())
        assert found, self.child.output()
        return found[1]

    def log_lines(self) -> list[dict[str, Any]]:
        """Every line of its log that is a JSON object."""
        return [json.loads(line) for line in self.child.output().splitlines() if line.startswith("{")]

    def memory_mib(self, kind: str = "VmRSS") -> float:
        """Resident memory of the process now (VmRSS) or at most (VmHWM)."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        found = re.search(rf"^{kind}:\s+(\d+) kB", status, re.MULTILINE)
        assert found
        return int(found[1]) / 1024

    def close(self) -> None:
        self.child.close()

"""Starting and stopping the demonstration's server, and the token it is used with."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

COMMAND = str(Path(sys.executable).parent / "strongroom")
READY_WITHIN_S = 30


def free_port(wanted: int) -> int:
    """The wanted port, or any free one when something else listens there."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("no free port")


def start(data: Path, port: int) -> tuple[int, str, float]:
    """Start a server on an empty folder; its process id, its address, and the seconds until it answered."""
    began = time.monotonic()
    log = (data.parent / "server.log").open("wb")
    process = subprocess.Popen(
        [COMMAND, "serve", "--data", str(data), "--port", str(port)],
        stdout=log,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    log.close()
    address = f"http://127.0.0.1:{port}"
    while time.monotonic() - began < READY_WITHIN_S:
        if process.poll() is not None:
            raise SystemExit(f"the server ended at once:\n{(data.parent / 'server.log').read_text()}")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=1):  # noqa: S310 - our own loopback address
                return process.pid, address, time.monotonic() - began
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"the server was not ready within {READY_WITHIN_S} s; see {data.parent / 'server.log'}")


def stop_earlier(pid_file: Path) -> None:
    """Stop the server that an earlier demonstration left running, if it still is that server."""
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text())
    command_line = Path(f"/proc/{pid}/cmdline")
    if command_line.exists() and str(pid_file.parent / "data") in command_line.read_bytes().decode(errors="replace"):
        os.kill(pid, signal.SIGTERM)
        for _ in range(200):
            if not command_line.exists():
                break
            time.sleep(0.05)
    pid_file.unlink()


def make_token(data: Path, principal: str, role: str) -> str:
    """A token, made beside the running server."""
    made = subprocess.run(
        [
            COMMAND,
            "admin",
            "token",
            "create",
            "--data",
            str(data),
            "--principal",
            principal,
            "--role",
            role,
            "--server",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.strip().splitlines()[-1]

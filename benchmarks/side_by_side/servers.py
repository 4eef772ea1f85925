"""The two servers under measure, each a process tree on a folder (and maybe a database) of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MLFLOW_PYTHON = ROOT / ".venv-mlflow" / "bin" / "python"
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    :ivar headers: what every request carries. :ivar started_s: seconds until the first answer.
    """

    name: str
    port: int
    pid: int
    headers: Mapping[str, str]
    started_s: float

    def processes(self) -> list[int]:
        """The process and all below it."""
        found, waiting = [], [self.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    waiting += [int(child) for child in children.read_text().split()]
                except OSError:  # the thread is gone
                    continue
        return found

    def cpu_s(self) -> float:
        """Processor seconds that the tree has used, its ended children included."""
        total = 0
        for pid in self.processes():
            try:
                after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            total += sum(int(after[field]) for field in (11, 12, 13, 14))
        return total / TICKS

    def memory_mib(self) -> float:
        """Memory of the tree; what its processes share counts once (PSS)."""
        total = 0
        for pid in self.processes():
            try:
                rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
        return total / 1024


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=5).close()  # noqa: S310 - our own loopback address
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


@contextmanager
def _running(
    name: str, command: Sequence[str], port: int, folder: Path, headers: Mapping[str, str], **environment: str
) -> Iterator[Server]:
    began = time.monotonic()
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, start_new_session=True, env={**os.environ, **environment}
        )
    try:
        while not _answers(f"http://127.0.0.1:{port}/health"):
            if process.poll() is not None or time.monotonic() - began > PATIENCE_S:
                raise SystemExit(f"{name} did not start: see {folder / name}.log")
            time.sleep(0.02)
        yield Server(name, port, process.pid, headers, time.monotonic() - began)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def strongroom(folder: Path, database: str | None) -> Iterator[Server]:
    """`strongroom serve` with a maintainer's token."""
    folder.mkdir(parents=True)
    command = [str(Path(sys.executable).parent / "strongroom")]
    data = ["--data", str(folder / "data"), *(["--database", database] if database else [])]
    made = subprocess.run(
        [*command, "admin", "token", "create", "--principal", "bench", "--role", "maintainer", *data],
        check=True,
        capture_output=True,
        text=True,
    )
    token = made.stdout.split()[-1]
    port = free_port()
    serve = [*command, "serve", *data, "--port", str(port)]
    with _running("strongroom", serve, port, folder, {"Authorization": f"Bearer {token}"}) as server:
        yield server


@contextmanager
def mlflow(folder: Path, database: str | None, *, stock: bool = False) -> Iterator[Server]:
    """`mlflow server`: one worker and no jobs, or as it is shipped."""
    folder.mkdir(parents=True)
    port = free_port()
    store = database or f"sqlite:///{folder / 'mlflow.db'}"
    places = ["--backend-store-uri", store, "--artifacts-destination", str(folder / "artifacts"), "--serve-artifacts"]
    command = [str(MLFLOW_PYTHON), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), *places]
    name = "mlflow-stock" if stock else "mlflow"
    quiet = {} if stock else {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    workers = [] if stock else ["--workers", "1"]
    with _running(name, [*command, *workers], port, folder, {}, MLFLOW_DISABLE_TELEMETRY="true", **quiet) as server:
        yield server

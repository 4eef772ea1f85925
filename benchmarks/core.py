"""The figures that the core promises, on a fresh server with SQLite and a folder on this machine.

    .venv/bin/python benchmarks/core.py [--gib 2] [--files 1000]

Prints Markdown rows for benchmarks/RESULTS.md: time until ready, memory at idle, memory while a large file goes in and
out, requests for many small files, import time. Everything is bounded and the server is stopped at the end.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from strongroom.sdk import Client

COMMAND = str(Path(sys.executable).parent / "strongroom")
MIB = 1024 * 1024


def resident(pid: int) -> float:
    """Resident memory of a process, MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Peak:
    """The greatest resident memory of a process while a block runs, sampled every 20 ms."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self._stop = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self.peak = max(self.peak, resident(self.pid))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def server(data: Path) -> Iterator[tuple[str, int, float]]:
    """A server on a data folder: its address, process id and seconds until it answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    began = time.monotonic()
    process = subprocess.Popen(
        [COMMAND, "serve", "--data", str(data), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.monotonic() - began < 30:
            try:
                urllib.request.urlopen(f"{address}/readyz", timeout=1).close()  # noqa: S310 - our own loopback address
                break
            except OSError:
                time.sleep(0.01)
        yield address, process.pid, time.monotonic() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def row(what: str, value: str, promised: str) -> None:
    """One line of the table."""
    print(f"| {what} | {value} | {promised} |", flush=True)


def starts(folder: Path) -> None:
    """Time until ready, on an empty folder and on one that exists."""
    first, again = [], []
    for n in range(3):
        with server(folder / f"start{n}") as (_, _, seconds):
            first.append(seconds)
        with server(folder / f"start{n}") as (_, _, seconds):
            again.append(seconds)
    row("ready on an empty folder, median of 3", f"{statistics.median(first):.2f} s", "1.5 s")
    row("ready on an existing folder, median of 3", f"{statistics.median(again):.2f} s", "1.5 s")


def imports() -> None:
    """Import time of the SDK in a fresh process, best of 5."""
    code = "import time; t = time.perf_counter(); import strongroom.sdk; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    row("import strongroom.sdk, best of 5", f"{min(times) * 1000:.0f} ms", "150 ms")


def random_file(path: Path, mebibytes: int) -> None:
    """A file that does not compress or repeat."""
    with path.open("wb") as file:
        for _ in range(mebibytes):
            file.write(os.urandom(MIB))


def large(client: Client, pid: int, folder: Path, gib: float) -> None:
    """One large file in and out through the SDK, with the server's memory."""
    idle = resident(pid)
    row("server at idle", f"{idle:.0f} MiB", "150 MiB")
    source = folder / "large"
    source.mkdir()
    random_file(source / "weights.bin", int(gib * 1024))
    began = time.monotonic()
    with Peak(pid) as up:
        client.push(source, "bench/large", progress=False)
    seconds = time.monotonic() - began
    row(f"push {gib:g} GiB (hashed, in parts, synced)", f"{gib * 1024 / seconds:.0f} MiB/s", "")
    row("server above idle while it comes in", f"{up.peak - idle:.0f} MiB", "150 MiB")
    began = time.monotonic()
    with Peak(pid) as down:
        client.pull("bench/large", to=folder / "back", progress=False)
    seconds = time.monotonic() - began
    row(f"pull {gib:g} GiB (checked on both ends)", f"{gib * 1024 / seconds:.0f} MiB/s", "")
    row("server above idle while it goes out", f"{down.peak - idle:.0f} MiB", "150 MiB")


def small(client: Client, folder: Path, files: int) -> None:
    """Many small files in one push."""
    source = folder / "small"
    source.mkdir()
    for n in range(files):
        (source / f"{n:05d}.bin").write_bytes(os.urandom(10 * 1024))
    requests = 0
    plain = client.transport.request

    def counting(*args: object, **kwargs: object) -> object:
        nonlocal requests
        requests += 1
        return plain(*args, **kwargs)  # type: ignore[arg-type]

    client.transport.request = counting  # type: ignore[method-assign, assignment]
    began = time.monotonic()
    client.push(source, "bench/small", progress=False)
    seconds = time.monotonic() - began
    row(f"push {files:,} files of 10 KiB", f"{files / seconds:,.0f} files/s", "")
    row("requests for that", str(requests), "20")


def main() -> None:
    """Measure everything once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gib", type=float, default=2)
    parser.add_argument("--files", type=int, default=1000)
    arguments = parser.parse_args()
    print("| what | measured | promised |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starts(folder)
        imports()
        with server(folder / "data") as (address, pid, _):
            made = subprocess.run(
                [
                    COMMAND,
                    "admin",
                    "token",
                    "create",
                    "--data",
                    str(folder / "data"),
                    "--principal",
                    "bench",
                    "--role",
                    "admin",
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            with Client(address, made.stdout.strip().splitlines()[-1]) as client:
                large(client, pid, folder, arguments.gib)
                small(client, folder, arguments.files)


main()

"""Metric series through the native API of one server process, on SQLite and on PostgreSQL.

    .venv/bin/python benchmarks/series.py [--only sqlite|postgres] [--seconds 8]

Prints Markdown rows: points a second in batches of 1,000 (10 keys), single-point calls, each with 8
clients, single-point calls a second with 8
clients, bytes stored a point after compaction, and reads of a series of 100,000 points, whole and sampled to 1,000.
Clients are plain sockets in processes of their own, so that the figures are the server's and not theirs. Values look
like training: floats of 32 bits with noise, all keys of a step logged together.
"""

import argparse
import json
import multiprocessing
import os
import random
import socket
import statistics
import struct
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from tests.http.processes import ServerProcess, admin, new_token
from tests.support.postgres import PostgresServer

KEYS = 10
CLIENTS = 8
BATCH = 1_000
SERIES = 100_000


def single(value: float) -> float:
    """The value as a GPU reports it: rounded to 32 bits."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


class Connection:
    """One keep-alive connection that sends bytes made beforehand and reads answers of known length."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def exchange(self, request: bytes) -> bytes:
        """Send a request; the body of the answer. Raises unless the status is 2xx."""
        self._socket.sendall(request)
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        if not head.startswith(b"http/1.1 2"):
            raise RuntimeError(data[:600].decode())
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = [data[end + 4 :]]
        missing = length - len(body[0])
        while missing > 0:
            body.append(self._more())
            missing -= len(body[-1])
        whole = b"".join(body)
        self._rest = whole[length:]
        return whole[:length]

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError
        return data


def request(method: str, path: str, token: str, body: object = None) -> bytes:
    """The bytes of a request."""
    sent = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"{method} /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent


def ask(port: int, method: str, path: str, token: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
    """One request and its answer."""
    return json.loads(Connection(port).exchange(request(method, path, token, body)))


def batch(first_step: int, form: str) -> dict[str, Any]:
    """1,000 points of ten keys at a hundred steps."""
    steps = list(range(first_step, first_step + BATCH // KEYS))
    at = 1_763_000_000_000_000
    times = [at + step * 50_000 + random.randrange(3_000) for step in steps]
    values = {
        f"train/metric_{n}": [single(2 / (1 + s / 5_000) + random.gauss(0, 0.05)) for s in steps] for n in range(KEYS)
    }
    if form == "points":
        rows = [
            {"key": k, "value": v[i], "step": steps[i], "time_us": times[i]}
            for i in range(len(steps))
            for k, v in values.items()
        ]
        return {"points": rows}
    return {
        "series": [{"key": key, "steps": steps, "times_us": times, "values": found} for key, found in values.items()]
    }


def send(port: int, requests: Sequence[bytes], seconds: float, counted: "Queue[int]", ready: "Barrier") -> None:
    """Send requests one after another until the time is up; a process of its own."""
    connection = Connection(port)
    ready.wait()
    until = time.monotonic() + seconds
    sent = 0
    while time.monotonic() < until:
        connection.exchange(requests[sent % len(requests)])
        sent += 1
    counted.put(sent)


def cpu(pid: int) -> float:
    """Processor seconds that a process used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(server: ServerProcess, loads: Sequence[Sequence[bytes]], seconds: float) -> tuple[float, float]:
    """Requests a second that clients at once got answered, and milliseconds of the server's processor for each."""
    context = multiprocessing.get_context("fork")
    counted, ready = context.Queue(), context.Barrier(len(loads) + 1)
    clients = [context.Process(target=send, args=(server.port, own, seconds, counted, ready)) for own in loads]
    for client in clients:
        client.start()
    ready.wait()
    began, used = time.monotonic(), cpu(server.child.pid)
    total = sum(counted.get(timeout=seconds + 60) for _ in clients)
    spent = time.monotonic() - began
    for client in clients:
        client.join()
    return total / spent, (cpu(server.child.pid) - used) / total * 1_000


def new_run(port: int, token: str, experiment: str) -> str:
    """A run; its uid."""
    return str(ask(port, "POST", f"/experiments/{experiment}/runs", token, {})["uid"])


def row(what: str, value: str, promised: str) -> None:
    """One line of the table."""
    print(f"| {what} | {value} | {promised} |", flush=True)


def ingest(server: ServerProcess, token: str, experiment: str, seconds: float, promised: str) -> None:
    """Batches of 1,000 points, in both forms that the API takes."""
    for form in FORMS:
        loads = []
        for _ in range(CLIENTS):
            path = f"/runs/{new_run(server.port, token, experiment)}/log"
            loads.append([request("POST", path, token, batch(n * 100, form)) for n in range(50)])
        rate, used = load(server, loads, seconds)
        row(f"points a second, batches of 1,000 as {form}", f"{rate * BATCH:,.0f} ({used:.2f} ms a batch)", promised)


def singles(server: ServerProcess, token: str, experiment: str, seconds: float) -> None:
    """Calls of one point each."""
    loads = []
    for _ in range(CLIENTS):
        path = f"/runs/{new_run(server.port, token, experiment)}/log"
        points = [{"points": [{"key": "loss", "value": 1 / (1 + n), "step": n}]} for n in range(500)]
        loads.append([request("POST", path, token, one) for one in points])
    rate, used = load(server, loads, seconds)
    row(f"single-point calls a second, {CLIENTS} clients", f"{rate:,.0f} ({used:.2f} ms a call)", "1,200")


FORMS = ("points", "series")


def reads(server: ServerProcess, database: str, token: str, experiment: str) -> None:
    """Ten series of 100,000 points, written in batches of 1,000 and merged: bytes a point, and one of them read."""
    run = new_run(server.port, token, experiment)
    connection = Connection(server.port)
    for number in range(SERIES // (BATCH // KEYS)):
        connection.exchange(request("POST", f"/runs/{run}/log", token, batch(number * BATCH // KEYS, "series")))
    ask(server.port, "POST", f"/runs/{run}/end", token, {})
    stored = settled(database, run)
    row(f"bytes stored a point, {SERIES * KEYS:,} points merged", f"{stored / SERIES / KEYS:.2f}", "8")
    for what, path, promised in (
        ("a series of 100,000 points read", f"/runs/{run}/columns?key=train/metric_3", "60 ms"),
        ("the same sampled to 1,000", f"/runs/{run}/sample?key=train/metric_3&samples=1000", "15 ms"),
        ("a page of 1,000 of it", f"/runs/{run}/series?key=train/metric_3&page_size=1000", ""),
    ):
        times, body = [], b""
        for _ in range(20):
            began = time.perf_counter()
            body = connection.exchange(request("GET", path, token))
            times.append((time.perf_counter() - began) * 1_000)
        found = json.loads(body)
        count = len(found.get("steps", found.get("items")))
        row(
            f"{what}, {count:,} points, median (best) of 20",
            f"{statistics.median(times):.1f} ({min(times):.1f}) ms",
            promised,
        )


def settled(database: str, run: str) -> int:
    """Wait until the server has merged the run's blocks; the bytes that they take."""
    engine = create_engine(database)
    query = text(
        "SELECT count(*), sum(size), sum(CASE WHEN b.batches = 1 THEN 1 ELSE 0 END)"
        " FROM block b JOIN run r ON r.id = b.run_id WHERE r.uid = :u"
    )
    until = time.monotonic() + 60
    while True:
        with engine.connect() as connection:
            blocks, size, loose = connection.execute(query, {"u": run}).one()
        if loose == 0 or time.monotonic() > until:
            engine.dispose()
            print(f"<!-- {blocks} blocks, {loose} not merged -->")
            return int(size)
        time.sleep(0.5)


@contextmanager
def server_on(database: str, folder: Path) -> Iterator[tuple[ServerProcess, str]]:
    """A fresh server on a database of its own."""
    if database == "sqlite":
        server = ServerProcess(folder / "data", folder / "log")
        try:
            yield server.wait(), f"sqlite:///{folder}/data/strongroom.db"
        finally:
            server.close()
        return
    postgres = PostgresServer(durable=True)
    try:
        url = postgres.handle.create_database()
        server = ServerProcess(folder / "data", folder / "log", place=["--data", folder / "data", "--database", url])
        try:
            yield server.wait(), url.replace("postgresql:", "postgresql+psycopg:")
        finally:
            server.close()
    finally:
        postgres.close()


def server_token(database: str, server: ServerProcess, url: str) -> str:
    """A token of an administrator, made beside the server."""
    if database == "sqlite":
        return new_token(server.data)
    place = ["--data", str(server.data), "--database", url]
    done = admin("token", "create", *place, "--principal", "bench", "--role", "admin")
    return done.stdout.splitlines()[-1]


def main() -> None:
    """Measure everything once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    parser.add_argument("--seconds", type=float, default=8)
    arguments = parser.parse_args()
    for database in [arguments.only] if arguments.only else ["sqlite", "postgres"]:
        print(f"\n| {database} | measured | promised |\n|---|---|---|")
        with tempfile.TemporaryDirectory() as name, server_on(database, Path(name)) as (server, url):
            token = server_token(database, server, url)
            experiment = ask(server.port, "POST", "/experiments", token, {"name": "bench"})["uid"]
            ingest(server, token, experiment, arguments.seconds, "250,000" if database == "sqlite" else "100,000")
            singles(server, token, experiment, arguments.seconds)
            reads(server, url, token, experiment)


if __name__ == "__main__":
    main()

"""`kill -9` in batch write and compaction loses nothing acknowledged and doubles nothing."""

import asyncio
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from strongroom.adapters.sql.engine import is_sqlite
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.audit.chain import verify
from tests.application.conftest import MovableClock
from tests.http.processes import ServerProcess, admin, environment
from tests.support.process import Child

ROUNDS = 6
WRITERS = 3
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/strongroom.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def place(database: str, tmp_path: Path) -> list[str | Path]:
    where: list[str | Path] = ["--data", tmp_path / "data"]
    return where if is_sqlite(database) else [*where, "--database", database]


@pytest.fixture
def server(place: list[str | Path], tmp_path: Path) -> Iterator[ServerProcess]:
    started = ServerProcess(tmp_path / "data", tmp_path / "log", place=place)
    try:
        yield started.wait()
    finally:
        started.close()


class Writer:
    """Writes numbered batches to one series and to one of its own; repeats each under its key until it is answered."""

    def __init__(self, server: ServerProcess, token: str, run: str, name: str) -> None:
        self.server, self.token, self.run, self.name = server, token, run, name
        self.acknowledged: list[tuple[int, float]] = []
        self.stop = threading.Event()
        self.failure: str | None = None
        self.thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        with self.server.client(self.token, timeout=5) as client:
            number = 0
            while not self.stop.is_set():
                self._send(client, number)
                number += 1

    def _send(self, client: httpx.Client, number: int) -> None:
        rows = [(number, float(n)) for n in range(number % 4 + 1)]
        columns = {
            "steps": [step for step, _ in rows],
            "values": [value for _, value in rows],
            "times_us": [7] * len(rows),
        }
        body = {"series": [{"key": "shared", **columns}, {"key": self.name, **columns}]}
        while True:
            try:
                answer = client.post(
                    f"/runs/{self.run}/log", json=body, headers={"Idempotency-Key": f"{self.name}-{number}"}
                )
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if answer.status_code == 200:
                self.acknowledged += rows
                return
            if answer.status_code < 500:
                self.failure = answer.text
                return


def merger(database: str, tmp_path: Path) -> Child:
    command = [sys.executable, "-m", "tests.faults.merging_child", database]
    return Child(command, log=tmp_path / "merger", env=environment(PYTHONPATH=f"{ROOT / 'src'}:{ROOT}"))


def _wait_merged(child: Child) -> None:
    def merged() -> bool:
        return "merged" in child.output()

    child.wait_ready(merged, deadline=60)


def test_kills_in_batch_write_and_compaction_lose_nothing_and_double_nothing(
    server: ServerProcess, database: str, place: list[str | Path], tmp_path: Path
) -> None:
    """Must be shown: `kill -9` in batch write and compaction loses nothing acknowledged and doubles nothing."""
    made = admin("token", "create", *place, "--principal", "writer", "--role", "admin")
    token = made.stdout.splitlines()[-1]
    with server.client(token) as client:
        experiment = client.post("/experiments", json={"name": "e"}).json()["uid"]
        run = client.post(f"/experiments/{experiment}/runs", json={}).json()["uid"]
    writers = [Writer(server, token, run, f"own{n}") for n in range(WRITERS)]
    for writer in writers:
        writer.thread.start()
    waits = random.Random(9)  # noqa: S311 - moments of a test
    for number in range(ROUNDS):
        merging = merger(database, tmp_path)
        _wait_merged(merging)  # it is in the middle of merging now
        time.sleep(waits.uniform(0, 0.5))
        merging.close()
        if number % 2:
            server.child.kill()
            server.restart()
    for writer in writers:
        writer.stop.set()
        writer.thread.join()
    assert [writer.failure for writer in writers] == [None] * WRITERS
    with server.client(token) as client:
        for writer in writers:
            assert _rows(client, run, writer.name) == writer.acknowledged
        shared = _rows(client, run, "shared")
        assert Counter(shared) == Counter(row for writer in writers for row in writer.acknowledged)
        latest = client.get(f"/runs/{run}/metrics", params={"prefix": "shared"}).json()["items"][0]["metric"]
        assert latest["count"] == len(shared)
    _check_chain(database, run)


def _rows(client: httpx.Client, run: str, key: str) -> list[tuple[int, float]]:
    found = client.get(f"/runs/{run}/columns", params={"key": key}).json()
    return list(zip(found["steps"], found["values"], strict=True))


def _check_chain(database: str, run_uid: str) -> None:
    """Every batch is there, in its place, as it was sent."""
    executor_of = SqliteExecutor if is_sqlite(database) else PostgresExecutor
    executor = executor_of(database, MovableClock())

    def check(tx: Transaction) -> None:
        workspace = tx.workspaces.by_slug("default")
        assert workspace is not None
        run = tx.runs.by_uid(workspace.id, run_uid)
        assert run is not None
        chain = tx.runs.chain(run.id)
        assert verify(tx.runs.batches(run.id), {chain.count: bytes.fromhex(chain.head)}) is None

    asyncio.run(executor.read(check))
    executor.close()

"""Lineage at size through the API, on SQLite and on PostgreSQL: a server of its own, HTTP, the answer read whole.

    .venv/bin/python -m benchmarks.lineage [--vertices 10000] [--only sqlite|postgres] [--repeat 10]

Loads two graphs of so many vertices by plain inserts, each with three edges a vertex. *Wide*: a data set that runs
read, each with versions of 50 assets, which further runs read. *Deep*: 50 levels of versions beside each other, each
derived from three of the level before. Prints Markdown rows with p50, p95 and the time that
the server computed for an answer, in milliseconds. Promised: 10,000 vertices in under a second.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Engine, Table, insert, text

from strongroom.adapters.sql import tables as t
from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.application.identity import setup
from strongroom.application.lineage.nodes import AddNode, ensure
from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap.installation import install
from strongroom.bootstrap.settings import Storage
from tests.support.api import PREFIX, Real
from tests.support.postgres import PostgresServer
from tests.support.process import Child, free_port

ASSETS = 50
LEVELS = 50


class Loader:
    """Plain inserts; ids count up over everything, uids are made of them."""

    def __init__(self, connection: Connection, places: dict[str, int]) -> None:
        self.connection, self.places = connection, places
        self.random = random.Random(3)
        self.ids = itertools.count(1_000)
        self.numbers = itertools.count(1)
        self.waiting: dict[Table, list[dict[str, Any]]] = {}
        self.assets: list[int] = []

    def add(self, table: Table, **row: Any) -> None:
        self.waiting.setdefault(table, []).append(row)

    def flush(self) -> None:
        for table in t.metadata.sorted_tables:
            if rows := self.waiting.pop(table, None):
                self.connection.execute(insert(table), rows)

    def thing(self, table: Table, **row: Any) -> tuple[int, str]:
        id_ = next(self.ids)
        uid = str(uuid.UUID(int=id_ | 7 << 76 | 8 << 60))
        common = {"workspace_id": self.places["workspace"], "created_by": self.places["principal"]}
        self.add(table, id=id_, uid=uid, recorded_at=10**15 + id_, **common, **row)
        return id_, uid

    def basis(self) -> None:
        there = {"namespace_id": self.places["namespace"]}
        self.experiment, _ = self.thing(t.experiment, **there, name="bench")
        for number in range(ASSETS):
            name = f"model-{number}"
            visible = {"visibility": "workspace", "kind": "model"}
            self.assets.append(self.thing(t.asset, **there, name=name, slug=name, **visible)[0])

    def version(self) -> tuple[int, str]:
        number = next(self.numbers)
        place = {"asset_id": self.random.choice(self.assets), "namespace_id": self.places["namespace"]}
        return self.thing(t.version, **place, number=number, state="live", tree="ab" * 32)

    def run(self) -> int:
        times = {"started_at": 10**15, "state": "finished"}
        return self.thing(t.run, experiment_id=self.experiment, name=f"run-{next(self.numbers)}", **times)[0]

    def edge(self, source: tuple[str, int], type_: str, target: tuple[str, int]) -> None:
        ends = {"source_kind": source[0], "source_id": source[1], "target_kind": target[0], "target_id": target[1]}
        said = {"asserted_by": self.places["principal"], "recorded_at": 10**15}
        self.add(t.edge, workspace_id=self.places["workspace"], type=type_, **ends, **said)

    def wide(self, count: int) -> None:
        """A node; runs that read it; a version of each; a run that reads each version, and two more before it."""
        node = ("node", self.places["node"])
        versions: list[int] = []
        for _ in range((count - 1) // 3):
            made, (version, _) = self.run(), self.version()
            self.edge(node, "input", ("run", made))
            self.edge(("run", made), "registered", ("version", version))
            judged = self.run()
            for read in {version, *self.random.sample(versions, min(len(versions), 6))}:
                self.edge(("version", read), "evaluated", ("run", judged))
            versions.append(version)
        self.flush()

    def deep(self, count: int) -> tuple[str, str]:
        """Levels of versions; the uids of the first and of one of the last."""
        first, uid = self.version()
        above, last = [first], uid
        for _ in range(LEVELS):
            level = []
            for _ in range((count - 1) // LEVELS):
                made, last = self.version()
                for base in self.random.sample(above, min(len(above), 3)):
                    self.edge(("version", base), "base", ("version", made))
                level.append(made)
            above = level
        self.flush()
        return uid, last


def prepare(tx: Transaction) -> tuple[str, str]:
    """A token, and the uid of the node that all began with."""
    token = setup.ensure_principal_with_token(tx, "root", "admin", "default", server=True).text
    call = setup.as_system(tx, setup.ensure_default_workspace(tx))
    return token, ensure(call, AddNode("rows", digest="sha256:1"))[0].uid


@contextmanager
def storage(kind: str, folder: Path) -> Iterator[Storage]:
    if kind == "sqlite":
        yield Storage(data=folder / "data")
        return
    server = PostgresServer(tied=True)
    try:
        yield Storage(data=folder / "data", database=server.handle.create_database())
    finally:
        server.close()


def load(engine: Engine, count: int, node_uid: str) -> tuple[str, str]:
    with engine.begin() as connection:
        places = {
            "workspace": text("SELECT id FROM workspace"),
            "principal": text("SELECT id FROM principal ORDER BY id LIMIT 1"),
            "namespace": text("SELECT id FROM namespace WHERE path = ''"),
            "node": text("SELECT id FROM node WHERE uid = :uid").bindparams(uid=node_uid),
        }
        loader = Loader(connection, {name: connection.execute(q).scalar_one() for name, q in places.items()})
        loader.basis()
        loader.wide(count)
        ends = loader.deep(count)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return ends


def measured(work: Callable[[], object], repeat: int) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), sorted(times)[max(0, round(0.95 * repeat) - 1)]


def questions(node: str, first: str, last: str) -> dict[str, str]:
    return {
        "wide, down, all": f"/lineage/node/{node}?direction=down&depth=50",
        "deep, down, all": f"/lineage/version/{first}?direction=down&depth=50",
        "deep, up, all": f"/lineage/version/{last}?direction=up&depth=50",
        "wide, down, only inputs": f"/lineage/node/{node}?direction=down&depth=50&types=input",
        "impact of the data set": f"/lineage/node/{node}/impact",
        "path over 50 levels": f"/lineage/version/{first}/path/version/{last}",
        "no path": f"/lineage/node/{node}/path/version/{last}",
    }


def report(kind: str, name: str, server: Real, path: str, repeat: int) -> None:
    def ask() -> bytes:
        answer = server.request("root", "GET", PREFIX + path)
        assert answer.status == 200, answer.body[:300]
        return answer.body

    found = json.loads(ask())
    process = psutil.Process(server.child.pid)
    before = sum(process.cpu_times()[:2])
    size = len(found.get("vertices", found.get("affected", [])))
    middle, most = measured(ask, repeat)
    busy = (sum(process.cpu_times()[:2]) - before) * 1000 / repeat
    edges = len(found.get("edges", []))
    cut = ", cut" if found["truncated"] else ""
    print(
        f"| {kind} | {name}: {size:,} vertices, {edges:,} edges{cut} | {middle:,.0f} | {most:,.0f} | {busy:,.0f} |",
        flush=True,
    )


def bench(kind: str, count: int, repeat: int) -> None:
    with tempfile.TemporaryDirectory() as name, storage(kind, Path(name)) as where:
        installation = asyncio.run(install(where))
        token, node = asyncio.run(installation.database.command(prepare))
        installation.database.close()
        url = where.database_url
        engine = sqlite_engine(url, write=True) if is_sqlite(url) else postgres_engine(url, pool_size=1)
        first, last = load(engine, count, node)
        engine.dispose()
        port = free_port()
        command = [sys.executable, "-m", "strongroom.cli.serve", "--data", str(where.data), "--port", str(port)]
        command += ["--database", where.database] if where.database else []
        with Child(command, log=Path(name) / "server.log") as child:
            child.wait_ready(f"http://127.0.0.1:{port}/readyz")
            server = Real(child, port, {"root": token})
            for question, path in questions(node, first, last).items():
                report(kind, question, server, path, repeat)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--vertices", type=int, default=10_000)
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    parser.add_argument("--repeat", type=int, default=10)
    asked = parser.parse_args()
    print("| database | question | p50 ms | p95 ms | CPU of the server, ms |\n|---|---|---|---|---|")
    for kind in (asked.only,) if asked.only else ("sqlite", "postgres"):
        bench(kind, asked.vertices, asked.repeat)


if __name__ == "__main__":
    main()

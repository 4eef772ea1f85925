"""Search at size, on SQLite and on PostgreSQL: use cases with their views, page of 100, no HTTP.

    .venv/bin/python benchmarks/search.py [--rows 10000] [--only sqlite|postgres] [--repeat 30] [--database URL]

Loads `rows` runs (four experiments, 3 metrics, 3 params and a tag each) and `rows` versions (a tenth as many assets)
by plain inserts or COPY, and prints Markdown rows with p50 and p95 in milliseconds. PostgreSQL is analysed, SQLite has
no statistics, as in the server. Promised at 10^6 rows: runs filtered and ordered by a metric under 200 ms p95, versions
by tag, property and alias under 100 ms p95.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, insert, text

from strongroom.adapters.identity.random import Identifiers, SystemClock, SystemRandom
from strongroom.adapters.sql import tables as t
from strongroom.adapters.sql.engine import postgres_engine, sqlite_engine
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.migrate import move
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.identity import setup
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry.views import VersionView
from strongroom.application.search import find
from strongroom.application.tracking.views import RunView
from strongroom.domain.search.schema import Entity
from tests.support.postgres import PostgresServer

BATCH = 5_000
RUNS = {
    "metric range, by that metric": ("metrics.auc > 0.9", ["metrics.auc DESC"]),
    "metric range of 1 in 1,000, by another metric": ("metrics.auc > 0.999", ["metrics.loss"]),
    "param of 1 in 10, by a metric": ("params.depth = 7", ["metrics.auc DESC"]),
    "param of 1 in 1,000, by a metric": ("params.seed = '77'", ["metrics.auc DESC"]),
    "metric, param, tag and state, by a metric": (
        "metrics.auc > 0.5 AND params.depth IN (1, 7) AND tags.team = 't3' AND state = 'finished'",
        ["metrics.loss"],
    ),
    "OR of a param and a tag, by a metric": ("params.seed = '77' OR tags.team = 't3'", ["metrics.auc DESC"]),
    "NOT and LIKE, by a metric": ("NOT params.depth = 7 AND name LIKE 'run-1%'", ["metrics.auc DESC"]),
    "no filter, by a param": ("", ["params.depth DESC"]),
    "no filter, latest first": ("", []),
    "words of a text, by a metric": ("text CONTAINS 'run 77*'", ["metrics.auc DESC"]),
    "an expression on 1 in 1,000": ("params.seed = '77' AND name MATCHES '[02468]$'", ["metrics.auc DESC"]),
    "metric range, by its maximum": ("metrics.auc > 0.999", ["max(metrics.auc) DESC"]),
}
VERSIONS = {
    "tag of 1 in 10, property range, alias": ("tags.team = 't3' AND properties.f1 > 0.9 AND alias = 'champion'", []),
    "tag of 1 in 1,000": ("tags.ticket = 'T-77'", []),
    "tag of 1 in 10, latest first": ("tags.team = 't3'", []),
    "alias of 1 in 10, by a property": ("alias = 'champion'", ["properties.f1 DESC"]),
    "property range and text property": ("properties.f1 > 0.5 AND properties.format = 'onnx'", ["properties.f1"]),
    "name of an asset": ("name = 'asset-77'", []),
    "no filter, latest first": ("", []),
}


class Clock:
    def __init__(self) -> None:
        self._clock = SystemClock()
        self._random = SystemRandom()
        self._identifiers = Identifiers(self._clock, self._random)

    def now_us(self) -> int:
        return self._clock.now_us()

    def new_uid(self) -> str:
        return self._identifiers.new_uid()

    def random_bytes(self, count: int) -> bytes:
        return self._random.token_bytes(count)


class Loader:
    """Plain inserts in batches, a table after the other."""

    def __init__(self, connection: Connection, workspace_id: int, actor_id: int) -> None:
        self.connection, self.workspace_id, self.actor_id = connection, workspace_id, actor_id
        self.random = random.Random(5)
        self.waiting: dict[Table, list[dict[str, Any]]] = {}

    def add(self, table: Table, **row: Any) -> None:
        rows = self.waiting.setdefault(table, [])
        rows.append(row)
        if len(rows) == BATCH:
            self.flush()

    def flush(self) -> None:
        for table in t.metadata.sorted_tables:
            if rows := self.waiting.pop(table, None):
                self._write(table, rows)

    def _write(self, table: Table, rows: list[dict[str, Any]]) -> None:
        driver: Any = self.connection.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            self.connection.execute(insert(table), rows)
            return
        names = list(rows[0])
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        with driver.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)) as to:
            for row in rows:
                to.write_row([row[name] for name in names])

    def common(self, id_: int) -> dict[str, Any]:
        return {
            "id": id_, "uid": str(uuid.UUID(int=self.random.getrandbits(128))), "workspace_id": self.workspace_id,
            "created_by": self.actor_id, "recorded_at": 10**15 + id_,
        }  # fmt: skip

    def tag(self, kind: str, owner: int, key: int, value: str) -> None:
        self.add(
            t.tag, workspace_id=self.workspace_id, owner_kind=kind, owner_id=owner, key_id=key, value=value,
            set_by=self.actor_id, valid_from=1,
        )  # fmt: skip

    def load(self, count: int, namespace_id: int) -> None:
        names = ("auc", "loss", "epoch", "depth", "seed", "lr", "team", "ticket", "f1", "format")
        keys = {name: n + 1_000 for n, name in enumerate(names)}
        for name, id_ in keys.items():
            self.add(t.name_dict, id=id_, workspace_id=self.workspace_id, text=name)
        for id_ in range(1, 5):
            self.add(t.experiment, **self.common(id_), namespace_id=namespace_id, name=f"exp-{id_}")
        for id_ in range(1, count // 10 + 1):
            self.add(
                t.asset, **self.common(id_), namespace_id=namespace_id, kind="model", name=f"asset-{id_}",
                slug=f"asset-{id_}", visibility="workspace",
            )  # fmt: skip
        self.flush()
        for id_ in range(1, count + 1):
            self.run(id_, keys)
            self.version(id_, keys, namespace_id)
        self.flush()

    def run(self, id_: int, keys: dict[str, int]) -> None:
        draw = self.random.random
        experiment_id = 1 if draw() < 0.7 else self.random.randint(2, 4)
        state = "finished" if draw() < 0.8 else "failed"
        row = self.common(id_)
        self.add(
            t.run, **row, experiment_id=experiment_id, name=f"run-{id_}", state=state, started_at=row["recorded_at"]
        )
        for key in ("auc", "loss", "epoch"):
            number = draw() if key != "epoch" else float(self.random.randint(1, 20))
            self.add(
                t.run_value, run_id=id_, key_id=keys[key], experiment_id=experiment_id, last=number, last_step=9,
                last_time=1, min=number, max=number, count=10,
            )  # fmt: skip
        params = {"depth": str(self.random.randint(0, 9)), "seed": str(self.random.randint(0, 999)), "lr": str(draw())}
        for key, value in params.items():
            self.add(
                t.run_param, run_id=id_, key_id=keys[key], text=value, number=float(value), once=True,
                experiment_id=experiment_id,
            )  # fmt: skip
        self.tag("run", id_, keys["team"], f"t{self.random.randint(0, 9)}")

        self.document("run", 3, id_, ["run", str(id_)])

    def document(self, kind: str, place: int, id_: int, words: list[str]) -> None:
        known = [f"\ue000{kind}{self.workspace_id}", *words]
        quoted = self.connection.dialect.name != "sqlite"  # as PostgreSQL reads lexemes
        self.add(t.document, id=id_ * 8 + place, words=" ".join(f"'{word}'" if quoted else word for word in known))

    def version(self, id_: int, keys: dict[str, int], namespace_id: int) -> None:
        asset_id = (id_ - 1) // 10 + 1
        self.add(
            t.version, **self.common(id_), asset_id=asset_id, namespace_id=namespace_id, number=(id_ - 1) % 10 + 1,
            state="live",
        )  # fmt: skip
        self.tag("version", id_, keys["team"], f"t{self.random.randint(0, 9)}")
        self.tag("version", id_, keys["ticket"], f"T-{self.random.randint(0, 999)}")
        owner = {"owner_kind": "version", "owner_id": id_}
        self.add(t.object_property, **owner, key_id=keys["f1"], type="float", number=self.random.random(), text=None)
        kind = self.random.choice(["onnx", "torch"])
        self.add(t.object_property, **owner, key_id=keys["format"], type="str", text=kind, number=None)
        if id_ % 10 == 0:
            self.add(
                t.alias, asset_id=asset_id, name="champion", version_id=id_, etag=1, set_by=self.actor_id, from_seq=1,
                valid_from=1,
            )  # fmt: skip


@contextmanager
def database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    server = PostgresServer(tied=True)
    try:
        yield server.handle.create_database()
    finally:
        server.close()


def measured(work: Callable[[], object], repeat: int) -> tuple[float, float]:
    """p50 and p95 in milliseconds."""
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), sorted(times)[max(0, round(0.95 * repeat) - 1)]


def load(kind: str, url: str, rows: int) -> None:
    """Fill a new database."""
    move(url)
    clock = Clock()
    executor = open_executor(kind, url)
    workspace = asyncio.run(executor.command(setup.ensure_default_workspace))
    executor.close()
    began = time.monotonic()
    engine = sqlite_engine(url, write=True) if kind == "sqlite" else postgres_engine(url, pool_size=1)
    with engine.begin() as connection:
        namespace_id = connection.execute(text("SELECT id FROM namespace")).scalars().first()
        actor_id = connection.execute(text("SELECT id FROM principal")).scalars().first()
        assert actor_id is not None
        if namespace_id is None:
            row = {"uid": clock.new_uid(), "workspace_id": workspace.id, "path": "", "slug_path": ""}
            made = insert(t.namespace).values(**row, recorded_at=0).returning(t.namespace.c.id)
            namespace_id = connection.execute(made).scalar_one()
        Loader(connection, workspace.id, actor_id).load(rows, namespace_id)
        if kind == "sqlite":
            connection.execute(text("INSERT INTO document_index (document_index) VALUES ('rebuild')"))
    if kind == "postgres":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    print(f"{kind}: {rows:,} runs and versions loaded in {time.monotonic() - began:.0f} s", flush=True)


def open_executor(kind: str, url: str) -> SqliteExecutor | PostgresExecutor:
    return SqliteExecutor(url, Clock()) if kind == "sqlite" else PostgresExecutor(url, Clock(), connections=2)


def measure(kind: str, url: str, repeat: int) -> None:
    """Ask everything; print Markdown rows."""
    executor = open_executor(kind, url)
    workspace = asyncio.run(executor.command(setup.ensure_default_workspace))

    def ask(entity: Entity, what: str, order: Sequence[str]) -> Page[RunView] | Page[VersionView]:
        def work(tx: Transaction) -> Page[RunView] | Page[VersionView]:
            call = setup.as_system(tx, workspace)
            search = find.runs if entity is Entity.RUN else find.versions
            return search(call, find.asked(entity, what, order), PageRequest(100))

        return asyncio.run(executor.read(work))

    cases = [(Entity.RUN, name, *case) for name, case in RUNS.items()]
    cases += [(Entity.VERSION, name, *case) for name, case in VERSIONS.items()]
    for entity, name, what, order in cases:
        found = ask(entity, what, order)
        p50, p95 = measured(lambda: ask(entity, what, order), repeat)  # noqa: B023 - called at once
        print(f"| {kind} | {entity}s: {name} | {len(found.items)} | {p50:.1f} | {p95:.1f} |", flush=True)
    executor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    parser.add_argument("--database", metavar="URL", help="one that was loaded before: it is only asked")
    given = parser.parse_args()
    if given.database:
        measure("sqlite" if given.database.startswith("sqlite") else "postgres", given.database, given.repeat)
        return
    for kind in [given.only] if given.only else ["sqlite", "postgres"]:
        with database(kind) as url:
            load(kind, url, given.rows)
            measure(kind, url, given.repeat)


if __name__ == "__main__":
    main()

"""Search at size, on SQLite and on PostgreSQL: use cases with their views, page of 100, no HTTP.

    .venv/bin/python -m benchmarks.search [--rows 10000] [--only sqlite|postgres] [--repeat 30]
    .venv/bin/python -m benchmarks.search --load --rows 1000000 --database URL
    .venv/bin/python -m benchmarks.search --database URL [--repeat 30] [--like WORD]

Loads `rows` runs (four experiments, 3 metrics, 3 params, a tag and a data set each), `rows` versions and a tenth as
many assets, logged models and traces, and prints Markdown rows: hits, p50 and p95 in milliseconds, and the processor
time of a question in milliseconds, PostgreSQL's included. PostgreSQL is analysed, SQLite has no statistics, as in the
server. Promised at 10^6 rows: runs filtered and ordered by a metric under 200 ms p95, versions by tag, property and
alias under 100 ms p95.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.searching.asked import QUESTIONS, Asked
from benchmarks.searching.load import load, open_executor
from strongroom.adapters.sql.engine import is_sqlite
from strongroom.application.identity import setup
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.search import find
from strongroom.domain.errors import Invalid
from strongroom.domain.search.schema import Entity
from tests.support.postgres import PostgresServer

SEARCHES: dict[Entity, Callable[..., Any]] = {
    Entity.RUN: find.runs,
    Entity.VERSION: find.versions,
    Entity.LOGGED_MODEL: find.found_logged_models,
    Entity.TRACE: find.traces,
}


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


class Spent:
    """Processor time of this process, and of PostgreSQL's for this database."""

    def __init__(self, url: str) -> None:
        self._connection = None if is_sqlite(url) else psycopg.connect(url, autocommit=True)

    def seconds(self) -> float:
        """So far, with workers that are gone: they are added to their parent's children."""
        total = time.process_time()
        if self._connection is not None:
            rows = self._connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            backends = [psutil.Process(pid) for (pid,) in rows]
            total += sum(sum(one.cpu_times()[:2]) for one in backends) + sum(backends[0].parent().cpu_times()[2:4])
        return total


def measure(url: str, repeat: int, like: str = "") -> None:
    """Ask everything; print Markdown rows."""
    executor = open_executor(url)
    workspace = asyncio.run(executor.command(setup.ensure_default_workspace))
    spent = Spent(url)

    def ask(asked: Asked) -> Page[Any]:
        def work(tx: Transaction) -> Page[Any]:
            call = setup.as_system(tx, workspace)
            question = find.asked(asked.entity, asked.where, asked.order, at=asked.at)
            found: Page[Any] = SEARCHES[asked.entity](call, question, PageRequest(100))
            return found

        return asyncio.run(executor.read(work))

    kind = "SQLite" if is_sqlite(url) else "PostgreSQL"
    for asked in QUESTIONS:
        name = f"{asked.entity}s: {asked.name}"
        if like not in name:
            continue
        try:
            found, times, before = ask(asked), [], spent.seconds()
        except Invalid as error:
            print(f"| {kind} | {name} | {error} | | | |", flush=True)
            continue
        for _ in range(repeat):
            began = time.perf_counter()
            ask(asked)
            times.append((time.perf_counter() - began) * 1000)
        cpu = (spent.seconds() - before) / repeat * 1000
        p50, p95 = statistics.median(times), sorted(times)[max(0, round(0.95 * repeat) - 1)]
        print(f"| {kind} | {name} | {len(found.items)} | {p50:.1f} | {p95:.1f} | {cpu:.1f} |", flush=True)
    executor.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=30)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    parser.add_argument("--database", metavar="URL", help="one that was loaded before: it is only asked")
    parser.add_argument("--load", action="store_true", help="fill the new database, and ask nothing")
    parser.add_argument("--like", default="", help="only questions that have this in their name")
    given = parser.parse_args()
    if given.database:
        if given.load:
            load(given.database, given.rows)
        else:
            measure(given.database, given.repeat, given.like)
        return
    for kind in [given.only] if given.only else ["sqlite", "postgres"]:
        with database(kind) as url:
            load(url, given.rows)
            measure(url, given.repeat, given.like)


if __name__ == "__main__":
    main()

"""Strongroom and MLflow's own server, asked the same over MLflow's REST API in one run.

    make .venv-mlflow/.stamp && .venv/bin/python -m benchmarks.mlflow_side_by_side [--full] [--postgres]

MLflow runs from .venv-mlflow with one worker and no jobs (`--stock`: as shipped, beside it); its SQLite database is
analysed before the searches. Prints a Markdown table for benchmarks/RESULTS.md: each figure for both, the ratio in this
run, and the processor time a request cost each server. Everything is bounded: about five minutes on a quiet machine for
either database, half an hour and more with --full. Both are stopped at the end.
"""

import argparse
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.side_by_side import servers
from benchmarks.side_by_side.servers import Server
from benchmarks.side_by_side.work import FULL, Row, Sizes, Work

IDLE_S = 3.0
HEAD = """\
| what | Strongroom | MLflow | ratio | CPU a request, Strongroom | MLflow | ratio |
|---|---|---|---|---|---|---|
"""


@contextmanager
def _databases(*, postgres: bool) -> Iterator[tuple[str | None, str | None]]:
    """Addresses of two empty databases of one PostgreSQL, or none for SQLite."""
    if not postgres:
        yield None, None
        return
    from tests.support.postgres import PostgresServer

    server = PostgresServer(durable=True)
    try:
        # SQLAlchemy takes another driver by itself than the one that MLflow names
        theirs = server.handle.create_database().replace("postgresql://", "postgresql+psycopg2://", 1)
        yield server.handle.create_database(), theirs
    finally:
        server.close()


def _analyse(folder: Path) -> None:
    database = folder / "mlflow.db"
    if database.exists():
        connection = sqlite3.connect(database, timeout=60)
        connection.execute("ANALYZE")
        connection.close()


def _measure(server: Server, folder: Path, sizes: Sizes) -> Iterator[Row]:
    time.sleep(IDLE_S)
    yield "start to first answer", server.started_s, "s", 0.0
    yield "memory at idle", server.memory_mib(), "MiB", 0.0
    work = Work(server, sizes)
    for part in (work.registry, work.points, work.searches, work.files):
        for row in part():
            sys.stderr.write(f"{server.name}: {row[0]}: {row[1]:.4g} {row[2]}, {row[3]:.3g} ms\n")
            yield row
        _analyse(folder)


def _ratio(name_unit: str, ours: float, theirs: float) -> float:
    return theirs / ours if name_unit in {"s", "MiB"} else ours / theirs


def _line(ours: Row, theirs: Row) -> str:
    (name, mine, unit, cpu), (_, other, _, other_cpu) = ours, theirs
    rates = f"| {name} | {mine:.4g} {unit} | {other:.4g} {unit} | {_ratio(unit, mine, other):.1f}x "
    return rates + (f"| {cpu:.2f} ms | {other_cpu:.2f} ms | {other_cpu / cpu:.1f}x |\n" if cpu else "| | | |\n")


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--full", action="store_true", help="the issue's sizes: takes half an hour and more")
    asked.add_argument("--postgres", action="store_true", help="both on a PostgreSQL of this machine")
    asked.add_argument("--stock", action="store_true", help="MLflow as it is shipped")
    options = asked.parse_args()
    sizes = FULL if options.full else Sizes()
    folder = Path(tempfile.mkdtemp(prefix="side-by-side-"))
    try:
        with ExitStack() as stack:
            own, other = stack.enter_context(_databases(postgres=options.postgres))
            with servers.strongroom(folder / "strongroom", own) as server:
                ours = list(_measure(server, folder / "strongroom", sizes))
            with servers.mlflow(folder / "mlflow", other, stock=options.stock) as server:
                theirs = list(_measure(server, folder / "mlflow", sizes))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(HEAD)
    for mine, other in zip(ours, theirs, strict=True):
        sys.stdout.write(_line(mine, other))


if __name__ == "__main__":
    main()

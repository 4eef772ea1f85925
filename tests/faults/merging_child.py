"""Merges blocks of every run again and again until it is killed, and says so line by line. Argument: database URL."""

import asyncio
import sys

from sqlalchemy import text

from strongroom.adapters.sql.engine import is_sqlite
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.tracking import compaction
from strongroom.domain.tracking import merging
from tests.application.conftest import MovableClock


async def main(database: str) -> None:
    merging.FEWEST = 2
    executor_of = SqliteExecutor if is_sqlite(database) else PostgresExecutor
    executor = executor_of(database, MovableClock())
    print("ready", flush=True)  # noqa: T201 - the answer
    while True:
        found = await executor.read(
            lambda tx: tx.connection.execute(text("SELECT id FROM run")).scalars().all()  # type: ignore[attr-defined]
        )
        for run_id in found:
            if await compaction.merge_run(executor, run_id):
                print("merged", flush=True)  # noqa: T201 - the answer


asyncio.run(main(sys.argv[1]))

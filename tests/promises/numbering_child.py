"""One of several server processes: publishes versions of one asset and prints their numbers.

Arguments: database URL, token, asset uid, how many.
"""

import asyncio
import sys

from strongroom.adapters.sql.engine import is_sqlite
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.artifacts import folders
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.audit.reads import ReadCounters
from strongroom.application.edge import Gateway, RequestEdge
from strongroom.application.paging import PageSealer
from strongroom.application.registry import publishing
from strongroom.application.registry.publishing import PublishDetails
from strongroom.domain.identity import tokens
from tests.application.conftest import MovableClock


async def main(database: str, token: str, asset_uid: str, count: int) -> None:
    clock = MovableClock()
    executor = SqliteExecutor(database, clock) if is_sqlite(database) else PostgresExecutor(database, clock)
    gateway = Gateway(executor, None, PageSealer(b"k"), ReadCounters(), None, None, None)  # type: ignore[arg-type]

    async def one(n: int) -> int | None:
        def edge() -> RequestEdge:
            return RequestEdge(gateway, tokens.parse(token), None)

        draft = await edge().command(lambda call: publishing.create_draft(call, asset_uid, None, None))
        entry = PutEntry("weights", uri=f"s3://bucket/{n}", pin="etag:1")
        await edge().command(lambda call: folders.put(call, "draft", draft.uid, [entry]))
        return (await publishing.seal(edge(), draft.uid, PublishDetails())).number

    numbers = await asyncio.gather(*(one(n) for n in range(count)))
    print(*numbers)  # noqa: T201 - the answer
    executor.close()


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))

"""What events cost, on SQLite and on PostgreSQL: committing them, reading the feed, inboxes, webhooks, automations.

    .venv/bin/python benchmarks/events.py [--events 2000] [--only sqlite|postgres]

Use cases through the executor, no HTTP in front; deliveries go over real connections to a receiver on loopback. Prints
a Markdown table. `recording without` leaves out the audit record and the event, so the difference is what they cost.
"""

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from unittest import mock

from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.migrate import move
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.adapters.webhooks.addresses import parse_networks
from strongroom.adapters.webhooks.secrets import DerivedSecrets
from strongroom.adapters.webhooks.sender import PinnedSender
from strongroom.application.automations import automations, performing
from strongroom.application.automations.automations import CreateAutomation, WantedAction
from strongroom.application.call import Call, Caller
from strongroom.application.collaboration import notifying, watching
from strongroom.application.events import feed, webhooks
from strongroom.application.events.delivery import Courier
from strongroom.application.events.webhooks import CreateWebhook
from strongroom.application.identity import setup
from strongroom.application.paging import PageSealer
from strongroom.application.ports.events import Outgoing
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
from strongroom.bootstrap.clock import MachineClock
from strongroom.domain.identity.access import Access
from strongroom.domain.identity.roles import Grant, Role, Scope
from tests.support.postgres import PostgresServer

T = TypeVar("T")
Database = SqliteExecutor | PostgresExecutor
AT_ONCE = 8
ASSETS = 50
WATCHERS = 20


class Receiver:
    """Answers every POST with 204, from a thread with an event loop of its own."""

    def __init__(self) -> None:
        self.got = 0
        self.port = 0
        started = threading.Event()
        threading.Thread(target=self._run, args=(started,), daemon=True).start()
        started.wait()

    def _run(self, started: threading.Event) -> None:
        async def serve() -> None:
            server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            await server.serve_forever()

        asyncio.run(serve())

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(size)
        self.got += 1
        writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()


class Bench:
    """One database with an admin, some assets, and a clock for each measurement."""

    def __init__(self, name: str, database: Database, events: int) -> None:
        self.name, self.database, self.events = name, database, events
        self.rows: list[tuple[str, str]] = []
        self.workspace = self.run(setup.ensure_default_workspace)
        self.run(lambda tx: setup.ensure_principal_with_token(tx, "boss", "admin", "default"))
        self.principal = self.run(lambda tx: tx.principals.by_name("boss"))
        self.assets = [self.run(self._asset(n)) for n in range(ASSETS)]

    def run(self, work: Callable[[Transaction], T]) -> T:
        return asyncio.run(self.database.command(work))

    def call(self, tx: Transaction) -> Call:
        assert self.principal is not None
        access = Access(self.principal.uid, (Grant(self.principal.uid, Scope.server(), Role.ADMIN),))
        return Call(tx, Caller(self.principal, access), self.workspace, PageSealer(b"bench"))

    def _asset(self, n: int) -> Callable[[Transaction], str]:
        return lambda tx: assets.create(self.call(tx), CreateAsset("model", f"m{n}", "bench")).uid

    def changes(self, count: int) -> None:
        """Commands on assets in turn, eight at a time."""

        async def worker(mine: int) -> None:
            for n in range(mine, count, AT_ONCE):
                uid, what = self.assets[n % ASSETS], UpdateAsset(description=f"{n}")
                await self.database.command(lambda tx, u=uid, w=what: assets.update(self.call(tx), u, w, None))  # type: ignore[misc]

        async def together() -> None:
            await asyncio.gather(*(worker(n) for n in range(AT_ONCE)))

        asyncio.run(together())

    def numbered(self) -> None:
        """Wait until every record has its leaf."""
        if isinstance(self.database, PostgresExecutor):
            while self.database.sequence():
                pass

    @contextmanager
    def timed(self, what: str, count: int, unit: str = "/s") -> Iterator[None]:
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        shown = f"{count / took:,.0f}{unit}" if unit == "/s" else f"{1000 * took / count:.2f}{unit}"
        self.rows.append((what, shown))
        print(f"{self.name}: {what}: {shown}", file=sys.stderr)

    # -- what is measured ----------------------------------------------------------------------------------------

    def appending(self) -> None:
        count = self.events
        self.changes(200)
        with self.timed("commands on assets, with record and event", count):
            self.changes(count)
        silent = mock.Mock(id=0, uid="", leaf=None, body=b"", hash="", recorded_at=0)
        with mock.patch.object(Call, "record", return_value=silent), self.timed("the same without", count):
            self.changes(count)
        self.numbered()

    def reading(self) -> None:
        head = self.run(lambda tx: tx.feed.head())
        with self.timed("feed read, events of 100-event pages", head + 1):
            after, reached = -1, -1
            while reached < head:
                page = asyncio.run(self.database.read(lambda tx, a=after: feed.listed(self.call(tx), a, 100)))  # type: ignore[misc]
                after = reached = page.next

    def telling(self) -> None:
        for n in range(WATCHERS):
            self.run(lambda tx, n=n: setup.ensure_principal_with_token(tx, f"w{n}", "viewer", "default"))  # type: ignore[misc]
        names = [f"w{n}" for n in range(WATCHERS)]

        def watch(tx: Transaction, name: str) -> None:
            principal = tx.principals.by_name(name)
            assert principal is not None
            access = Access(principal.uid, tx.grants.resolve(principal))
            call = Call(tx, Caller(principal, access), self.workspace, PageSealer(b"bench"))
            for uid in self.assets[: ASSETS // 5]:
                watching.put(call, "asset", uid, ())

        asyncio.run(notifying.notify(self.database))
        for name in names:
            self.run(lambda tx, name=name: watch(tx, name))  # type: ignore[misc]
        self.changes(self.events)
        self.numbered()
        with self.timed(f"events looked at for inboxes ({WATCHERS} watchers of 1 in 5)", self.events):
            asyncio.run(notifying.notify(self.database))

    def delivering(self) -> None:
        receiver, secrets = Receiver(), DerivedSecrets(b"b" * 32)
        outgoing = Outgoing(secrets, PinnedSender(parse_networks(["127.0.0.0/8"])))
        url = f"http://127.0.0.1:{receiver.port}/"
        for count, what in ((1, "one webhook"), (4, "four webhooks")):
            uids = [
                self.run(
                    lambda tx: webhooks.create(self.call(tx), secrets, CreateWebhook(url, ("asset.*",)))
                ).webhook.uid
                for _ in range(count)
            ]
            self.changes(self.events // 4)
            self.numbered()
            before = receiver.got
            wanted = count * (self.events // 4)
            with self.timed(f"deliveries to {what}", wanted):
                asyncio.run(Courier(self.database, outgoing, MachineClock()).run())
            assert receiver.got - before == wanted, (receiver.got, before, wanted)
            for uid in uids:
                self.run(lambda tx, uid=uid: webhooks.delete(self.call(tx), uid, None))  # type: ignore[misc]

    def automating(self) -> None:
        wanted = CreateAutomation(
            "a", ("asset.update",), "asset", WantedAction("tag", key="k", value="v"), "tags.k = 'v' OR name LIKE 'm1%'"
        )
        self.run(lambda tx: automations.create(self.call(tx), wanted))
        count = self.events // 4
        self.changes(count)
        self.numbered()
        with self.timed("events judged and acted on by an automation", count):
            asyncio.run(performing.work(self.database))


def measure(name: str, database: Database, events: int) -> dict[str, str]:
    bench = Bench(name, database, events)
    try:
        for step in (bench.appending, bench.reading, bench.telling, bench.delivering, bench.automating):
            step()
    finally:
        database.close()
    return dict(bench.rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--only", choices=["sqlite", "postgres"])
    asked = parser.parse_args()
    found: dict[str, dict[str, str]] = {}
    if asked.only != "postgres":
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'strongroom.db'}"
            move(url)
            found["SQLite"] = measure("SQLite", SqliteExecutor(url, MachineClock()), asked.events)
    if asked.only != "sqlite":
        server = PostgresServer(durable=True)
        try:
            url = server.handle.create_database()
            move(url)
            found["PostgreSQL"] = measure("PostgreSQL", PostgresExecutor(url, MachineClock()), asked.events)
        finally:
            server.close()
    print(f"| {asked.events:,} events | {' | '.join(found)} |")
    print(f"|---|{'---|' * len(found)}")
    for what in next(iter(found.values())):
        print(f"| {what} | {' | '.join(rows[what] for rows in found.values())} |")


if __name__ == "__main__":
    main()

"""Several real servers on one PostgreSQL, killed again and again: webhooks get every event, in order per asset."""

import asyncio
import os
import random
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from strongroom.application.identity import setup
from strongroom.bootstrap.installation import install
from strongroom.bootstrap.settings import Storage
from strongroom.sdk import Client
from tests.support.postgres import Postgres
from tests.support.process import Child, free_port, wait_until
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@dataclass
class Place:
    """A database, a folder, and how to serve them from several processes."""

    storage: Storage
    token: str
    log: Path

    def serve(self, port: int) -> Child:
        command = [
            sys.executable, "-m", "strongroom.cli", "serve", "--port", str(port), "--data", str(self.storage.data),
            "--database", str(self.storage.database), "--webhook-network", "127.0.0.1/32",
        ]  # fmt: skip
        return Child(command, log=self.log, env={**os.environ})

    def client(self, port: int) -> Client:
        return Client(f"http://127.0.0.1:{port}", self.token)


@pytest.fixture
def place(postgres_server: Postgres, tmp_path: Path) -> Iterator[Place]:
    url = postgres_server.create_database()
    storage = Storage(data=tmp_path / "data", database=url)

    async def prepare() -> str:
        installation = await install(storage)
        try:
            token = await installation.database.command(
                lambda tx: setup.ensure_principal_with_token(tx, "root", "admin", "default", server=True)
            )
            return token.text
        finally:
            installation.database.close()

    yield Place(storage, asyncio.run(prepare()), tmp_path / "log")
    postgres_server.drop_database(url)


def in_order(receiver: Receiver) -> bool:
    """First arrivals of each asset's events, by their number in the asset."""
    seen: dict[str, list[int]] = defaultdict(list)
    known: set[str] = set()
    for one in receiver.got:
        if one.headers["webhook-id"] not in known:
            known.add(one.headers["webhook-id"])
            seen[one.event["subject"]].append(one.event["data"]["asset_seq"])
    return all(numbers == sorted(numbers) for numbers in seen.values())


def test_replicas_that_are_killed_lose_no_event_invent_none_and_keep_order(place: Place) -> None:
    """ "200 kills between commit and delivery: events equal commits", by `kill -9` of replicas that share the work."""
    chance = random.Random(11)  # noqa: S311 - the same kills every time
    ports = [free_port() for _ in range(3)]
    with ExitStack() as stack, Receiver() as receiver:
        running = {port: stack.enter_context(place.serve(port)) for port in ports}
        for port, child in running.items():
            child.wait_ready(f"http://127.0.0.1:{port}/readyz", deadline=60)
        with place.client(ports[0]) as client:
            client.call("webhook.create", url=receiver.url, types=["asset.*"])
            assets = [client.call("asset.create", kind="model", name=f"m{n}")["uid"] for n in range(4)]
        changes = 0
        for _ in range(5):
            victim = chance.choice(ports[1:])  # the first takes the commands
            with place.client(ports[0]) as client:
                for _ in range(12):
                    client.call("asset.update", uid=chance.choice(assets), description=f"{changes}")
                    changes += 1
            running[victim].signal(signal.SIGKILL)
            running[victim].wait()
            running[victim] = stack.enter_context(place.serve(victim))
            running[victim].wait_ready(f"http://127.0.0.1:{victim}/readyz", deadline=60)
        with place.client(ports[0]) as client:
            wanted = {event.id for event in client.events(after=-1, types=["asset.*"], follow=False)}
        assert len(wanted) == len(assets) + changes
        # what a killed process held waits for the end of its lease
        wait_until(lambda: set(receiver.ids()) >= wanted, deadline=100, what="the last event")
        assert set(receiver.ids()) == wanted
        assert in_order(receiver)


def test_a_server_that_is_killed_while_it_commits_announces_what_it_committed(place: Place) -> None:
    """ "events equal commits, none lost, none invented", with `kill -9` on PostgreSQL."""
    port = free_port()
    done: list[str] = []
    with Receiver() as receiver:
        with place.serve(port) as server:
            server.wait_ready(f"http://127.0.0.1:{port}/readyz", deadline=60)
            with place.client(port) as client:
                client.call("webhook.create", url=receiver.url, types=["asset.*"])
        for n in range(4):
            with place.serve(port) as server, place.client(port) as client:
                server.wait_ready(f"http://127.0.0.1:{port}/readyz", deadline=60)
                done += [client.call("asset.create", kind="model", name=f"k{n}-{m}")["uid"] for m in range(4)]
                server.signal(signal.SIGKILL)
                server.wait()
        with place.serve(port) as server, place.client(port) as client:
            server.wait_ready(f"http://127.0.0.1:{port}/readyz", deadline=60)
            events = list(client.events(after=-1, types=["asset.*"], follow=False))
            assert [event.subject for event in events] == [f"asset/{uid}" for uid in done]
            wanted = {event.id for event in events}
            wait_until(lambda: set(receiver.ids()) >= wanted, deadline=100, what="the last event")
        assert set(receiver.ids()) == wanted

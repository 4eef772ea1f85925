"""`kill -9` in the middle of a promotion: all or nothing. An agent beside it goes on where it was."""

import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.conftest import server_admin
from tests.faults.writers import new_asset, verified_log
from tests.http.processes import ServerProcess, admin, environment
from tests.support.process import Child, wait_until

ROUNDS = 2
LINE = "scoring"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> list[str | Path]:
    where: list[str | Path] = ["--data", tmp_path / "data"]
    if request.param == "sqlite":
        return where
    return [*where, "--database", request.getfixturevalue("postgres_url")]


@pytest.fixture
def server(place: list[str | Path], tmp_path: Path) -> Iterator[ServerProcess]:
    started = ServerProcess(tmp_path / "data", tmp_path / "log", place=place)
    try:
        yield started.wait()
    finally:
        started.close()


@pytest.fixture
def token(server: ServerProcess, place: list[str | Path]) -> str:
    if len(place) == 2:
        return server_admin(server.data)
    done = admin("token", "create", *place, "--principal", "root-of-tests", "--role", "admin", "--server")
    return done.stdout.splitlines()[-1]


class Promoter:
    """Promotes one release after the other until the server goes away; remembers what it was answered."""

    def __init__(self, server: ServerProcess, token: str, releases: list[dict[str, Any]]) -> None:
        self.server, self.token, self.releases = server, token, releases
        self.tried = 0
        self.answered: list[str] = []
        self.receipts: list[str] = []

    def run(self) -> None:
        try:
            with self.server.client(self.token) as client:
                while True:
                    self._promote(client)
        except httpx.TransportError:
            return

    def _promote(self, client: httpx.Client) -> None:
        # never the one before, which may be live though nobody was answered: that would be no promotion
        asked = self.releases[self.tried % len(self.releases)]
        self.tried += 1
        answer = client.post("/environments/dev/promote", json={"release_uid": asked["uid"], "note": "n"})
        assert answer.status_code == 200, answer.text
        self.answered.append(asked["digest"])
        self.receipts.append(answer.headers["strongroom-receipt"])


def _releases(client: httpx.Client) -> list[dict[str, Any]]:
    """Three releases of a line, of versions with a file each."""
    asset, made = new_asset(client), []
    for number in range(3):
        draft = client.post(f"/assets/{asset}/drafts", json={}).json()["uid"]
        client.put(f"/folders/draft/{draft}/files/w.txt", content=f"weights {number}".encode()).raise_for_status()
        version = client.post(f"/drafts/{draft}/seal", json={}).json()["uid"]
        asked = {"line": LINE, "parts": [{"role": "model", "version_uid": version}]}
        made.append(client.post("/releases", json=asked).raise_for_status().json())
    return made


def _all(client: httpx.Client, path: str, **asked: object) -> list[dict[str, Any]]:
    """Every row of a listing, the earliest first."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"page_size": 1000, **asked}
    while True:
        page = client.get(path, params=query).raise_for_status().json()
        found += page["items"]
        if page["next_page_token"] is None:
            return list(reversed(found))
        query["page_token"] = page["next_page_token"]


def _check_whole(client: httpx.Client, promoter: Promoter) -> None:
    """What runs, the history and the log tell of the same promotions, and of all that were answered."""
    history = _all(client, "/environments/dev/history")
    told = [one["release"]["digest"] for one in history]
    assert [one["ended_how"] for one in history] == ["replaced"] * (len(history) - 1) + [None]
    records = _all(client, "/audit/records", action="release.promote")
    assert [one["details"]["digest"] for one in records] == told
    board = client.get("/board", params={"environment": "dev"}).raise_for_status().json()
    (line,) = board["lines"]
    assert [one["release"]["digest"] for one in line["placements"]] == told[-1:]
    rest = iter(told)
    assert all(digest in rest for digest in promoter.answered), "an answered promotion is not there"
    assert len(told) - len(promoter.answered) <= ROUNDS  # at most the one under way each time


def test_kill_9_in_the_middle_of_a_promotion_is_all_or_nothing(
    server: ServerProcess, token: str, tmp_path: Path
) -> None:
    """Issue 6, "`kill -9` in the middle of a promotion: all or nothing".

    And "rollback returns the earlier release's digest and
    sends one event".
    """
    with server.client(token) as client:
        promoter = Promoter(server, token, _releases(client))
    with ExitStack() as stack:
        agent: Child | None = None
        for _ in range(ROUNDS):
            _killed(server, promoter)
            agent = agent or stack.enter_context(_agent(server, token, tmp_path))
            server.restart()
            with server.client(token) as client:
                _check_whole(client, promoter)
        assert agent is not None
        with server.client(token) as client:
            _check_rollback(client, promoter.releases)
            live = promoter.releases[0]["digest"]
            current = tmp_path / "run" / "current"
            arrived = lambda: current.exists() and current.read_text().strip() == live  # noqa: E731
            wait_until(arrived, deadline=60, what="the agent")
            assert (tmp_path / "run" / live / "model" / "w.txt").read_text() == "weights 0"
            assert agent.returncode is None
            verified_log(client, promoter.receipts)


def _killed(server: ServerProcess, promoter: Promoter) -> None:
    """Kill it with a promotion under way, after some that were answered."""
    before = len(promoter.answered)
    writer = threading.Thread(target=promoter.run)
    writer.start()
    wait_until(lambda: len(promoter.answered) > before + 1, deadline=60, what="a promotion")
    time.sleep(random.random() / 50)  # noqa: S311 - somewhere in the middle
    server.child.kill()
    writer.join()


def _agent(server: ServerProcess, token: str, folder: Path) -> Child:
    """Started while there is no server: it must outlive that too."""
    command = [sys.executable, "-m", "strongroom.cli", "agent", "dev", LINE, "pod"]
    env = environment(STRONGROOM_URL=server.url, STRONGROOM_TOKEN=token, XDG_CONFIG_HOME=str(folder))
    made = Child([*command, "--into", folder / "run", "--period", "1"], log=folder / "agent.log", env=env)
    return made.wait_ready(lambda: "asked again" in made.output(), deadline=60)


def _check_rollback(client: httpx.Client, releases: list[dict[str, Any]]) -> None:
    for release in (releases[2], *releases[:2]):
        asked = {"release_uid": release["uid"], "note": "n"}
        client.post("/environments/dev/promote", json=asked).raise_for_status()
    placed = client.post("/environments/dev/rollback", json={"line": LINE}).raise_for_status().json()
    assert [one["release"]["digest"] for one in placed] == [releases[0]["digest"]]

    def sent() -> list[str]:
        page = client.get("/events", params={"after": -1, "types": "release.rollback"}).raise_for_status().json()
        return [one["type"].removeprefix("dev.strongroom.") for one in page["events"]]

    wait_until(lambda: bool(sent()), what="the event")
    assert sent() == ["release.rollback"]

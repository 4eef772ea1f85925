"""Events of a real server: by webhook over kills, by stream, by SDK and command line; secrets in no log."""

import asyncio
import json
import os
import signal
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from strongroom.application.identity import setup
from strongroom.bootstrap.installation import install
from strongroom.bootstrap.settings import Storage
from strongroom.cli.__main__ import main as cli
from strongroom.sdk import Client
from strongroom.sdk.errors import StrongroomError
from tests.support.process import Child, free_port, wait_until
from tests.support.receiver import Receiver


@dataclass
class Place:
    """A data folder, and how to serve it."""

    data: Path
    port: int
    token: str
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> Child:
        command = [sys.executable, "-m", "strongroom.cli", "serve", "--data", str(self.data), "--port", str(self.port)]
        command += ["--webhook-network", "127.0.0.1/32"]
        return Child(command, log=self.log, env={**os.environ}).wait_ready(f"{self.url}/readyz")

    def client(self) -> Client:
        return Client(self.url, self.token)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    async def prepare() -> str:
        installation = await install(Storage(data=tmp_path / "data"))
        try:
            token = await installation.database.command(
                lambda tx: setup.ensure_principal_with_token(tx, "root", "admin", "default", server=True)
            )
            return token.text
        finally:
            installation.database.close()

    return Place(tmp_path / "data", free_port(), asyncio.run(prepare()), tmp_path / "log")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.mark.slow
def test_kills_of_the_server_lose_no_event_and_invent_none(place: Place, receiver: Receiver) -> None:
    with place.serve(), place.client() as client:
        secret = client.call("webhook.create", url=receiver.url, types=["asset.*"])["secret"]
    made: list[str] = []
    for n in range(8):
        with place.serve() as server, place.client() as client:
            made += [client.call("asset.create", kind="model", name=f"m{n}-{m}")["uid"] for m in range(3)]
            server.signal(signal.SIGKILL)
    # a delivery whose process was killed waits for the end of its lease
    with place.serve(), place.client() as client:
        wanted = [event.id for event in client.events(after=-1, types=["asset.*"], follow=False)]
        assert len(wanted) == len(made) == 24
        wait_until(lambda: set(receiver.ids()) >= set(wanted), deadline=75, what="the last event")
    assert set(receiver.ids()) == set(wanted)
    log = place.log.read_bytes()
    dump = b"".join(path.read_bytes() for path in place.data.glob("strongroom.db*"))
    for hidden in (secret.removeprefix("whsec_").encode(), (place.data / "keys" / "webhook-key").read_bytes()):
        assert hidden not in log
        assert hidden not in dump


def _lines(place: Place, found: list[str], ended: threading.Event, headers: dict[str, str]) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{place.url}/api/v1/events/stream", headers={"Authorization": f"Bearer {place.token}", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            found.append(response.headers["content-type"])
            assert response.headers["x-accel-buffering"] == "no"
            found.extend(line.decode().rstrip("\n") for line in response)
    except OSError:
        pass
    finally:
        ended.set()


def test_events_by_stream_client_and_command_line(
    place: Place, receiver: Receiver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    ended = threading.Event()
    with place.serve(), place.client() as client:
        listening = threading.Thread(target=_lines, args=(place, found, ended, {}), daemon=True)
        listening.start()
        wait_until(lambda: len(found) > 2, what="the beginning of the stream")
        assert found[0].startswith("text/event-stream")
        hook = client.call("webhook.create", url=receiver.url, types=["asset.create"])["webhook"]
        asset = client.call("asset.create", kind="model", name="churn")
        wait_until(lambda: any("asset.create" in line for line in found), what="the event on the stream")
        wait_until(lambda: len(receiver.got) == 1, what="the event at the receiver")
        assert client.call("webhook.test", uid=hook["uid"])["outcome"] == "delivered"
        (event,) = client.events(after=-1, types=["asset.create"], follow=False)
        assert event.subject == f"asset/{asset['uid']}"
        assert json.loads(receiver.got[0].body)["id"] == event.id
        follower = client.events()
        threading.Timer(0.7, lambda: client.call("asset.create", kind="model", name="later")).start()
        assert next(follower).data["asset"]["path"] == "later"

        monkeypatch.setenv("STRONGROOM_URL", place.url)
        monkeypatch.setenv("STRONGROOM_TOKEN", place.token)
        for command in (["event", "tail", "--once", "--type", "asset.*"], ["webhook", "deliveries", hook["uid"]]):
            assert cli(command) == 0
        shown = capsys.readouterr().out
        assert "asset.create\tmodel:churn" in shown
        assert "delivered" in shown

        client.call("token.revoke", id=client.call("whoami.get")["token_id"])
        assert ended.wait(10)
        with pytest.raises(StrongroomError):
            client.call("event.list")

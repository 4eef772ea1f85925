"""A real server on SQLite and a folder, and what tests do to it from outside."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from strongroom.sdk import Client
from tests.support.process import Child, free_port

CLI = [sys.executable, "-m", "strongroom.cli"]


def environment() -> dict[str, str]:
    """This process's, without anything that configures Strongroom."""
    return {key: value for key, value in os.environ.items() if not key.startswith("STRONGROOM_")}


@dataclass(frozen=True)
class Served:
    """A running server, and the token of an admin of it."""

    url: str
    token: str
    data: Path
    child: Child

    def client(self, **more: object) -> Client:
        return Client(self.url, self.token, **more)  # type: ignore[arg-type]

    def env(self, home: Path) -> dict[str, str]:
        """For a child that is a client of it."""
        return {
            **environment(),
            "STRONGROOM_URL": self.url,
            "STRONGROOM_TOKEN": self.token,
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
        }


def make_token(data: Path, name: str, *more: str) -> str:
    command = [*CLI, "admin", "token", "create", "--data", str(data), "--principal", name, *more]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    return done.stdout.splitlines()[-1]


def start(folder: Path) -> Served:
    data, port = folder / "data", free_port()
    token = make_token(data, "boss", "--role", "admin", "--server")
    child = Child(
        [*CLI, "serve", "--data", data, "--port", str(port)], log=folder / "server.log", env=environment(), tied=False
    )
    url = f"http://127.0.0.1:{port}"
    child.wait_ready(f"{url}/healthz")
    return Served(url, token, data, child)


def recorded(client: Client) -> list[str]:
    """From now on, what the client sends: `METHOD path` each."""
    sent: list[str] = []
    transport = client.transport
    attempt = transport._attempt

    def note(method: str, url: str, *rest: object, **more: object) -> object:
        sent.append(f"{method} {url.removeprefix(transport.url(''))}")
        return attempt(method, url, *rest, **more)  # type: ignore[arg-type]

    transport._attempt = note  # type: ignore[method-assign, assignment]
    return sent


def flip(path: Path, place: int) -> None:
    """Flip one bit of a stored file."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))

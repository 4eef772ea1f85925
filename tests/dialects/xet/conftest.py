"""A real server, and assets in it whose files the real client sends and fetches."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dialects.xet.client import XetClient
from tests.dialects.xet.store import Store, new_store
from tests.http.processes import ServerProcess, new_token
from tests.support.api import InProcess, in_process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """``strongroom serve`` on SQLite and a folder."""
    folder = tmp_path_factory.mktemp("server")
    started = ServerProcess(folder / "data", folder / "log")
    try:
        yield started.wait()
    finally:
        started.close()


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    """A token of a maintainer of the default workspace."""
    return new_token(server.data, "ann", "maintainer")


@pytest.fixture(scope="module")
def http(server: ServerProcess, token: str) -> Iterator[httpx.Client]:
    with server.client(token) as opened:
        yield opened


_numbers = count()


@pytest.fixture
def asset(http: httpx.Client) -> str:
    """The uid of a new model."""
    return new_asset(http)


def new_asset(http: httpx.Client, **more: str) -> str:
    made = http.post("/assets", json={"kind": "model", "name": f"model-{next(_numbers)}", **more})
    made.raise_for_status()
    uid: str = made.json()["uid"]
    return uid


@pytest.fixture
def client(server: ServerProcess, token: str, asset: str, tmp_path: Path) -> XetClient:
    """A client that knows nothing yet."""
    return XetClient(server.url, asset, token, tmp_path / "hf")


@pytest.fixture
def register(http: httpx.Client) -> Callable[[str, dict[str, str]], dict[str, Any]]:
    """Makes a version of an asset out of files by their SHA-256, as any client may that has sent them."""
    return lambda asset, files: make_version(http, asset, files)


def make_version(http: httpx.Client, asset: str, files: dict[str, str]) -> dict[str, Any]:
    draft = http.post(f"/assets/{asset}/drafts", json={}).raise_for_status().json()
    entries = [{"path": path, "sha256": sha256} for path, sha256 in files.items()]
    http.post(f"/folders/draft/{draft['uid']}/entries", json={"entries": entries}).raise_for_status()
    sealed: dict[str, Any] = http.post(f"/drafts/{draft['uid']}/seal", json={}).raise_for_status().json()
    return sealed


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A server in this process, for what no client sends."""
    with in_process(tmp_path_factory.mktemp("api")) as opened:
        yield opened


@pytest.fixture
def store(api: InProcess) -> Store:
    return new_store(api)

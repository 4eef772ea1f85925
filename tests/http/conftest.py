"""The real application: in this process over its adapters, or as a server process of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from strongroom.application.identity import setup
from strongroom.bootstrap.server import Server, running
from strongroom.bootstrap.settings import Serving, Storage
from tests.http.processes import ServerProcess, new_token


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server on SQLite and a folder, in this process, without a socket."""
    async with running(Storage(data=tmp_path / "data"), Serving(allowed_host=("registry.example",))) as opened:
        yield opened


@pytest.fixture
async def token(server: Server) -> str:
    """A token of an admin of the default workspace."""
    executor = server.services.gateway.executor
    made = await executor.command(lambda tx: setup.ensure_principal_with_token(tx, "ann", "admin", "default"))
    return made.text


@asynccontextmanager
async def connect(server: Server, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application in this process; an error in it is an answer, as over a socket."""
    transport = httpx.ASGITransport(server.app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        yield client


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody's client."""
    async with connect(server) as opened:
        yield opened


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server process for the tests of one module."""
    folder = tmp_path_factory.mktemp("server")
    started = ServerProcess(folder / "data", folder / "log")
    try:
        yield started.wait()
    finally:
        started.close()


@pytest.fixture(scope="module")
def admin_token(process: ServerProcess) -> str:
    """A token of an admin of that server's default workspace."""
    return new_token(process.data)

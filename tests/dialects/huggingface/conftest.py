"""A real server and the unmodified clients of the Hub, each in a process of its own."""

from collections.abc import Iterator

import pytest

from tests.dialects.huggingface.client import HubProcess
from tests.http.processes import ServerProcess, new_token
from tests.support.api import InProcess, in_process


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """``strongroom serve`` on SQLite."""
    folder = tmp_path_factory.mktemp("server")
    started = ServerProcess(folder / "data", folder / "log")
    try:
        yield started.wait()
    finally:
        started.close()


@pytest.fixture(scope="session")
def token(server: ServerProcess) -> str:
    """A token of a maintainer of the default workspace."""
    return new_token(server.data, "ann", "maintainer")


@pytest.fixture(scope="session")
def hub(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """Their clients, sending large files by LFS; all that they are told is the address and a token."""
    child = HubProcess(server.url, token, tmp_path_factory.mktemp("client"), HF_HUB_DISABLE_XET="1")
    try:
        yield child
    finally:
        child.close()


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A server in this process, for requests that no client would send."""
    with in_process(tmp_path_factory.mktemp("api")) as opened:
        yield opened


@pytest.fixture(scope="session")
def chunked(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """The same clients as they come: large files go by Xet."""
    child = HubProcess(server.url, token, tmp_path_factory.mktemp("chunked"))
    try:
        yield child
    finally:
        child.close()

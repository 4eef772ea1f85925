"""A real server and the unmodified MLflow client, each in a process of its own.

One of each serves all modules, since they take seconds to begin: names have to differ from module to module, and what
a module sets in the client's process it sets itself.
"""

from collections.abc import Iterator

import pytest

from tests.dialects.mlflow.client import MlflowProcess, client_of
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
def mlflow(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """MLflow's client; all that it is told is the address and a token."""
    with client_of(server.url, token, tmp_path_factory.mktemp("client")) as child:
        yield child


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A server in this process, for requests that no client would send."""
    with in_process(tmp_path_factory.mktemp("api")) as opened:
        yield opened

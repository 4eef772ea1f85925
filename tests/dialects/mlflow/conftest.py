"""A real server and the unmodified MLflow client, each in a process of its own."""

from collections.abc import Iterator

import pytest

from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess, new_token
from tests.support.api import InProcess, in_process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """``strongroom serve`` on SQLite."""
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
def mlflow(server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowProcess]:
    """MLflow's client; all that it is told is the address and a token."""
    child = MlflowProcess(server.url, tmp_path_factory.mktemp("client"), MLFLOW_TRACKING_TOKEN=token)
    try:
        yield child
    finally:
        child.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A server in this process, for requests that no client would send."""
    with in_process(tmp_path_factory.mktemp("api")) as opened:
        yield opened

"""One server for all tests of the client; each works below a namespace of its own."""

from collections.abc import Iterator

import pytest

from strongroom.sdk import Client
from tests.sdk import server


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Served]:
    running = server.start(tmp_path_factory.mktemp("served"))
    with running.child:
        yield running


@pytest.fixture
def client(served: server.Served) -> Iterator[Client]:
    with served.client() as one:
        yield one


@pytest.fixture
def space(request: pytest.FixtureRequest) -> str:
    """A namespace that only this test uses."""
    name: str = request.node.name
    return "".join(sign if sign.isalnum() else "-" for sign in name).strip("-").lower()[:100]

"""Fixtures of the native API under test, for the conftests that import them."""

from collections.abc import Iterator

import pytest
import structlog

from tests.support.api import InProcess, Real, in_process, real
from tests.support.api_world import World


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A server in this process, one a module; its log is dropped."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with in_process(tmp_path_factory.mktemp("api") / "data") as made:
        yield made
    structlog.configure(**before)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A real server process, one a module."""
    with real(tmp_path_factory.mktemp("server")) as made:
        yield made


@pytest.fixture
def world(api: InProcess) -> World:
    """Objects of this test alone, made by an admin of the server."""
    return World(api)

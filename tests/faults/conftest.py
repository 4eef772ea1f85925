"""Servers that are killed, starved and backed up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.processes import ServerProcess, admin


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of the test's own."""
    started = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        yield started.wait()
    finally:
        started.close()


def server_admin(data: Path) -> str:
    """A token that administers the whole server, so that it may export the log."""
    done = admin("token", "create", "--data", data, "--principal", "root-of-tests", "--role", "admin", "--server")
    return done.stdout.splitlines()[-1]


@pytest.fixture
def token(server: ServerProcess) -> str:
    return server_admin(server.data)

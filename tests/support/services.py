"""pytest plugin: each service starts once per session, when the first test asks, and ends with the session.

The process that runs the session owns the servers. The workers of pytest-xdist ask it over a socket and get the
address back, so that a worker that ends early takes nothing away from the others.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from multiprocessing.connection import Client, Connection, Listener
from typing import Any, Protocol

import pytest

from tests.support.folders import ServiceFolder
from tests.support.postgres import Postgres, PostgresServer
from tests.support.seaweed import S3, SeaweedServer


class Server(Protocol):
    """What the broker needs of a service."""

    @property
    def handle(self) -> Postgres | S3: ...

    def close(self) -> None: ...


class Worker(Protocol):
    """What this plugin uses of pytest-xdist's (untyped) worker controller."""

    config: pytest.Config
    workerinput: dict[str, object]


STARTERS: dict[str, Callable[[], Server]] = {
    "postgres": lambda: PostgresServer(tied=True),
    "s3": lambda: SeaweedServer(tied=True),
}


class Broker:
    """Owns the servers of one test session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Server] = {}
        self._folder: ServiceFolder | None = None
        self._listener: Listener | None = None

    def get(self, kind: str) -> dict[str, Any]:
        """The address of the service, started now if nobody asked before."""
        with self._lock:
            if kind not in self._running:
                self._running[kind] = STARTERS[kind]()
            return asdict(self._running[kind].handle)

    def listen(self) -> str:
        """Answer the workers from now on; returns where."""
        if self._listener is None:
            self._folder = ServiceFolder("broker")
            self._listener = Listener(str(self._folder.path / "socket"), family="AF_UNIX", backlog=64)
            # One thread for everything: the servers it starts are tied to it, and it lasts as long as the process.
            threading.Thread(target=self._serve, args=[self._listener], daemon=True).start()
        return str(self._listener.address)

    def close(self) -> None:
        """Stop every server."""
        if self._listener is not None:
            self._listener.close()
        with self._lock:
            for server in self._running.values():
                server.close()
            self._running.clear()
        if self._folder is not None:
            self._folder.close()

    def _serve(self, listener: Listener) -> None:
        with contextlib.suppress(OSError):  # closed: the session is over
            while True:
                with listener.accept() as connection:
                    self._answer(connection)

    def _answer(self, connection: "Connection[Any, Any]") -> None:
        try:
            answer: dict[str, Any] = {"handle": self.get(connection.recv_bytes().decode())}
        except Exception as error:  # noqa: BLE001 - whatever it was, the waiting test reports it
            answer = {"error": repr(error)}
        with contextlib.suppress(OSError):
            connection.send_bytes(json.dumps(answer).encode())


class RemoteBroker:
    """What a worker sees of the broker."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, kind: str) -> dict[str, Any]:
        """The address of the service.

        Raises:
            RuntimeError: it could not be started.
        """
        with Client(self._address, family="AF_UNIX") as connection:
            connection.send_bytes(kind.encode())
            answer = json.loads(connection.recv_bytes())
        if "error" in answer:
            raise RuntimeError(f"{kind} could not be started: {answer['error']}")
        handle: dict[str, Any] = answer["handle"]
        return handle


BROKER = pytest.StashKey[Broker]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[BROKER] = Broker()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Worker) -> None:
    node.workerinput["strongroom_services"] = node.config.stash[BROKER].listen()


def pytest_unconfigure(config: pytest.Config) -> None:
    if BROKER in config.stash:
        config.stash[BROKER].close()


@pytest.fixture(scope="session")
def services(request: pytest.FixtureRequest) -> Broker | RemoteBroker:
    """Where this process gets its servers from."""
    workerinput: dict[str, str] | None = getattr(request.config, "workerinput", None)
    return RemoteBroker(workerinput["strongroom_services"]) if workerinput else request.config.stash[BROKER]


@pytest.fixture(scope="session")
def postgres_server(services: Broker | RemoteBroker) -> Postgres:
    """A real PostgreSQL, shared by the session; fsync is off."""
    return Postgres(**services.get("postgres"))


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """An empty database of the test's own."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def s3_server(services: Broker | RemoteBroker) -> S3:
    """A real S3 server with one bucket, shared by the session."""
    return S3(**services.get("s3"))


@pytest.fixture
def s3_prefix(s3_server: S3) -> str:
    """A prefix of the test's own in the shared bucket."""
    return s3_server.new_prefix()

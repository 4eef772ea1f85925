"""MLflow sources made by the real client, a server to import into, and the client that compares both."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strongroom.sdk import Client
from strongroom.sdk.imports.importer import Import, Wanted, open_source
from strongroom.sdk.imports.report import Report
from tests.dialects.mlflow.client import VENV, MlflowProcess
from tests.http.processes import ServerProcess, admin
from tests.imports.pieces import FILL, SAID
from tests.support.foreign import kept_environment, python_of
from tests.support.process import Child, free_port

Decoded = Any
Bring = Callable[..., Report]


@dataclass(frozen=True, slots=True)
class Made:
    """A source: where it is, the ids in it, and what its own client says of it."""

    uri: str
    artifacts: Path
    ids: Decoded
    said: Decoded


def fill(folder: Path, uri: str) -> Made:
    """An MLflow filled by its own client, in the folder that the client works in."""
    process = MlflowProcess(uri, folder, MLFLOW_ALLOW_FILE_STORE="true")
    try:
        return Made(uri, folder / "mlruns", process.run(FILL), process.run(SAID))
    finally:
        process.close()


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[], Made]) -> Made:
    """What is made once for all processes of a session, and only read: importing MLflow takes seconds."""
    base = factory.getbasetemp()
    kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"mlflow-{name}.json"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            made = make()
            kept.write_text(json.dumps([made.uri, str(made.artifacts), made.ids, made.said]))
        uri, artifacts, ids, said = json.loads(kept.read_text())
        return Made(uri, Path(artifacts), ids, said)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An mlruns folder, which was moved since it was made."""

    def make() -> Made:
        before = tmp_path_factory.mktemp("before")
        made = fill(before, f"file://{before}/mlruns")
        moved = tmp_path_factory.mktemp("after") / "runs"
        (before / "mlruns").rename(moved)
        return Made(str(moved), moved, made.ids, made.said)

    return once(tmp_path_factory, "folder", make)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A SQLite database, its artifacts in a folder beside it."""

    def make() -> Made:
        place = tmp_path_factory.mktemp("database")
        return fill(place, f"sqlite:///{place}/mlflow.db")

    return once(tmp_path_factory, "database", make)


@dataclass(frozen=True, slots=True)
class Tracking:
    """MLflow's own server, and the database that it has for itself."""

    url: str
    database: str


@pytest.fixture(scope="module")
def tracking(database: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    """MLflow's own server over a copy of that database; its new artifacts go through it."""
    place, port = tmp_path_factory.mktemp("tracking"), free_port()
    shutil.copy(database.uri.removeprefix("sqlite:///"), place / "mlflow.db")
    uri = f"sqlite:///{place}/mlflow.db"
    command = [str(python_of(VENV)), "-m", "mlflow", "server", "--backend-store-uri", uri, "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1", "--artifacts-destination", str(place / "artifacts")]
    kept = kept_environment("MLFLOW_")
    own = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "HOME": str(place)}
    child = Child(command, log=place / "log", env={**kept, **own})
    try:
        child.wait_ready(lambda: _healthy(port), deadline=90)
        yield Tracking(f"http://127.0.0.1:{port}", uri)
    finally:
        child.close()


def _healthy(port: int) -> bool:
    import httpx

    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    place = tmp_path_factory.mktemp("server")
    started = ServerProcess(place / "data", place / "log")
    try:
        yield started.wait()
    finally:
        started.close()


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    made = admin("token", "create", "--data", server.data, "--principal", "ann", "--role", "admin", "--server")
    return made.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def into(server: ServerProcess, token: str) -> Iterator[Callable[[str], Client]]:
    """A client of a workspace that is made for one test, or for several."""
    clients: dict[str, Client] = {}

    def of(workspace: str) -> Client:
        if workspace not in clients:
            if workspace != "default":
                of("default").call("workspace.create", slug=workspace)
            clients[workspace] = Client(server.url, token, workspace)
        return clients[workspace]

    yield of
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def bring(into: Callable[[str], Client]) -> Bring:
    """Import a source into a workspace."""

    def run(workspace: str, uri: str, artifacts: Path | None = None, **wanted: Any) -> Report:
        source = open_source(uri, [str(artifacts)] if artifacts else ())
        try:
            return Import(into(workspace).api, source, Wanted(**wanted)).run()
        finally:
            source.close()

    return run


@pytest.fixture(scope="module")
def mlflow(
    server: ServerProcess, token: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], Decoded]]:
    """Run a piece by MLflow's client against a workspace of our server."""
    child = MlflowProcess(server.url, tmp_path_factory.mktemp("client"), MLFLOW_TRACKING_TOKEN=token)

    def run(workspace: str, piece: str) -> Decoded:
        child.run(f"mlflow.set_tracking_uri('{server.url}/w/{workspace}'); client = MlflowClient()")
        return child.run(piece)

    try:
        yield run
    finally:
        child.close()

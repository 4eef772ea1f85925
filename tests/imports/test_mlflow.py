"""An MLflow made by its own client, imported from a folder, a database and a server, and compared by that client."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from strongroom.sdk import Client
from strongroom.sdk.imports.report import Report
from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess, admin, environment
from tests.imports.conftest import Bring, Decoded, Made, Tracking
from tests.imports.pieces import PREDICT, SAID, STEPS

Ask = Callable[[str, str], Decoded]
pytestmark = pytest.mark.timeout(
    400
)  # the first test waits for sources that MLflow makes, on a busy machine for minutes
KILLED = Path(__file__).with_name("killed.py")


@pytest.fixture(scope="module")
def imported(bring: Bring, folder: Made) -> Report:
    """The folder in workspace `folder`."""
    return bring("folder", folder.uri)


def seen(ask: Ask, workspace: str) -> Decoded:
    """What the client sees here, but when the default experiment was made: that was here before."""
    said = ask(workspace, SAID)
    del said["experiments"]["Default"][2]
    return said


def renamed(said: Decoded) -> Decoded:
    """What the source says in the same form, with the name that it cannot have here."""
    said = json.loads(json.dumps(said))
    said["experiments"]["line_break"] = said["experiments"].pop("line\u2028break")
    del said["experiments"]["Default"][2]
    return said


def differences(here: Decoded, there: Decoded, at: str = "") -> list[str]:
    """Where two values of JSON differ."""
    if isinstance(here, dict) and isinstance(there, dict) and here.keys() == there.keys():
        return [one for key in here for one in differences(here[key], there[key], f"{at}.{key}")]
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = enumerate(zip(here, there, strict=True))
        return [one for place, (a, b) in pairs for one in differences(a, b, f"{at}[{place}]")]
    return [] if here == there else [f"{at}: {here!r} is not {there!r}"]


def counted(report: Report, kind: str) -> tuple[int, int, int, int]:
    count = report.counts[kind]
    return count.found, count.imported, count.there, count.refused + count.lacking


def test_all_of_a_folder_comes_and_the_account_reconciles(imported: Report) -> None:
    """ "a report reconciles counts and digests"."""
    assert imported.reconciles
    assert not imported.refused
    assert counted(imported, "runs") == (7, 7, 0, 0)
    assert counted(imported, "points")[:2] == (STEPS + 12, STEPS + 12)
    assert counted(imported, "versions") == (3, 3, 0, 0)
    assert counted(imported, "prompt versions") == (2, 2, 0, 0)
    assert imported.bytes.source == imported.bytes.target > 5_000
    assert imported.bytes.source_lines.digest() == imported.bytes.target_lines.digest()
    assert [(note.kind, note.name) for note in imported.notes] == [
        ("experiments", "line\u2028break"),
        ("versions", "churn/4"),
    ]


@pytest.mark.usefixtures("imported")
def test_mlflows_client_sees_in_the_copy_what_it_saw_in_the_folder(mlflow: Ask, folder: Made) -> None:
    """ "original ids and times kept": the frame, histories, files, versions, aliases, stages, predictions."""
    assert differences(seen(mlflow, "folder"), renamed(folder.said)) == []
    assert mlflow("folder", PREDICT) == folder.ids["predicted"]


@pytest.mark.usefixtures("imported")
def test_ids_of_the_source_mean_the_copies(mlflow: Ask, folder: Made) -> None:
    """domain.md N3: an id that another system gave answers where it may."""
    ids = folder.ids
    found = mlflow(
        "folder",
        f"""
        run = client.get_run({ids["run"]!r})
        client.log_text({ids["running"]!r}, "later", "more/later.txt")
        folder = Path(mlflow.artifacts.download_artifacts("runs:/{ids["run"]}/files"))
        copy = client.create_model_version("churn", "runs:/{ids["run"]}/files", {ids["run"]!r})
        result = [
            run.info.run_name,
            client.get_experiment({ids["experiment"]!r}).name,
            [r.info.run_name for r in client.search_runs([{ids["experiment"]!r}], "metrics.odd < 0")],
            len(client.get_metric_history({ids["run"]!r}, "loss")),
            client.get_logged_model({ids["model"]!r}).name,
            sorted(p.name for p in folder.iterdir()),
            [a.path for a in client.list_artifacts({ids["running"]!r}, "more")],
            mlflow.sklearn.load_model("models:/{ids["model"]}").predict([[0.0, 1.0]]).tolist(),
            [copy.version, copy.run_id == run.info.run_id],
        ]
        client.delete_model_version("churn", copy.version)
        """,
    )
    assert found[:4] == ["Eltern 学习", "risk/Ausfälle", ["Eltern 学习"], STEPS]
    assert found[4:7] == ["forest", ["größe 1.txt", "weights.txt"], ["more/later.txt"]]
    assert found[7] == [0]
    assert [str(found[8][0]), found[8][1]] == [
        "6",
        True,
    ]  # 5 was deleted there: "a number once issued" is not issued again


@pytest.mark.usefixtures("imported")
def test_times_ids_and_users_are_kept_and_the_importer_is_the_actor(
    into: Callable[[str], Client], folder: Made
) -> None:
    client = into("folder")
    version = client.resolve("churn:3")
    me = client.whoami().principal
    said = client.call("annotation.get", kind="version", uid=version.uid)["annotations"]["mlflow"]
    assert said["run_link"] == "https://ci/7"
    assert said["run_id"] == folder.ids["gone"]
    assert me is not None
    assert version.created_by == me.uid
    assert (
        client.call("version.get", uid=version.uid)["claimed_at"]
        < client.call("version.get", uid=version.uid)["created_at"]
    )


@pytest.mark.usefixtures("imported")
def test_again_nothing_comes_twice(bring: Bring, mlflow: Ask, folder: Made) -> None:
    """ "re-running imports nothing twice"."""
    before = mlflow("folder", SAID)
    report = bring("folder", folder.uri)
    assert report.reconciles
    assert {kind: count.imported for kind, count in report.counts.items() if count.imported} == {}
    assert counted(report, "points")[2] == STEPS + 12
    assert mlflow("folder", SAID) == before


@pytest.fixture(scope="module")
def from_database(bring: Bring, database: Made) -> Report:
    """The database in workspace `database`."""
    return bring("database", database.uri, database.artifacts)


def test_a_database_brings_the_same(mlflow: Ask, database: Made, from_database: Report) -> None:
    assert from_database.reconciles, from_database.refused
    assert from_database.not_imported["traces"] == 0
    assert differences(seen(mlflow, "database"), renamed(database.said)) == []
    assert mlflow("database", PREDICT) == database.ids["predicted"]


def test_a_server_brings_the_same_and_is_the_same_source_as_its_database(
    bring: Bring, mlflow: Ask, database: Made, tracking: Tracking, tmp_path: Path
) -> None:
    """Through its REST API alone; what was imported from the server is known when the database is read."""
    through = MlflowProcess(tracking.url, tmp_path)
    try:
        through.run("""
            mlflow.set_experiment("through")
            with mlflow.start_run(run_name="proxied") as run:
                mlflow.log_text("a" * 100_000, "deep/er/file.txt")
            client.create_model_version("churn", f"runs:/{run.info.run_id}/deep", run.info.run_id)
        """)
        said = renamed(through.run(SAID))
    finally:
        through.close()
    report = bring("server", tracking.url)
    assert report.reconciles, report.refused
    assert differences(seen(mlflow, "server"), said) == []
    again = bring("server", tracking.database, database.artifacts)
    assert again.counts["runs"].imported == again.counts["versions"].imported == again.counts["points"].imported == 0


def told(client: Client) -> Decoded:
    """All that a workspace holds, without uids and times of ours."""
    runs, versions = [], []
    for experiment in client.runs.experiments(state="all"):
        for trashed in (False, True):
            for row in client.api.every("run.list", dict, uid=experiment.uid, trashed=trashed):
                run: dict[str, Any] = client.call("run.get", uid=row["uid"])
                tags = {tag["key"]: tag["value"] for tag in run["tags"] if tag["key"] != "mlflow.parentRunId"}
                files = client.api.every("folder.list", dict, kind="run", uid=run["uid"], recursive=True)
                kept = ("name", "state", "params", "metrics", "inputs", "outputs", "started_at", "ended_at", "note")
                said = {name: run[name] for name in kept}
                runs.append([said, tags, [(one["path"], one["sha256"]) for one in files], run["parent_uid"] is None])
    for asset in client.search(state="all"):
        versions += [
            [asset.path, one.number, one.tree, one.stage, one.description, sorted(one.aliases)]
            for one in client.versions.list(asset)
        ]
    return json.loads(json.dumps([sorted(runs, key=str), sorted(versions, key=str)], default=str))


@pytest.mark.usefixtures("imported")
def test_killed_anywhere_it_goes_on_and_ends_the_same(
    bring: Bring, into: Callable[[str], Client], server: ServerProcess, token: str, folder: Made
) -> None:
    """ "resumable after kill -9 at any point"."""
    bring("whole", folder.uri)
    into("killed")
    for requests in (4, 11, 19, 30, 44, 60):
        env = environment(STRONGROOM_TOKEN=token, STRONGROOM_URL=server.url, STRONGROOM_WORKSPACE="killed")
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, str(KILLED), str(requests), folder.uri],
            env=env,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr
    report = bring("killed", folder.uri)
    assert report.reconciles, report.refused
    assert told(into("killed")) == told(into("whole"))


def strongroom(server: ServerProcess, token: str, *words: str) -> subprocess.CompletedProcess[str]:
    env = environment(STRONGROOM_TOKEN=token, STRONGROOM_URL=server.url, PATH=os.environ["PATH"])
    command = [sys.executable, "-m", "strongroom.cli", "import", "mlflow", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


def test_the_command_selects_looks_first_and_accounts(
    server: ServerProcess, token: str, into: Callable[[str], Client], folder: Made, tmp_path: Path
) -> None:
    into("part")
    chosen = ["--from", folder.uri, "--workspace", "part", "--experiments", "risk/*", "--models", "greet*"]
    dry = strongroom(server, token, *chosen, "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    assert json.loads(dry.stdout)["counts"]["runs"]["found"] == 4
    assert [one.name for one in into("part").runs.experiments(state="all")] == ["Default"]
    done = strongroom(server, token, *chosen, "--report", str(tmp_path / "report.json"))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["reconciles"]
    assert report["counts"]["experiments"]["imported"] == 1
    assert report["bytes"]["source_digest"] == report["bytes"]["target_digest"]
    assert [asset.path for asset in into("part").search()] == ["greeting"]


def test_names_that_are_taken_are_refused_or_joined(bring: Bring, into: Callable[[str], Client], folder: Made) -> None:
    client = into("taken")
    client.call("asset.create", kind="model", name="churn")
    client.call("experiment.create", namespace="risk", name="Ausfälle")
    first = bring("taken", folder.uri, models=["churn"], experiments=["risk/*"])
    assert not first.reconciles
    assert {(one.kind, one.name) for one in first.refused} == {
        ("experiments", "risk/Ausfälle"),
        ("registered models", "churn"),
    }
    joined = bring("taken", folder.uri, models=["churn"], experiments=["risk/*"], merge=True)
    assert joined.reconciles, joined.refused
    assert counted(joined, "versions") == (3, 3, 0, 0)


def moved(sqlite: str, url: str) -> None:
    """MLflow's tables as they are in SQLite, in PostgreSQL: its own driver is not in MLflow's environment here."""
    kinds = {"INTEGER": "bigint", "BIGINT": "bigint", "FLOAT": "double precision", "BOOLEAN": "boolean"}
    source = sqlite3.connect(sqlite.removeprefix("sqlite:///"))
    with psycopg.connect(url, autocommit=True) as target:
        tables = [row[0] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [
                (row[1], kinds.get(row[2].partition("(")[0], "text"))
                for row in source.execute(f"PRAGMA table_info({table})")
            ]
            made = ", ".join(f'"{name}" {kind}' for name, kind in columns)
            target.execute(f'CREATE TABLE "{table}" ({made})')
            booleans = {place for place, (_, kind) in enumerate(columns) if kind == "boolean"}
            marks = ", ".join(["%s"] * len(columns))
            for row in source.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of MLflow's
                values = [
                    bool(value) if place in booleans and value is not None else value for place, value in enumerate(row)
                ]
                target.execute(f'INSERT INTO "{table}" VALUES ({marks})', values)  # noqa: S608 - names of MLflow's


@pytest.mark.postgres
@pytest.mark.usefixtures("from_database")
def test_a_database_in_postgresql_brings_the_same(
    bring: Bring, into: Callable[[str], Client], database: Made, postgres_url: str
) -> None:
    moved(database.uri, postgres_url)
    report = bring("moved", postgres_url, database.artifacts)
    assert report.reconciles, report.refused
    assert "@" not in report.source
    assert told(into("moved")) == told(into("database"))


@pytest.mark.postgres
def test_into_postgresql(postgres_url: str, folder: Made, tmp_path: Path) -> None:
    place: list[str | Path] = ["--database", postgres_url, "--data", tmp_path / "data"]
    server = ServerProcess(tmp_path / "data", tmp_path / "log", place=place)
    try:
        server.wait()
        made = admin("token", "create", *place, "--principal", "ann", "--role", "maintainer")
        token = made.stdout.splitlines()[-1]
        for imported in (7, 0):
            done = strongroom(server, token, "--from", folder.uri, "--json")
            assert done.returncode == 0, done.stderr
            report = json.loads(done.stdout)
            assert report["counts"]["runs"]["imported"] == imported
            assert report["counts"]["points"]["found"] == STEPS + 12
    finally:
        server.close()

"""Sources that mean harm: what they name is not read, what they claim is not believed, and the rest comes."""

import json
import os
import re
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from strongroom.sdk import Client
from strongroom.sdk.imports.importer import Import, Wanted, open_source
from strongroom.sdk.imports.places import Folders
from strongroom.sdk.imports.report import Report
from strongroom.sdk.imports.source import SourceError
from tests.sdk import server

RUN, OTHER = "1" * 32, "2" * 32


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    running = server.start(tmp_path_factory.mktemp("served"))
    with running.child, running.client() as one:
        yield one


@pytest.fixture
def bring(client: Client, request: pytest.FixtureRequest) -> Callable[..., Report]:
    """Into a workspace of its own."""
    slug = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:60].strip("-")
    client.call("workspace.create", slug=slug)

    def run(uri: str, artifacts: list[str] | None = None, **wanted: Any) -> Report:
        source = open_source(uri, artifacts or [])
        with Client(client.settings.url, client.settings.token, slug) as inside:
            try:
                return Import(inside.api, source, Wanted(**wanted)).run()
            finally:
                source.close()

    return run


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def mlruns(root: Path, **meta: str) -> Path:
    """An experiment with one finished run."""
    put(root / "7" / "meta.yaml", f"experiment_id: '7'\nname: {meta.get('name', 'odd')}\ncreation_time: 1\n")
    run = root / "7" / RUN
    said = f"run_id: '{RUN}'\nstatus: 3\nstart_time: 1700000000000\nend_time: 1700000000001\nlifecycle_stage: active\n"
    put(run / "meta.yaml", said + f"artifact_uri: {meta.get('artifact_uri', f'file://{run}/artifacts')}\n")
    (run / "artifacts").mkdir()
    return root


def refusals(report: Report, kind: str) -> dict[str, str]:
    return {one.name: one.reason for one in report.refused if one.kind == kind}


def test_links_that_lead_out_and_files_that_cannot_be_read_are_named(
    bring: Callable[..., Report], tmp_path: Path
) -> None:
    """ "symlinks in mlruns pointing outside", "a corrupted artifact / missing file is named"."""
    root = mlruns(tmp_path / "mlruns")
    files = root / "7" / RUN / "artifacts"
    put(tmp_path / "secret" / "key.pem", "secret")
    put(files / "good.txt", "good")
    (files / "out").symlink_to(tmp_path / "secret")
    (files / "out.pem").symlink_to(tmp_path / "secret" / "key.pem")
    (files / "gone.txt").symlink_to(files / "never.txt")
    (files / "round").symlink_to(files)
    os.mkfifo(files / "pipe")
    (root / "7" / RUN / "params").mkdir()
    (root / "7" / RUN / "params" / "stolen").symlink_to(tmp_path / "secret" / "key.pem")
    (root / "8").symlink_to(tmp_path / "secret")
    report = bring(str(root))
    found = refusals(report, "artifacts")
    assert set(found) == {f"{RUN}/{name}" for name in ("out", "out.pem", "gone.txt", "round", "pipe")}
    assert not report.reconciles
    assert report.counts["artifacts"].imported == 1
    assert report.counts["params"].found == 0
    assert report.bytes.target == 4


def test_an_import_that_does_not_reconcile_says_so_at_its_end(client: Client, tmp_path: Path) -> None:
    """ "exit code non-zero when something does not reconcile"; and a source does not steer the terminal."""
    root = mlruns(tmp_path / "mlruns")
    put(root / "7" / RUN / "artifacts" / "a\x1b[2J", "x")
    env = {
        **server.environment(),
        "STRONGROOM_URL": client.settings.url,
        "STRONGROOM_TOKEN": client.settings.token or "",
    }
    command = [*server.CLI, "import", "mlflow", "--from", str(root)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert done.returncode == 5
    assert f"refused: artifacts: {RUN}/a\N{REPLACEMENT CHARACTER}[2J" in done.stdout
    assert "\x1b" not in done.stdout


def test_nothing_is_read_that_a_source_names_outside_what_was_named(
    bring: Callable[..., Report], tmp_path: Path
) -> None:
    put(tmp_path / "secret" / "artifacts" / "key.pem", "secret")
    secret = tmp_path / "secret" / "artifacts"
    root = mlruns(tmp_path / "mlruns", artifact_uri=f"file://{secret}")
    version = root / "models" / "m" / "version-1"
    put(version.parent / "meta.yaml", "name: m\ncreation_timestamp: 1\n")
    put(version / "meta.yaml", f"name: m\nversion: 1\ncurrent_stage: None\nsource: {secret}\ncreation_timestamp: 2\n")
    report = bring(str(root))
    assert report.counts["artifacts"].found == 0
    assert [(note.kind, note.name) for note in report.notes] == [("versions", "m/1")]
    assert report.counts["versions"].imported == 1


@pytest.mark.parametrize(
    "location", ["file:///../../etc", "/etc", "../../../etc", "file://%2e%2e/etc", "etc\x00", "s3://x"]
)
def test_addresses_that_climb_mean_no_place(tmp_path: Path, location: str) -> None:
    (tmp_path / "in").mkdir()
    assert Folders([tmp_path / "in"]).place(location) is None


def test_yaml_makes_plain_values_or_nothing(bring: Callable[..., Report], tmp_path: Path) -> None:
    """ "YAML with tags (safe load only)"."""
    root = mlruns(tmp_path / "mlruns")
    mark = tmp_path / "executed"
    put(root / "8" / "meta.yaml", f"!!python/object/apply:os.system ['touch {mark}']\n")
    bomb = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 8)}]\n" for n in range(12)
    )
    put(root / "9" / "meta.yaml", bomb + "experiment_id: '9'\nname: *m\n")
    put(root / "10" / "meta.yaml", "[" * 100_000)
    put(root / "11" / "meta.yaml", "experiment_id: '7'\nname: another's\n")
    report = bring(str(root))
    assert not mark.exists()
    assert set(refusals(report, "experiments")) == {"8", "9", "10", "11"}
    assert report.counts["runs"].imported == 1


def test_numbers_that_are_none_are_named_and_the_others_come(bring: Callable[..., Report], tmp_path: Path) -> None:
    root = mlruns(tmp_path / "mlruns")
    metrics = root / "7" / RUN / "metrics"
    put(metrics / "good", "1700000000000 1e308 9223372036854775807\n1700000000001 nan 0\n1700000000002 -inf -5\n")
    put(metrics / "ancient", "-1 1.0 0\n1700000000000 1.0 0\n")
    put(metrics / "huge", f"1700000000000 1.0 {10**30}\n")
    put(metrics / "late", f"{10**18} 1.0 0\n")
    put(metrics / "text", "hello world\n")
    put(root / "7" / RUN / "params" / "long", "x" * 7_000)
    report = bring(str(root))
    assert set(refusals(report, "points")) == {f"{RUN}: {key}" for key in ("ancient", "huge", "late", "text")}
    assert set(refusals(report, "params")) == {f"{RUN}: long"}
    assert report.counts["points"].imported == 4


def test_what_the_server_refuses_is_left_out_alone(bring: Callable[..., Report], tmp_path: Path) -> None:
    root = mlruns(tmp_path / "mlruns")
    for name in ("a", "b", "con\u202etrol", "c"):
        put(root / "7" / RUN / "tags" / name, name)
        put(root / "7" / RUN / "artifacts" / name, name)
    report = bring(str(root))
    assert set(refusals(report, "tags")) == {f"{RUN}: con\u202etrol"}
    assert set(refusals(report, "artifacts")) == {f"{RUN}/con\u202etrol"}
    assert report.counts["tags"].imported == report.counts["artifacts"].imported == 3


def test_a_database_that_is_none_of_mlflow_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 100)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE x (y)").connection.commit()
    for name in ("text.db", "other.db", "none.db"):
        with pytest.raises(SourceError):
            open_source(f"sqlite:///{tmp_path / name}")
    with pytest.raises(SourceError):
        open_source("mysql://root@localhost/mlflow")
    with pytest.raises(SourceError):
        open_source(str(tmp_path))


def test_an_old_schema_is_read_by_the_columns_it_has(bring: Callable[..., Report], tmp_path: Path) -> None:
    """ "several MLflow schema versions tolerated": tables and columns of MLflow 1.0."""
    path = tmp_path / "old.db"
    database = sqlite3.connect(path)
    database.executescript("""
        CREATE TABLE alembic_version (version_num VARCHAR(32));
        INSERT INTO alembic_version VALUES ('451aebb31d03');
        CREATE TABLE experiments (experiment_id INTEGER, name TEXT, artifact_location TEXT, lifecycle_stage TEXT);
        INSERT INTO experiments VALUES (0, 'Default', '', 'active'), (1, 'old', '', 'active');
        CREATE TABLE runs (run_uuid TEXT, name TEXT, user_id TEXT, status TEXT, start_time BIGINT, end_time BIGINT,
            lifecycle_stage TEXT, artifact_uri TEXT, experiment_id INTEGER);
        INSERT INTO runs VALUES ('r', '', 'ann', 'FINISHED', 1700000000000, 1700000000001, 'active', '', 1);
        CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, step BIGINT, run_uuid TEXT);
        INSERT INTO metrics VALUES ('m', 1.5, 1700000000000, 0, 'r'), ('m', NULL, 1700000000001, 1, 'r');
        CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
        INSERT INTO params VALUES ('p', '1', 'r');
        CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
        INSERT INTO tags VALUES ('mlflow.runName', 'the first', 'r');
    """)
    database.commit()
    report = bring(f"sqlite:///{path}")
    assert report.reconciles, report.refused
    assert (report.counts["runs"].imported, report.counts["points"].imported) == (1, 2)


class Liar(BaseHTTPRequestHandler):
    """A tracking server that is told what to answer, by address."""

    answers: dict[str, Callable[[dict[str, Any]], Any]] = {}  # noqa: RUF012 - set anew by each test

    def _answer(self, asked: dict[str, Any]) -> None:
        make = self.answers.get(urlsplit(self.path).path)
        answer = make(asked) if make is not None else None
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(200 if make is not None else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._answer({key: value[0] for key, value in parse_qs(urlsplit(self.path).query).items()})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_: object) -> None:
        pass


API = "/api/2.0/mlflow"


@pytest.fixture
def liar() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Liar.answers = {
        f"{API}/experiments/search": lambda _: {"experiments": [{"experiment_id": "5", "name": "liar's"}]},
        f"{API}/registered-models/search": lambda _: {},
        f"{API}/runs/search": lambda _: {"runs": [_run(RUN)]},
    }
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _always(body: bytes) -> Callable[[dict[str, Any]], bytes]:
    return lambda _: body


def _run(id_: str, **info: object) -> dict[str, Any]:
    said = {"run_id": id_, "experiment_id": "5", "status": "FINISHED", "start_time": 1, "end_time": 2, **info}
    return {"info": said, "data": {"metrics": [{"key": "m"}], "tags": [{"key": "t", "value": {"no": "text"}}, 7]}}


@pytest.mark.parametrize(
    "runs",
    [
        lambda _: {"runs": [_run(RUN)], "next_page_token": "same"},
        lambda asked: {"runs": [_run(RUN)], "next_page_token": asked.get("page_token", "") + "x"},
        lambda asked: {"runs": [], "next_page_token": asked.get("page_token", "") + "x"},
    ],
)
def test_pages_that_turn_in_a_circle_end_the_import(
    bring: Callable[..., Report], liar: str, runs: Callable[[dict[str, Any]], Any]
) -> None:
    """ "server that loops its page token"."""
    Liar.answers[f"{API}/runs/search"] = runs
    with pytest.raises(SourceError, match="circle"):
        bring(liar)


def test_lies_about_sizes_and_paths_are_named(bring: Callable[..., Report], liar: str) -> None:
    """ "lies about sizes", "traversal in artifact paths"."""
    rows = [
        {"path": "short", "file_size": 10},
        {"path": "long", "file_size": 2},
        {"path": "../../etc/passwd", "file_size": 1},
        {"path": "..", "is_dir": True},
        {"path": "gone", "file_size": 5},
        {"path": "good", "file_size": 4},
    ]
    bodies = {"short": b"abcd", "long": b"abcd", "good": b"abcd", "../../etc/passwd": b"x"}
    Liar.answers |= {
        f"{API}/runs/search": lambda _: {"runs": [_run(RUN, artifact_uri="mlflow-artifacts:/5/r/artifacts")]},
        f"{API}/metrics/get-history": lambda _: {"metrics": [{"key": "m", "value": 1, "timestamp": 3, "step": "4"}]},
        "/api/2.0/mlflow-artifacts/artifacts": lambda asked: {
            "files": rows if asked["path"].endswith("artifacts") else []
        },
        **{f"/api/2.0/mlflow-artifacts/artifacts/5/r/artifacts/{n}": _always(b) for n, b in bodies.items()},
    }
    report = bring(liar)
    found = refusals(report, "artifacts")
    assert set(found) == {f"{RUN}/{name}" for name in ("short", "long", "passwd", "..", "gone")}
    assert "2 bytes and sends more" in found[f"{RUN}/long"]
    assert report.counts["artifacts"].imported == report.counts["points"].imported == 1
    assert not report.reconciles


def test_an_answer_that_is_no_json_ends_the_import(bring: Callable[..., Report], liar: str) -> None:
    Liar.answers[f"{API}/runs/search"] = lambda _: b"<html>welcome</html>"
    with pytest.raises(SourceError, match="does not answer as MLflow"):
        bring(liar)


def test_a_run_in_a_circle_of_parents_comes_without_them(bring: Callable[..., Report], liar: str) -> None:
    def child(id_: str, above: str) -> dict[str, Any]:
        run = _run(id_)
        run["data"] = {"tags": [{"key": "mlflow.parentRunId", "value": above}]}
        return run

    runs = {RUN: child(RUN, OTHER), OTHER: child(OTHER, RUN)}
    Liar.answers[f"{API}/runs/search"] = lambda _: {"runs": list(runs.values())}
    Liar.answers[f"{API}/runs/get"] = lambda asked: {"run": runs[asked["run_id"]]}
    report = bring(liar)
    assert report.counts["runs"].imported == 2

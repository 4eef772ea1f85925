"""The main job, end to end, on real data: train, record, register, promote, find, prove, undo.

`make demo` runs it. It leaves a server running, and says how to stop it; `--stop` stops it at the end instead.
"""

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import demo_models
import demo_server
import joblib

from strongroom.sdk import Client
from strongroom.sdk.errors import Corrupted
from strongroom.sdk.models import Graph, Version

PLACE = Path(__file__).resolve().parent.parent / ".demo"
DATASET = "clinic/breast-cancer"
MODEL = "clinic/tumour-classifier"
PORT = 8600


class Story:
    """Prints what happens as it happens."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.count = 0
        self.bold, self.dim, self.plain = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")

    def step(self, title: str) -> None:
        """A new step."""
        self.count += 1
        print(f"\n{self.bold}{self.count:2d}. {title}{self.plain}", flush=True)

    def say(self, text: str) -> None:
        """A line within a step."""
        for line in text.splitlines():
            print(f"    {line}", flush=True)


def train(
    client: Client, story: Story, name: str, dataset: Version, data: demo_models.Data
) -> tuple[Version, datetime]:
    """Train one model in a run, register it from the run's files and move the alias to it."""
    fit, params = demo_models.MODELS[name]
    with (
        client.run("clinic/tumours", name=name, params={"model": name, **params}) as run,
        tempfile.TemporaryDirectory() as folder,
    ):
        run.log_input(dataset, context="training")
        for fitted, step in fit(data):
            run.log_metrics({"accuracy": step.accuracy, "loss": step.loss}, step.number)
            model = fitted
        joblib.dump(model, Path(folder, "model.joblib"))
        run.log_file(Path(folder, "model.joblib"), "model/model.joblib")
        version = run.register(
            MODEL,
            path="model",
            aliases=["champion"],
            description=f"{name}: accuracy {step.accuracy:.3f} on 171 rows kept apart",
            properties={"accuracy": round(step.accuracy, 4), "loss": round(step.loss, 4)},
            signature={"inputs": [{"name": feature, "type": "double"} for feature in data.names]},
        )
    story.say(
        f"{version.reference:28} accuracy {step.accuracy:.3f}  loss {step.loss:.3f}  {version.bytes / 1024:7.1f} KiB"
    )
    return version, datetime.now(UTC)


def draw(graph: Graph) -> Iterator[str]:
    """Lineage as indented lines, from what a version came from down to it."""
    into: dict[int, list[tuple[str, int]]] = {}
    for edge in graph.edges:
        into.setdefault(edge.target, []).append((edge.type, edge.source))

    def below(place: int, depth: int) -> Iterator[str]:
        vertex = graph.vertices[place]
        digest = f"  {vertex.digest[:12]}" if vertex.digest else ""
        yield f"{'   ' * depth}{vertex.kind} {vertex.label}{digest}"
        for kind, source in into.get(place, ()):
            yield f"{'   ' * depth}└─ {kind} from"
            yield from below(source, depth + 1)

    return below(0, 0)


def predict(client: Client, reference: str) -> dict[str, object]:
    """What a second process gets when it pulls the reference and predicts."""
    environment = {
        **os.environ,
        "STRONGROOM_URL": client.settings.url,
        "STRONGROOM_TOKEN": client.settings.token or "",
    }
    script = Path(__file__).with_name("demo_predict.py")
    done = subprocess.run(
        [sys.executable, str(script), reference], env=environment, check=True, capture_output=True, text=True
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def verify(client: Client, export: Path, *known: str) -> tuple[int, str]:
    """Export the audit log and verify the file with the command that needs no server; exit code and what it said."""
    client.audit.export(export)
    done = subprocess.run(
        [demo_server.COMMAND, "audit", "verify", str(export), *known], check=False, capture_output=True, text=True
    )
    return done.returncode, (done.stdout + done.stderr).strip()


@contextmanager
def flipped_bit(path: Path, at: int) -> Iterator[None]:
    """One bit of a stored file turned over, and back again afterwards."""

    def flip() -> None:
        with path.open("r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1]))

    mode = path.stat().st_mode
    path.chmod(0o600)
    flip()
    try:
        yield
    finally:
        flip()
        path.chmod(mode)


@contextmanager
def edited_record(database: Path) -> Iterator[str]:
    """The audit record of the second registration edited in the database, and put right again afterwards."""
    with sqlite3.connect(database) as connection:
        uid, body = connection.execute(
            "SELECT uid, body FROM audit WHERE action = 'version.register' ORDER BY id LIMIT 1 OFFSET 2"
        ).fetchone()
    forged = body.replace(b'"number":2', b'"number":9')
    assert forged != body  # noqa: S101 - the demonstration must really edit something

    def write(content: bytes) -> None:
        with sqlite3.connect(database, timeout=15) as connection:
            connection.execute("UPDATE audit SET body = ? WHERE uid = ?", (content, uid))

    write(forged)
    try:
        yield uid
    finally:
        write(body)


def tell(client: Client, story: Story, data_folder: Path) -> None:
    """The whole story against a running server."""
    story.step("Register the data set (569 patients, 30 measurements; it ships with scikit-learn)")
    data = demo_models.load()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "breast-cancer.csv").write_text(demo_models.as_csv(data))
        dataset = client.push(folder, DATASET, kind="dataset", progress=False)
    story.say(f"{dataset.reference}  tree {(dataset.tree or '')[:12]}  {dataset.bytes:,} bytes")

    story.step("Train three models; record the runs; register versions 1 to 3; 'champion' follows each")
    trained = [train(client, story, name, dataset, data) for name in demo_models.MODELS]
    first_run = client.runs.get(str(trained[0][0].run_uid))
    story.say(
        f"each run keeps params, curves ({first_run.metrics['loss'].count} points of loss), the data set's digest, "
        f"commit {str(first_run.source.get('commit') or 'none')[:12]} and the installed packages"
    )

    story.step("Pull champion in a second process and predict")
    here = joblib.load(
        client.pull(f"{MODEL}@champion", to=data_folder.parent / "pulled", progress=False) / "model.joblib"
    )
    mine, other = here.predict_proba(data.test_x[:5])[:, 1].tolist(), predict(client, f"{MODEL}@champion")
    assert other["chances"] == mine  # noqa: S101 - the point of the step
    story.say(f"version {other['number']}: {', '.join(f'{chance:.4f}' for chance in mine)}: the same numbers in both")

    story.step("Where does champion come from?")
    story.say("\n".join(draw(client.lineage(f"{MODEL}@champion", direction="up"))))

    story.step("What was champion at which time?")
    for version, moment in trained:
        alias = client.alias_at(MODEL, "champion", moment)
        assert alias.version == version.number  # noqa: S101 - the point of the step
        story.say(f"at {moment:%H:%M:%S.%f} UTC: version {alias.version}")

    story.step("Roll champion back")
    alias = client.rollback(MODEL, "champion")
    elsewhere = predict(client, f"{MODEL}@champion")["number"]
    story.say(f"champion is version {alias.version} again; a second process pulls version {elsewhere}")
    prove(client, story, data_folder, trained[1][0])


def prove(client: Client, story: Story, data_folder: Path, version: Version) -> None:
    """Nothing is believed that can be checked: the log offline, a damaged file, an edited record."""
    story.step("Verify the audit log offline, from an exported file")
    export, kept = data_folder.parent / "audit.jsonl", data_folder.parent / "checkpoint.txt"
    checkpoint = client.audit.checkpoint()
    kept.write_text(checkpoint.note)
    known = ["--checkpoint", str(kept), "--key", checkpoint.keys[0]]  # what an auditor keeps elsewhere
    code, said = verify(client, export, *known)
    assert code == 0, said  # noqa: S101 - the point of the step
    story.say(said)

    story.step("Flip one bit of a stored file: the read ends and names the blob")
    entry = next(iter(client.versions.files(version)))
    stored = data_folder / "blobs" / "blobs" / str(entry.sha256)[:2] / str(entry.sha256)
    with flipped_bit(stored, stored.stat().st_size // 2), tempfile.TemporaryDirectory() as folder:
        try:
            client.pull(version, to=folder, progress=False)
        except Corrupted as error:
            story.say(f"caught: {error}")
        else:
            raise SystemExit("a damaged file was read without an error")
    with tempfile.TemporaryDirectory() as folder:
        client.pull(version, to=folder, progress=False)
    story.say("turned back, it reads again")

    story.step("Edit one audit record in the database: the verifier names it")
    with edited_record(data_folder / "strongroom.db") as uid:
        code, said = verify(client, export, *known)
    assert code != 0 and uid in said, said  # noqa: S101, PT018 - the point of the step
    story.say(f"caught: {said}")
    code, said = verify(client, export, *known)
    assert code == 0, said  # noqa: S101 - the log is whole again
    story.say("put right, the log verifies again")


def main() -> None:
    """Run the story on a fresh server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stop", action="store_true", help="stop the server at the end")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--place", type=Path, default=PLACE, help="folder for the server's data; it is emptied first")
    arguments = parser.parse_args()
    place: Path = arguments.place
    story = Story()
    story.step("Start a server: SQLite and a folder, nothing else")
    demo_server.stop_earlier(place / "server.pid")
    shutil.rmtree(place, ignore_errors=True)
    data_folder = place / "data"
    data_folder.mkdir(parents=True)
    pid, address, seconds = demo_server.start(data_folder, demo_server.free_port(arguments.port))
    (place / "server.pid").write_text(str(pid))
    finished = False
    try:
        story.say(f"{address} was ready after {seconds:.1f} s")
        token = demo_server.make_token(data_folder, "ada", "admin")
        with Client(address, token) as client:
            tell(client, story, data_folder)
        finished = True
    finally:
        if arguments.stop or not finished:
            os.kill(pid, signal.SIGTERM)
    print(f"\nDone in {time.monotonic() - story.began:.0f} s.")
    if not arguments.stop:
        print(f"Open {address} (the API is documented at {address}/docs). Stop the server with: kill {pid}")


main()

"""What made a version, rebuilt elsewhere from a real server and a real git repository."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from strongroom.cli import exits
from strongroom.sdk import Client, errors
from strongroom.sdk.reproduce import recipe
from strongroom.sdk.reproduce_run import entry_point
from strongroom.sdk.reproduce_source import rebuild
from tests.sdk.server import CLI, Served

Answer = dict[str, Any]

SCRIPT = """
import os, pathlib, sys
from strongroom.sdk import Client
space, data = {space!r}, pathlib.Path(os.environ.get("STRONGROOM_INPUTS", "/none")) / {space!r} / "data" / "1" / "n.txt"
if not data.exists():
    data = pathlib.Path({data!r})
with Client() as client, client.run(f"{{space}}/exp", name="train") as run:
    run.log_input(f"{{space}}/data:1")
    run.log_dataset("iris", {iris!r}, "https://example.com/iris.csv")
    run.log_metric("sum", sum(map(int, data.read_text().split())) * FACTOR)
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path("out")
    out.mkdir(exist_ok=True)
    (out / "model.txt").write_text(f"model {{int(data.read_text().split()[0]) * FACTOR}}")
    run.log_folder(out, "model")
    run.register(f"{{space}}/model", "model")
"""


@dataclass
class World:
    """A repository with a change that was not committed, and the version that was made with it."""

    repository: Path
    space: str
    reproduce: Callable[..., Answer]
    iris: Path


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - a fixed program


@pytest.fixture
def world(served: Served, client: Client, space: str, tmp_path: Path) -> World:
    repository, iris = tmp_path / "repo", tmp_path / "iris.csv"
    (repository / "src").mkdir(parents=True)
    (tmp_path / "n.txt").write_text("1 2 3")
    iris.write_text("5.1")
    client.push(tmp_path / "n.txt", f"{space}/data", kind="dataset", progress=False)
    digest = f"sha256:{hashlib.sha256(b'5.1').hexdigest()}"
    train = repository / "src" / "train.py"
    code = SCRIPT.format(space=space, data=str(tmp_path / "n.txt"), iris=digest)
    train.write_text(f"FACTOR = 1\n{code}")
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "first")
    train.write_text(f"FACTOR = 2\n{code}")
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "src/train.py", str(tmp_path / "first-out")],
        cwd=repository, env=served.env(tmp_path), check=True,
    )  # fmt: skip

    def reproduce(*words: str, code: int = exits.OK) -> Answer:
        done = subprocess.run(  # noqa: S603 - our own program
            [*CLI, "reproduce", f"{space}/model:1", *words, "--json"],
            env=served.env(tmp_path), capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        answer: Answer = json.loads(done.stdout or done.stderr.splitlines()[-1])
        return answer

    return World(repository, space, reproduce, iris)


def states(answer: Answer) -> dict[str, str]:
    return {step["name"]: step["state"] for step in answer["steps"]}


def test_a_version_is_reproduced_elsewhere_and_compared_equal(world: World, client: Client, tmp_path: Path) -> None:
    """Issue 3: rebuilds commit + lock + inputs and compares digests or metrics."""
    shown, into = world.reproduce(), tmp_path / "again"
    assert (shown["source"]["dirty"], shown["source"]["entry_point"], shown["steps"]) == (True, "src/train.py", [])
    assert not into.exists()
    answer = world.reproduce("--into", str(into), "--repository", str(world.repository))
    data = f"input {world.space}/data:1"
    assert states(answer) == {"environment": "done", "source": "done", data: "done", "input iris": "elsewhere"}
    assert "msgspec==" in (into / "requirements.lock").read_text()
    assert (into / "source" / "src" / "train.py").read_text().startswith("FACTOR = 2\n"), "what differed is there"
    assert git(into / "source", "rev-parse", "HEAD") == git(world.repository, "rev-parse", "HEAD")
    assert (into / "inputs" / world.space / "data" / "1" / "n.txt").read_text() == "1 2 3"
    assert json.loads((into / "reproduce.json").read_text())["version"] == f"{world.space}/model:1"
    assert len(list(client.versions.list(f"{world.space}/model"))) == 1, "nothing was run"

    python = os.path.relpath(sys.executable, tmp_path)
    ran = world.reproduce("--into", str(into), "--run", "--python", python, "--argument", str(tmp_path / "out"))
    assert states(ran) == {**states(answer), "run": "done", "metrics": "done"}
    (run, first) = client.runs.list(f"{world.space}/exp")
    assert {tag.key: tag.value for tag in run.tags} == {"strongroom.reproduces": first.uid}
    assert run.metrics["sum"].last == 12.0
    against = ["--against", run.uid, "--compare"]
    assert states(world.reproduce(*against, "digest")) == {"digest": "done"}
    assert states(world.reproduce("--outputs", str(tmp_path / "out"))) == {"digest": "done"}


def test_a_changed_input_or_source_has_drifted(world: World, client: Client, tmp_path: Path) -> None:
    into = tmp_path / "again"
    world.reproduce("--into", str(into), "--repository", str(world.repository))
    (into / "inputs" / world.space / "data" / "1" / "n.txt").write_text("1 2 4")
    drifted = world.reproduce("--into", str(into), "--run", code=exits.CORRUPTED)
    assert states(drifted)[f"input {world.space}/data:1"] == "drifted"
    assert states(drifted)["run"] == "skipped"
    assert len(list(client.runs.list(f"{world.space}/exp"))) == 1
    (into / "inputs" / world.space / "data" / "1" / "n.txt").write_text("1 2 3")
    (into / "source" / "src" / "train.py").write_text("FACTOR = 3\n")
    (into / "requirements.lock").write_text("other==1\n")
    found = states(world.reproduce("--into", str(into), code=exits.CORRUPTED))
    assert (found["source"], found["environment"]) == ("drifted", "drifted")


def test_other_results_have_drifted(world: World, client: Client, tmp_path: Path) -> None:
    with client.run(f"{world.space}/exp", capture=False) as other:
        other.log_metric("sum", 12.0001)
    against = ["--against", other.uid]
    assert states(world.reproduce(*against, code=exits.CORRUPTED)) == {"metric sum": "drifted"}
    assert states(world.reproduce(*against, "--tolerance", "0.001")) == {"metrics": "done"}
    assert world.reproduce(*against, "--tolerance", "-1", code=exits.FAILURE)["code"] == "invalid"
    assert states(world.reproduce(*against, "--compare", "digest", code=exits.NOT_FOUND)) == {"digest": "missing"}
    out = tmp_path / "out"
    out.mkdir()
    (out / "model.txt").write_text("model 3")
    (out / "new.txt").write_text("")
    found = world.reproduce("--outputs", str(out), code=exits.CORRUPTED)
    assert [step["detail"] for step in found["steps"]] == ["another digest", "new"]


def test_what_is_missing_is_told(world: World, client: Client, tmp_path: Path) -> None:
    into, bare = tmp_path / "again", tmp_path / "bare"
    found = world.reproduce("--into", str(into), code=exits.NOT_FOUND)
    assert states(found)["source"] == "missing"
    assert "--repository" in next(step["detail"] for step in found["steps"] if step["name"] == "source")
    bare.mkdir()
    git(bare, "init", "-q")
    wrong = world.reproduce("--into", str(into), "--repository", str(bare), code=exits.NOT_FOUND)
    assert "has no commit" in str(wrong["steps"])
    assert not (into / "source").exists()
    world.reproduce("--into", str(into), "--repository", str(world.repository))
    assert world.reproduce("--into", str(world.repository), code=exits.CONFLICT)["code"] == "conflict"
    with pytest.raises(errors.NotFound, match="which run"):
        recipe(client.api, client.resolve(f"{world.space}/data:1"))


def test_a_foreign_input_is_taken_and_compared(world: World, tmp_path: Path) -> None:
    into, words = tmp_path / "again", ["--repository", str(world.repository)]
    found = world.reproduce("--into", str(into), *words, "--input", f"iris={world.iris}")
    assert states(found)["input iris"] == "done"
    assert (into / "inputs" / "foreign" / "iris").read_text() == "5.1"
    world.iris.write_text("5.2")
    other = world.reproduce("--into", str(into), "--input", f"iris={world.iris}", code=exits.CORRUPTED)
    assert states(other)["input iris"] == "drifted"
    none = world.reproduce("--into", str(into), "--input", "rose=x", code=exits.NOT_FOUND)
    assert states(none)["inputs"] == "missing"


def test_recorded_addresses_that_start_programs_are_not_cloned(tmp_path: Path) -> None:
    for address in ("ext::sh -c touch% /tmp/x", "/home/other/repo", "file:///etc", "--upload-pack=x", "-x@h:p"):
        step = rebuild(tmp_path / "source", {"commit": "a" * 40, "repository": address}, None, None)
        assert (step.state, "not cloned unasked" in step.detail) == ("missing", True), address
    kept = {"commit": "a" * 40, "dirty": True, "dirty_diff_digest": "0" * 64}
    assert rebuild(tmp_path / "source", kept, b"other", None).state == "drifted"
    assert rebuild(tmp_path / "source", kept, None, None).state == "missing"
    assert rebuild(tmp_path / "source", {"commit": "HEAD; x"}, None, "x").state == "missing"


def test_an_entry_point_is_found_below_the_source_only(tmp_path: Path) -> None:
    root = tmp_path / "source"
    (root / "src").mkdir(parents=True)
    (root / "src" / "train.py").touch()
    (tmp_path / "evil.py").touch()
    assert entry_point(root, "/home/somebody/repo/src/train.py") == root / "src" / "train.py"
    assert entry_point(root, "../evil.py") is None
    assert entry_point(root, str(tmp_path / "evil.py")) is None
    assert entry_point(root, "") is None

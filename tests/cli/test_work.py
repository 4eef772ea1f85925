"""The main job on the command line, against a real server."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.cli import exits
from strongroom.sdk import Client
from tests.sdk.server import CLI, Served, environment, make_token

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def run(served: Served, tmp_path: Path) -> Run:
    def run(*words: str, code: int = 0, env: dict[str, str] | None = None, stdin: str = "") -> Done:
        done = subprocess.run(  # noqa: S603 - our own program
            [*CLI, *words],
            env=served.env(tmp_path) if env is None else env,
            capture_output=True,
            text=True,
            check=False,
            input=stdin,
            cwd=tmp_path,
        )
        assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done

    return run


@pytest.fixture
def model(tmp_path: Path, space: str) -> Path:
    root = tmp_path / "model"
    (root / "sub").mkdir(parents=True)
    (root / "model.txt").write_text(space)
    (root / "sub" / "notes.txt").write_text("notes")
    return root


def test_push_promote_pull_roll_back(run: Run, space: str, model: Path, tmp_path: Path) -> None:
    name = f"{space}/churn"
    pushed = json.loads(
        run("push", str(model), name, "--alias", "champion", "--tag", "a=b", "--prop", "x=1", "--json").stdout
    )
    assert (pushed["number"], pushed["properties"]) == (1, {"x": 1})
    (model / "model.txt").write_text(f"{space} better")
    assert run("push", str(model), name).stdout.startswith(f"{name}:2  2 files")
    assert run("diff", f"{name}:1", f"{name}:2").stdout == "~ model.txt\n"
    alias = json.loads(run("alias", "set", name, "champion", "2", "--json").stdout)
    lost = run(
        "alias", "set", f"{name}:1", "champion", "--expect", str(alias["etag"] - 1), "--json", code=exits.CONFLICT
    )
    assert (lost.stdout, json.loads(lost.stderr)["code"]) == ("", "precondition_failed")
    done = json.loads(run("pull", f"{name}@champion", str(tmp_path / "out"), "--json").stdout)
    assert (done["files"], done["version"]["number"]) == (2, 2)
    assert (tmp_path / "out" / "model.txt").read_text() == f"{space} better"
    assert run("cat", f"{name}:1", "model.txt").stdout == space
    assert run("alias", "rollback", name, "champion").stdout.startswith("champion -> 1")
    at = json.loads(run("alias", "at", name, "champion", alias["valid_from"], "--json").stdout)
    assert at[0]["version"] == 2
    assert [one["version"] for one in json.loads(run("alias", "history", name, "--json").stdout)] == [1, 2, 1]
    assert run("stage", "set", f"{name}:1", "development").stdout == f"{name}:1 at development\n"
    assert json.loads(run("resolve", f"{name}@champion", "--json").stdout)["number"] == 1


def test_what_is_there_is_listed(run: Run, space: str, model: Path) -> None:
    run("push", str(model), f"{space}/m")
    assert f"{space}/m\tmodel" in run("ls", f"{space}/").stdout
    assert run("ls", f"{space}/m").stdout.splitlines()[1].startswith("1\t")
    assert [line.split("\t")[0] for line in run("ls", f"{space}/m:1").stdout.splitlines()] == [
        "path",
        "model.txt",
        "sub/",
    ]
    assert len(json.loads(run("ls", f"{space}/m:1", "-r", "--json").stdout)) == 2
    assert "Nothing." in run("ls", "nowhere-at-all/").stderr


def test_generated_commands_take_references_and_json(run: Run, space: str, model: Path) -> None:
    run("push", str(model), f"{space}/m")
    assert json.loads(run("asset", "get", f"{space}/m", "--json").stdout)["path"] == f"{space}/m"
    run("tag", "set", "asset", f"{space}/m", "--tags", '{"team": "risk"}')
    assert json.loads(run("tag", "list", "asset", f"{space}/m", "--json").stdout) == [{"key": "team", "value": "risk"}]
    page = json.loads(run("version", "list", f"{space}/m", "--page-size", "1", "--json").stdout)
    assert [one["number"] for one in page["items"]] == [1]
    etag = json.loads(run("asset", "get", f"{space}/m", "--json").stdout)["etag"]
    run("asset", "update", f"{space}/m", "--description", "x", "--etag", str(etag))
    run("asset", "update", f"{space}/m", "--description", "y", "--etag", str(etag), code=exits.CONFLICT)
    assert run("file", "get", f"{space}/m:1", "sub/notes.txt").stdout == "notes"
    run("tag", "set", "asset", f"{space}/m", "--tags", "{nonsense", code=exits.FAILURE)
    run("version", "delete", f"{space}/m:1")
    run("resolve", f"{space}/m:7", code=exits.NOT_FOUND)


def test_a_file_of_runs_is_loaded_and_a_console_shown(run: Run, client: Client, space: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_text('{"run": "a", "points": [{"key": "loss", "value": 0.5}], "end": "finished"}\n')
    assert "1 runs, 0 params, 1 points" in run("bulk", "load", str(file), "--experiment", f"{space}/bulk").stdout
    assert json.loads(run("bulk", "load", str(file), "--json").stdout) == {"runs": 1, "params": 0, "points": 1}
    with client.run(f"{space}/exp", capture=False) as one:
        one.write_console("first\nsecond")
    assert run("run", "console", one.uid).stdout.splitlines() == ["first", "second"]
    assert run("run", "console", one.uid, "--tail", "1", "--follow").stdout.splitlines() == ["second"]
    assert json.loads(run("run", "console", one.uid, "--tail", "1", "--json").stdout) == {"number": 1, "line": "second"}


def test_runs_and_lineage_are_shown(run: Run, client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with client.run(f"{space}/exp", name="first", params={"lr": 0.1}) as one:
        one.log_metric("loss", 0.5)
        one.log_metric("odd", float("nan"))
        one.log_dataset("iris", "sha256:1")
        one.log_file(tmp_path / "f", "out/f")
        one.register(f"{space}/m", "out")
    assert json.loads(run("run", "list", f"{space}/exp", "--param", "lr=0.1", "--json").stdout)[0]["uid"] == one.uid
    shown = run("run", "show", one.uid).stdout
    assert "lr = 0.1" in shown
    assert "loss\t0.5\t" in shown
    assert json.loads(run("run", "show", one.uid, "--json").stdout)["metrics"]["odd"]["last"] == "NaN"
    lines = run("lineage", f"{space}/m:1", "--direction", "up").stdout.splitlines()
    assert sorted(lines) == [
        "dataset iris --input--> training first",
        f"training first --registered--> model {space}/m:1",
    ]
    path = json.loads(run("lineage", "path", "run", one.uid, "version", f"{space}/m:1", "--json").stdout)
    assert (path["length"], path["paths"]) == (1, [[0, 1]])
    checked = run("lineage", "check", "--version-uid", f"{space}/m:1", "--named", "dataset_with_digest", "--json")
    assert json.loads(checked.stdout)["met"] is True
    flag = json.loads(
        run("flag", "set", "--kind", "version", "--uid", f"{space}/m:1", "--reason", "r", "--json").stdout
    )
    assert f'"{flag["uid"]}"' in run("lineage", "impact", "version", f"{space}/m:1", "--json").stdout
    assert "adapter" in run("edge", "types").stdout


def test_login_keeps_a_token_that_only_its_owner_reads(run: Run, served: Served, tmp_path: Path) -> None:
    home = {**environment(), "XDG_CONFIG_HOME": str(tmp_path / "home")}
    run("whoami", code=exits.USAGE, env=home)
    run("login", served.url, code=exits.DENIED, env=home, stdin="sr_nonsense\n")
    assert run("login", served.url, env=home, stdin=served.token + "\n").stdout == "boss in workspace default\n"
    saved = tmp_path / "home" / "strongroom" / "config.toml"
    assert os.stat(saved).st_mode & 0o777 == 0o600  # noqa: PTH116 - as the shell sees it
    assert "admin on server" in run("whoami", env=home).stdout
    assert json.loads(run("whoami", "--json", env=home).stdout)["principal"]["name"] == "boss"
    run("logout", env=home)
    run("whoami", code=exits.USAGE, env=home)


def test_denied_and_unreachable_have_codes_of_their_own(run: Run, served: Served, space: str, tmp_path: Path) -> None:
    nobody = make_token(served.data, f"nobody-{space}"[:60])
    env = {**served.env(tmp_path), "STRONGROOM_TOKEN": nobody}
    run("audit", "list", code=exits.DENIED, env=env)
    run("whoami", code=exits.DENIED, env={**env, "STRONGROOM_TOKEN": "sr_wrong"})
    run("whoami", "--url", "http://127.0.0.1:9", code=exits.UNAVAILABLE)
    run("push", "no-such-file", "x", code=exits.FAILURE)


def test_tokens_and_grants(run: Run, space: str, model: Path) -> None:
    run("push", str(model), f"{space}/m")
    run("principal", "create", "--kind", "service", "--name", f"bot-{space}"[:60])
    token = run("token", "issue", "--principal", f"bot-{space}"[:60], "--days", "1").stdout.splitlines()[-1]
    assert token.startswith("sr_")
    grant = json.loads(run("grant", "create", f"bot-{space}"[:60], "viewer", "--asset", f"{space}/m", "--json").stdout)
    assert (grant["level"], grant["role"]) == ("asset", "viewer")
    assert json.loads(run("grant", "revoke", grant["uid"], "--json").stdout)["valid_to"]

"""`strongroom plan` and `apply` against a real server: brought about, drifted, refused, pruned."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strongroom.cli import exits
from strongroom.cli.__main__ import main
from strongroom.sdk import Client
from strongroom.sdk.declared.plan import Step
from strongroom.sdk.errors import NotFound, PreconditionFailed
from tests.sdk.server import Served

Say = Callable[..., str]


@pytest.fixture
def say(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """The command line in this process; what it prints."""
    for name, value in served.env(tmp_path).items():
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0) -> str:
        capfd.readouterr()
        assert main(words) == code, (words, capfd.readouterr())
        shown = capfd.readouterr()
        return shown.out + shown.err

    return run


def declare(folder: Path, name: str, **said: Any) -> str:
    path = folder / "state.json"
    path.write_text(json.dumps({"strongroom": 1, "declaration": f"ops/{name}", **said}))
    return str(path)


def model(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "scores", "tags": {"team": "risk", "new": None}, **more}


def test_everything_is_brought_about_once(say: Say, client: Client, tmp_path: Path) -> None:
    """ "declared state (...: assets, aliases, environments, ..., grants, webhooks) with ... idempotent apply"."""
    client.principals.create("robot-once")
    (tmp_path / "model.txt").write_text("1")
    client.push(tmp_path / "model.txt", "once/scored")
    hook = {"name": "once-chat", "url": "https://127.0.0.1/secret-path", "types": ["alias.*"], "state": "paused"}
    hook |= {"asset": "once/new", "kind": "dataset"}
    window = {"start": "2031-01-01T00:00:00Z", "end": "2031-01-02T00:00:00Z"}
    file = declare(
        tmp_path,
        "once",
        environments=[
            {"name": "once-b", "after": ["once-a"], "freezes": [window]},
            {"name": "once-a", "keep": 2, "restricted": True},
        ],
        assets=[
            model("once/new", properties={"limit": 1.5}, retention={"last": 5}, gated="manual", kind="dataset"),
            model("once/scored", aliases=[{"name": "champion", "version": 1, "protected": True}]),
        ],
        grants=[
            {"principal": "robot-once", "role": "contributor", "environment": "once-a"},
            {"principal": "robot-once", "role": "viewer", "asset": "once/new", "kind": "dataset"},
            {"principal": "robot-once", "role": "viewer", "namespace": "once"},
        ],
        webhooks=[hook],
    )
    shown = say("plan", file, "--detailed-exitcode", code=2)
    assert "+ environment once-a" in shown
    assert shown.index("environment once-a") < shown.index("environment once-b")
    assert "secret-path" not in shown
    secrets = tmp_path / "secrets"
    say("apply", file, "--secrets", str(secrets))
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert json.loads(secrets.read_text())["secret"].startswith("whsec_")
    assert "Nothing to do." in say("plan", file, "--detailed-exitcode")
    head = client.call("audit.list", page_size=1)["items"][0]["uid"]
    assert "Nothing to do." in say("apply", file)
    written = client.call("audit.list", page_size=20)["items"]
    since = [one["action"] for one in written[: [one["uid"] for one in written].index(head)]]
    assert set(since) <= {"grant.list", "audit.list", "audit.read"}
    assert client.aliases.get("once/scored", "champion").protected
    made = client.assets.get("once/new", "dataset")
    assert (made.gated, made.properties) == ("manual", {"limit": 1.5})
    assert {tag.key: tag.value for tag in made.tags} == {"team": "risk", "new": None}


def test_drift_is_shown_and_put_right(say: Say, client: Client, tmp_path: Path) -> None:
    """ "with drift shown": old -> new of each member, and who else's change it was."""
    file = declare(tmp_path, "drift", assets=[model("drift/one")], environments=[{"name": "drift-e", "keep": 2}])
    say("apply", file)
    client.call("environment.update", name="drift-e", keep=9)
    client.labels.set_tags("drift/one", {"team": "other", "mine": "stays"})
    declare(
        tmp_path, "drift", assets=[model("drift/one", description="new")], environments=[{"name": "drift-e", "keep": 2}]
    )
    shown = say("plan", file)
    assert "    keep: 9 -> 2  (drift: applied before, changed since)" in shown
    assert '    tags.team: "other" -> "risk"  (drift' in shown
    assert '    description: "scores" -> "new"\n' in shown
    assert "mine" not in shown
    say("apply", file)
    assert client.labels.tags("drift/one") == {"team": "risk", "new": None, "mine": "stays"}
    declare(tmp_path, "drift", assets=[{"name": "drift/one"}], environments=[{"name": "drift-e", "keep": 2}])
    say("apply", file)
    assert client.labels.tags("drift/one") == {"mine": "stays"}


def test_a_change_in_between_is_refused(client: Client, tmp_path: Path) -> None:
    """ "apply uses etags of the plan so that a change in between is refused": and applying again goes on."""
    file = declare(tmp_path, "between", assets=[model("between/a"), model("between/b")])
    client.declared.apply([file])
    declare(tmp_path, "between", assets=[model("between/a", description="x"), model("between/b", tags={"team": "y"})])
    done: list[str] = []

    def meddle(step: Step) -> None:
        done.append(step.object.title)
        client.assets.update("between/b", description="somebody")

    with pytest.raises(PreconditionFailed) as caught:
        client.declared.apply([file], told=meddle)
    assert caught.value.details["object"] == "model between/b"
    assert done == ["model between/a"]
    client.declared.apply([file])
    assert client.declared.plan([file]).steps == ()


def test_another_plan_than_the_one_looked_at_is_refused(say: Say, client: Client, tmp_path: Path) -> None:
    file = declare(tmp_path, "looked", assets=[model("looked/one")])
    digest = json.loads(say("plan", file, "--json"))["digest"]
    client.assets.create("looked/one")
    assert "not the one that was looked at" in say("apply", file, "--expect", digest, code=exits.CONFLICT)
    say("apply", file, "--expect", json.loads(say("plan", file, "--json"))["digest"])


def test_only_what_this_declaration_applied_is_pruned(say: Say, client: Client, tmp_path: Path) -> None:
    """ "never deletes unless `--prune` and only what was declared by the same name before"."""
    client.principals.create("robot-prune")
    client.assets.create("prune/foreign")
    (tmp_path / "model.txt").write_text("1")
    client.push(tmp_path / "model.txt", "prune/ours")
    grant = {"principal": "robot-prune", "role": "viewer"}
    hook = {"name": "prune-hook", "url": "https://127.0.0.1/x"}
    ours = model("prune/ours", aliases=[{"name": "champion", "version": 1, "protected": True}])
    said = {
        "environments": [{"name": "prune-e"}],
        "assets": [ours],
        "grants": [grant],
        "webhooks": [hook],
    }
    file = declare(tmp_path, "prune", **said)
    say("apply", file)
    declare(tmp_path, "prune")
    assert "prune/ours is not declared any more" in say("plan", file, "--detailed-exitcode")
    say("apply", file)
    assert client.assets.get("prune/ours").deleted_at is None
    shown = say("plan", file, "--prune", "--detailed-exitcode", code=2)
    assert [line[2:] for line in shown.splitlines() if line.startswith("- ")] == [
        "webhook prune-hook",
        "grant to principal robot-prune on workspace",
        "alias champion of model prune/ours",
        "model prune/ours",
        "environment prune-e",
    ]
    say("apply", file, "--prune")
    with pytest.raises(NotFound):
        client.assets.get("prune/ours")
    assert client.assets.get("prune/foreign").deleted_at is None
    assert "Nothing to do" in say("apply", file, "--prune")


def test_a_role_is_the_one_role_of_its_subject(client: Client, tmp_path: Path) -> None:
    uid = client.principals.create("robot-role").uid
    for role in ("admin", "viewer"):
        client.grants.create("robot-role", role)
    file = declare(tmp_path, "role", grants=[{"principal": "robot-role", "role": "contributor"}])
    (step,) = client.declared.plan([file]).steps
    assert (step.differences[0].old, step.differences[0].new) == ("admin, viewer", "contributor")
    client.declared.apply([file])
    assert [one.role for one in client.grants.list(subject=uid)] == ["contributor"]


def test_what_cannot_be_is_told_before_anything_is_done(say: Say, client: Client, tmp_path: Path) -> None:
    client.assets.create("cannot/old")
    client.assets.rename("cannot/old", "cannot/new")
    file = declare(
        tmp_path,
        "cannot",
        assets=[model("cannot/old"), model("cannot/fresh", aliases=[{"name": "champion", "version": 3}])],
        grants=[{"principal": "boss", "role": "viewer", "environment": "nowhere"}],
    )
    shown = say("plan", file, "--detailed-exitcode", code=1)
    assert "was renamed to cannot/new" in shown
    assert "has no version 3" in shown
    assert "There is no environment nowhere" in shown
    say("apply", file, code=exits.FAILURE)
    with pytest.raises(NotFound):
        client.assets.get("cannot/fresh")


def test_an_alias_that_is_not_there_yet_is_waited_for(say: Say, client: Client, tmp_path: Path) -> None:
    marked = model("wait/one", aliases=[{"name": "champion", "protected": True}])
    file = declare(tmp_path, "wait", assets=[marked])
    assert "its mark is set once it is there" in say("apply", file)
    (tmp_path / "model.txt").write_text("1")
    client.push(tmp_path / "model.txt", "wait/one", aliases=["champion"])
    say("apply", file)
    assert client.aliases.get("wait/one", "champion").protected
    assert "Nothing to do" in say("apply", file)


def test_who_may_not_is_refused_by_the_server(served: Served, client: Client, tmp_path: Path) -> None:
    """ "so permissions ... hold by themselves": the client decides nothing."""
    uid = client.principals.create("robot-may").uid
    client.grants.create("robot-may", "viewer")
    token = client.tokens.issue(principal=uid).token
    file = tmp_path / "bare.json"
    file.write_text(json.dumps({"strongroom": 1, "assets": [model("may/one")]}))
    with Client(served.url, token) as other:
        assert [one.action for one in other.declared.plan([file]).steps] == ["create"]
        with pytest.raises(Exception, match="need"):
            other.declared.apply([file])


def test_policies_are_in_force_before_what_they_stand_before(say: Say, client: Client, tmp_path: Path) -> None:
    """ "declared state (...: ..., policies, ...)": the gate of this file holds for the alias of this file."""
    rule = {
        "id": "never",
        "expression": "version.number > 9",
        "message": "too early",
        "applies": {"assets": ["gate/*"]},
    }
    policy = {"policy": 1, "name": "declared-gate", "rules": [rule]}
    (tmp_path / "gate.json").write_text(json.dumps(policy))
    (tmp_path / "model.txt").write_text("1")
    version = client.push(tmp_path / "model.txt", "gate/one", aliases=["live"])
    client.aliases.protect("gate/one", "live")
    client.push(tmp_path / "model.txt", "gate/one")
    moved = model("gate/one", aliases=[{"name": "live", "version": 2}])
    file = declare(tmp_path, "gate", policies=[{"file": "gate.json"}], assets=[moved])
    assert say("plan", file).startswith("+ policy declared-gate")
    assert "too early" in say("apply", file, code=exits.CONFLICT)
    assert client.aliases.get("gate/one", "live").version_uid == version.uid
    declare(
        tmp_path, "gate", policies=[{**policy, "rules": [{**rule, "expression": "version.number > 1"}]}], assets=[moved]
    )
    say("apply", file)
    assert "Nothing to do" in say("apply", file)
    assert client.aliases.get("gate/one", "live").version == 2
    declare(tmp_path, "gate")
    assert "- policy declared-gate" in say("apply", file, "--prune")
    declare(tmp_path, "gate", policies=[policy])
    say("apply", file)
    assert "Nothing to do" in say("plan", file, "--detailed-exitcode")

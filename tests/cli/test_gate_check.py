"""`strongroom gate check`, the GitHub Action and the GitLab component, against a real server with a real policy."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from strongroom.cli import exits, gate_rules
from strongroom.cli.__main__ import main
from strongroom.sdk import Client
from tests.sdk.server import Served

Say = Callable[..., str]
ROOT = Path(__file__).parents[2] / "integrations"
ACTION, COMPONENT = ROOT / "github-action" / "action.yml", ROOT / "gitlab" / "templates" / "gate-check.yml"
#: What somebody may call a thing, and a shell must not obey.
HOSTILE = "$(touch pwned)`touch pwned`; touch pwned #"


@pytest.fixture(scope="module")
def gated(served: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A version that may pass once it bears the tag `checked`."""
    file = tmp_path_factory.mktemp("gated") / "model.txt"
    file.write_text("1")
    rule = {
        "id": "checked",
        "expression": "version.tags.exists(tag, tag.key == 'checked')",
        "message": "It is not checked: <b>&\u0007",
        "applies": {"assets": ["gated/*"], "targets": ["gate-env", "champion", "staging"]},
    }
    with served.client() as client:
        client.call("environment.create", name="gate-env")
        client.push(file, "gated/one")
        client.push(file, "gated/good", tags={"checked": None})
        client.call("policy.apply", document={"policy": 1, "name": "gate-check", "rules": [rule]})
    return "gated/one:1"


@pytest.fixture
def say(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """The command line in this process; what it prints."""
    for name, value in served.env(tmp_path).items():
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0) -> str:
        capfd.readouterr()
        assert main(("gate", "check", *words)) == code, (words, capfd.readouterr())
        shown = capfd.readouterr()
        return shown.out + shown.err

    return run


@pytest.mark.parametrize("before", [("--env", "gate-env"), ("--stage", "staging"), ("--alias", "champion")])
def test_the_exit_code_says_whether_it_may_pass(say: Say, gated: str, before: tuple[str, str], tmp_path: Path) -> None:
    """ "`strongroom gate check REF --env prod --wait` with documented exit codes and a JUnit report"."""
    report = tmp_path / "gate.xml"
    assert "FAILED  gate-check / checked: It is not checked" in say(gated, *before, "--junit", str(report), code=1)
    (failure,) = ET.parse(report).getroot().iter("failure")  # noqa: S314 - our own document, read back
    assert str(failure.get("message")).startswith("It is not checked: <b>&")
    assert "passes" in say("gated/good", *before)


def test_wrong_usage_is_told_apart(say: Say, gated: str) -> None:
    assert "one of --env" in say(gated, code=2)
    assert "one of --env" in say(gated, "--env", "a", "--alias", "b", code=2)
    assert "--wait takes" in say(gated, "--env", "gate-env", "--wait", "-1", code=2)
    say("gated/none", "--env", "gate-env", code=2)
    assert "no such environment" in say(gated, "--env", "gate-evn", code=2)
    assert "'stagnig' is not a stage of this workspace" in say(gated, "--stage", "stagnig", code=2)


def test_waiting_ends_with_the_approval_or_in_vain(
    say: Say, client: Client, gated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "--wait": asked again until it may pass; 3 when the time is up."""
    monkeypatch.setattr(gate_rules, "_FIRST_PAUSE", 0.05)
    say(gated, "--env", "gate-env", "--wait", "1", code=3)
    later = threading.Timer(0.3, client.labels.set_tags, ["gated/one:1", {"checked": None}])
    later.start()
    assert "passes" in say(gated, "--env", "gate-env", "--wait", "60")
    later.join()
    client.labels.remove_tags("gated/one:1", "checked")


def shell(script: str, folder: Path, served: Served, more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A script as those systems run it, with `strongroom` on the path."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    command = tools / "strongroom"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m strongroom.cli "$@"\n')
    command.chmod(0o755)
    environment = {**served.env(folder), **more, "PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)  # noqa: S603, S607, PLW1510 - our own scripts; the code is looked at


def filled(value: str, inputs: Mapping[str, str]) -> str:
    """GitHub's expressions, those that the action uses."""
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)


def action(served: Served, folder: Path, **given: str) -> tuple[int, dict[str, str], str]:
    """The action's last step with its inputs: exit code, outputs, summary."""
    document = yaml.safe_load(ACTION.read_text())
    inputs = {name: given.get(name, one.get("default", "")) for name, one in document["inputs"].items()}
    step = document["runs"]["steps"][-1]
    output, summary = folder / "output", folder / "summary"
    output.touch()
    more = {name: filled(value, inputs) for name, value in step["env"].items()}
    more |= {
        "GITHUB_ACTION_PATH": str(ACTION.parent),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    done = shell(step["run"], folder, served, more)
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return done.returncode, outputs, summary.read_text()


def test_the_github_action_runs_as_github_runs_it(served: Served, gated: str, tmp_path: Path) -> None:
    """ "a GitHub Action ... in the repo, exercised as far as that can be done locally"."""
    code, outputs, summary = action(served, tmp_path, reference=gated, environment="gate-env", token=served.token)
    assert (code, outputs) == (1, {"passed": "false", "junit": "strongroom-gate.xml"})
    assert "    FAILED  gate-check / checked" in summary
    assert (tmp_path / "strongroom-gate.xml").is_file()
    code, outputs, _ = action(served, tmp_path, reference="gated/good", alias="champion", url=served.url)
    assert (code, outputs["passed"]) == (0, "true")


def test_inputs_are_never_run(served: Served, gated: str, tmp_path: Path) -> None:
    for name in ("reference", "environment", "wait", "junit"):
        code, *_ = action(served, tmp_path, **{"reference": gated, "environment": "gate-env", name: HOSTILE})
        assert code != 0
    assert component(served, tmp_path, reference=HOSTILE, environment=HOSTILE) != 0
    assert component(served, tmp_path, reference="--help", environment="gate-env") == exits.USAGE
    assert not (tmp_path / "pwned").exists()


def test_the_action_has_the_shape_that_github_asks_for() -> None:
    document = yaml.safe_load(ACTION.read_text())
    assert document["runs"]["using"] == "composite"
    for step in document["runs"]["steps"]:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        assert "uses" not in step
    used = set(re.findall(r"inputs\.([\w-]+)", ACTION.read_text()))
    assert used == set(document["inputs"])
    assert set(document["outputs"]) == {"passed", "junit"}
    for one in document["outputs"].values():
        assert one["value"].startswith("${{ steps.check.outputs.")


def parsed_component(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The component as GitLab fills it in: the second document, with the inputs of the first."""
    head, body = COMPONENT.read_text().split("\n---\n")
    spec = yaml.safe_load(head)["spec"]["inputs"]
    values = {name: inputs.get(name, one.get("default")) for name, one in spec.items()}
    assert set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", body)) == set(spec)

    def fill(value: Any) -> Any:  # noqa: ANN401 - YAML
        if isinstance(value, dict):
            return {fill(key): fill(one) for key, one in value.items()}
        if isinstance(value, list):
            return [fill(one) for one in value]
        if not isinstance(value, str):
            return value
        return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: str(values[found[1]]), value)

    filled_in: dict[str, Any] = fill(yaml.safe_load(body))
    return filled_in


def component(served: Served, folder: Path, **inputs: str) -> int:
    """The component's script; its exit code."""
    (job,) = parsed_component({"package": "", **inputs}).values()
    more = {name: str(one["value"]) for name, one in job["variables"].items()}
    return shell("\n".join(job["script"]), folder, served, {**more, "CI": "true", "GITLAB_CI": "true"}).returncode


def test_the_gitlab_component_runs_as_gitlab_runs_it(served: Served, gated: str, tmp_path: Path) -> None:
    """ "a GitLab component in the repo, exercised as far as that can be done locally"."""
    assert component(served, tmp_path, reference=gated, environment="gate-env") == 1
    (job,) = parsed_component({"reference": gated}).values()
    assert (tmp_path / job["artifacts"]["reports"]["junit"]).is_file()
    assert component(served, tmp_path, reference="gated/good", **{"version-stage": "staging"}) == 0
    assert all(one["expand"] is False for one in job["variables"].values())
    assert not any("$[[" in line for line in job["script"])

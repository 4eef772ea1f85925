"""Manifests and prompts on the command line."""

import json
from pathlib import Path

import pytest

from strongroom.cli import exits
from strongroom.sdk import Client, Prompt
from tests.cli.test_work import Run, run
from tests.sdk.server import environment

__all__ = ["run"]


@pytest.fixture
def prompt(client: Client, space: str) -> str:
    for text in ("Hello {{ name }},\n{{ n }} times", "Hello {{ name }},\n{{ n }} times more"):
        client.push_manifest(f"{space}/p", Prompt([("user", text)], {"n": "number"}, settings={"seed": 1}))
    return f"{space}/p"


def test_a_prompt_is_shown_rendered_and_compared(run: Run, prompt: str) -> None:
    assert json.loads(run("manifest", "show", prompt).stdout)["settings"] == {"seed": 1}
    assert json.loads(run("manifest", "get", prompt, "--json").stdout)["kind"] == "prompt"
    done = run("prompt", "render", f"{prompt}:1", "name=Ada=", "n=3")
    assert done.stdout == "[user]\nHello Ada=,\n3 times\n"
    told = json.loads(run("prompt", "render", f"{prompt}:2", "name=A", "n=0.5", "--json").stdout)
    assert told["messages"] == [{"role": "user", "content": "Hello A,\n0.5 times more"}]
    done = run("manifest", "diff", f"{prompt}:1", f"{prompt}:2")
    assert done.stdout == ("$.messages[0].content:\n   Hello {{ name }},\n  -{{ n }} times\n  +{{ n }} times more\n")


@pytest.mark.parametrize("words", [["name=Ada"], ["name=Ada", "n=x"], ["name=Ada", "n=1", "m=2"], ["name"]])
def test_wrong_variables_are_named(run: Run, prompt: str, words: list[str]) -> None:
    told = json.loads(run("prompt", "render", prompt, *words, "--json", code=exits.FAILURE).stderr)
    assert told["code"] in {"bad_variable", "invalid"}


def test_a_manifest_is_validated_without_a_server(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "strongroom.json"
    file.write_text('{"manifest": 1, "kind": "prompt", "template": "x"}')
    away = {**environment(), "STRONGROOM_URL": "http://127.0.0.1:9", "HOME": str(tmp_path)}
    for words in ([str(file)], [str(tmp_path)], [str(file), "--kind", "prompt"]):
        assert json.loads(run("manifest", "validate", *words, "--json", env=away).stdout)["kind"] == "prompt"
    told = json.loads(
        run("manifest", "validate", "/dev/stdin", "--json", env=away, code=exits.FAILURE, stdin="{").stderr
    )
    assert told["code"] == "bad_manifest"
    told = json.loads(
        run("manifest", "validate", str(file), "--kind", "agent", "--json", env=away, code=exits.FAILURE).stderr
    )
    assert told["path"] == "$.kind"
    run("manifest", "validate", str(tmp_path / "none"), "--json", env=away, code=exits.FAILURE)


def test_what_is_in_a_data_set_is_told(run: Run, client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(f"x,word\n1,{space}\n3,{space}\n")
    client.push(tmp_path / "train.csv", f"{space}/data", kind="dataset")
    told = run("dataset", "statistics", f"{space}/data", "--wait", "60").stdout.splitlines()
    assert told[0] == "train: 2 rows, 2 columns, 1 files"
    assert told[2].startswith("x\tint64\t0\t1\t3\t2.0\t2")
    assert json.loads(run("dataset", "statistics", f"{space}/data", "--json").stdout)["state"] == "ready"


MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.11.7}
  sklearn: {sklearn_version: 1.9.1}
saved_input_example_info: {artifact_path: input_example.json}
signature:
  inputs: '[{"type": "double", "name": "a"}, {"type": "long", "name": "b", "required": false}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'
  params: '[{"type": "double", "name": "t", "default": 0.5}]'
"""


def test_how_a_model_is_packaged_is_told(run: Run, client: Client, space: str, tmp_path: Path) -> None:
    """ "`strongroom version show` prints flavor, signature, requirements, input example well"."""
    (tmp_path / "MLmodel").write_text(MLMODEL)
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6\n# a comment\n")
    (tmp_path / "w.bin").write_text(space)
    first = client.push(tmp_path, f"{space}/packaged")
    told = run("version", "show", f"{space}/packaged:1").stdout
    for line in (
        "flavors: python_function, sklearn 1.9.1",
        "python: 3.11.7",
        "input example: input_example.json",
        "requirement files: requirements.txt",
        "requirements:\n  numpy==2.4.6",
        "inputs:\n  a: double\n  b: long, optional",
        "outputs:\n  float32 tensor (-1, 2)",
        "params:\n  t: double = 0.5",
    ):
        assert line in told, line
    assert json.loads(run("version", "get", first.uid, "--json").stdout)["packaging"]["flavor"] == "sklearn"
    assert json.loads(run("version", "packaging", f"{space}/packaged", "--json").stdout)["state"] == "ready"
    (tmp_path / "MLmodel").write_text(MLMODEL.replace("3.11.7", "3.12.1"))
    client.push(tmp_path, f"{space}/packaged")
    done = run("diff", f"{space}/packaged:1", f"{space}/packaged:2").stdout
    assert '$.python_version: "3.11.7" -> "3.12.1"' in done
    (tmp_path / "MLmodel").write_text("flavors: [")
    client.push(tmp_path, f"{space}/packaged")
    assert "packaging: unreadable: it is no YAML" in run("version", "show", f"{space}/packaged").stdout
    found = run("version", "search", f"flavor = 'sklearn' AND name = 'packaged' AND namespace = '{space}'", "--json")
    assert sorted(one["number"] for one in json.loads(found.stdout)) == [1, 2]


def test_a_manifest_and_statistics_stand_in_short_in_a_version(run: Run, client: Client, prompt: str) -> None:
    told = json.loads(run("version", "show", prompt, "--json").stdout)
    assert told["manifest"] == {"kind": "prompt", "digest": client.manifests.get(prompt).digest, "members": 0}
    assert (told["packaging"], told["statistics"]) == (None, None)
    assert "(0 members)" in run("version", "show", prompt).stdout

"""Searches in the filter language, through the client and on the command line."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from tests.sdk.server import CLI, Served


@pytest.fixture
def three(client: Client, space: str, tmp_path: Path) -> list[str]:
    """Three versions; the names of their assets."""
    file = tmp_path / "model.txt"
    names = []
    for number in range(3):
        file.write_text(f"{space} {number}")
        name = f"{space}/churn-{number}"
        made = client.push(file, name, aliases=["champion"] if number else [], properties={"f1": number / 2})
        client.labels.set_tags(made, {"team": space})
        names.append(name)
    return names


def test_versions_are_found_and_ordered(client: Client, space: str, three: list[str]) -> None:
    mine = f"tags.team = '{space}'"

    def found(what: str, **more: object) -> list[str]:
        return [version.asset for version in client.find("versions", what, **more)]  # type: ignore[arg-type]

    assert found(mine) == three[::-1]
    assert found(f"{mine} AND alias = 'champion'", order_by=["properties.f1"]) == three[1:]
    assert found(f"{mine} AND properties.f1 BETWEEN 0.4 AND 0.6") == [three[1]]
    assert found(f"{mine} AND name MATCHES '-[02]$'", order_by=["name"]) == [three[0], three[2]]
    assert found(mine, at=datetime(2020, 1, 1, tzinfo=UTC)) == []
    written = f"text CONTAINS 'churn 1' AND namespace = '{space}'"
    assert [one.path for one in client.find("assets", written)] == [three[1]]
    with pytest.raises(errors.Invalid) as refused:
        list(client.find("versions", "tags.team =="))
    assert refused.value.details["position"] == 10 + 1
    with pytest.raises(errors.Invalid, match="Search for"):
        list(client.find("models"))


def test_runs_are_found_and_ordered(client: Client, space: str) -> None:
    for number in range(4):
        with client.run(f"{space}/base", name=f"r{number}") as run:
            run.log_metric("auc", number / 4)
            run.log_param("depth", number)
    mine = [f"{space}/base"]
    found = client.runs.search("metrics.auc > 0", order_by=["metrics.auc DESC"], experiments=mine)
    assert [run.name for run in found] == ["r3", "r2", "r1"]
    assert [run.name for run in client.runs.search("params.depth = 2", experiments=mine)] == ["r2"]
    assert [one.path for one in client.find("experiments", f"namespace = '{space}'")] == [f"{space}/base"]


def test_logged_models_are_found_by_what_was_measured_on_a_data_set(client: Client, space: str) -> None:
    """Logged models and runs "by any metric", the data set included."""
    for number in range(3):
        with client.run(f"{space}/base", name=f"r{number}") as run:
            made = client.logged_models.create(f"{space}/base", f"m{number}", run=run, params={"depth": number})
            run.log_dataset(f"holdout-{space}", f"d{number % 2}")
            for dataset, auc in (("holdout", number / 4), ("train", 1.0)):
                client.logged_models.measure(made, {"auc": auc}, dataset=dataset, run=run)
    mine = [f"{space}/base"]

    def found(what: str, *order: str) -> list[str]:
        return [one.name for one in client.logged_models.search(what, order_by=order, experiments=mine)]

    assert found("metrics.auc ON 'holdout' > 0.2", "metrics.auc ON 'holdout'") == ["m1", "m2"]
    assert found("metrics.auc > 0.9 AND params.depth < 2", "name") == ["m0", "m1"]
    assert found("metrics.auc ON ('holdout', 'x') IS NOT NULL") == []
    assert found("dataset.name = 'train' AND status = 'pending'") == ["m2", "m1", "m0"]
    runs = client.runs.search(f"dataset.name = 'holdout-{space}' AND dataset.digest = 'd0'", experiments=mine)
    assert [run.name for run in runs] == ["r2", "r0"]
    assert [one.name for one in client.find("logged_models", f"experiment = 'base' AND namespace = '{space}'")] == [
        "m2", "m1", "m0"
    ]  # fmt: skip
    for wrong in ("max(metrics.auc) > 1", "dataset.name MATCHES 'x'", "dataset.nothing = 'x'", "text CONTAINS 'x'"):
        with pytest.raises(errors.Invalid):
            found(wrong)


def test_the_command_line_searches(served: Served, space: str, three: list[str], tmp_path: Path) -> None:
    def search(*words: str) -> list[dict[str, object]]:
        done = subprocess.run(  # noqa: S603 - our own program
            [*CLI, *words, "--json"], env=served.env(tmp_path), capture_output=True, text=True, check=True, cwd=tmp_path
        )
        found: list[dict[str, object]] = json.loads(done.stdout)
        return found

    mine = f"tags.team = '{space}'"
    found = search("version", "search", mine, "--order-by", "properties.f1 DESC", "--limit", "2")
    assert [one["asset"] for one in found] == [three[2], three[1]]
    assert search("version", "search", mine, "--at", "2020-01-01T00:00:00Z") == []
    assert len(search("asset", "search", f"text CONTAINS 'churn' AND namespace = '{space}'")) == 3

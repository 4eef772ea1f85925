"""Logged models through the SDK against a real server: the daily use of docs/runs.md."""

import math
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "weights").write_bytes(b"w" * 100_000)
    (tmp_path / "m" / "config.json").write_text("{}")
    return tmp_path / "m"


def test_a_model_is_logged_measured_and_registered(client: Client, space: str, files: Path) -> None:
    with client.run(f"{space}/exp", name="training", capture=False) as run:
        model = run.log_model(files, "forest", type="sklearn", step=5, params={"depth": 3}, tags={"t": "1"})
    assert (model.status, model.run_uid, model.params) == ("ready", run.uid, {"depth": "3"})
    assert [entry.path for entry in client.logged_models.files(model)] == ["config.json", "weights"]
    with client.run(f"{space}/exp", name="evaluation", capture=False) as evaluation:
        evaluation.log_input_model(model, step=1)
        said = {"auc": 0.9, "loss": math.nan}
        client.logged_models.measure(model, said, run=evaluation, dataset="d", dataset_digest="1", step=2)
    seen = client.logged_models.get(model.uid)
    measured = {one.key: one for one in seen.metrics}
    assert (measured["auc"].value, measured["auc"].dataset_digest, measured["auc"].run_uid) == (
        0.9,
        "1",
        evaluation.uid,
    )
    assert math.isnan(measured["loss"].value)
    assert [(one.step, one.value) for one in client.logged_models.points(model, "auc")] == [(2, 0.9)]
    version = client.register(f"{space}/churn", logged_model=model)
    other = client.register(f"{space}/other", logged_model=model.uid, path="weights")
    assert (version.files, other.files, version.run_uid) == (2, 1, run.uid)
    assert client.read_bytes(version, "weights") == b"w" * 100_000
    up = client.lineage(version, direction="up")
    assert [vertex.label for vertex in up.vertices] == [f"{space}/churn:1", "forest", "training"]
    down = client.lineage(seen, direction="down")
    assert {vertex.label for vertex in down.vertices} == {
        "forest", f"{space}/churn:1", f"{space}/other:1", "evaluation",
    }  # fmt: skip


def test_step_by_step(client: Client, space: str, files: Path) -> None:
    client.runs.experiment(f"{space}/exp", create=True)
    model = client.logged_models.create(f"{space}/exp", "late")
    (files / "weights").write_bytes(b"v" * 100_000)
    assert client.logged_models.send(model, files / "weights", "sub") == 100_000
    client.logged_models.log(model, params={"a": 1}, tags={"x": None})
    assert [tag.key for tag in client.logged_models.get(model.uid).tags] == ["x"]
    assert client.logged_models.untag(model, ["x"]).tags == []
    assert client.logged_models.finalise(model, "failed").status == "failed"
    assert [one.uid for one in client.logged_models.list(f"{space}/exp", status="failed")] == [model.uid]
    client.logged_models.delete(model)
    assert list(client.logged_models.list(f"{space}/exp")) == []
    with pytest.raises(errors.Conflict):
        client.logged_models.log(model, params={"b": 1})
    assert client.logged_models.restore(model.uid).deleted_at is None


def test_a_version_needs_a_source(client: Client, space: str) -> None:
    client.assets.create(f"{space}/none")
    with pytest.raises(errors.Invalid):
        client.register(f"{space}/none")

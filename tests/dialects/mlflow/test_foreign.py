"""Ids of another MLflow in messages, and ours in their place: pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.dialects.mlflow.translate.foreign import ids_in, with_ids
from strongroom.dialects.mlflow.wire import artifacts, registry, runs

OLD, OURS = "a" * 32, "b" * 32


@pytest.mark.parametrize(
    ("source", "id_", "there"),
    [
        (f"runs:/{OLD}/model/x", ("run", OLD), f"runs:/{OURS}/model/x"),
        (f"models:/m-{OLD}", ("logged_model", f"m-{OLD}"), f"models:/{OURS}"),
        (f"mlflow-artifacts:/1/{OLD}/artifacts/a/b", ("run", OLD), f"mlflow-artifacts:/1/{OURS}/artifacts/a/b"),
        (
            f"mlflow-artifacts:/1/models/m-{OLD}/artifacts",
            ("logged_model", f"m-{OLD}"),
            f"mlflow-artifacts:/1/models/{OURS}/artifacts",
        ),
        ("models:/churn/1", None, "models:/churn/1"),
        ("s3://bucket/key", None, "s3://bucket/key"),
    ],
)
def test_addresses_hold_ids(source: str, id_: tuple[str, str] | None, there: str) -> None:
    message = registry.CreateVersion(name="churn", source=source)
    assert ids_in(message) == ([id_] if id_ else [])
    assert with_ids(message, {id_: OURS} if id_ else {}) == registry.CreateVersion(name="churn", source=there)


def test_lists_and_fields_hold_ids_and_the_rest_stays() -> None:
    message = runs.SearchRuns(experiment_ids=["1", "2"], filter="x", max_results=5)
    assert ids_in(message) == [("experiment", "1"), ("experiment", "2")]
    changed = with_ids(message, {("experiment", "2"): OURS})
    assert changed == runs.SearchRuns(experiment_ids=["1", OURS], filter="x", max_results=5)


@given(st.text(max_size=600))
def test_any_text_is_looked_at_and_nothing_changes_that_is_not_known(text: str) -> None:
    for message in (artifacts.ArtifactPath(artifact_path=text), runs.ByRun(run_id=text)):
        ids_in(message)
        assert with_ids(message, {}) == message

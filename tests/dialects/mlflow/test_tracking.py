"""MLflow's own client records runs here: it is told the address and a token, and nothing else is changed."""

import math
import time
from typing import Any

import httpx
import pytest

from tests.dialects.mlflow.client import MlflowError, MlflowProcess
from tests.http.processes import ServerProcess


def test_a_script_sets_an_experiment_and_records_a_run(mlflow: MlflowProcess) -> None:
    """ "A team sets `MLFLOW_TRACKING_URI` to our address and changes nothing else"."""
    found = mlflow.run("""
        mlflow.set_experiment("first")
        with mlflow.start_run(run_name="one", tags={"team": "risk"}) as run:
            mlflow.log_param("depth", 3)
            mlflow.log_params({"lr": 0.1, "loss": "hinge"})
            mlflow.log_metric("auc", 0.5, step=1)
            mlflow.log_metric("auc", 0.75, step=2)
            mlflow.log_metrics({"low": -math.inf, "none": math.nan})
            mlflow.set_tag("mlflow.note.content", "why it was run")
        got = client.get_run(run.info.run_id)
        result = {
            "status": got.info.status, "name": got.info.run_name, "user": got.info.user_id,
            "metrics": {k: str(v) for k, v in got.data.metrics.items()},
            "params": got.data.params, "tags": got.data.tags, "uri": got.info.artifact_uri,
            "history": [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "auc")],
        }
    """)
    assert (found["status"], found["name"]) == ("FINISHED", "one")
    assert found["metrics"] == {"auc": "0.75", "low": "-inf", "none": "nan"}
    assert found["params"] == {"depth": "3", "lr": "0.1", "loss": "hinge"}
    assert found["history"] == [[1, 0.5], [2, 0.75]]
    assert found["tags"]["team"] == "risk"
    assert found["tags"]["mlflow.note.content"] == "why it was run"
    assert found["tags"]["mlflow.runName"] == "one"
    assert found["user"] == found["tags"]["mlflow.user"]
    assert found["uri"].startswith("mlflow-artifacts:/")


def test_what_it_records_is_a_run_of_ours(mlflow: MlflowProcess, server: ServerProcess, token: str) -> None:
    """ "what they write are first-class Strongroom assets: ... visible and searchable through the native API"."""
    run_id = mlflow.run("""
        mlflow.set_experiment("risk/churn")
        with mlflow.start_run(description="a note") as parent:
            with mlflow.start_run(nested=True) as child:
                mlflow.log_metric("auc", 0.9, step=7)
                mlflow.log_param("depth", 3)
        result = child.info.run_id
    """)
    with server.client(token) as native:
        experiment = native.get("/experiments/by-name", params={"namespace": "risk", "name": "churn"}).json()
        asked = {"filter": "metrics.auc > 0.8", "experiment_uids": [experiment["uid"]]}
        found = native.post("/search/runs", json=asked).json()["items"]
        assert [run["uid"].replace("-", "") for run in found] == [run_id]
        run = found[0]
        assert run["params"] == {"depth": "3"}
        assert run["metrics"]["auc"]["last_step"] == 7
        parent = native.get(f"/runs/{run['parent_uid']}").json()
        assert (parent["note"], parent["state"]) == ("a note", "finished")


def test_the_default_experiment_is_there_and_a_run_without_a_name_gets_one(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        before = client.get_experiment("0")
        run = client.create_run("0")
        got = client.get_run(run.info.run_id)
        by_name = client.get_experiment_by_name("Default")
        result = [before.experiment_id, before.name, got.info.experiment_id, got.info.run_name, by_name.experiment_id]
    """)
    assert found[:3] == ["0", "Default", "0"]
    assert found[3].count("-") == 2
    assert found[4] == "0"


def test_experiments_are_found_renamed_tagged_deleted_and_restored(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        id_ = client.create_experiment("/Users/ann/churn: second", tags={"a": "1", "mlflow.note.content": "note"})
        client.set_experiment_tag(id_, "long", "x" * 20000)
        client.rename_experiment(id_, "third try")
        client.delete_experiment_tag(id_, "a")
        client.delete_experiment(id_)
        deleted = client.get_experiment_by_name("third try")
        try:
            client.create_experiment("third try")
        except Exception as error:
            taken = error.error_code
        client.restore_experiment(id_)
        got = client.get_experiment(id_)
        result = [deleted.lifecycle_stage, taken, got.lifecycle_stage, got.name, sorted(got.tags)]
        result.append(len(got.tags["long"]))
    """)
    assert found == [
        "deleted",
        "RESOURCE_ALREADY_EXISTS",
        "active",
        "third try",
        ["long", "mlflow.note.content"],
        20_000,
    ]


def test_runs_are_changed_deleted_restored_and_written_after_their_end(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        id_ = client.create_run(client.create_experiment("states"), start_time=1700000000000).info.run_id
        client.set_terminated(id_, "FAILED", end_time=1700000001000)
        failed = client.get_run(id_).info
        client.log_metric(id_, "late", 1.0)
        client.log_param(id_, "p", "after the end")
        client.update_run(id_, status="FINISHED", name="renamed")
        finished = client.get_run(id_)
        client.delete_run(id_)
        deleted = client.get_run(id_).info.lifecycle_stage
        try:
            client.log_param(id_, "q", 1)
        except Exception as error:
            refused = error.error_code
        client.restore_run(id_)
        client.delete_tag(id_, client.set_tag(id_, "t", "v") or "t")
        result = [failed.status, failed.start_time, failed.end_time, finished.info.status, finished.info.run_name,
                  finished.data.metrics, finished.data.params, deleted, refused]
        result.append(client.get_run(id_).info.lifecycle_stage)
    """)
    assert found == [
        *("FAILED", 1_700_000_000_000, 1_700_000_001_000, "FINISHED", "renamed"),
        *({"late": 1.0}, {"p": "after the end"}, "deleted", "INVALID_PARAMETER_VALUE", "active"),
    ]


def test_a_param_is_written_once_and_the_same_value_again_is_fine(mlflow: MlflowProcess) -> None:
    mlflow.run("""
        run_id = client.create_run("0").info.run_id
        client.log_param(run_id, "depth", 3)
        client.log_param(run_id, "depth", 3)
    """)
    with pytest.raises(MlflowError) as refused:
        mlflow.run("client.log_param(run_id, 'depth', 4)")
    assert refused.value.code == "INVALID_PARAMETER_VALUE"


def test_a_missing_object_is_no_missing_endpoint_and_is_not_asked_for_again(mlflow: MlflowProcess) -> None:
    """3.2: "a 404 for a missing *resource* MUST be JSON with RESOURCE_DOES_NOT_EXIST"; retries would take minutes."""
    began = time.monotonic()
    for piece in (
        "client.get_run('0' * 32)",
        "client.get_experiment('f' * 32)",
        "client.get_experiment('12345')",
        "client.get_registered_model('nobody')",
        "client.get_model_version('nobody', 1)",
        "client.get_logged_model('m-' + '0' * 32)",
        "client.log_metric('0' * 32, 'm', 1)",
    ):
        assert mlflow.code_of(piece) == "RESOURCE_DOES_NOT_EXIST", piece
    assert mlflow.run("result = client.get_experiment_by_name('nobody')") is None
    assert mlflow.code_of("client.get_run('no such id!')") == "INVALID_PARAMETER_VALUE"
    assert time.monotonic() - began < 60


def test_a_batch_of_a_thousand_metrics_and_their_history_in_pages(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        from mlflow.entities import Metric
        run_id = client.create_run("0").info.run_id
        for start in (0, 1000, 2000):
            client.log_batch(run_id, [Metric("m", float(n), 1700000000000 + n, n) for n in range(start, start + 1000)])
        history = client.get_metric_history(run_id, "m")
        result = [len(history), [m.step for m in history] == list(range(3000)), history[-1].timestamp]
    """)
    assert found == [3_000, True, 1_700_000_002_999]
    assert math.isfinite(found[2])


def test_histories_of_several_runs_for_charts(mlflow: MlflowProcess, server: ServerProcess, token: str) -> None:
    """ "sampled history of 2,000 points (charts)"; 3.1: "always keeps first and last point"."""
    runs = mlflow.run("""
        from mlflow.entities import Metric
        ids = [client.create_run("0").info.run_id for _ in range(2)]
        for id_ in ids:
            for start in range(0, 3000, 1000):
                points = [Metric("m", float(n % 7), 1700000000000 + n, n) for n in range(start, start + 1000)]
                client.log_batch(id_, points)
        result = ids
    """)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{server.url}/ajax-api/2.0/mlflow/metrics", headers=headers) as client:
        asked = {"run_ids": runs, "metric_key": "m", "max_results": 100}
        found = client.get("/get-history-bulk-interval", params=asked).json()["metrics"]
        for run in runs:
            steps = [one["step"] for one in found if one["run_id"] == run]
            assert (steps[0], steps[-1]) == (0, 2_999)
            assert steps == sorted(steps)
            assert len(steps) <= 100
        some = client.get("/get-history-bulk-interval", params={**asked, "start_step": 5, "end_step": 9}).json()
        assert [one["step"] for one in some["metrics"]] == [5, 6, 7, 8, 9] * 2
        refused: list[dict[str, Any]] = [{"start_step": 5}, {"max_results": 3_000}, {"run_ids": []}]
        for bad in [*refused, {"run_ids": runs * 51}]:
            answer = client.get("/get-history-bulk-interval", params={**asked, **bad})
            assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
        bulk = client.get("/get-history-bulk", params={"run_id": runs, "metric_key": "m"}).json()["metrics"]
        assert len(bulk) == 6_000

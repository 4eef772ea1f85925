"""A version at risk, seen by MLflow's own client: no alias is set on it, gated or not."""

from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess, new_token
from tests.support.process import wait_until

RULE = {
    "id": "accurate",
    "message": "Accuracy is below 0.9.",
    "expression": "version.evaluations.exists(e, e.metric == 'accuracy' && e.value >= 0.9)",
    "applies": {"transitions": ["stage"], "targets": ["production"], "assets": ["at-risk"]},
}


def test_no_alias_is_set_on_a_version_at_risk(mlflow: MlflowProcess, server: ServerProcess) -> None:
    """ "the version becomes "at risk", its aliases freeze": for the unmodified client, which is told why, at once."""
    mlflow.run("""
client.create_registered_model("at-risk")
with mlflow.start_run() as run:
    mlflow.log_text("x", "model/x")
client.create_model_version("at-risk", f"runs:/{run.info.run_id}/model", run.info.run_id)
""")
    with server.client(new_token(server.data, "risk-admin")) as boss:
        assert boss.post("/policies", json={"document": {"policy": 1, "name": "risk", "rules": [RULE]}}).is_success
        version = boss.get("/resolve", params={"reference": "at-risk:1"}).json()["version"]["uid"]

        def measured(value: float) -> None:
            said = {"name": "nightly", "metrics": [{"name": "accuracy", "value": value}], "dataset_digest": "d" * 64}
            assert boss.post(f"/versions/{version}/evaluations", json=said).is_success

        measured(0.95)
        assert boss.put(f"/versions/{version}/stage", json={"stage": "production"}).is_success
        measured(0.5)
        wait_until(lambda: bool(boss.get("/risks").json()["items"]), what="the risk")
    told = mlflow.run("""
try:
    client.set_registered_model_alias("at-risk", "champion", "1")
except mlflow.exceptions.MlflowException as error:
    result = [error.error_code, str(error)]
""")
    assert told[0] == "INVALID_PARAMETER_VALUE"
    assert "at risk in stage 'production'; no alias is set on it: Accuracy is below 0.9." in told[1]

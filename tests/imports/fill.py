"""Fills an MLflow with what an import has to bring; runs in MLflow's own environment, against any kind of store.

Names and values here are what the tests expect.
"""

import json
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from sklearn.linear_model import LogisticRegression

STEPS = 2_500
X = np.arange(20, dtype=float).reshape(10, 2)
Y = np.array([0, 1] * 5)


def train(client: MlflowClient, found: dict[str, object]) -> None:
    """A run with a child, a data set, a long series, odd values, files, and a model that is registered."""
    experiment = client.create_experiment("risk/Ausfälle", tags={"team": "risk", "mlflow.note.content": "who defaults"})
    mlflow.set_experiment("risk/Ausfälle")
    with mlflow.start_run(run_name="Eltern 学习") as run:
        mlflow.log_params({"depth": 3, "lr": "0.1"})
        for step, value in enumerate([0.5, float("nan"), float("inf"), -2.0]):
            mlflow.log_metric("odd", value, step=step)
        points = [Metric("loss", 1 / (step + 1), 1_700_000_000_000 + step, step) for step in range(STEPS)]
        for start in range(0, STEPS, 1000):
            client.log_batch(run.info.run_id, points[start : start + 1000])
        mlflow.log_metric("group/auc", 0.9, step=1)
        mlflow.set_tags({"team": "risk", "mlflow.note.content": "the first"})
        data = mlflow.data.from_numpy(X, targets=Y, name="Kunden")
        mlflow.log_input(data, context="training")
        mlflow.log_text("weights", "files/weights.txt")
        mlflow.log_text("größe", "files/größe 1.txt")
        model = mlflow.sklearn.log_model(
            LogisticRegression().fit(X, Y), name="forest", registered_model_name="churn", input_example=X[:2]
        )
        mlflow.log_metric("auc", 0.8, step=2, model_id=model.model_id, dataset=data)
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("auc", 0.7)
    with mlflow.start_run(run_name="failed") as failed:
        pass
    client.set_terminated(failed.info.run_id, "FAILED")
    with mlflow.start_run(run_name="gone") as gone:
        mlflow.log_metric("auc", 0.1)
        mlflow.log_text("old", "model/old.txt")
    found.update(experiment=experiment, run=run.info.run_id, child=child.info.run_id, gone=gone.info.run_id)
    found.update(failed=failed.info.run_id, model=model.model_id)


def register(client: MlflowClient, found: dict[str, object]) -> None:
    """A second and a third version, the second deleted again; aliases, stages, tags; a version without files."""
    run = str(found["run"])
    client.update_registered_model("churn", "who will leave")
    client.set_registered_model_tag("churn", "team", "risk")
    client.create_model_version("churn", f"runs:/{run}/files", run, tags={"k": "v"}, description="second")
    client.create_model_version("churn", f"runs:/{found['gone']}/model", str(found["gone"]), run_link="https://ci/7")
    client.create_model_version("churn", "s3://elsewhere/model")
    client.delete_model_version("churn", "2")
    client.set_registered_model_alias("churn", "champion", "1")
    client.transition_model_version_stage("churn", "3", "Production")
    client.update_model_version("churn", "3", "from a deleted run")
    client.delete_run(str(found["gone"]))


def more(client: MlflowClient, found: dict[str, object]) -> None:
    """A deleted experiment, a running run, a run of the default experiment, names that are hard, prompts."""
    old = client.create_experiment("abgelegt")
    buried = client.create_run(old, run_name="buried")
    client.log_batch(buried.info.run_id, [Metric("m", 1.0, 1_700_000_000_000, 0)], [Param("p", "1")], [RunTag("t", "x")])
    client.set_terminated(buried.info.run_id)
    client.delete_experiment(old)
    default = client.create_run("0", run_name="in default", tags={"mlflow.user": "ann"})
    client.set_terminated(default.info.run_id, "KILLED")
    running = client.create_run("0", run_name="still going")
    client.log_metric(running.info.run_id, "m", 1.0, timestamp=1_700_000_000_000)
    odd = client.create_experiment("line\u2028break")
    mlflow.genai.register_prompt("greeting", "Hello {{ name }}, {not} ours", tags={"lang": "en"})
    mlflow.genai.register_prompt("greeting", [{"role": "system", "content": "Be {{ tone }}."}])
    client.set_prompt_alias("greeting", "live", 2)
    found.update(old=old, buried=buried.info.run_id, default=default.info.run_id)
    found.update(running=running.info.run_id, odd=odd)


def main() -> None:
    client = MlflowClient()
    found: dict[str, object] = {}
    train(client, found)
    register(client, found)
    more(client, found)
    with tempfile.TemporaryDirectory() as room:
        loaded = mlflow.sklearn.load_model("models:/churn@champion", dst_path=room)
    found["predicted"] = loaded.predict(X).tolist()
    Path(sys.argv[1]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()

"""What the tests put into an MLflow, as pieces that its own client runs; names and values are what they expect."""

STEPS = 2_500

TRAIN = """
import numpy as np
from mlflow.entities import Metric, Param, RunTag
from sklearn.linear_model import LogisticRegression

STEPS = 2_500
X = np.arange(20, dtype=float).reshape(10, 2)
Y = np.array([0, 1] * 5)
found = {}
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
    mlflow.log_metric("auc", 0.8, model_id=model.model_id, dataset=data)
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
"""
"""A run with a child, a data set, a long series, odd values, files, and a model that is registered."""

REGISTER = """
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
client.create_model_version("churn", f"runs:/{run}/files", run)
client.delete_model_version("churn", "5")
client.delete_run(str(found["gone"]))
"""
"""More versions, one of them deleted, one of a run that is deleted, one elsewhere; aliases, stages, tags."""

MORE = """
old = client.create_experiment("abgelegt")
buried = client.create_run(old, run_name="buried")
client.log_batch(
    buried.info.run_id, [Metric("m", 1.0, 1_700_000_000_000, 0)], [Param("p", "1")], [RunTag("t", "x")]
)
client.set_terminated(buried.info.run_id)
client.delete_experiment(old)
default = client.create_run("0", run_name="in default", tags={"mlflow.user": "ann"})
client.set_terminated(default.info.run_id, "KILLED")
running = client.create_run("0", run_name="still going")
client.log_metric(running.info.run_id, "m", 1.0, timestamp=1_700_000_000_000)
odd = client.create_experiment("line\\u2028break")
mlflow.genai.register_prompt("greeting", "Hello {{ name }}, {not} ours", tags={"lang": "en"})
mlflow.genai.register_prompt("greeting", [{"role": "system", "content": "Be {{ tone }}."}])
client.set_prompt_alias("greeting", "live", 2)
found.update(old=old, buried=buried.info.run_id, default=default.info.run_id)
found.update(running=running.info.run_id, odd=odd)
"""
"""A deleted experiment, a running run, runs of the default experiment, a name that we refuse, prompts."""

FILL = f"""
{TRAIN}
{REGISTER}
{MORE}
result = {{**found, "predicted": mlflow.sklearn.load_model("models:/churn@champion").predict(X).tolist()}}
"""

SAID = """
def artifacts(run_id, path=None):
    for one in client.list_artifacts(run_id, path):
        if one.is_dir:
            yield from artifacts(run_id, one.path)
        else:
            yield [one.path, one.file_size]

def used(run):
    return [
        [d.dataset.name, d.dataset.digest, d.dataset.source, d.dataset.schema, {t.key: t.value for t in d.tags}]
        for d in run.inputs.dataset_inputs
    ]

def history(run):
    return {
        key: sorted({(m.step, m.timestamp, str(max(min(m.value, 1.7976931348623157e308), -1.7976931348623157e308)))
                     for m in client.get_metric_history(run.info.run_id, key)})
        for key in run.data.metrics
    }

def said():
    experiments = {e.experiment_id: e for e in client.search_experiments(view_type=3)}
    ids = sorted(experiments)
    found = client.search_runs(ids, run_view_type=3)
    names = {run.info.run_id: run.info.run_name for run in found}
    frame = mlflow.search_runs(ids, run_view_type=3)
    models = {}
    for model in client.search_registered_models():
        versions = sorted(client.search_model_versions(f"name = '{model.name}'"), key=lambda v: int(v.version))
        models[model.name] = [model.description or "", model.tags, {a: int(n) for a, n in model.aliases.items()},
            model.creation_timestamp,
            [[int(v.version), v.description or "", v.current_stage, v.source, names.get(v.run_id, ""), v.tags,
              v.creation_timestamp, v.status] for v in versions]]
    prompts = {}
    for name, number in (("greeting", 1), ("greeting", 2)):
        prompt = client.get_prompt_version(name, str(number))
        prompts[f"{name}/{number}"] = [prompt.template, prompt.tags]
    logged = [
        [m.name, str(m.status), names.get(m.source_run_id), m.params, m.creation_timestamp,
         sorted([x.key, x.value, x.step, x.timestamp, x.dataset_name, x.dataset_digest] for x in m.metrics)]
        for e in ids for m in client.search_logged_models([e])
    ]
    runs = {}
    for run in found:
        i = run.info
        tags = {key: names.get(value, value) for key, value in run.data.tags.items() if key != "mlflow.user"}
        runs[i.run_name] = [i.status, i.start_time, i.end_time, i.lifecycle_stage, experiments[i.experiment_id].name,
            run.data.params, tags, history(run), used(run),
            sorted(artifacts(i.run_id)) if i.lifecycle_stage == "active" else [],
            [[logged[0][0], o.step] for o in run.outputs.model_outputs]]
    return {
        "experiments": {e.name: [e.tags, e.lifecycle_stage, e.creation_time] for e in experiments.values()},
        "runs": runs,
        "columns": sorted(frame.columns),
        "frame": sorted(frame["tags.mlflow.runName"]),
        "models": models,
        "prompts": prompts,
        "logged": logged,
    }
result = said()
"""
"""All that the client sees, with names in the place of ids."""

PREDICT = """
import numpy as np
result = mlflow.sklearn.load_model("models:/churn@champion").predict(np.arange(20, dtype=float).reshape(10, 2)).tolist()
"""

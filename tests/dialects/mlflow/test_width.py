"""The width of MLflow's client: everything a team does with it in a week, then looked at natively.

One server and one client process for all; the other processes are MLflow's own command line and workers of one script.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.sdk import Client
from strongroom.sdk.models import Entry
from tests.dialects.mlflow.client import MlflowProcess
from tests.http.processes import ServerProcess

pytestmark = pytest.mark.timeout(600)
"""Other programs start here, each of which imports MLflow; a busy machine takes its time."""

WORKER = """
import sys, mlflow
with mlflow.start_run(run_name=f"worker-{sys.argv[1]}", parent_run_id=sys.argv[2]):
    mlflow.log_metrics({"loss": float(sys.argv[1])}, step=1)
    mlflow.log_param("rank", sys.argv[1])
    mlflow.log_text("from " + sys.argv[1], f"logs/{sys.argv[1]}.txt")
"""


@pytest.fixture(scope="module")
def native(server: ServerProcess, token: str) -> Iterator[Client]:
    """Our own SDK, which sees what MLflow's client wrote."""
    with Client(server.url, token) as client:
        yield client


def uid(run_id: str) -> str:
    """A run's own id, of MLflow's spelling of it."""
    return f"{run_id[:8]}-{run_id[8:12]}-{run_id[12:16]}-{run_id[16:20]}-{run_id[20:]}"


def test_nested_runs_and_runs_of_several_processes(mlflow: MlflowProcess, native: Client, tmp_path: Path) -> None:
    """ "nested runs, parallel runs from several processes"."""
    parent = mlflow.run("""
        experiment = mlflow.set_experiment("width/parallel")
        with mlflow.start_run(run_name="parent") as parent:
            with mlflow.start_run(run_name="child", nested=True) as child:
                mlflow.log_metric("loss", 9.0)
        result = [parent.info.run_id, child.info.run_id, experiment.experiment_id]
    """)
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    env = {**mlflow.env, "MLFLOW_EXPERIMENT_ID": parent[2]}
    words = ([str(mlflow.python), str(script), str(n), parent[0]] for n in range(2))
    workers = [subprocess.Popen(word, env=env, cwd=tmp_path, stderr=subprocess.PIPE) for word in words]  # noqa: S603 - our own script
    for worker in workers:
        _, said = worker.communicate(timeout=240)
        assert worker.returncode == 0, said.decode()[-2_000:]
    found = mlflow.run(f"""
        children = "tags.mlflow.parentRunId = '{parent[0]}'"
        frame = mlflow.search_runs(["{parent[2]}"], children, order_by=["metrics.loss ASC"])
        result = [frame["tags.mlflow.runName"].tolist(), frame["metrics.loss"].tolist(), frame["params.rank"].tolist(),
                  frame["status"].tolist(), str(frame["start_time"].dtype)]
    """)
    assert found[0] == ["worker-0", "worker-1", "child"]
    assert found[1] == [0.0, 1.0, 9.0]
    assert found[2][:2] == ["0", "1"]
    assert found[3] == ["FINISHED"] * 3
    assert found[4].startswith("datetime64")
    children = list(native.find("runs", f"parent_uid = '{uid(parent[0])}'"))
    assert len(children) == 3
    assert {one.state for one in children} == {"finished"}


def test_figures_images_tables_dicts_and_texts(mlflow: MlflowProcess, native: Client) -> None:
    """ "`log_figure`/`log_image`/`log_table`", images by step and key, dicts, texts."""
    found = mlflow.run("""
        import matplotlib; matplotlib.use("Agg")
        import matplotlib.pyplot as plt, numpy, pandas
        mlflow.set_experiment("width/media")
        figure, axes = plt.subplots(); axes.plot([1, 2])
        pixels = numpy.zeros((4, 4, 3), dtype="uint8")
        with mlflow.start_run() as run:
            mlflow.log_figure(figure, "plots/line.png")
            mlflow.log_image(pixels, "images/still.png")
            for step in (0, 1):
                mlflow.log_image(pixels, key="sample", step=step)
            mlflow.flush_artifact_async_logging()
            mlflow.log_table({"q": ["a"], "n": [1]}, "tables/eval.json")
            mlflow.log_table(pandas.DataFrame({"q": ["b"], "n": [2]}), "tables/eval.json")
            mlflow.log_dict({"a": [1]}, "conf/a.yaml")
            mlflow.log_dict({"a": [1]}, "conf/a.json")
            mlflow.log_text("words \\u00e9", "notes/ü note.txt")
            table = mlflow.load_table("tables/eval.json", run_ids=[run.info.run_id])
        def walk(path=None):
            for one in client.list_artifacts(run.info.run_id, path):
                yield from walk(one.path) if one.is_dir else [one.path]
        result = [run.info.run_id, sorted(walk()), table[["q", "n"]].values.tolist(),
                  mlflow.artifacts.load_dict(run.info.artifact_uri + "/conf/a.json"),
                  mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/ü note.txt"),
                  mlflow.artifacts.load_image(run.info.artifact_uri + "/images/still.png").size,
                  client.get_run(run.info.run_id).data.tags.get("mlflow.loggedArtifacts")]
    """)
    run, paths, table, loaded, text, size, logged = found
    assert {"plots/line.png", "images/still.png", "tables/eval.json", "conf/a.yaml", "notes/ü note.txt"} <= set(paths)
    assert sum(path.startswith("images/sample+step+") for path in paths) == 4, "a full and a small one a step"
    assert table == [["a", 1], ["b", 2]]
    assert (loaded, text, size) == ({"a": [1]}, "words é", [4, 4])
    assert json.loads(logged) == [{"path": "tables/eval.json", "type": "table"}]
    folder = native.api.every("folder.list", Entry, kind="run", uid=uid(run), recursive=True)
    assert set(paths) <= {one.path for one in folder}


def test_system_metrics(mlflow: MlflowProcess, native: Client) -> None:
    """ "system metrics": the client's own, by its switch."""
    found = mlflow.run("""
        mlflow.set_experiment("width/system")
        mlflow.set_system_metrics_sampling_interval(0.1)
        mlflow.set_system_metrics_samples_before_logging(1)
        os.environ["MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"] = "true"
        try:
            with mlflow.start_run() as run:
                until = time.monotonic() + 60
                while time.monotonic() < until:
                    metrics = client.get_run(run.info.run_id).data.metrics
                    if "system/cpu_utilization_percentage" in metrics:
                        break
                    time.sleep(0.1)
        finally:
            os.environ["MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"] = "false"
        result = [run.info.run_id, sorted(key for key in metrics if key.startswith("system/"))]
    """)
    assert "system/system_memory_usage_percentage" in found[1]
    assert "system/cpu_utilization_percentage" in native.runs.get(uid(found[0])).metrics


def test_deleted_runs_and_experiments_come_back(mlflow: MlflowProcess, native: Client) -> None:
    """ "`delete`/`restore`"."""
    found = mlflow.run("""
        from mlflow.entities import ViewType
        id = mlflow.create_experiment("width/deleted", tags={"k": "v"})
        run = client.create_run(id)
        client.set_terminated(run.info.run_id)
        client.delete_run(run.info.run_id)
        gone = [len(client.search_runs([id])), len(client.search_runs([id], run_view_type=ViewType.DELETED_ONLY)),
                client.get_run(run.info.run_id).info.lifecycle_stage]
        client.restore_run(run.info.run_id)
        back = len(client.search_runs([id]))
        client.delete_experiment(id)
        stage = client.get_experiment(id).lifecycle_stage
        client.restore_experiment(id)
        result = [gone, back, stage, client.get_experiment(id).lifecycle_stage, client.get_experiment(id).tags["k"],
                  run.info.run_id]
    """)
    assert found[:5] == [[0, 1, "deleted"], 1, "deleted", "active", "v"]
    assert native.runs.get(uid(found[5])).state == "finished"


def test_evaluate_writes_its_metrics_and_artifacts(mlflow: MlflowProcess, native: Client) -> None:
    """ "`mlflow.evaluate` classic on a sklearn model (writes many artifacts)"; data sets become inputs of the run."""
    found = mlflow.run("""
        import pandas
        from sklearn.linear_model import LogisticRegression
        mlflow.set_experiment("width/evaluated")
        frame = pandas.DataFrame({"a": [0.0, 1, 2, 3] * 5, "y": [0, 0, 1, 1] * 5})
        model = LogisticRegression().fit(frame[["a"]], frame.y)
        with mlflow.start_run() as run:
            info = mlflow.sklearn.log_model(model, name="m", input_example=frame[["a"]][:2],
                                            pip_requirements=["scikit-learn"], registered_model_name="evaluated")
            data = mlflow.data.from_pandas(frame, source="https://example.com/x.csv", name="held-out", targets="y")
            mlflow.log_input(data, context="testing", tags={"fold": "1"})
            evaluated = mlflow.models.evaluate(info.model_uri, data, model_type="classifier", evaluators="default",
                                               evaluator_config={"log_model_explainability": False})
        inputs = client.get_run(run.info.run_id).inputs.dataset_inputs
        result = [run.info.run_id, evaluated.metrics["accuracy_score"], sorted(evaluated.artifacts),
                  [[i.dataset.name, i.dataset.digest, {t.key: t.value for t in i.tags}] for i in inputs],
                  client.get_run(run.info.run_id).data.metrics["accuracy_score"], data.digest]
    """)
    _, accuracy, artifacts, inputs, kept, digest = found
    assert accuracy == kept == 1.0
    assert {"confusion_matrix", "roc_curve_plot"} <= set(artifacts)
    assert ["held-out", digest] in [one[:2] for one in inputs]
    context = next(one[2] for one in inputs if one[0] == "held-out")
    assert context["mlflow.data.context"] in {"testing", "eval"}
    vertices = native.lineage("evaluated@latest", direction="up").vertices
    labels = {vertex.label for vertex in vertices if vertex.kind == "node"}
    assert any("held-out" in str(label) for label in labels), "the version's lineage leads to the run's data set"


def test_versions_by_stage_copied_and_noted(mlflow: MlflowProcess, native: Client) -> None:
    """ "`models:/name/Stage`, ... `transition_model_version_stage(archive_existing_versions=True)`, copy"."""
    found = mlflow.run("""
        mlflow.set_experiment("width/staged")
        versions = []
        for n in (1, 2):
            with mlflow.start_run() as run:
                mlflow.set_tag("mlflow.note.content", f"run {n}")
                mlflow.log_text(f"weights {n}", "model/w.txt")
                mlflow.log_text("flavors: {own: {own_version: '%d'}}" % n, "model/MLmodel")
            versions.append(mlflow.register_model(f"runs:/{run.info.run_id}/model", "by-stage", tags={"n": str(n)}))
        client.transition_model_version_stage("by-stage", "1", "Production")
        client.transition_model_version_stage("by-stage", "2", "Production", archive_existing_versions=True)
        client.update_model_version("by-stage", "2", "the better one")
        client.set_model_version_tag("by-stage", "2", "checked", "yes")
        copied = client.copy_model_version("models:/by-stage/2", "released")
        texts = [Path(mlflow.artifacts.download_artifacts(uri), "w.txt").read_text()
                 for uri in ("models:/by-stage/Production", "models:/by-stage/1", "models:/by-stage/latest",
                             "models:/released/1")]
        stages = [client.get_model_version("by-stage", n).current_stage for n in "12"]
        result = [texts, stages, copied.run_id == run.info.run_id, run.info.run_id]
    """)
    assert found[0] == ["weights 2", "weights 1", "weights 2", "weights 2"]
    assert found[1:3] == [["Archived", "Production"], True]
    versions = {one.number: one for one in native.versions.list("by-stage")}
    assert {number: one.stage for number, one in versions.items()} == {1: "archived", 2: "production"}
    assert versions[2].run_uid == uid(found[3])
    assert native.versions.get("by-stage:2").description == "the better one"
    assert native.resolve("released:1").tree == versions[2].tree
    assert versions[1].tree != versions[2].tree
    changes = {
        change.path: (change.before, change.after) for change in native.diff("by-stage:1", "by-stage:2").packaging
    }
    assert changes == {"$.flavors.own": ("1", "2")}


def test_artifacts_are_downloaded_in_every_spelling(mlflow: MlflowProcess, native: Client) -> None:
    """ "`mlflow.artifacts.download_artifacts` in every spelling"; what came of a run and went into it."""
    found = mlflow.run("""
        mlflow.set_experiment("width/spelled")
        with mlflow.start_run() as run:
            mlflow.log_text("deep", "a/b/c d.txt")
            mlflow.log_text("", "a/empty.txt")
            mlflow.log_text("flavors: {own: {}}", "a/MLmodel")
        id, uri = run.info.run_id, run.info.artifact_uri
        mlflow.register_model(f"runs:/{id}/a", "spelled")
        client.set_registered_model_alias("spelled", "now", "1")
        get = mlflow.artifacts.download_artifacts
        ways = {
            "run and path": get(run_id=id, artifact_path="a/b/c d.txt"),
            "runs:/": get(f"runs:/{id}/a/b/c d.txt"),
            "uri": get(uri + "/a/b/c d.txt"),
            "folder": get(run_id=id, artifact_path="a") + "/b/c d.txt",
            "all": get(run_id=id, artifact_path="") + "/a/b/c d.txt",
            "number": get("models:/spelled/1") + "/b/c d.txt",
            "alias": get("models:/spelled@now") + "/b/c d.txt",
            "file of an alias": get("models:/spelled@now/b/c d.txt"),
            "download uri": get(client.get_model_version_download_uri("spelled", "1")) + "/b/c d.txt",
            "client": client.download_artifacts(id, "a/b/c d.txt"),
            "to a folder": get(run_id=id, artifact_path="a/b", dst_path=tempfile.mkdtemp()) + "/c d.txt",
        }
        empty = Path(get(run_id=id, artifact_path="a/empty.txt")).read_text()
        listed = [one.path for one in mlflow.artifacts.list_artifacts(f"runs:/{id}/a")]
        result = [{way: Path(path).read_text() for way, path in ways.items()}, empty, listed]
    """)
    assert set(found[0].values()) == {"deep"}, found[0]
    assert found[1] == ""
    assert sorted(found[2]) == ["a/MLmodel", "a/b", "a/empty.txt"]
    assert native.resolve("spelled@now").files == 3


def test_the_command_line(mlflow: MlflowProcess, native: Client, tmp_path: Path) -> None:
    """ "`mlflow` CLI": experiments, runs and artifacts; once as its own process, else its commands in the client's."""
    (tmp_path / "w.txt").write_text("from the command line")
    found = mlflow.run(f"""
        from click.testing import CliRunner
        from mlflow.cli import cli as commands

        def cli(*words):
            said = CliRunner().invoke(commands, words)
            assert said.exit_code == 0, (words, said.output, said.exception)
            return said.output

        experiment = cli("experiments", "create", "--experiment-name", "width/cli").split()[-1]
        run = client.create_run(experiment, run_name="by hand").info.run_id
        client.set_terminated(run)
        put = ("--local-file", "{tmp_path / "w.txt"}", "--run-id", run, "--artifact-path", "in")
        cli("artifacts", "log-artifact", *put)
        listed = [one["path"] for one in json.loads(cli("artifacts", "list", "--run-id", run, "--artifact-path", "in"))]
        runs = cli("runs", "list", "--experiment-id", experiment)
        told = json.loads(cli("runs", "describe", "--run-id", run))
        cli("runs", "delete", "--run-id", run)
        cli("runs", "restore", "--run-id", run)
        cli("experiments", "rename", "--experiment-id", experiment, "--new-name", "width/by-cli")
        cli("experiments", "delete", "--experiment-id", experiment)
        cli("experiments", "restore", "--experiment-id", experiment)
        names = cli("experiments", "search", "--view", "all")
        result = [run, listed, "by hand" in runs, told["info"]["run_id"] == run, "width/by-cli" in names]
    """)
    assert found[1:] == [["in/w.txt"], True, True, True]
    said = mlflow.command("mlflow", "artifacts", "download", "--run-id", found[0], "--artifact-path", "in", seconds=240)
    assert Path(said.stdout.strip().splitlines()[-1], "w.txt").read_text() == "from the command line"
    run = native.runs.get(uid(found[0]))
    assert (run.state, run.deleted_at) == ("finished", None)


def test_the_command_line_for_traces_datasets_scorers_and_models(mlflow: MlflowProcess, tmp_path: Path) -> None:
    """ "`mlflow` CLI": traces and what is said of them, datasets, scorers, and predictions of a model by its alias."""
    asked, said = tmp_path / "in.json", tmp_path / "out.json"
    asked.write_text('{"inputs": ["abc", "de"]}')
    found = mlflow.run(f"""
        from click.testing import CliRunner
        from mlflow.cli import cli as commands

        def cli(*words):
            said = CliRunner().invoke(commands, words)
            assert said.exit_code == 0, (words, said.output, said.exception)
            return said.output

        experiment = mlflow.set_experiment("width/cli-more").experiment_id

        class Backwards(mlflow.pyfunc.PythonModel):
            @mlflow.trace
            def predict(self, context, model_input: list[str]) -> list[str]:
                return [text[::-1] for text in model_input]

        with mlflow.start_run() as run:
            made = mlflow.pyfunc.log_model(name="m", python_model=Backwards(), registered_model_name="width-backwards",
                                           pip_requirements=[])
        client.set_registered_model_alias("width-backwards", "live", 1)
        mlflow.pyfunc.load_model(made.model_uri).predict(["one"])
        trace = mlflow.get_last_active_trace_id()
        mlflow.flush_trace_async_logging()
        listed = cli("traces", "search", "--experiment-id", experiment, "--filter-string", "trace.status = 'OK'")
        shown = json.loads(cli("traces", "get", "--trace-id", trace))
        cli("traces", "set-tag", "--trace-id", trace, "--key", "a", "--value", "b")
        cli("traces", "delete-tag", "--trace-id", trace, "--key", "a")
        cli("traces", "log-feedback", "--trace-id", trace, "--name", "good", "--value", "0.5")
        cli("traces", "log-expectation", "--trace-id", trace, "--name", "word", "--value", "eno")
        feedback = [a for a in client.get_trace(trace).info.assessments if a.name == "good"][0].assessment_id
        of_trace = ("--trace-id", trace, "--assessment-id", feedback)
        cli("traces", "update-assessment", *of_trace, "--value", "0.7")
        judged = json.loads(cli("traces", "get-assessment", *of_trace))
        cli("traces", "delete-assessment", *of_trace)
        cli("runs", "link-traces", "--run-id", run.info.run_id, "-t", trace)
        csv = cli("experiments", "csv", "--experiment-id", experiment)
        mlflow.genai.datasets.create_dataset(name="width-asked", experiment_id=[experiment])
        sets = cli("datasets", "list", "--experiment-id", experiment)
        judge = ("--name", "polite", "--instructions", "Is {{{{ outputs }}}} polite?", "--model", "openai:/gpt-4o")
        cli("scorers", "register-llm-judge", *judge, "--experiment-id", experiment)
        scorers = cli("scorers", "list", "--experiment-id", experiment)
        cli("models", "predict", "-m", "models:/width-backwards@live", "-i", "{asked}", "-o", "{said}", "-t", "json",
            "--env-manager", "local")
        cli("traces", "delete", "--experiment-id", experiment, "--trace-ids", trace)
        result = [trace in listed, shown["info"]["trace_id"] == trace, judged["feedback"]["value"],
                  run.info.run_id in csv, "width-asked" in sets, "polite" in scorers]
    """)
    assert found == [True, True, 0.7, True, True, True]
    assert json.loads(said.read_text()) == {"predictions": ["cba", "ed"]}

"""The main story once more with PostgreSQL behind the server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.mlflow.client import MlflowProcess
from tests.dialects.mlflow.test_traces_width import ASKED, FILLED
from tests.http.processes import ServerProcess, admin


@pytest.fixture
def there(postgres_url: str, tmp_path: Path) -> Iterator[MlflowProcess]:
    place: list[str | Path] = ["--database", postgres_url, "--data", tmp_path / "data"]
    server = ServerProcess(tmp_path / "data", tmp_path / "log", place=place)
    client = None
    try:
        server.wait()
        made = admin("token", "create", *place, "--principal", "ann", "--role", "maintainer")
        client = MlflowProcess(server.url, tmp_path, MLFLOW_TRACKING_TOKEN=made.stdout.splitlines()[-1])
        yield client
    finally:
        if client is not None:
            client.close()
        server.close()


@pytest.mark.postgres
def test_runs_versions_aliases_stages_and_searches(there: MlflowProcess) -> None:
    found = there.run("""
        mlflow.set_experiment("risk/churn")
        with mlflow.start_run(run_name="one") as run:
            mlflow.log_param("depth", 3)
            mlflow.log_metric("auc", 0.9, step=2)
            mlflow.log_text("weights", "model/w.bin")
        id_ = run.info.run_id
        client.create_registered_model("churn", tags={"team": "risk"})
        for _ in range(2):
            client.create_model_version("churn", f"runs:/{id_}/model", id_)
        client.set_registered_model_alias("churn", "champion", "1")
        client.transition_model_version_stage("churn", "1", "Production")
        versions = client.search_model_versions(f"run_id = '{id_}'", order_by=["version_number"])
        model = client.search_registered_models("name LIKE 'ch%' AND tags.team = 'risk'")[0]
        folder = Path(mlflow.artifacts.download_artifacts("models:/churn@champion"))
        result = {
            "runs": [r.info.run_name for r in client.search_runs([run.info.experiment_id], "metrics.auc > 0.8")],
            "experiments": [e.name for e in client.search_experiments(filter_string="name LIKE 'risk/%'")],
            "newest": sorted((v.current_stage, str(v.version)) for v in model.latest_versions),
            "versions": [str(v.version) for v in versions],
            "bytes": (folder / "w.bin").read_text(),
            "history": [(m.step, m.value) for m in client.get_metric_history(id_, "auc")],
            "prompt": mlflow.genai.register_prompt("hello", "Hi {{ name }}").version,
        }
    """)
    assert found["runs"] == ["one"]
    assert found["experiments"] == ["risk/churn"]
    assert found["newest"] == [["None", "2"], ["Production", "1"]]
    assert found["versions"] == ["1", "2"]
    assert (found["bytes"], found["history"], found["prompt"]) == ("weights", [[2, 0.9]], 1)
    traces_are_found_measured_and_read(there)


def traces_are_found_measured_and_read(there: MlflowProcess) -> None:
    """ "trace tests with the real client on PostgreSQL too"; in the same process, which takes seconds to begin."""
    there.run(FILLED)
    pieces = ", ".join(f"ask(view_type={asked})" for asked in ASKED)
    assert dict(zip(ASKED, there.run(f"result = [{pieces}]"), strict=True)) == ASKED
    filters = {
        "status = 'ERROR'": [3],
        "tags.team = 'a' AND timestamp_ms > 0": [0, 1, 2],
        "span.name RLIKE '^th.nk$' AND span.attributes.`mlflow.llm.model` RLIKE 'sma'": [0, 1],
        "feedback.good RLIKE 'ye?s'": [1],
        "span.type = 'LLM' AND span.content LIKE '%own%'": [0, 1, 2, 3],
        "metadata.`mlflow.trace.session` = 's1'": [2, 3],
    }
    found = there.run(f"""
        def ask_for(text):
            got = client.search_traces(locations=[experiment], filter_string=text, include_spans=False)
            return sorted(ids.index(t.info.trace_id) for t in got)
        result = [ask_for(text) for text in {list(filters)!r}]
    """)
    assert dict(zip(filters, found, strict=True)) == filters
    spans = there.run(
        "result = [(s.name, s.span_type, s.attributes.get('mlflow.llm.model')) for s in "
        "mlflow.get_trace(ids[2]).data.spans]"
    )
    assert spans == [["route", "UNKNOWN", None], ["think", "LLM", "big"]]

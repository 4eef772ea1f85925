"""What else MLflow's client does with traces: asks for figures over them, attaches files, sends them again."""

from typing import Any

import pytest

from tests.dialects.mlflow.client import MlflowError, MlflowProcess
from tests.http.processes import ServerProcess

FILLED = """
from mlflow.entities.trace_metrics import AggregationType as T, MetricAggregation as A, MetricViewType as V
from mlflow.tracking._tracking_service.utils import _get_store
experiment = mlflow.set_experiment("figures").experiment_id

def ask(**words):
    words = {"experiment_ids": [experiment], **words}
    found = _get_store().query_trace_metrics(**words)
    return [[one.dimensions, one.values] for one in found]

def answer(n):
    with mlflow.start_span("answer" if n % 2 else "route") as root:
        mlflow.update_current_trace(session_id=f"s{n // 2}", tags={"team": "a" if n < 3 else "b"})
        with mlflow.start_span("think", span_type="LLM") as span:
            span.set_attribute("mlflow.llm.model", "small" if n < 2 else "big")
            span.set_attribute("mlflow.llm.provider", "own")
            span.set_attribute("mlflow.chat.tokenUsage", {
                "input_tokens": 10 * (n + 1), "output_tokens": n, "total_tokens": 11 * n + 10})
            span.set_attribute("mlflow.llm.cost", {"input_cost": 0.5, "output_cost": n, "total_cost": n + 0.5})
        if n == 3:
            raise ValueError("three")
    return root.trace_id

ids = []
for n in range(4):
    try:
        ids.append(answer(n))
    except ValueError:
        ids.append(mlflow.get_last_active_trace_id())
mlflow.flush_trace_async_logging()
for n, value in enumerate([True, "yes", 0.25, False]):
    mlflow.log_feedback(trace_id=ids[n], name="good", value=value)
mlflow.log_expectation(trace_id=ids[0], name="word", value="cat")
count = [A(T.COUNT)]
day = 86_400
now = int(time.time() * 1000)
"""


@pytest.fixture(scope="module")
def filled(mlflow: MlflowProcess) -> MlflowProcess:
    """The client, with four traces of two spans each: 0 to 3, the last of them failed."""
    mlflow.run(FILLED)
    return mlflow


ASKED: dict[str, list[list[dict[str, Any]]]] = {
    'V.TRACES, metric_name="trace_count", aggregations=count': [[{}, {"COUNT": 4}]],
    'V.TRACES, metric_name="session_count", aggregations=count': [[{}, {"COUNT": 2}]],
    'V.TRACES, metric_name="trace_count", aggregations=count, dimensions=["trace_status"]': [
        [{"trace_status": "ERROR"}, {"COUNT": 1}],
        [{"trace_status": "OK"}, {"COUNT": 3}],
    ],
    'V.TRACES, metric_name="input_tokens", dimensions=["trace_name"], aggregations=[A(T.SUM), A(T.PERCENTILE, 50)]': [
        [{"trace_name": "answer"}, {"SUM": 60, "P50.0": 30}],
        [{"trace_name": "route"}, {"SUM": 40, "P50.0": 20}],
    ],
    'V.TRACES, metric_name="total_tokens", aggregations=[A(T.PERCENTILE, 25), A(T.MAX)]': [
        [{}, {"P25.0": 18.25, "MAX": 43}]
    ],
    'V.TRACES, metric_name="trace_count", aggregations=count, filters=["trace.tag.team = \'a\'"]': [[{}, {"COUNT": 3}]],
    """V.TRACES, metric_name="trace_count", aggregations=count,
       filters=["trace.metadata.`mlflow.trace.session` = 's1'", "trace.status = 'ERROR'"]""": [[{}, {"COUNT": 1}]],
    'V.TRACES, metric_name="trace_count", aggregations=count, end_time_ms=now - day * 1000': [[{}, {"COUNT": 0}]],
    'V.SPANS, metric_name="span_count", aggregations=count, dimensions=["span_type", "span_status"]': [
        [{"span_type": "LLM", "span_status": "OK"}, {"COUNT": 4}],
        [{"span_type": "UNKNOWN", "span_status": "ERROR"}, {"COUNT": 1}],
        [{"span_type": "UNKNOWN", "span_status": "OK"}, {"COUNT": 3}],
    ],
    'V.SPANS, metric_name="span_count", aggregations=count, filters=["span.name = \'think\'"]': [[{}, {"COUNT": 4}]],
    'V.SPANS, metric_name="total_cost", aggregations=[A(T.SUM), A(T.AVG)], dimensions=["span_model_name"]': [
        [{"span_model_name": "big"}, {"SUM": 6.0, "AVG": 3.0}],
        [{"span_model_name": "small"}, {"SUM": 2.0, "AVG": 1.0}],
    ],
    'V.ASSESSMENTS, metric_name="assessment_count", aggregations=count, dimensions=["assessment_name"]': [
        [{"assessment_name": "good"}, {"COUNT": 4}],
        [{"assessment_name": "word"}, {"COUNT": 1}],
    ],
    """V.ASSESSMENTS, metric_name="assessment_value", aggregations=[A(T.AVG)],
       filters=["assessment.name = 'good'", "assessment.type = 'feedback'"]""": [[{}, {"AVG": 0.5625}]],
}


def test_figures_are_those_of_the_traces(filled: MlflowProcess) -> None:
    """Each metric, grouping and filter of the client's proto, against figures reckoned by hand."""
    pieces = ", ".join(f"ask(view_type={asked})" for asked in ASKED)
    found = filled.run(f"result = [{pieces}]")
    assert dict(zip(ASKED, found, strict=True)) == ASKED


def test_stretches_of_time_are_named_by_their_start(filled: MlflowProcess) -> None:
    """A bucket a day; percentiles of latency lie between its least and its greatest."""
    counted, times = filled.run("""
        window = {"time_interval_seconds": day, "start_time_ms": now - day * 1000, "end_time_ms": now + 60_000}
        of_times = [A(T.MIN), A(T.PERCENTILE, 50), A(T.PERCENTILE, 100), A(T.MAX)]
        result = [ask(view_type=V.TRACES, metric_name="trace_count", aggregations=count, **window),
                  ask(view_type=V.SPANS, metric_name="latency", aggregations=of_times, **window)]
    """)
    assert sum(values["COUNT"] for _, values in counted) == 4
    assert all(set(dimensions) == {"time_bucket"} for dimensions, _ in counted + times)
    assert all(dimensions["time_bucket"].endswith("T00:00:00+00:00") for dimensions, _ in counted)
    assert all(one["MIN"] <= one["P50.0"] <= one["P100.0"] == one["MAX"] for _, one in times)


WRONG = {
    'V.TRACES, metric_name="nothing", aggregations=count': "metric_name must be one of",
    'V.TRACES, metric_name="trace_count", aggregations=[A(T.SUM)]': "Found invalid aggregation_type(s): ['SUM']",
    'V.TRACES, metric_name="latency", aggregations=[A(T.AVG)], dimensions=["trace_status"]': "invalid dimension(s)",
    'V.TRACES, metric_name="trace_count", aggregations=[]': "Missing value for required parameter 'aggregations'",
    'V.TRACES, metric_name="trace_count", aggregations=count, time_interval_seconds=60': "are required if time",
    'V.TRACES, metric_name="trace_count", aggregations=count, filters=["span.name = \'x\'"]': "supported for SPANS",
    'V.TRACES, metric_name="trace_count", aggregations=count, filters=["trace.tag = \'x\'"]': "requires a key",
    'V.TRACES, metric_name="trace_count", aggregations=count, filters=["trace.status LIKE \'x\'"]': "only '=' operator",
    'V.TRACES, metric_name="trace_count", aggregations=count, filters=["trace.name = \'x\'"]': "Invalid entity 'name'",
    'V.TRACES, metric_name="trace_count", aggregations=count, dimensions=["trace_name"] * 9': "grouped by the same",
    'V.TRACES, metric_name="trace_count", aggregations=count * 21': "From 1 to 20 figures",
    'V.TRACES, metric_name="trace_count", aggregations=count, max_results=5000': "parameter 'max_results'",
}


def test_what_cannot_be_asked_is_refused_in_mlflows_words(filled: MlflowProcess) -> None:
    """ "errors in MLflow's words"."""
    for asked, words in WRONG.items():
        with pytest.raises(MlflowError) as refused:
            filled.run(f"ask(view_type={asked})")
        assert refused.value.code == "INVALID_PARAMETER_VALUE", asked
        assert words in refused.value.message, asked


def test_a_trace_that_is_sent_again_is_not_judged_twice(mlflow: MlflowProcess) -> None:
    """The client of 3.18 names the assessments of a trace that it describes, and sends it again when in doubt."""
    found = mlflow.run("""
        from mlflow.entities import Feedback, TraceInfo, TraceLocation, TraceState
        from mlflow.tracking._tracking_service.utils import _get_store
        place = mlflow.set_experiment("tracing-again").experiment_id
        said = [Feedback(name="good", value=True), Feedback(name="good", value=False), Feedback(name="new", value=1)]
        said[0].assessment_id, said[1].assessment_id = "a-" + "1" * 32, "a-" + "2" * 32
        info = TraceInfo("tr-" + "5" * 32, TraceLocation.from_experiment_id(place), 1, TraceState.OK, assessments=said)
        made = [len(_get_store().start_trace(info).assessments) for _ in range(2)]
        there = _get_store().get_trace_info(info.trace_id).assessments
        result = [made, sorted((a.name, a.value) for a in there)]
    """)
    assert found[0] == [3, 4]  # what has no name is said once more
    assert found[1] == [["good", False], ["good", True], ["new", 1], ["new", 1]]


def test_attachments_of_spans_are_files_of_the_trace_until_it_is_deleted(
    mlflow: MlflowProcess, server: ServerProcess, token: str
) -> None:
    """ "files of traces (attachments)": sent beside the spans, read by their reference, gone with the trace."""
    found = mlflow.run("""
        from mlflow.tracing.attachments import Attachment
        from mlflow.tracing.client import TracingClient
        import requests
        place = mlflow.set_experiment("tracing-attachments").experiment_id
        picture = Attachment(content_type="image/png", content_bytes=b"\\x89PNG" + bytes(2_000))
        with mlflow.start_span("look") as span:
            span.set_inputs({"picture": picture})
        mlflow.flush_trace_async_logging()
        trace = mlflow.get_trace(span.trace_id)
        told = Attachment.parse_ref(trace.data.spans[0].inputs["picture"])
        files = TracingClient()._get_artifact_repo_for_trace(trace.info)
        there = files.download_trace_attachment(told["attachment_id"]) == picture.content_bytes
        here = os.environ["MLFLOW_TRACKING_URI"] + "/ajax-api/2.0/mlflow/get-trace-artifact"
        auth = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}

        def shown(path):
            return requests.get(here, {"request_id": span.trace_id, "path": path}, headers=auth)

        page, wrong = shown(told["attachment_id"]), shown("../traces.json")
        client.delete_traces(place, trace_ids=[span.trace_id])
        gone = shown(told["attachment_id"]).status_code
        result = [there, told["size"], page.content == picture.content_bytes, page.headers["X-Content-Type-Options"],
                  wrong.json()["message"], gone, span.trace_id]
    """)
    assert found[:4] == [True, 2_004, True, "nosniff"]
    assert "Attachment path must be a valid UUID" in found[4]
    assert found[5] == 404
    with server.client(token) as native:
        assert native.get(f"/traces/{found[6].removeprefix('tr-')}").status_code == 404

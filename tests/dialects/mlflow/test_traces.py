"""MLflow's own client traces here: spans, their search, and what is said of them."""

import pytest

from tests.dialects.mlflow.client import MlflowError, MlflowProcess
from tests.http.processes import ServerProcess

TRACED = """
    mlflow.set_experiment({experiment!r})

    @mlflow.trace(span_type="TOOL")
    def look_up(word):
        if word == "nothing":
            raise ValueError("not in the book")
        return {{"word": word, "pages": [1, 2]}}

    @mlflow.trace(name="answer", span_type="CHAIN", attributes={{"model": "small", "depth": 3}})
    def answer(question):
        found = look_up(question)
        with mlflow.start_span("think", span_type="LLM") as span:
            span.set_inputs({{"messages": [found]}})
            span.set_outputs({{"text": "yes"}})
        return "yes"
"""


def test_nested_spans_are_read_back_as_they_were(mlflow: MlflowProcess) -> None:
    """ "`@mlflow.trace` nested spans", read by `mlflow.get_trace`."""
    found = mlflow.run(
        TRACED.format(experiment="tracing")
        + """
    answer("cat")
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(trace_id)
    result = {
        "id": trace.info.trace_id, "state": str(trace.info.state), "tags": trace.info.tags,
        "request": trace.info.request_preview, "response": trace.info.response_preview,
        "duration": trace.info.execution_duration, "metadata": trace.info.trace_metadata,
        "spans": [[s.name, s.span_type, str(s.status.status_code), s.inputs, s.outputs, s.parent_id and 1,
                   s.attributes.get("depth", 0)] for s in trace.data.spans],
        "root": trace.data.spans[0].span_id == trace.data.spans[1].parent_id,
    }
    """
    )
    assert found["state"] == "OK"
    assert found["tags"]["mlflow.traceName"] == "answer"
    assert found["tags"]["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert found["request"] == '{"question": "cat"}'
    assert found["response"] == '"yes"'
    assert found["spans"] == [
        ["answer", "CHAIN", "SpanStatusCode.OK", {"question": "cat"}, "yes", None, 3],
        ["look_up", "TOOL", "SpanStatusCode.OK", {"word": "cat"}, {"word": "cat", "pages": [1, 2]}, 1, 0],
        [
            "think",
            "LLM",
            "SpanStatusCode.OK",
            {"messages": [{"word": "cat", "pages": [1, 2]}]},
            {"text": "yes"},
            1,
            0,
        ],
    ]
    assert found["root"] is True
    assert found["metadata"]["mlflow.trace.sizeStats"]


def test_an_error_ends_the_span_and_the_trace_and_both_are_found(mlflow: MlflowProcess) -> None:
    """ "nested spans with errors"."""
    found = mlflow.run(
        TRACED.format(experiment="tracing-errors")
        + """
    try:
        answer("nothing")
    except ValueError:
        pass
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_trace(trace_id)
    result = {
        "state": str(trace.info.state.value),
        "spans": [[s.name, s.status.status_code.value, s.status.description] for s in trace.data.spans],
        "events": [[e.name, e.attributes["exception.message"]] for e in trace.data.spans[1].events],
    }
    """
    )
    assert found["state"] == "ERROR"
    assert found["spans"][1][:2] == ["look_up", "ERROR"]
    assert "not in the book" in found["spans"][1][2]
    assert found["events"] == [["exception", "not in the book"]]


def test_what_it_traces_is_seen_by_the_native_api(mlflow: MlflowProcess, server: ServerProcess, token: str) -> None:
    """ "what they write are first-class Strongroom assets: ... visible and searchable through the native API"."""
    found = mlflow.run(
        TRACED.format(experiment="tracing/native")
        + """
    with mlflow.start_run() as run:
        answer("cat")
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    mlflow.set_trace_tag(trace_id, "team", "risk")
    mlflow.log_feedback(trace_id=trace_id, name="good", value=True, rationale="it is",
        source=mlflow.entities.AssessmentSource("HUMAN", "ann"))
    result = [trace_id, run.info.run_id]
    """
    )
    otel, run = found[0].removeprefix("tr-"), found[1]
    with server.client(token) as native:
        trace = native.get(f"/traces/{otel}").json()
        assert (trace["name"], trace["state"], trace["told"], trace["span_count"]) == ("answer", "ok", True, 3)
        assert trace["run_uid"].replace("-", "") == run
        assert {"key": "team", "value": "risk"} in trace["tags"]
        said = trace["assessments"][0]
        assert (said["kind"], said["name"], said["value"], said["source"]) == ("feedback", "good", True, "human")
        spans = native.get(f"/traces/{trace['uid']}/spans").json()["items"]
        assert [span["name"] for span in spans] == ["answer", "look_up", "think"]
        assert spans[0]["attributes"]["mlflow.spanInputs"] == {"question": "cat"}
        assert spans[2]["type"] == "LLM"


def test_tags_are_set_and_removed_and_a_missing_one_is_named(mlflow: MlflowProcess) -> None:
    found = mlflow.run(
        TRACED.format(experiment="tracing-tags")
        + """
    answer("cat")
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    mlflow.set_trace_tag(trace_id, "a", "1")
    mlflow.set_trace_tag(trace_id, "a", "2")
    mlflow.set_trace_tag(trace_id, "mlflow.traceName", "renamed")
    one = client.get_trace(trace_id).info.tags
    mlflow.delete_trace_tag(trace_id, "a")
    two = client.get_trace(trace_id).info.tags
    result = [one.get("a"), one["mlflow.traceName"], "a" in two]
    """
    )
    assert found == ["2", "renamed", False]
    assert mlflow.code_of("mlflow.delete_trace_tag(trace_id, 'a')") == "RESOURCE_DOES_NOT_EXIST"
    assert mlflow.code_of("mlflow.set_trace_tag('tr-' + '1' * 32, 'a', 'b')") == "RESOURCE_DOES_NOT_EXIST"
    assert mlflow.code_of("client.get_trace('tr-' + '1' * 32)") == "RESOURCE_DOES_NOT_EXIST"


def test_assessments_are_logged_changed_overridden_and_deleted(mlflow: MlflowProcess) -> None:
    """ "`mlflow.log_feedback/log_expectation/update/delete`"."""
    found = mlflow.run(
        TRACED.format(experiment="tracing-assessments")
        + """
    from mlflow.entities import AssessmentSource, Feedback, Expectation
    answer("cat")
    trace_id = mlflow.get_last_active_trace_id()
    mlflow.flush_trace_async_logging()
    one = mlflow.log_feedback(trace_id=trace_id, name="good", value=0.5, metadata={"m": "1"},
        source=AssessmentSource("LLM_JUDGE", "judge"), rationale="half")
    two = mlflow.log_expectation(trace_id=trace_id, name="answer", value={"text": "yes", "spanId": [1]})
    bad = mlflow.log_feedback(trace_id=trace_id, name="bad", error=ValueError("no judge"))
    changed = mlflow.update_assessment(trace_id, one.assessment_id,
        Feedback(name="good", value=0.75, rationale="more", metadata={"n": "2"}))
    three = mlflow.override_feedback(trace_id=trace_id, assessment_id=one.assessment_id, value=1.0)
    got = mlflow.get_assessment(trace_id, two.assessment_id)
    all_ = {a.assessment_id: a for a in mlflow.get_trace(trace_id).info.assessments}
    mlflow.delete_assessment(trace_id=trace_id, assessment_id=three.assessment_id)
    left = {a.assessment_id: a for a in mlflow.get_trace(trace_id).info.assessments}
    result = {
        "changed": [changed.value, changed.rationale, changed.metadata, changed.source.source_type],
        "expected": got.value, "error": bad.error.error_message,
        "valid": [all_[one.assessment_id].valid, all_[three.assessment_id].overrides == one.assessment_id],
        "left": [len(left), left[one.assessment_id].valid],
        "ids": one.assessment_id,
    }
    """
    )
    assert found["changed"] == [0.75, "more", {"m": "1", "n": "2"}, "LLM_JUDGE"]
    assert found["expected"] == {"text": "yes", "spanId": [1]}
    assert found["error"] == "no judge"
    assert found["valid"] == [False, True]
    assert found["left"] == [3, True]
    assert mlflow.code_of(f"mlflow.get_assessment(trace_id, 'a-{'0' * 32}')") == "RESOURCE_DOES_NOT_EXIST"


def test_traces_are_deleted_for_good(mlflow: MlflowProcess) -> None:
    found = mlflow.run(
        TRACED.format(experiment="tracing-deleted")
        + """
    ids = []
    for word in ("a", "b", "c"):
        answer(word)
        ids.append(mlflow.get_last_active_trace_id())
    mlflow.flush_trace_async_logging()
    experiment = client.get_experiment_by_name("tracing-deleted").experiment_id
    one = client.delete_traces(experiment_id=experiment, trace_ids=[ids[0]])
    later = int(time.time() * 1000) + 1000
    two = client.delete_traces(experiment_id=experiment, max_timestamp_millis=later, max_traces=5)
    three = client.delete_traces(experiment_id=experiment, trace_ids=ids)
    result = [one, two, three]
    """
    )
    assert found == [1, 2, 0]
    assert mlflow.code_of("client.delete_traces(experiment_id=experiment)") == "INVALID_PARAMETER_VALUE"


@pytest.fixture(scope="module")
def many(mlflow: MlflowProcess) -> list[str]:
    """Ids of traces with spans, tags and assessments, the oldest first."""
    found: list[str] = mlflow.run(
        TRACED.format(experiment="tracing-search")
        + """
    from mlflow.entities import AssessmentSource
    ids, runs = [], []
    for word in ("cat", "dog", "nothing"):
        with mlflow.start_run() as run:
            try:
                answer(word)
            except ValueError:
                pass
        ids.append(mlflow.get_last_active_trace_id())
        runs.append(run.info.run_id)
    mlflow.flush_trace_async_logging()
    mlflow.set_trace_tag(ids[0], "team", "risk")
    mlflow.log_feedback(trace_id=ids[0], name="good", value=True)
    mlflow.log_feedback(trace_id=ids[1], name="good", value=False)
    mlflow.log_feedback(trace_id=ids[1], name="score", value=0.25)
    mlflow.log_expectation(trace_id=ids[0], name="word", value="cat")
    experiment = client.get_experiment_by_name("tracing-search").experiment_id
    result = ids
    """
    )
    return found


FILTERS = {
    "status = 'ERROR'": [2],
    "status IN ('OK', 'ERROR') AND name = 'answer'": [2, 1, 0],
    "attributes.timestamp > 0 AND trace.execution_time_ms >= 0": [2, 1, 0],
    "tags.team = 'risk'": [0],
    "tag.team IS NULL": [2, 1],
    "tags.`mlflow.traceName` LIKE 'ans%'": [2, 1, 0],
    "name RLIKE '^ans'": [2, 1, 0],
    "span.name = 'think' AND span.type = 'LLM'": [1, 0],
    "span.name = 'think' AND span.status = 'ERROR'": [],
    "span.name = 'look_up' AND span.status = 'ERROR'": [2],
    "span.type IN ('LLM', 'RETRIEVER')": [1, 0],
    "span.content LIKE '%dog%'": [1],
    "span.attributes.model = 'small'": [2, 1, 0],
    "span.attributes.`mlflow.spanInputs` LIKE '%nothing%'": [2],
    "trace.text ILIKE '%CAT%'": [0],
    "feedback.good = 'true'": [0],
    "feedback.good != 'true'": [1],
    "feedback.good IS NULL": [2],
    "feedback.score < 0.5": [1],
    "expectation.word = 'cat'": [0],
    "metadata.`mlflow.trace.sizeStats` IS NOT NULL": [2, 1, 0],
    "prompt = 'none/1'": [],
    "span.name RLIKE '^th.nk$'": [1, 0],
    "span.name RLIKE '^th.nk$' AND span.status = 'ERROR'": [],
    "span.attributes.model RLIKE 'sm(a|b)ll'": [2, 1, 0],
    "span.name RLIKE 'look' AND span.attributes.`mlflow.spanInputs` RLIKE 'not?hing'": [2],
    "feedback.good RLIKE '^f'": [1],
    "expectation.word RLIKE 'c.t' AND status = 'OK'": [0],
}


@pytest.mark.usefixtures("many")
def test_filters_find_what_mlflow_finds(mlflow: MlflowProcess) -> None:
    """ "The five filter grammars, translated to our one AST"; "`mlflow.search_traces` with filters"."""
    found = mlflow.run(f"""
        filters = {list(FILTERS)!r}
        result = []
        for one in filters:
            got = client.search_traces(locations=[experiment], filter_string=one, include_spans=False)
            result.append([ids.index(t.info.trace_id) for t in got])
    """)
    assert dict(zip(FILTERS, found, strict=True)) == FILTERS


@pytest.mark.usefixtures("many")
def test_bad_filters_are_refused_in_mlflows_words(mlflow: MlflowProcess) -> None:
    """ "errors in MLflow's words"."""
    wrong = {
        "status = 'OK' OR name = 'x'": "Invalid clause",
        "nothing = 'x'": "Invalid attribute key",
        "metrics.x > 1": "Invalid entity type",
        "span.nothing = 'x'": "Invalid span attribute",
        "feedback.score < 'x'": "Expected a numeric value",
        "feedback.score = 1": "Expected a quoted string value",
        "prompt LIKE 'x/1'": "Invalid comparator 'LIKE' for prompts filter",
        "tags.a > 'x'": "Invalid comparator",
        "span.content RLIKE 'x'": "Invalid comparator 'RLIKE'",
        "span.name RLIKE '('": "no RE2 expression",
    }
    for text, words in wrong.items():
        with pytest.raises(MlflowError) as refused:
            mlflow.run(f"client.search_traces(locations=[experiment], filter_string={text!r})")
        assert refused.value.code == "INVALID_PARAMETER_VALUE", text
        assert words in refused.value.message, text


@pytest.mark.usefixtures("many")
def test_a_search_gives_a_frame_with_spans_and_pages_in_order(mlflow: MlflowProcess) -> None:
    """ "`mlflow.search_traces` (DataFrame) with filters"."""
    found = mlflow.run("""
        frame = mlflow.search_traces(locations=[experiment])
        run = mlflow.search_traces(locations=[experiment], run_id=runs[1], return_type="list")
        client.link_traces_to_run([ids[0]], runs[1])
        linked = mlflow.search_traces(locations=[experiment], run_id=runs[1], return_type="list")
        first = client.search_traces(locations=[experiment], max_results=2, order_by=["timestamp_ms ASC"])
        rest = client.search_traces(locations=[experiment], max_results=2, order_by=["timestamp_ms ASC"],
            page_token=first.token)
        result = {
            "frame": [len(frame), sorted(len(spans) for spans in frame["spans"]), "request" in frame.columns],
            "run": [[ids.index(t.info.trace_id) for t in some] for some in (run, linked)],
            "pages": [[ids.index(t.info.trace_id) for t in some] for some in (first, rest)] + [rest.token],
        }
    """)
    assert found["frame"] == [3, [2, 3, 3], True]
    assert found["run"] == [[1], [1, 0]]
    assert found["pages"] == [[0, 1], [2], None]


@pytest.mark.usefixtures("many")
def test_filters_go_together_as_counts_say(mlflow: MlflowProcess) -> None:
    found = mlflow.run("""
        from mlflow.tracking._tracking_service.utils import _get_store
        one = _get_store().calculate_trace_filter_correlation([experiment], "status = 'ERROR'", "span.name = 'think'")
        two = _get_store().calculate_trace_filter_correlation([experiment], "status = 'OK'", "span.name = 'think'")
        result = [one.npmi, one.filter1_count, one.filter2_count, one.joint_count, one.total_count, two.npmi]
    """)
    assert found == [-1.0, 1, 2, 0, 3, 1.0]


@pytest.mark.usefixtures("many")
def test_a_prompt_that_a_trace_used_is_linked_and_found(mlflow: MlflowProcess) -> None:
    """ "links trace-prompt version": the run that the trace was made in read that version."""
    found = mlflow.run("""
        mlflow.genai.register_prompt("asked", "Say {{word}}")
        client.link_prompt_versions_to_trace([client.get_prompt_version("asked", 1)], ids[1])
        got = client.search_traces(locations=[experiment], filter_string="prompt = 'asked/1'", include_spans=False)
        result = [ids.index(t.info.trace_id) for t in got]
    """)
    assert found == [1]


@pytest.mark.usefixtures("many")
def test_an_evaluation_runs_over_traces_offline(mlflow: MlflowProcess) -> None:
    """ "`mlflow.genai.evaluate` with a pure-Python scorer over traces if it works offline"."""
    found = mlflow.run("""
        from mlflow.genai.scorers import scorer

        @scorer
        def spans(trace):
            return len(trace.data.spans)

        mlflow.set_experiment("tracing-search")
        given = [client.get_trace(one) for one in ids[:2]]
        got = mlflow.genai.evaluate(data=[{"trace": one} for one in given], scorers=[spans])
        mlflow.flush_trace_async_logging()
        said = [a.value for one in ids[:2] for a in client.get_trace(one).info.assessments if a.name == "spans"]
        result = {"metrics": got.metrics, "said": said}
    """)
    assert found["metrics"]["spans/mean"] == 3
    assert found["said"] == [3, 3]


def test_a_pyfunc_stub_is_registered_loaded_by_alias_and_its_traces_are_linked(mlflow: MlflowProcess) -> None:
    """ "a `pyfunc` LLM stub with traces, loaded back by alias with equal predictions"."""
    found = mlflow.run("""
        mlflow.set_experiment("tracing-pyfunc")

        class Stub(mlflow.pyfunc.PythonModel):
            @mlflow.trace(span_type="LLM")
            def predict(self, context, model_input: list[str]) -> list[str]:
                return [text[::-1] for text in model_input]

        with mlflow.start_run() as run:
            made = mlflow.pyfunc.log_model(name="stub", python_model=Stub(), registered_model_name="stub")
            before = mlflow.pyfunc.load_model(made.model_uri).predict(["abc", "de"])
            client.set_registered_model_alias("stub", "live", 1)
            after = mlflow.pyfunc.load_model("models:/stub@live").predict(["abc", "de"])
        mlflow.flush_trace_async_logging()
        of_run = mlflow.search_traces(run_id=run.info.run_id, return_type="list")
        of_model = mlflow.search_traces(model_id=made.model_id, return_type="list")
        result = [before, after, len(of_run), len(of_model), of_run[0].data.spans[0].outputs]
    """)
    assert found[:2] == [["cba", "ed"], ["cba", "ed"]]
    assert found[2] >= 2
    assert found[3] >= 1
    assert found[4] == ["cba", "ed"]

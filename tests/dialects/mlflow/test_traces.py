"""MLflow's own client traces here: spans, their search, and what is said of them."""

from typing import Any

from tests.dialects.mlflow.client import MlflowProcess
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


def flush() -> str:
    return "\nmlflow.flush_trace_async_logging()\n"


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
                   s.attributes.get("depth")] for s in trace.data.spans],
        "root": trace.data.spans[0].span_id == trace.data.spans[1].parent_id,
    }
    """
    )
    assert found["state"] == "TraceState.OK"
    assert found["tags"]["mlflow.traceName"] == "answer"
    assert found["tags"]["mlflow.trace.spansLocation"] == "TRACKING_STORE"
    assert found["request"] == '{"question": "cat"}'
    assert found["response"] == "yes"
    assert found["spans"] == [
        ["answer", "CHAIN", "SpanStatusCode.OK", {"question": "cat"}, "yes", None, 3],
        ["look_up", "TOOL", "SpanStatusCode.OK", {"word": "cat"}, {"word": "cat", "pages": [1, 2]}, 1, None],
        ["think", "LLM", "SpanStatusCode.OK", {"messages": [{"word": "cat", "pages": [1, 2]}]}, {"text": "yes"}, 1, None],
    ]
    assert found["root"] is True
    assert found["metadata"]["mlflow.trace.sizeStats"]

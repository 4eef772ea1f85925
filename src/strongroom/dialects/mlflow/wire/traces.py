"""Traces on the wire: the third version's messages, and those of the second that clients still send."""

from typing import Any

from strongroom.dialects.mlflow.wire.codec import Message
from strongroom.dialects.mlflow.wire.experiments import Tag


class ExperimentPlace(Message):
    """An experiment as a place of traces."""

    experiment_id: str | None = None


class Location(Message):
    """Where a trace is."""

    type: str | int | None = None
    mlflow_experiment: ExperimentPlace | None = None


class Source(Message):
    """Who judged."""

    source_type: str | int | None = None
    source_id: str | None = None


class Failure(Message):
    """Why there is no value."""

    error_code: str | None = None
    error_message: str | None = None
    stack_trace: str | None = None


class Feedback(Message):
    """A judgement: any JSON, or a failure."""

    value: Any = None
    error: Failure | None = None


class Serialized(Message):
    """A value as a text."""

    serialization_format: str | None = None
    value: str | None = None


class Expectation(Message):
    """What should have come out; what is no scalar comes as a text."""

    value: Any = None
    serialized_value: Serialized | None = None


class Issue(Message):
    """A problem that a trace shows."""

    issue_name: str | None = None


class Assessment(Message):
    """What is said of a trace or span: one of feedback, expectation, issue."""

    assessment_id: str | None = None
    assessment_name: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    source: Source | None = None
    create_time: str | None = None
    last_update_time: str | None = None
    feedback: Feedback | None = None
    expectation: Expectation | None = None
    issue: Issue | None = None
    rationale: str | None = None
    error: Failure | None = None
    metadata: dict[str, str] = {}
    overrides: str | None = None
    valid: bool | None = None


class TraceInfo(Message):
    """A trace without its spans. Times as JSON writes protobuf's: RFC 3339, and seconds with an ``s``."""

    trace_id: str | None = None
    client_request_id: str | None = None
    trace_location: Location | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    request_time: str | None = None
    execution_duration: str | None = None
    state: str | int | None = None
    trace_metadata: dict[str, str] = {}
    tags: dict[str, str] = {}
    assessments: list[Assessment] = []


class Trace(Message):
    """A trace, with spans as OpenTelemetry's JSON where they are asked for."""

    trace_info: TraceInfo | None = None
    spans: list[dict[str, Any]] = []


class OneTrace(Message):
    """One trace: what is begun, and what is answered."""

    trace: Trace | None = None


class ByTrace(Message):
    """A trace by its id."""

    trace_id: str | None = None
    request_id: str | None = None
    allow_partial: bool = True


class TracesById(Message):
    """Several by their ids, where they are limited to some experiments in these."""

    trace_ids: list[str] = []
    experiment_ids: list[str] | None = None


class TracesAnswer(Message):
    """Several with their spans."""

    traces: list[Trace] = []


class InfosAnswer(Message):
    """Several without."""

    trace_infos: list[TraceInfo] = []


class SearchTraces(Message):
    """Which traces, in which order."""

    locations: list[Location] = []
    experiment_ids: list[str] = []
    filter: str | None = None
    max_results: int | None = None
    order_by: list[str] = []
    page_token: str | None = None


class FoundTraces(Message):
    """A page of traces; without a token it is the last."""

    traces: list[TraceInfo] = []
    next_page_token: str | None = None


class Correlate(Message):
    """Two filters, and one that holds for both."""

    experiment_ids: list[str] = []
    filter_string1: str | None = None
    filter_string2: str | None = None
    base_filter: str | None = None


class Correlation(Message, omit_defaults=False):
    """How much they go together, and how many traces fit each, both and the base."""

    npmi: float | str
    npmi_smoothed: float | str
    filter1_count: int
    filter2_count: int
    joint_count: int
    total_count: int


class Aggregation(Message):
    """How values become one figure."""

    aggregation_type: str | int | None = None
    percentile_value: float | None = None


class QueryMetrics(Message):
    """Figures over traces, their spans, or what is said of them."""

    experiment_ids: list[str] = []
    view_type: str | int | None = None
    metric_name: str | None = None
    aggregations: list[Aggregation] = []
    dimensions: list[str] = []
    filters: list[str] = []
    time_interval_seconds: int | None = None
    start_time_ms: int | None = None
    end_time_ms: int | None = None
    max_results: int | None = None


class MetricPoint(Message):
    """One group with its figures."""

    metric_name: str
    dimensions: dict[str, str] = {}
    values: dict[str, float] = {}


class MetricPoints(Message):
    """All groups: there are no pages of them."""

    data_points: list[MetricPoint] = []


class DeleteTraces(Message):
    """Which to delete: by their ids, or the oldest until a time."""

    experiment_id: str | None = None
    max_timestamp_millis: int | None = None
    max_traces: int | None = None
    request_ids: list[str] = []


class DeletedAnswer(Message, omit_defaults=False):
    """How many."""

    traces_deleted: int


class TraceTag(Message):
    """One tag of a trace, to set or to remove."""

    trace_id: str | None = None
    request_id: str | None = None
    key: str | None = None
    value: str | None = None


class LinkToRun(Message):
    """Traces to link with a run."""

    trace_ids: list[str] = []
    run_id: str | None = None


class PromptVersion(Message):
    """A version of a prompt."""

    name: str | None = None
    version: str | None = None


class LinkPrompts(Message):
    """Versions of prompts that a trace used."""

    trace_id: str | None = None
    prompt_versions: list[PromptVersion] = []


class TraceArtifact(Message):
    """The spans of a trace as a file."""

    request_id: str | None = None
    path: str | None = None


# -- the second version ------------------------------------------------------------------------------------------


class TraceInfoV2(Message):
    """A trace as the second version writes it."""

    request_id: str
    experiment_id: str
    timestamp_ms: int
    status: str
    execution_time_ms: int | None = None
    request_metadata: list[Tag] = []
    tags: list[Tag] = []


class OneTraceV2(Message):
    """One trace."""

    trace_info: TraceInfoV2


class StartTraceV2(Message):
    """A trace that begins."""

    experiment_id: str | None = None
    timestamp_ms: int | None = None
    request_metadata: list[Tag] = []
    tags: list[Tag] = []


class EndTraceV2(Message):
    """A trace that ended."""

    request_id: str | None = None
    timestamp_ms: int | None = None
    status: str | int | None = None
    request_metadata: list[Tag] = []
    tags: list[Tag] = []


class FoundTracesV2(Message):
    """A page of them."""

    traces: list[TraceInfoV2] = []
    next_page_token: str | None = None


# -- assessments, spans ------------------------------------------------------------------------------------------


class CreateAssessment(Message):
    """A new assessment; the trace stands in the address."""

    trace_id: str | None = None
    assessment: Assessment | None = None


class ByAssessment(Message):
    """One by its trace's id and its own."""

    trace_id: str | None = None
    assessment_id: str | None = None


class UpdateAssessment(ByAssessment):
    """Changes: those fields of `assessment` that the mask names, with commas between them."""

    assessment: Assessment | None = None
    update_mask: str | None = None


class AssessmentAnswer(Message):
    """One assessment."""

    assessment: Assessment


class ExportSpans(Message):
    """What stands in the headers of spans that are sent as OTLP."""

    experiment_id: str | None = None
    run_id: str | None = None
    encoding: str | None = None

"""Traces between MLflow's messages and the core's words.

A trace's id is ``tr-`` and OpenTelemetry's 32 hex digits. What MLflow keeps in tags and metadata of a name, a session
or a run, the core keeps as such; all other metadata are properties.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from strongroom.application.tracking.trace_views import SpanView, TraceView
from strongroom.application.tracking.traces import RecordTrace
from strongroom.application.views import microseconds
from strongroom.dialects.mlflow.translate.assessments import assessment
from strongroom.dialects.mlflow.translate.experiments import experiment_id
from strongroom.dialects.mlflow.translate.ids import hex_of, uid_of_hex
from strongroom.dialects.mlflow.translate.places import SCHEME
from strongroom.dialects.mlflow.wire import traces as wire
from strongroom.dialects.mlflow.wire.codec import invalid
from strongroom.dialects.mlflow.wire.experiments import Tag
from strongroom.dialects.mlflow.wire.otlp import Exported, span_json
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.registry.fields import PROPERTY_LONGEST, TAG_VALUE_LONGEST
from strongroom.domain.tracking.spans import TRACE_ID, Span
from strongroom.domain.tracking.traces import NAME_LONGEST, SESSION_LONGEST, Told

PREFIX = "tr-"
NAME, ARTIFACTS, SPANS_LOCATION = "mlflow.traceName", "mlflow.artifactLocation", "mlflow.trace.spansLocation"
RUN, SESSION, SIZES, USER = "mlflow.sourceRun", "mlflow.trace.session", "mlflow.trace.sizeStats", "mlflow.trace.user"
HERE = "TRACKING_STORE"
OURS = frozenset({NAME, ARTIFACTS, SPANS_LOCATION})
"""Tags that the server says of itself, or keeps elsewhere."""
TYPE, INPUTS, OUTPUTS = "mlflow.spanType", "mlflow.spanInputs", "mlflow.spanOutputs"
TAG_PREFIX = "mlflow.traceTag."
_SESSIONS = ("session.id", "gen_ai.conversation.id")
_PREVIEW = 1_000
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

STATES = {"STATE_UNSPECIFIED": "unset", "OK": "ok", "ERROR": "error", "IN_PROGRESS": "in_progress"}
_STATE_NAMES = {ours: theirs for theirs, ours in STATES.items()}
_NUMBERED = dict(enumerate(STATES))


def trace_id(text: str | None) -> str:
    """OpenTelemetry's id in a trace's id. :raises NotFound: one that no trace of ours has."""
    found = (text or "").removeprefix(PREFIX)
    if not (text or "").startswith(PREFIX) or not TRACE_ID.fullmatch(found):
        raise NotFound("There is no such trace.")
    return found


def new_trace_id(text: str | None) -> str:
    """The same of a trace that may not be there yet. :raises Invalid: what is no trace id."""
    try:
        return trace_id(text)
    except NotFound:
        raise invalid("trace_id", text, "A trace id is 'tr-' and 32 hex digits.") from None


def attachment(text: str) -> str:
    """The id of an attachment, which MLflow's client made. :raises Invalid: no UUID as Python writes it."""
    if not _UUID.fullmatch(text):
        raise Invalid(f"Invalid attachment path: '{text[:100]}'. Attachment path must be a valid UUID.")
    return text


def state_of(state: str | int | None) -> str | None:
    """A state, by name or number. :raises Invalid: another."""
    name = _NUMBERED.get(state) if isinstance(state, int) else state
    if name is None and state is None:
        return None
    if name not in STATES:
        raise invalid("state", state)
    return STATES[str(name)]


def time_of_text(text: str | None) -> int | None:
    """Microseconds since 1970 from RFC 3339. :raises Invalid: no such time."""
    if text is None:
        return None
    try:
        return microseconds(datetime.fromisoformat(_shorter(text)))
    except (ValueError, OverflowError):
        raise invalid("request_time", text) from None


def _shorter(text: str) -> str:
    """Protobuf writes nanoseconds, which Python does not read."""
    head, dot, rest = text.partition(".")
    digits = "".join(char for char in rest if char.isdigit()) if dot else ""
    if dot and rest.startswith(digits) and len(digits) > 6:  # noqa: PLR2004 - microseconds
        return f"{head}.{digits[:6]}{rest[len(digits) :]}"
    return text


def duration_of(text: str | None) -> int | None:
    """Microseconds from protobuf's JSON of a duration, such as ``1.5s``. :raises Invalid: no duration."""
    if text is None:
        return None
    try:
        seconds = float(text.removesuffix("s"))
        if not text.endswith("s") or not 0 <= seconds < 1e9:  # noqa: PLR2004 - 30 years
            raise ValueError
        return round(seconds * 1_000_000)
    except ValueError:
        raise invalid("execution_duration", text) from None


def time_text(time: datetime) -> str:
    """A time as protobuf writes it, to the microsecond."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def recorded(info: wire.TraceInfo) -> RecordTrace:
    """What a client says of a whole trace. Its run is named by `run_of`."""
    tags, metadata = dict(info.tags), dict(info.trace_metadata)
    name, session = tags.pop(NAME, None), metadata.pop(SESSION, None)
    told = Told(
        name=name[:NAME_LONGEST] if name is not None else None,
        state=state_of(info.state),
        request_id=info.client_request_id,
        session=session[:SESSION_LONGEST] if session is not None else None,
        started_at=time_of_text(info.request_time),
        duration_us=duration_of(info.execution_duration),
        request=info.request_preview,
        response=info.response_preview,
    )
    kept = {key: value[:TAG_VALUE_LONGEST] for key, value in tags.items() if key not in OURS}
    return RecordTrace(
        new_trace_id(info.trace_id),
        told=told,
        tags=kept,
        properties={key: value[:PROPERTY_LONGEST] for key, value in metadata.items()},
    )


def run_of(metadata: Mapping[str, str]) -> str | None:
    """The uid of the run that metadata name; None when they name none that can be ours."""
    return uid_of_hex(metadata.get(RUN, ""))


def place_of(info: wire.TraceInfo) -> str:
    """The experiment that a trace is said to be in. :raises Invalid: another kind of place."""
    place = info.trace_location
    if place is None or place.mlflow_experiment is None or not place.mlflow_experiment.experiment_id:
        raise invalid("trace_location", None, "A trace is in an experiment.")
    return place.mlflow_experiment.experiment_id


# -- spans --------------------------------------------------------------------------------------------------------


def from_spans(found: list[Exported]) -> list[RecordTrace]:
    """What OTLP says, by trace: the spans, and what the root span's attributes say of the whole."""
    by_trace: dict[str, list[Span]] = {}
    for one in found:
        by_trace.setdefault(one.trace_id, []).append(_typed(one.span))
    return [_of_spans(id_, spans) for id_, spans in by_trace.items()]


def _typed(span: Span) -> Span:
    kind = plain(span.attributes.get(TYPE))
    return replace(span, type=kind[:64]) if isinstance(kind, str) else span


def plain(value: object) -> object:
    """A value of an attribute that MLflow may have written as JSON in a text."""
    if isinstance(value, str) and value[:1] in {'"', "{", "["}:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _of_spans(trace_id_: str, spans: list[Span]) -> RecordTrace:
    root = next((span for span in spans if span.is_root), None)
    attributes = root.attributes if root else {}
    session = _first(spans, _SESSIONS)
    user = _first(spans, ("user.id",))
    tags = {
        key.removeprefix(TAG_PREFIX)[:250]: _text(plain(value))[:TAG_VALUE_LONGEST]
        for key, value in attributes.items()
        if key.startswith(TAG_PREFIX) and key != TAG_PREFIX
    }
    name = tags.pop(NAME, None)
    shown = Told(
        name=name[:NAME_LONGEST] if name else None,
        request=_preview(attributes.get(INPUTS)),
        response=_preview(attributes.get(OUTPUTS)),
        session=session[:SESSION_LONGEST] if session else None,
    )
    kept = {key: value for key, value in tags.items() if key not in OURS}
    properties = {USER: user[:PROPERTY_LONGEST]} if user else {}
    return RecordTrace(trace_id_, spans=spans, shown=shown, tags=kept, properties=properties)


def _first(spans: list[Span], keys: tuple[str, ...]) -> str | None:
    for span in spans:
        for key in keys:
            if span.attributes.get(key):
                return _text(plain(span.attributes[key]))
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _preview(value: object) -> str | None:
    return None if value is None else _text(value)[:_PREVIEW]


# -- answers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Said:
    """Tags and metadata as MLflow has them."""

    tags: dict[str, str]
    metadata: dict[str, str]


def _said(view: TraceView, default_uid: str | None) -> _Said:
    tags = {tag.key: tag.value or "" for tag in view.tags}
    if view.name:
        tags[NAME] = view.name
    place = experiment_id(view.experiment_uid, default_uid)
    tags[ARTIFACTS] = f"{SCHEME}{place}/traces/{PREFIX}{view.trace_id}/artifacts"
    tags[SPANS_LOCATION] = HERE
    metadata = {key: _text(value) for key, value in view.properties.items()}
    if view.session is not None:
        metadata[SESSION] = view.session
    if view.run_uid is not None:
        metadata[RUN] = hex_of(view.run_uid)
    return _Said(tags, metadata)


def trace_info(view: TraceView, default_uid: str | None) -> wire.TraceInfo:
    """A trace without its spans."""
    said = _said(view, default_uid)
    place = wire.ExperimentPlace(experiment_id=experiment_id(view.experiment_uid, default_uid))
    duration = view.duration_us
    return wire.TraceInfo(
        trace_id=PREFIX + view.trace_id,
        client_request_id=view.request_id,
        trace_location=wire.Location(type="MLFLOW_EXPERIMENT", mlflow_experiment=place),
        request_preview=view.request,
        response_preview=view.response,
        request_time=time_text(view.started_at),
        execution_duration=None if duration is None else f"{duration // 1_000_000}.{duration % 1_000_000:06}s",
        state=_STATE_NAMES[view.state],
        trace_metadata=said.metadata,
        tags=said.tags,
        assessments=[assessment(one) for one in view.assessments],
    )


def trace(view: TraceView, spans: list[SpanView], default_uid: str | None) -> wire.Trace:
    """A trace with its spans."""
    return wire.Trace(
        trace_info=trace_info(view, default_uid), spans=[span_json(view.trace_id, span) for span in spans]
    )


def trace_info_v2(view: TraceView, default_uid: str | None) -> wire.TraceInfoV2:
    """A trace as the second version writes it."""
    said = _said(view, default_uid)
    duration = view.duration_us
    return wire.TraceInfoV2(
        request_id=PREFIX + view.trace_id,
        experiment_id=experiment_id(view.experiment_uid, default_uid),
        timestamp_ms=microseconds(view.started_at) // 1_000,
        execution_time_ms=None if duration is None else duration // 1_000,
        status=_STATE_NAMES[view.state].replace("STATE_", "TRACE_STATUS_"),
        request_metadata=[Tag(key=key, value=value) for key, value in said.metadata.items()],
        tags=[Tag(key=key, value=value) for key, value in said.tags.items()],
    )


def is_whole(view: TraceView) -> bool:
    """Whether all spans that the client announced are there; of one that announced none, any."""
    sizes = plain(view.properties.get(SIZES))
    wanted = sizes.get("num_spans") if isinstance(sizes, dict) else None
    return view.span_count >= (wanted if isinstance(wanted, int) else 1)


def span_file(trace_id_: str, spans: list[SpanView]) -> bytes:
    """The spans of a trace as the file ``traces.json`` has them."""
    return json.dumps({"spans": [_in_file(trace_id_, span) for span in spans]}, ensure_ascii=False).encode()


def _in_file(trace_id_: str, span: SpanView) -> dict[str, Any]:
    shown = span_json(trace_id_, span)
    request = {"mlflow.traceRequestId": PREFIX + trace_id_}
    return {
        "trace_id": shown["trace_id"],
        "span_id": shown["span_id"],
        "parent_span_id": shown.get("parent_span_id"),
        "name": span.name,
        "start_time_unix_nano": span.start_ns,
        "end_time_unix_nano": span.end_ns,
        "events": [{"name": e.name, "time_unix_nano": e.time_ns, "attributes": e.attributes} for e in span.events],
        "status": {"code": shown["status"]["code"], "message": span.message},
        "attributes": {
            key: json.dumps(value, ensure_ascii=False) for key, value in (dict(span.attributes) | request).items()
        },
        "links": [
            {"trace_id": PREFIX + k.trace_id, "span_id": k.span_id, "attributes": k.attributes} for k in span.links
        ],
    }


def ended_at(started_us: int, time_ms: int | None) -> int | None:
    """A duration from a start and an end in milliseconds."""
    return None if time_ms is None else max(time_ms * 1_000 - started_us, 0)


def check_time(time_ms: int | None) -> int:
    """:raises Invalid: no time, or one that no calendar shows."""
    if time_ms is None or not 0 <= time_ms * 1_000 <= 2**53:
        raise Invalid("Invalid value for parameter 'timestamp_ms' supplied: milliseconds since 1970.")
    return time_ms * 1_000

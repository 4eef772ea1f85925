"""What the server answers about traces, their spans and what is said of them."""
# ruff: noqa: RUF012 - msgspec copies such defaults for every object; ruff knows that of direct subclasses only

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from strongroom.sdk.models import Answer, Scalar, Tag


class Assessment(Answer, frozen=True):
    """What was said of a trace, or of a span of it. `kind` is feedback, expectation or issue."""

    uid: str
    trace_uid: str
    trace_id: str
    kind: str
    name: str
    source: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    value: Any = None
    failure: Mapping[str, str] | None = None
    source_id: str = ""
    rationale: str = ""
    span_id: str | None = None
    metadata: Mapping[str, str] = {}
    valid: bool = True
    overrides: str | None = None


class LinkedVersion(Answer, frozen=True):
    """A version, of a prompt mostly, that a trace used."""

    uid: str
    asset: str
    number: int | None = None


class Trace(Answer, frozen=True):
    """One request. `trace_id` is OpenTelemetry's; `request` and `response` are previews."""

    uid: str
    trace_id: str
    experiment_uid: str
    experiment: str
    name: str
    state: str
    started_at: datetime
    told: bool
    span_count: int
    span_bytes: int
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    run_uid: str | None = None
    request_id: str | None = None
    session: str | None = None
    duration_us: int | None = None
    request: str | None = None
    response: str | None = None
    tags: list[Tag] = []
    properties: Mapping[str, Scalar] = {}
    assessments: list[Assessment] = []
    runs: list[str] = []
    versions: list[LinkedVersion] = []


class Span(Answer, frozen=True):
    """One step of a trace; times are nanoseconds since 1970. Events and links are as the API answers them."""

    span_id: str
    name: str
    type: str
    kind: str
    status: str
    start_ns: int
    parent_id: str | None = None
    message: str = ""
    end_ns: int | None = None
    attributes: Mapping[str, Any] = {}
    events: list[Mapping[str, Any]] = []
    links: list[Mapping[str, Any]] = []

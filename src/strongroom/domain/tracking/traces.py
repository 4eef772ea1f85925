"""Traces as values: what one request to a model or an agent did, span by span.

Spans may come before the trace itself is described, and after: what the client says of the whole (`Told`) holds, what
is missing is told from its spans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.registry.text import clean_text
from strongroom.domain.tracking.spans import SPANS_MOST, TRACE_LARGEST, Span, SpanStatus

NAME_LONGEST = 255
REQUEST_ID_LONGEST = 255
SESSION_LONGEST = 255
PREVIEW_LONGEST = 10_000
"""Characters of what is shown of a request or an answer."""
DURATION_LARGEST = 2**53


class TraceState(StrEnum):
    """How the request went, as its client says or its root span shows; unset says nothing."""

    UNSET = "unset"
    IN_PROGRESS = "in_progress"
    OK = "ok"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Trace:
    """One request. `trace_id` is OpenTelemetry's, unique in the workspace; `uid` is ours.

    `request_id` and `session` are the caller's own words for the request and for what it is part of; `run_uid` is the
    run that it was made in. Start and duration are microseconds, as claimed. `told` says whether a client described
    the whole. `spans` and `size` count what is stored.
    """

    id: int
    uid: str
    workspace_id: int
    experiment_id: int
    experiment_uid: str
    trace_id: str
    run_id: int | None
    run_uid: str | None
    name: str
    state: TraceState
    request_id: str | None
    session: str | None
    started_at: int
    duration_us: int | None
    request: str | None
    response: str | None
    told: bool
    spans: int
    size: int
    etag: int
    created_by: str
    recorded_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a client says of a whole trace; what is None it does not say. Microseconds since 1970."""

    name: str | None = None
    state: str | None = None
    request_id: str | None = None
    session: str | None = None
    started_at: int | None = None
    duration_us: int | None = None
    request: str | None = None
    response: str | None = None


def clean_told(told: Told) -> Told:
    """The same, checked. Previews are cut, since they are only to be shown.

    :raises Invalid: a text or a time breaks its rule; no such state.
    """
    for what, time in (("start", told.started_at), ("duration", told.duration_us)):
        if time is not None and not 0 <= time <= DURATION_LARGEST:
            raise Invalid(f"A trace's {what} is in microseconds, from 0 to {DURATION_LARGEST}.", limit=DURATION_LARGEST)
    if told.state is not None and told.state not in tuple(TraceState):
        raise Invalid(f"The state of a trace is one of {', '.join(TraceState)}.")
    return replace(
        told,
        name=_text(told.name, "trace's name", NAME_LONGEST),
        request_id=_text(told.request_id, "request id", REQUEST_ID_LONGEST),
        session=_text(told.session, "session", SESSION_LONGEST),
        request=cut(told.request),
        response=cut(told.response),
    )


def _text(text: str | None, what: str, longest: int) -> str | None:
    return None if text is None else clean_text(text, what=what, longest=longest)


def cut(preview: str | None) -> str | None:
    """A preview as it is kept: without what no database stores, and not longer than it is shown."""
    if preview is None:
        return None
    return preview[:PREVIEW_LONGEST].replace("\x00", "\ufffd").encode(errors="replace").decode()


def told_changes(told: Told) -> dict[str, object]:
    """The columns that a client's words change."""
    said = {name: getattr(told, name) for name in Told.__dataclass_fields__}
    return {name: value for name, value in said.items() if value is not None}


def shown_changes(trace: Trace, spans: Sequence[Span], told: Mapping[str, object]) -> dict[str, object]:
    """What spans show of a trace that nobody described: its time, and from the root span its name and how it went.

    A trace that was described keeps its words, but for a state that was still open.

    :param told: what is being said of it in the same breath.
    """
    found: dict[str, object] = {}
    if not spans:
        return found
    if not (trace.told or told):
        started = min(span.start_ns for span in spans) // 1_000
        ends = [span.end_ns // 1_000 for span in spans if span.end_ns is not None]
        if trace.spans:
            started = min(started, trace.started_at)
            ends += [trace.started_at + trace.duration_us] if trace.duration_us is not None else []
        found["started_at"] = started
        if ends:
            found["duration_us"] = max(max(ends) - started, 0)
    root = next((span for span in spans if span.is_root), None)
    if root is None:
        return found
    if not trace.name and "name" not in told:
        found["name"] = root.name[:NAME_LONGEST]
    open_ = trace.state in {TraceState.UNSET, TraceState.IN_PROGRESS} and not trace.told
    if open_ and "state" not in told and root.end_ns is not None:
        found["state"] = (TraceState.ERROR if root.status is SpanStatus.ERROR else TraceState.OK).value
    return found


def check_room(spans: int, size: int) -> None:
    """:raises TooLarge: one trace would have more spans, or more bytes of them, than it may."""
    if spans > SPANS_MOST:
        raise TooLarge(f"A trace has at most {SPANS_MOST} spans.", limit=SPANS_MOST)
    if size > TRACE_LARGEST:
        raise TooLarge(f"The spans of a trace have at most {TRACE_LARGEST} bytes.", limit=TRACE_LARGEST)

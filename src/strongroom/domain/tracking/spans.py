"""Spans as values: one step of a trace, in OpenTelemetry's terms, and the limits of what a client may say of it.

A span's id is unique in its trace: what is written again under one id replaces what stood there.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.registry.text import clean_text

NAME_LONGEST = 1_024
TYPE_LONGEST = 64
ATTRIBUTES_MOST = 1_000
"""Attributes of one span, event or link."""
EVENTS_MOST = 1_000
"""Events of one span; links likewise."""
SPAN_LARGEST = 4 << 20
"""Bytes of one span as it is stored."""
SPANS_MOST = 10_000
"""Spans of one trace."""
TRACE_LARGEST = 64 << 20
"""Bytes of the spans of one trace as they are stored."""
DEPTH_MOST = 32
"""Levels of lists and maps in an attribute."""
TIME_LARGEST = 2**63 - 1

SPAN_ID = re.compile(r"[0-9a-f]{16}")
TRACE_ID = re.compile(r"[0-9a-f]{32}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]
"""What an attribute may hold: plain JSON. Bytes come as base64."""


class SpanStatus(StrEnum):
    """How a step went; unset says nothing, which is no error."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


class SpanKind(StrEnum):
    """OpenTelemetry's kind of a span."""

    UNSPECIFIED = "unspecified"
    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened during a span, such as an exception; nanoseconds since 1970."""

    name: str
    time_ns: int
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class SpanLink:
    """A span, maybe of another trace, that this one has to do with."""

    trace_id: str
    span_id: str
    attributes: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Span:
    """One step. Ids are 16 hex digits; times nanoseconds since 1970; one that has not ended has no end.

    `type` is the tracer's word for what the step does, such as ``LLM`` or ``TOOL``; it may be empty.
    """

    span_id: str
    parent_id: str | None
    name: str
    type: str
    kind: SpanKind
    status: SpanStatus
    message: str
    start_ns: int
    end_ns: int | None
    attributes: Mapping[str, Value]
    events: Sequence[SpanEvent] = ()
    links: Sequence[SpanLink] = ()

    @property
    def is_root(self) -> bool:
        """Whether it stands above all others."""
        return self.parent_id is None


def clean_trace_id(text: str) -> str:
    """:raises Invalid: not 32 lower-case hex digits, or all zero, which OpenTelemetry forbids."""
    if not TRACE_ID.fullmatch(text) or not text.strip("0"):
        raise Invalid("A trace id is 32 lower-case hex digits, not all of them 0.")
    return text


def clean_span_id(text: str) -> str:
    """:raises Invalid: not 16 lower-case hex digits, or all zero."""
    if not SPAN_ID.fullmatch(text) or not text.strip("0"):
        raise Invalid("A span id is 16 lower-case hex digits, not all of them 0.")
    return text


def clean_span(span: Span) -> Span:
    """A span from outside, checked and with what no database can store taken out of its attributes.

    :raises Invalid: an id, a time, a name or the depth of an attribute breaks its rule.
    :raises TooLarge: too many attributes, events or links.
    """
    for time in (span.start_ns, span.end_ns or 0, *(event.time_ns for event in span.events)):
        if not 0 <= time <= TIME_LARGEST:
            raise Invalid("A span's times are nanoseconds since 1970, of 63 bits.")
    for what, number in (("events", len(span.events)), ("links", len(span.links))):
        if number > EVENTS_MOST:
            raise TooLarge(f"A span has at most {EVENTS_MOST} {what}.", limit=EVENTS_MOST)
    return Span(
        span_id=clean_span_id(span.span_id),
        parent_id=None if span.parent_id is None else clean_span_id(span.parent_id),
        name=_line(span.name, "span's name", NAME_LONGEST),
        type=_line(span.type, "span's type", TYPE_LONGEST),
        kind=span.kind,
        status=span.status,
        message=_storable(span.message),
        start_ns=span.start_ns,
        end_ns=span.end_ns,
        attributes=_attributes(span.attributes),
        events=[SpanEvent(_storable(e.name), e.time_ns, _attributes(e.attributes)) for e in span.events],
        links=[
            SpanLink(clean_trace_id(link.trace_id), clean_span_id(link.span_id), _attributes(link.attributes))
            for link in span.links
        ],
    )


def _line(text: str, what: str, longest: int) -> str:
    return clean_text(_storable(text), what=what, longest=longest)


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _attributes(found: Mapping[str, Value]) -> dict[str, Value]:
    if len(found) > ATTRIBUTES_MOST:
        raise TooLarge(f"A span, event or link has at most {ATTRIBUTES_MOST} attributes.", limit=ATTRIBUTES_MOST)
    return {_storable(key): _value(value, 0) for key, value in found.items()}


def _value(value: Value, depth: int) -> Value:
    if depth > DEPTH_MOST:
        raise Invalid(f"An attribute is at most {DEPTH_MOST} levels deep.", limit=DEPTH_MOST)
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {_storable(key): _value(one, depth + 1) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [_value(one, depth + 1) for one in value]
    return value


def encode_span(span: Span) -> str:
    """What is kept of a span beside its ids and times, as JSON text. :raises TooLarge: above `SPAN_LARGEST`."""
    body: dict[str, object] = {
        "name": span.name,
        "kind": span.kind.value,
        "message": span.message,
        "attributes": span.attributes,
        "events": [[event.name, event.time_ns, event.attributes] for event in span.events],
        "links": [[link.trace_id, link.span_id, link.attributes] for link in span.links],
    }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if len(text) > SPAN_LARGEST or len(text.encode()) > SPAN_LARGEST:
        raise TooLarge(f"A span has at most {SPAN_LARGEST} bytes.", limit=SPAN_LARGEST)
    return text


def decode_span(
    text: str, *, span_id: str, parent_id: str | None, type_: str, status: str, start_ns: int, end_ns: int | None
) -> Span:
    """The inverse of `encode_span`, with what is kept beside it."""
    body = json.loads(text)
    return Span(
        span_id=span_id,
        parent_id=parent_id,
        name=body["name"],
        type=type_,
        kind=SpanKind(body["kind"]),
        status=SpanStatus(status),
        message=body["message"],
        start_ns=start_ns,
        end_ns=end_ns,
        attributes=body["attributes"],
        events=[SpanEvent(*one) for one in body["events"]],
        links=[SpanLink(*one) for one in body["links"]],
    )

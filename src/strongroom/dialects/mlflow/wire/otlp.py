"""OTLP, the wire format of OpenTelemetry's spans: bounded, unpacked, read into the core's spans.

Reading is OpenTelemetry's own (`opentelemetry-proto`); it is loaded when the first spans come, since it takes a
twentieth of a second. Two bytes may say that there is another message, which takes 56 in memory: so messages are
counted before any is made, and one body is read at a time, only of callers who may write.
"""

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.tracking.spans import DEPTH_MOST, SPANS_MOST, Span, SpanEvent, SpanKind, SpanLink, SpanStatus

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

BODY_LARGEST = 16 << 20
"""Bytes of a body, packed and unpacked."""
JSON_LARGEST = 8 << 20
"""Bytes of a body of JSON, which takes longer to read."""
VALUES_MOST = 500_000
"""Values of all attributes in one body, those inside lists and maps too."""
MESSAGES_MOST = 1_200_000
"""Messages in one body: an attribute is two of them. In JSON, its lists and objects."""
UNCOUNTED_LARGEST = 2 * MESSAGES_MOST
"""Bytes in which there cannot be too many messages: each takes two."""
MESSAGES_DEEPEST = 100
PROTOBUF, JSON = "application/x-protobuf", "application/json"
_IDS = ("traceId", "spanId", "parentSpanId")
_KINDS = tuple(SpanKind)
_STATUSES = (SpanStatus.UNSET, SpanStatus.OK, SpanStatus.ERROR)


@dataclass(frozen=True, slots=True)
class Exported:
    """A span with the trace that it is of, and what is said of the process that it is from."""

    trace_id: str
    span: Span
    resource: Mapping[str, Any]


def unpacked(body: bytes, encoding: str | None) -> bytes:
    """A body as it was before it was packed, by gzip or deflate.

    :raises Invalid: another encoding, or bytes that are none of it. :raises TooLarge: unpacked it is too large.
    """
    name = (encoding or "identity").strip().lower()
    if name == "identity":
        return body
    if name not in {"gzip", "deflate"}:
        raise Invalid(f"Unsupported Content-Encoding: {name[:100]}")
    forms = [zlib.MAX_WBITS | 16] if name == "gzip" else [zlib.MAX_WBITS, -zlib.MAX_WBITS]
    for bits in forms:
        unpack = zlib.decompressobj(bits)
        try:
            found = unpack.decompress(body, BODY_LARGEST + 1)
        except zlib.error:
            continue
        if len(found) > BODY_LARGEST:
            raise TooLarge(f"A body has at most {BODY_LARGEST} bytes when it is unpacked.", limit=BODY_LARGEST)
        if unpack.eof:
            return found
    raise Invalid(f"Failed to decompress {name} payload")


def exported(body: bytes, media: str) -> list[Exported]:
    """The spans in a body.

    :raises Invalid: it is no OTLP, or has no spans. :raises TooLarge: too many spans or values.
    """
    request = _parse(body, media)
    found: list[Exported] = []
    reader = _Reader()
    for resource_spans in request.resource_spans:
        resource = reader.attributes(resource_spans.resource.attributes)
        for scope in resource_spans.scope_spans:
            if len(found) + len(scope.spans) > SPANS_MOST:
                raise TooLarge(f"A body has at most {SPANS_MOST} spans.", limit=SPANS_MOST)
            found += [Exported(span.trace_id.hex(), reader.span(span), resource) for span in scope.spans]
    if not request.resource_spans:
        raise Invalid("Invalid OpenTelemetry format - no spans found")
    return found


def _parse(body: bytes, media: str) -> "ExportTraceServiceRequest":
    from google.protobuf import json_format, message  # type: ignore[import-untyped]
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    try:
        if media == JSON:
            if len(body) > JSON_LARGEST:
                raise TooLarge(f"A body of JSON has at most {JSON_LARGEST} bytes.", limit=JSON_LARGEST)
            _check_count(body.count(b"{") + body.count(b"["))
            json_format.ParseDict(_with_base64(json.loads(body)), request, ignore_unknown_fields=True)
        else:
            if len(body) > UNCOUNTED_LARGEST:
                count_messages(body, fields_of(request.DESCRIPTOR))
            request.ParseFromString(body)
    except (
        message.DecodeError,
        json_format.ParseError,
        ValueError,
        RecursionError,
        AttributeError,
        TypeError,
    ) as error:
        raise Invalid("Invalid OpenTelemetry format") from error
    return request


def _check_count(count: int) -> None:
    if count > MESSAGES_MOST:
        raise TooLarge(f"A body has at most {MESSAGES_MOST} messages.", limit=MESSAGES_MOST)


class Fields(dict[int, "Fields"]):
    """Of a kind of message: the fields that are messages again, by their numbers."""


def fields_of(descriptor: Any, known: dict[str, Fields] | None = None) -> Fields:  # noqa: ANN401 - protobuf's own
    """The fields of a kind of message that are messages, and theirs; `known` are those on the way."""
    known = {} if known is None else known
    if descriptor.full_name not in known:
        fields = known[descriptor.full_name] = Fields()
        for one in descriptor.fields:
            if one.message_type is not None:
                fields[one.number] = fields_of(one.message_type, known)
    return known[descriptor.full_name]


def count_messages(body: bytes, root: Fields) -> int:
    """How many messages a body would become, found by walking over it.

    :raises Invalid: it is no protobuf. :raises TooLarge: more than `MESSAGES_MOST`.
    """
    count, at, end, fields = 0, 0, len(body), root
    outer: list[tuple[int, Fields]] = []
    while True:
        while at == end and outer:
            end, fields = outer.pop()
        if at >= end:
            break
        tag, at = _varint(body, at)
        if tag & 7 != _LENGTH_DELIMITED:
            at = _skipped(body, at, tag & 7)
        else:
            length, at = _varint(body, at)
            inner = fields.get(tag >> 3)
            if at + length > end:
                raise _broken()
            if inner is None:
                at += length
                continue
            count += 1
            _check_count(count)
            outer.append((end, fields))
            if len(outer) > MESSAGES_DEEPEST:
                raise _broken()
            end, fields = at + length, inner
    if at != end:
        raise _broken()
    return count


_LENGTH_DELIMITED = 2
_FIXED = {1: 8, 5: 4}


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    for place in range(at, min(at + 10, len(body))):
        byte = body[place]
        value |= (byte & 127) << shift
        if byte < 128:  # noqa: PLR2004 - the bit that says that there are more
            return value, place + 1
        shift += 7
    raise _broken()


def _skipped(body: bytes, at: int, kind: int) -> int:
    if kind == 0:
        return _varint(body, at)[1]
    if kind not in _FIXED:
        raise _broken()
    return at + _FIXED[kind]


def _broken() -> Invalid:
    return Invalid("Invalid OpenTelemetry format")


def _with_base64(document: dict[str, Any]) -> dict[str, Any]:
    """OTLP writes ids in hex, protobuf reads bytes in base64."""
    for resource_spans in document.get("resourceSpans", []):
        for scope in resource_spans.get("scopeSpans", []):
            for span in scope.get("spans", []):
                for holder in (span, *span.get("links", [])):
                    for name in _IDS:
                        if holder.get(name):
                            holder[name] = base64.b64encode(bytes.fromhex(holder[name])).decode()
    return document


class _Reader:
    """Reads values as long as there are not too many of them."""

    def __init__(self) -> None:
        self._left = VALUES_MOST

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise TooLarge(f"A body has at most {VALUES_MOST} values.", limit=VALUES_MOST)

    def attributes(self, pairs: Any, depth: int = 0) -> dict[str, Any]:  # noqa: ANN401 - protobuf's own list
        """Attributes by key; the last of one key holds."""
        self._take(len(pairs))
        return {pair.key: self._value(pair.value, depth) for pair in _each(pairs)}

    def _value(self, value: "AnyValue", depth: int) -> Any:  # noqa: ANN401 - JSON
        if depth > DEPTH_MOST:
            raise Invalid(f"An attribute is at most {DEPTH_MOST} levels deep.", limit=DEPTH_MOST)
        match value.WhichOneof("value"):
            case "array_value":
                self._take(len(value.array_value.values))
                return [self._value(one, depth + 1) for one in value.array_value.values]
            case "kvlist_value":
                return self.attributes(value.kvlist_value.values, depth + 1)
            case "bytes_value":
                return base64.b64encode(value.bytes_value).decode()
            case str(name):
                return getattr(value, name)
        return None

    def span(self, span: "ProtoSpan") -> Span:
        """A span; its ids are checked by whoever takes it."""
        self._take(1 + len(span.events) + len(span.links))
        code = span.status.code
        return Span(
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex() if any(span.parent_span_id) else None,
            name=span.name,
            type="",
            kind=_KINDS[span.kind] if 0 <= span.kind < len(_KINDS) else SpanKind.UNSPECIFIED,
            status=_STATUSES[code] if 0 <= code < len(_STATUSES) else SpanStatus.UNSET,
            message=span.status.message,
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano or None,
            attributes=self.attributes(span.attributes),
            events=[SpanEvent(e.name, e.time_unix_nano, self.attributes(e.attributes)) for e in span.events],
            links=[SpanLink(k.trace_id.hex(), k.span_id.hex(), self.attributes(k.attributes)) for k in span.links],
        )


def _each(pairs: Any) -> "Iterator[KeyValue]":  # noqa: ANN401 - protobuf's own list
    return iter(pairs)


# -- written ------------------------------------------------------------------------------------------------------


def span_json(trace_id: str, span: Any) -> dict[str, Any]:  # noqa: ANN401 - a span's view
    """A span as protobuf's JSON, which has ids in base64. :param span: a `SpanView`."""
    found = {
        "trace_id": _base64(trace_id),
        "span_id": _base64(span.span_id),
        "name": span.name,
        "kind": f"SPAN_KIND_{span.kind.upper()}",
        "start_time_unix_nano": str(span.start_ns),
        "status": {"code": f"STATUS_CODE_{span.status.upper()}", "message": span.message},
        "attributes": _pairs(span.attributes),
        "events": [
            {"name": e.name, "time_unix_nano": str(e.time_ns), "attributes": _pairs(e.attributes)} for e in span.events
        ],
        "links": [
            {"trace_id": _base64(k.trace_id), "span_id": _base64(k.span_id), "attributes": _pairs(k.attributes)}
            for k in span.links
        ],
    }
    if span.parent_id is not None:
        found["parent_span_id"] = _base64(span.parent_id)
    if span.end_ns is not None:
        found["end_time_unix_nano"] = str(span.end_ns)
    return found


def _base64(hex_id: str) -> str:
    return base64.b64encode(bytes.fromhex(hex_id)).decode()


def _pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _any(value)} for key, value in attributes.items()]


def _any(value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    match value:
        case None:
            return {}
        case bool():
            return {"bool_value": value}
        case str():
            return {"string_value": value}
        case int() if -(2**63) <= value < 2**63:
            return {"int_value": str(value)}
        case int() | float():
            return {"double_value": float(value)}
        case dict():
            return {"kvlist_value": {"values": _pairs(value)}}
    return {"array_value": {"values": [_any(one) for one in value]}}

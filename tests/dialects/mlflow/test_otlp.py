"""Spans as OpenTelemetry's exporters send them: a plain exporter, both encodings, packed bodies, and hostile ones."""

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from strongroom.dialects.mlflow.wire import otlp
from strongroom.domain.errors import Invalid
from tests.http.processes import ServerProcess
from tests.support.api import Answer, InProcess

PROTOBUF, JSON = "application/x-protobuf", "application/json"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def request(count: int = 1, trace: str = TRACE) -> ExportTraceServiceRequest:
    """Spans of one trace; the first is its root."""
    found = ExportTraceServiceRequest()
    scope = found.resource_spans.add().scope_spans.add()
    for number in range(count):
        span = scope.spans.add()
        span.trace_id, span.span_id = bytes.fromhex(trace), (number + 1).to_bytes(8)
        span.parent_span_id = b"" if number == 0 else (1).to_bytes(8)
        span.name, span.start_time_unix_nano, span.end_time_unix_nano = f"span {number}", 1_000, 2_000
    return found


def post(
    api: InProcess, body: bytes, media: str = PROTOBUF, *, who: str | None = "contributor", **headers: str
) -> Answer:
    given = {
        "content-type": media,
        "x-mlflow-experiment-id": "0",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return api.request(who, "POST", "/v1/traces", body=body, headers=list(given.items()))


def spans(api: InProcess, trace: str = TRACE) -> list[str]:
    answer = api.request("viewer", "GET", f"/api/v1/traces/{trace}/spans")
    return [span["name"] for span in answer.json()["items"]]


@pytest.fixture(scope="module")
def exporter(server: ServerProcess, token: str) -> Iterator[OTLPSpanExporter]:
    made = OTLPSpanExporter(
        endpoint=f"{server.url}/v1/traces",
        headers={"authorization": f"Bearer {token}", "x-mlflow-experiment-id": "0"},
        compression=Compression.Gzip,
    )
    yield made
    made.shutdown()  # type: ignore[no-untyped-call]


def test_a_plain_exporter_sends_its_spans_here(exporter: OTLPSpanExporter, server: ServerProcess, token: str) -> None:
    """ "plain OTel exporter (opentelemetry-exporter-otlp-proto-http) posting to us"."""
    provider = TracerProvider(resource=Resource.create({"service.name": "bot"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")
    with tracer.start_as_current_span("outer", attributes={"n": 1, "list": ["a", "b"], "user.id": "ann"}) as outer:
        with tracer.start_as_current_span("inner"):
            pass
        outer.add_event("half way", {"at": 0.5})
    trace_id = f"{outer.get_span_context().trace_id:032x}"
    with server.client(token) as native:
        trace = native.get(f"/traces/{trace_id}").json()
        assert (trace["name"], trace["state"], trace["told"]) == ("outer", "ok", False)
        assert trace["properties"] == {"mlflow.trace.user": "ann"}
        found = native.get(f"/traces/{trace_id}/spans").json()["items"]
        assert [span["name"] for span in found] == ["outer", "inner"]
        assert found[0]["attributes"] == {"n": 1, "list": ["a", "b"], "user.id": "ann"}
        assert found[0]["events"][0]["name"] == "half way"


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate", "raw deflate"])
def test_bodies_come_packed_and_plain(api: InProcess, encoding: str) -> None:
    """ "OTLP `POST /v1/traces` (protobuf AND JSON, gzip"."""
    trace = f"{len(encoding):032x}"
    plain = request(2, trace).SerializeToString()
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = {
        "identity": plain,
        "gzip": gzip.compress(plain),
        "deflate": zlib.compress(plain),
        "raw deflate": raw.compress(plain) + raw.flush(),
    }[encoding]
    answer = post(api, packed, content_encoding=encoding.rsplit(maxsplit=1)[-1])
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", PROTOBUF)
    assert spans(api, trace) == ["span 0", "span 1"]


def test_json_has_its_ids_in_hex(api: InProcess) -> None:
    trace = "f" * 32
    span = {
        "traceId": trace, "spanId": "0" * 15 + "1", "name": "json", "kind": 2, "startTimeUnixNano": "1",
        "endTimeUnixNano": "9", "attributes": [{"key": "n", "value": {"intValue": "5"}}],
    }  # fmt: skip
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}], "unknown": 1}).encode()
    answer = post(api, body, JSON)
    assert (answer.status, answer.body) == (200, b"{}")
    assert spans(api, trace) == ["json"]


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, str(answer.json()["error_code"])


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"\xff\xff\xff", PROTOBUF),
        (b"", PROTOBUF),
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"resourceSpans": 5}', JSON),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "zz"}]}]}]}', JSON),
        (b'{"resourceSpans":' + b"[" * 100_000, JSON),
        (request(1, "0" * 32).SerializeToString(), PROTOBUF),
        (request(1, "ab").SerializeToString(), PROTOBUF),
        (request(1).SerializeToString(), "text/plain"),
    ],
)
def test_what_is_no_otlp_is_refused(api: InProcess, body: bytes, media: str) -> None:
    """ "hostile: huge/deep/forged OTLP bodies"."""
    assert code(post(api, body, media)) == (400, "INVALID_PARAMETER_VALUE")


def nested(levels: int) -> bytes:
    found = request()
    value = found.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="deep").value
    for _ in range(levels):
        value = value.array_value.values.add()
    return bytes(found.SerializeToString())


def many_attributes(count: int) -> bytes:
    found = request()
    for number in range(count):
        found.resource_spans[0].scope_spans[0].spans[0].attributes.add(key=str(number)).value.int_value = 1
    return bytes(found.SerializeToString())


def test_bombs_are_refused_before_they_cost_much(api: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "gzip bombs and deep nesting bounded"; "attribute bombs"."""
    bomb = gzip.compress(b"\0" * (otlp.BODY_LARGEST + 1))
    refused = (400, "INVALID_PARAMETER_VALUE")
    assert code(post(api, bomb, content_encoding="gzip")) == refused
    assert code(post(api, gzip.compress(bomb), content_encoding="gzip")) == refused
    assert code(post(api, b"no gzip", content_encoding="gzip")) == refused
    assert code(post(api, gzip.compress(b"x")[:-3], content_encoding="gzip")) == refused
    assert code(post(api, b"x", content_encoding="br")) == refused
    assert code(post(api, b"\0" * (otlp.BODY_LARGEST + 1))) == refused
    for levels in (33, 48, 90):
        assert code(post(api, nested(levels))) == refused
    assert code(post(api, many_attributes(1_001))) == refused
    monkeypatch.setattr(otlp, "VALUES_MOST", 500)
    assert code(post(api, many_attributes(501))) == refused
    monkeypatch.setattr(otlp, "SPANS_MOST", 3)
    assert code(post(api, request(4).SerializeToString())) == refused


def varint(number: int) -> bytes:
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def wrapped(attributes: bytes) -> bytes:
    """A request of one span whose encoded attributes are given."""
    span = request(1, "a" * 32).resource_spans[0].scope_spans[0].spans[0].SerializeToString() + attributes
    for number in (2, 2, 1):  # a span of a scope, of a resource, of the request
        span = bytes([number << 3 | 2]) + varint(len(span)) + span
    return bytes(span)


EMPTY_ATTRIBUTE = bytes([9 << 3 | 2, 0])


def test_two_bytes_a_message_do_not_fill_the_memory(api: InProcess) -> None:
    """A body within its limits that would become 8 million messages of 56 bytes is refused before any is made."""
    bomb = wrapped(EMPTY_ATTRIBUTE * (8 * 1024 * 1024 - 100))
    assert len(bomb) <= otlp.BODY_LARGEST
    answer = post(api, bomb)
    assert code(answer) == (400, "INVALID_PARAMETER_VALUE")
    assert "messages" in answer.json()["message"]
    assert "messages" in post(api, b'{"resourceSpans": [' + b"{}," * 1_200_001 + b"{}]}", JSON).json()["message"]


def messages_in(message: Any) -> int:  # noqa: ANN401 - protobuf's own
    found = 0
    for field, value in message.ListFields():
        if field.message_type is not None:
            each = value if field.is_repeated else [value]
            found += sum(1 + messages_in(one) for one in each)
    return found


def test_messages_are_counted_as_protobuf_makes_them() -> None:
    root = otlp.fields_of(ExportTraceServiceRequest.DESCRIPTOR)
    found = request(3, "b" * 32)
    for value in (b"", b"x" * 300):
        found.resource_spans[0].resource.attributes.add(key="k").value.bytes_value = value
    found.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=b"t" * 16).attributes.add(key="deep")
    found.ParseFromString(found.SerializeToString() + nested(20) + b"\xfa\x01\x03abc")  # and a field of later days
    assert otlp.count_messages(found.SerializeToString(), root) == messages_in(found)
    whole = found.SerializeToString()
    for broken in (
        whole[:-1],
        b"\x0a",
        b"\x0a\xff\xff\xff\xff\x7f",
        b"\x0b\x0c",
        b"\xff" * 11,
        b"\x09\x01",
        nested(200),
    ):
        with pytest.raises(Invalid):
            otlp.count_messages(broken, root)


def test_the_experiment_and_the_right_decide(api: InProcess) -> None:
    """ "wrong experiment (403/404 in the right shape)"."""
    body = request(1, "d" * 32).SerializeToString()
    assert code(post(api, body, x_mlflow_experiment_id="")) == (400, "INVALID_PARAMETER_VALUE")
    assert code(post(api, body, x_mlflow_experiment_id="e" * 32)) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert code(post(api, body, x_mlflow_experiment_id="../0")) == (404, "RESOURCE_DOES_NOT_EXIST")
    post(api, request().SerializeToString())
    assert code(post(api, body, who="viewer")) == (403, "PERMISSION_DENIED")
    assert code(post(api, body, who=None)) == (401, "UNAUTHENTICATED")
    assert code(post(api, body, who="stranger"))[0] in {403, 404}
    assert api.request("viewer", "GET", f"/api/v1/traces/{'d' * 32}").status == 404

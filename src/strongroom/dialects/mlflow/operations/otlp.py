"""Spans as OpenTelemetry's exporters send them, MLflow's client among them."""

import asyncio

from starlette.responses import Response

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.tracking import experiments, trace_links, traces
from strongroom.application.tracking.traces import RecordTrace
from strongroom.dialects.mlflow.operation import Transfer, flow
from strongroom.dialects.mlflow.operations.experiments import ABSENT, uid_of, uid_to_write
from strongroom.dialects.mlflow.translate import traces as translate
from strongroom.dialects.mlflow.translate.ids import DEFAULT_EXPERIMENT, run_uid
from strongroom.dialects.mlflow.wire import otlp
from strongroom.dialects.mlflow.wire import traces as wire
from strongroom.dialects.shared.requests import bounded
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.identity.roles import Permission

EXPERIMENT_HEADER, RUN_HEADER = "x-mlflow-experiment-id", "x-mlflow-run-id"
_one_at_a_time = asyncio.Semaphore(1)


@flow(
    "traces.export",
    "POST",
    "/v1/traces",
    Permission.RUN_WRITE,
    wire.ExportSpans,
    required=("experiment_id",),
    absent=ABSENT,
    versions=(),
    raw=True,
    encoded=True,
    headers={EXPERIMENT_HEADER: "experiment_id", RUN_HEADER: "run_id", "content-encoding": "encoding"},
)
async def export(edge: Edge, sent: Transfer[wire.ExportSpans]) -> Response:
    """Take spans, of any number of traces, all of them or none."""
    media = (sent.media_type or "").partition(";")[0].strip().lower()
    if media not in {otlp.PROTOBUF, otlp.JSON}:
        raise Invalid(f"Invalid Content-Type: {media[:100] or None}. Expected: {otlp.PROTOBUF} or {otlp.JSON}")
    message = sent.message
    await edge.read(lambda call: _may_write(call, message.experiment_id or ""))
    body = await bounded(sent.chunks, sent.size, otlp.BODY_LARGEST)
    async with _one_at_a_time:
        said = await asyncio.to_thread(lambda: _read(body, message.encoding, media))
    await edge.command(lambda call: _record(call, message, said))
    return Response(b"{}" if media == otlp.JSON else b"", media_type=media)


def _read(body: bytes, encoding: str | None, media: str) -> list[RecordTrace]:
    return translate.from_spans(otlp.exported(otlp.unpacked(body, encoding), media))


def _may_write(call: Call, experiment_id: str) -> None:
    """Before the body is read: reading it costs memory."""
    try:
        experiments.by_uid(call, uid_of(call, experiment_id), Permission.RUN_WRITE)
    except NotFound:
        if experiment_id != DEFAULT_EXPERIMENT:
            raise
        call.ask(Permission.RUN_WRITE)


def _record(call: Call, message: wire.ExportSpans, said: list[RecordTrace]) -> None:
    if not said:
        return
    experiment = uid_to_write(call, message.experiment_id or "")
    made = traces.record(call, experiment, said)
    if message.run_id:
        trace_links.link_run(call, [trace.uid for trace in made], run_uid(message.run_id))


OPERATIONS = (export,)

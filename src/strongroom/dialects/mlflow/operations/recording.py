"""What runs record: points, params, batches; and the history of a metric."""

from collections.abc import Sequence

from strongroom.application.call import Call
from strongroom.application.tracking import measuring, recording, runs, series
from strongroom.application.tracking.runs import UpdateRun
from strongroom.dialects.mlflow.operation import command, read
from strongroom.dialects.mlflow.operations.runs import ABSENT
from strongroom.dialects.mlflow.translate import recording as translate
from strongroom.dialects.mlflow.translate.common import page_size, tags_of
from strongroom.dialects.mlflow.translate.ids import run_uid
from strongroom.dialects.mlflow.translate.runs import history, said
from strongroom.dialects.mlflow.wire import runs as wire
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.sampling import FEWEST

HISTORY_MOST, SAMPLES_MOST = 25_000, 2_500
_READ, _WRITE = Permission.RUN_READ, Permission.RUN_WRITE


@command(
    "runs.log_metric",
    "POST",
    "/mlflow/runs/log-metric",
    _WRITE,
    wire.LogMetric,
    required=("key", "value", "timestamp"),
    absent=ABSENT,
)
def log_metric(call: Call, message: wire.LogMetric) -> None:
    """Record one point."""
    uid, points = run_uid(message.run_id, message.run_uuid), [translate.point(message)]
    _measure(call, uid, points)
    recording.log(call, uid, translate.batch(points, (), {}))


def _measure(call: Call, uid: str, points: Sequence[wire.Point]) -> None:
    """What was measured of logged models is theirs as well as the run's. Their rows are locked before the run's."""
    for model, measured in translate.measured(points, uid):
        measuring.log(call, model, measured)


@command(
    "runs.log_param", "POST", "/mlflow/runs/log-parameter", _WRITE, wire.LogParam, required=("key",), absent=ABSENT
)
def log_param(call: Call, message: wire.LogParam) -> None:
    """Record one param."""
    batch = translate.batch((), [wire.Param(key=message.key, value=message.value)], {})
    recording.log(call, run_uid(message.run_id, message.run_uuid), batch)


@command("runs.log_batch", "POST", "/mlflow/runs/log-batch", _WRITE, wire.LogBatch, required=("run_id",), absent=ABSENT)
def log_batch(call: Call, message: wire.LogBatch) -> None:
    """Record points, params and tags, all or none."""
    translate.check_counts(len(message.metrics), len(message.params), len(message.tags))
    told = said(tags_of(message.tags))
    batch = translate.batch(message.metrics, message.params, told.tags)
    uid = run_uid(message.run_id)
    _measure(call, uid, message.metrics)
    recording.log(call, uid, batch)
    if told.name is not None or told.note is not None:
        runs.update(call, uid, UpdateRun(name=told.name, note=told.note))


@read(
    "metrics.history",
    "GET",
    "/mlflow/metrics/get-history",
    _READ,
    wire.GetHistory,
    required=("metric_key",),
    absent=ABSENT,
)
def get_history(call: Call, message: wire.GetHistory) -> wire.HistoryAnswer:
    """Points of one metric by step."""
    uid, key = run_uid(message.run_id, message.run_uuid), message.metric_key or ""
    size = page_size(message.max_results, HISTORY_MOST, HISTORY_MOST)
    found = series.columns(call, uid, key, limit=size, token=message.page_token or None)
    return wire.HistoryAnswer(metrics=history(found), next_page_token=found.next_page_token)


@read(
    "metrics.sampled",
    "GET",
    "/mlflow/metrics/get-history-bulk-interval",
    _READ,
    wire.GetSampled,
    required=("metric_key",),
    absent="One of these runs is not there.",
    versions=("2.0", "2.11"),
)
def get_sampled(call: Call, message: wire.GetSampled) -> wire.BulkAnswer:
    """One metric of several runs, with no more points than a chart can show."""
    count = page_size(message.max_results, SAMPLES_MOST, SAMPLES_MOST)
    span = translate.span_of(message.start_step, message.end_step)
    found: list[wire.Metric] = []
    for uid in translate.run_uids(message.run_ids):
        sampled = series.sample(call, uid, message.metric_key or "", max(count, FEWEST), span)
        found += translate.evenly(history(sampled, uid), count)
    return wire.BulkAnswer(metrics=found)


@read(
    "metrics.bulk",
    "GET",
    "/mlflow/metrics/get-history-bulk",
    _READ,
    wire.GetBulk,
    required=("metric_key",),
    absent="One of these runs is not there.",
)
def get_bulk(call: Call, message: wire.GetBulk) -> wire.BulkAnswer:
    """One metric of several runs, as many points as one answer holds."""
    left = page_size(message.max_results, HISTORY_MOST, HISTORY_MOST)
    found: list[wire.Metric] = []
    for uid in translate.run_uids(message.run_id):
        if left > 0:
            found += history(series.columns(call, uid, message.metric_key or "", limit=left), uid)
            left = HISTORY_MOST - len(found)
    return wire.BulkAnswer(metrics=found)


OPERATIONS = (log_metric, log_param, log_batch, get_history, get_sampled, get_bulk)

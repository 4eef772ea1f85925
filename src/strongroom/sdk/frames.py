"""Runs and their series as Arrow tables; apart, since this needs pyarrow (the extra ``data``)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.errors import Invalid
from strongroom.sdk.run_models import Metric, RunInfo
from strongroom.sdk.series_models import Columns, Compared, columns

try:
    import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
except ModuleNotFoundError as missing:
    raise ImportError(f"Data frames need the extra 'data': pip install 'strongroom[data]' ({missing})") from missing

COMPARED = 200
"""Series that the server compares at once."""
_TIME = pa.timestamp("us", tz="UTC")
_FIXED: Sequence[tuple[str, Any]] = (
    ("uid", pa.string()),
    ("name", pa.string()),
    ("experiment", pa.string()),
    ("kind", pa.string()),
    ("state", pa.string()),
    ("started_at", _TIME),
    ("ended_at", _TIME),
)
_SERIES = pa.schema(
    [("run", pa.string()), ("key", pa.string()), ("step", pa.int64()), ("time", _TIME), ("value", pa.float64())]
)


def runs_table(
    found: Iterable[RunInfo],
    whole: Callable[[RunInfo], RunInfo],
    params: Sequence[str] | None,
    metrics: Sequence[str] | None,
    limit: int,
) -> Any:  # noqa: ANN401 - a pyarrow.Table
    """A row for each run.

    :param whole: fetches a run with more of its params and metrics than a listing tells.
    :param params: columns ``params.NAME``; None is all that occur. :param metrics: likewise, the last value of each.
    """
    runs = [_told(run, whole, params, metrics) for run in islice(found, limit)]
    keys = _keys((run.params for run in runs), params), _keys((run.metrics for run in runs), metrics)
    fields, values = [pa.field(name, kind) for name, kind in _FIXED], []
    values += [pa.array([getattr(run, name) for run in runs], kind) for name, kind in _FIXED]
    for key in keys[0]:
        fields.append(pa.field(f"params.{key}", pa.string()))
        values.append(pa.array([run.params.get(key) for run in runs], pa.string()))
    for key in keys[1]:
        fields.append(pa.field(f"metrics.{key}", pa.float64()))
        values.append(pa.array([_last(run.metrics.get(key)) for run in runs], pa.float64(), from_pandas=False))
    return pa.Table.from_arrays(values, schema=pa.schema(fields))


def _told(
    run: RunInfo, whole: Callable[[RunInfo], RunInfo], params: Sequence[str] | None, metrics: Sequence[str] | None
) -> RunInfo:
    """The run with what is asked for: a listing tells only the first of very many params and metrics."""
    lacking = _lacks(run.params, run.params_total, params) or _lacks(run.metrics, run.metrics_total, metrics)
    return whole(run) if lacking else run


def _lacks(shown: Any, total: int, asked: Sequence[str] | None) -> bool:  # noqa: ANN401 - a mapping by name
    return len(shown) < total and (asked is None or any(key not in shown for key in asked))


def _keys(shown: Iterable[Any], asked: Sequence[str] | None) -> Sequence[str]:
    return sorted({key for one in shown for key in one}) if asked is None else list(dict.fromkeys(asked))


def _last(metric: Metric | None) -> float | None:
    return None if metric is None else float(metric.last)


def series_table(api: Api, uids: Sequence[str], keys: Sequence[str], samples: int | None) -> Any:  # noqa: ANN401
    """A row for each point, by run and key, then step. :raises Invalid: a series is none of numbers."""
    parts = _sampled(api, uids, keys, samples) if samples is not None else _whole(api, uids, keys)
    return pa.Table.from_batches([_batch(part) for part in parts], schema=_SERIES)


def _whole(api: Api, uids: Sequence[str], keys: Sequence[str]) -> Iterator[Columns]:
    for uid in uids:
        for key in keys:
            yield from columns(api, uid, key, None, None)


def _sampled(api: Api, uids: Sequence[str], keys: Sequence[str], samples: int) -> Iterator[Columns]:
    """A request for as many series as the server compares at once."""
    for first in range(0, len(keys), COMPARED):
        some = list(keys[first : first + COMPARED])
        many = max(1, COMPARED // len(some))
        for at in range(0, len(uids), many):
            fields: dict[str, Any] = {"run_uids": list(uids[at : at + many]), "keys": some, "samples": samples}
            yield from api.call("metric.compare", Compared, **fields).series


def _batch(part: Columns) -> Any:  # noqa: ANN401 - a pyarrow.RecordBatch
    if part.kind != "float":
        raise Invalid(f"The series {part.key!r} holds {part.kind}, not numbers; read it with columns().")
    columns_ = [
        pa.repeat(pa.scalar(part.run_uid, pa.string()), len(part)),
        pa.repeat(pa.scalar(part.key, pa.string()), len(part)),
        pa.array(part.steps, pa.int64()),
        pa.array(part.times_us, pa.int64()).cast(_TIME),
        pa.array(part.decoded(), pa.float64(), from_pandas=False),
    ]
    return pa.RecordBatch.from_arrays(columns_, schema=_SERIES)

"""The short form of series in SQL: latest, least, greatest and number of points by key, merged batch by batch.

The caller holds the run's lock, so that reading, merging and writing a summary is one step.
"""

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, bindparam, select

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import Context
from strongroom.adapters.sql.tables import name_dict, run_series, run_value
from strongroom.application.ports.tracking import OfRun
from strongroom.domain.errors import Conflict
from strongroom.domain.tracking.points import Kind, Points, summary_of
from strongroom.domain.tracking.values import Point, Summary

Row = tuple[Any, ...]
LAST_LONGEST = 255
"""Characters kept of the latest value of a series that is no numbers."""

_VALUE = [
    run_value.c[name].label(f"value_{name}") for name in ("last", "last_step", "last_time", "min", "max", "count")
]
_OTHER = [run_series.c[name].label(f"other_{name}") for name in ("kind", "last", "last_step", "last_time", "count")]


_IS_VALUE = and_(run_value.c.run_id == bindparam("of_run"), run_value.c.key_id == name_dict.c.id)
_IS_OTHER = and_(run_series.c.run_id == bindparam("of_run"), run_series.c.key_id == name_dict.c.id)
# keys that the workspace knows, each with what the run has of it
_KNOWN = Prepared(
    select(name_dict.c.text, name_dict.c.id, *_VALUE, *_OTHER)
    .outerjoin(run_value, _IS_VALUE)
    .outerjoin(run_series, _IS_OTHER)
    .where(name_dict.c.workspace_id == bindparam("of_workspace"), among(name_dict.c.text, "keys"))
)


def stored(value: float) -> float | None:
    """A value as a column holds it: NULL is NaN, which SQLite cannot store."""
    return None if math.isnan(value) else value


def loaded(value: float | None) -> float:
    """What `stored` was given."""
    return math.nan if value is None else value


def summary(row: Row) -> Summary:
    """A summary from `last, last_step, last_time, min, max, count`."""
    last, step, time, least, greatest, count = row
    return Summary(Point(step, time, loaded(last)), loaded(least), loaded(greatest), count)


def merged_values(
    context: Context, of: OfRun, series: Mapping[str, Points]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of `run_value` and of `run_series` as the points of a batch leave them.

    :raises Conflict: a series has points of another kind; `details` has `key`.
    """
    rows = _KNOWN.rows(context.connection, of_run=of.id, of_workspace=of.workspace_id, keys=list(series))
    known = {row[0]: row for row in rows}
    missing = [key for key in sorted(series) if key not in known]
    ids = context.name_ids(of.workspace_id, missing, create=True) if missing else {}
    values, others = [], []
    for key, points in series.items():
        key_id, value, other = _split(known[key]) if key in known else (ids[key], None, None)
        kind = Kind(other[0]) if other else Kind.FLOAT if value else points.kind
        if kind is not points.kind:
            raise Conflict(f"The series {key!r} has values of kind {kind.value}.", key=key)
        if kind is Kind.FLOAT:
            values.append(_value_row(of, key_id, value, summary_of(points)))
        else:
            others.append(_other_row(of, key_id, other, points))
    return values, others


def _split(row: Row) -> tuple[int, Row | None, Row | None]:
    value, other = row[2 : 2 + len(_VALUE)], row[2 + len(_VALUE) :]
    return row[1], value if value[-1] is not None else None, other if other[-1] is not None else None


def _value_row(of: OfRun, key_id: int, old: Row | None, added: Summary) -> dict[str, Any]:
    whole = summary(old).merge(added) if old else added
    return {
        "run_id": of.id,
        "key_id": key_id,
        "experiment_id": of.experiment_id,
        "last": stored(whole.last.value),
        "last_step": whole.last.step,
        "last_time": whole.last.time_us,
        "min": stored(whole.least),
        "max": stored(whole.greatest),
        "count": whole.count,
    }


def _other_row(of: OfRun, key_id: int, old: Row | None, points: Points) -> dict[str, Any]:
    kind, last, step, time, count = old or (points.kind.value, "", -(2**63), -(2**63), 0)
    for new_step, new_time, text in zip(points.steps, points.times, points.words, strict=True):
        if (new_step, new_time) >= (step, time):  # of points equal in both the later one is the latest
            last, step, time = text[:LAST_LONGEST], new_step, new_time
    return {
        "run_id": of.id, "key_id": key_id, "kind": kind, "last": last, "last_step": step, "last_time": time,
        "count": count + len(points),
    }  # fmt: skip

"""Evaluations: recorded, listed, compared."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from strongroom.cli import output
from strongroom.cli.common import NONE, Common
from strongroom.sdk.errors import Invalid

_COLUMNS = ("uid", "name", "metrics", "data", "standing", "recorded_at")
_PARTS = ("value", "unit", "better", "kind")
_Many = Parameter(negative_iterable="")


def _metric(text: str) -> dict[str, Any]:
    """``accuracy=0.93``, or with unit, direction and kind: ``p95=120,ms,lower,latency``."""
    name, sign, said = text.rpartition("=")
    parts: dict[str, Any] = dict(zip(_PARTS, said.split(","), strict=False))
    try:
        parts["value"] = float(parts["value"])
    except ValueError:
        sign = ""
    if not sign or not name or said.count(",") >= len(_PARTS):
        raise Invalid(f"A metric is NAME=VALUE[,UNIT[,higher|lower[,KIND]]], not {text!r}.")
    return {"name": name, **parts}


def record(
    reference: str,
    name: str,
    *,
    metric: Annotated[list[str] | None, _Many] = None,
    metrics: Path | None = None,
    dataset: str | None = None,
    dataset_digest: str | None = None,
    dataset_name: str | None = None,
    commit: str | None = None,
    path: str | None = None,
    judge: str | None = None,
    rows: Path | None = None,
    common: Common | None = None,
) -> None:
    """Record what was measured of a version.

    Parameters
    ----------
    reference:
        The version.
    name:
        What the evaluation, or the suite that it is of, is called.
    metric:
        NAME=VALUE[,UNIT[,higher|lower[,KIND]]], such as p95=120,ms,lower,latency; repeat it for several.
    metrics:
        A JSON file with a list of metrics, as the API takes them; beside --metric.
    dataset:
        The data set, a version here; search finds values by its name, such as data/holdout.
    dataset_digest:
        Or its digest, where it is elsewhere.
    dataset_name:
        What it is called, where it is elsewhere.
    commit:
        Of the code that measured.
    path:
        Of the code that measured.
    judge:
        Who judged, where it was not the code alone.
    rows:
        A Parquet file with the results of single rows.
    """
    common = common or NONE
    said = [_metric(one) for one in metric or ()] + (json.loads(metrics.read_text()) if metrics else [])
    more: dict[str, Any] = {"dataset_digest": dataset_digest, "dataset_name": dataset_name, "commit": commit}
    more |= {"path": path, "judge": {"name": judge} if judge else None}
    given = {key: value for key, value in more.items() if value is not None}
    with common.client() as client:
        made = client.evaluations.record(reference, name, said, dataset=dataset, rows=rows, **given)
    output.emit(made) if common.json else output.line(made.uid)


def list_(
    reference: str,
    *,
    name: str | None = None,
    metric: str | None = None,
    history: Annotated[bool, Parameter(negative="")] = False,
    common: Common | None = None,
) -> None:
    """Evaluations of a version, the one recorded last first.

    Parameters
    ----------
    reference:
        The version.
    name:
        Only those of this name.
    metric:
        Only those with this metric.
    history:
        Those that were corrected or retracted as well.
    """
    common = common or NONE
    with common.client() as client:
        found = list(client.evaluations.of(reference, name=name, metric=metric, history=history))
    if common.json:
        output.rows(found, as_json=True)
        return
    shown = [
        {
            **output.plain(one),
            "metrics": ", ".join(f"{m.name} {m.value:g}{f' {m.unit}' if m.unit else ''}" for m in one.metrics),
            "data": one.data.name or one.data.digest[:12] or "unbound",
        }
        for one in found
    ]
    output.rows(shown, as_json=False, columns=_COLUMNS)

"""Evaluations of the world's version, two of them with rows, so that one challenges the other."""

import io
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.support.plausible import Asked, Request

if TYPE_CHECKING:
    from tests.support.api_world import World

SAID = {"name": "suite", "metrics": [{"name": "accuracy", "value": 0.5}], "dataset_digest": "d" * 64}


@cache
def rows() -> bytes:
    import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
    from pyarrow import parquet

    out = io.BytesIO()
    parquet.write_table(pa.table({"row_id": ["a", "b"], "accuracy": [0.0, 1.0]}), out)
    return out.getvalue()


def _recorded(world: "World", **more: object) -> str:
    return str(world.do("evaluation.record", {**SAID, **more}, uid=world.version["uid"])["uid"])


def _with_rows(world: "World") -> str:
    from tests.support.api_world import digest, frame

    world.do("blob.send", body=frame(rows()), kind="asset", uid=world.asset["uid"])
    return _recorded(world, rows=digest(rows()))


def _record(world: "World") -> Asked:
    return Asked({"uid": world.version["uid"]}, {}, dict(SAID))


def _list(world: "World") -> Asked:
    return Asked({"uid": world.version["uid"]}, {})


def _correct(world: "World") -> Asked:
    return Asked({"uid": _recorded(world)}, {}, {"evaluation": dict(SAID), "reason": "r"})


def _retract(world: "World") -> Asked:
    return Asked({"uid": _recorded(world)}, {}, {"reason": "r"})


def _one(world: "World") -> Asked:
    return Asked({"uid": _recorded(world)}, {})


def _rows(world: "World") -> Asked:
    return Asked({"uid": _with_rows(world)}, {})


def _compared(world: "World") -> dict[str, Any]:
    return {"champion_uid": _with_rows(world), "metric": "accuracy", "seed": 1}


def _compare(world: "World") -> Asked:
    return Asked({"uid": _with_rows(world)}, {}, _compared(world))


def _comparison(world: "World") -> Asked:
    made = world.do("evaluation.compare", _compared(world), uid=_with_rows(world))
    return Asked({"uid": made["uid"]}, {})


REQUESTS: Mapping[str, Request] = {
    "evaluation.record": _record,
    "evaluation.list": _list,
    "evaluation.get": _one,
    "evaluation.correct": _correct,
    "evaluation.retract": _retract,
    "evaluation.rows": _rows,
    "evaluation.compare": _compare,
    "evaluation.comparisons": _one,
    "evaluation.comparison": _comparison,
}

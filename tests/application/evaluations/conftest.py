"""Versions to evaluate, with the process that reads rows beside them."""

import asyncio
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
import pytest
from pyarrow import parquet

from strongroom.adapters.evaluations.child import answered
from strongroom.adapters.evaluations.rows import ChildRows
from strongroom.application.artifacts import uploads
from strongroom.application.edge import RequestEdge
from strongroom.application.evaluations import finding, recording
from strongroom.application.evaluations.recording import RecordEvaluation
from strongroom.application.evaluations.views import EvaluationView
from strongroom.application.paging import PageRequest
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.evaluations.model import Direction, Measure, MetricKind
from tests.application.conftest import World
from tests.promises.conftest import home, site
from tests.promises.support import Site, make_asset, publish, sha256

__all__ = ["home", "site"]

QUALITY = Measure("accuracy", 0.9, "%", Direction.HIGHER, MetricKind.QUALITY, 0.8, 0.95, 0.95, 100)
LATENCY = Measure("p95", 120.0, "ms", Direction.LOWER, MetricKind.LATENCY)
DATA = "d" * 64

Evaluate = Callable[..., EvaluationView]


@pytest.fixture
def model(site: Site) -> AssetView:
    return make_asset(site)


@pytest.fixture
def version(site: Site, model: AssetView) -> VersionView:
    return publish(site, model.uid)


class RowsHere(ChildRows):
    """Reads files of rows in this process, which costs less than one for each; some tests run the real one."""

    async def _run(self, job: Path) -> bytes:
        return await asyncio.to_thread(_answer, job)


def _answer(job: Path) -> bytes:
    return json.dumps(answered(json.loads(job.read_bytes())), allow_nan=False).encode()


def edge(site: Site, who: str, *, apart: bool = False) -> RequestEdge:
    """With what reads rows. :param apart: in a process of its own, as a server does it."""
    gateway = replace(site.gateway, rows=ChildRows(site.store) if apart else RowsHere(site.store))
    return RequestEdge(gateway, site.world.tokens[who], None)


def record(
    site: Site, uid: str, *metrics: Measure, who: str = "contributor", apart: bool = False, **more: Any
) -> EvaluationView:
    said = RecordEvaluation(**{"name": "suite", "metrics": metrics or (QUALITY,), "dataset_digest": DATA, **more})
    return asyncio.run(recording.record(edge(site, who, apart=apart), uid, said))


def listed(world: World, uid: str, who: str = "viewer", **query: Any) -> list[EvaluationView]:
    asked = finding.ListEvaluations(**query)
    return list(world.read(who, lambda call: finding.listed(call, uid, asked, PageRequest())).items)


def names(world: World, uid: str, who: str = "viewer", **query: Any) -> list[str]:
    return [one.name for one in listed(world, uid, who, **query)]


def table(**columns: Sequence[Any]) -> bytes:
    """A Parquet file."""
    out = io.BytesIO()
    parquet.write_table(pa.table(dict(columns)), out)
    return out.getvalue()


def send(site: Site, asset_uid: str, data: bytes, who: str = "contributor") -> str:
    """Bytes sent to an asset; their digest."""
    asyncio.run(uploads.put_small(site.edge(who), "asset", asset_uid, [(sha256(data), data)]))
    return sha256(data)


def epoch(site: Site, uid: str) -> int:
    """What a gate's decision is bound to."""
    found = site.world.read_tx(lambda tx: tx.versions.by_uid(site.world.workspace.id, uid))
    assert found is not None
    return found.evidence_epoch

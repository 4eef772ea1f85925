"""Results of single rows: a Parquet file with a schema, read in a process of its own."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
import pytest

from strongroom.adapters.evaluations import rows as running
from strongroom.adapters.evaluations.child import Files
from strongroom.adapters.evaluations.rows import LIMITS, ChildRows
from strongroom.application.evaluations import finding
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import Invalid, NotFound, NotPossessed
from tests.application.evaluations.conftest import edge, record, send, table
from tests.promises.support import Site

GOOD: dict[str, list[Any]] = {
    "row_id": ["a", "b", "c"],
    "slice": ["x", "y", "x"],
    "accuracy": [1.0, 0.0, None],
    "ok": [True, False, True],
}


def test_rows_are_described_and_read_back(site: Site, version: VersionView, model: AssetView) -> None:
    """ "per-slice values and per-row results as a Parquet blob"."""
    data = table(**GOOD)
    made = record(site, version.uid, rows=send(site, model.uid, data), apart=True)
    assert made.rows is not None
    assert (made.rows.count, made.rows.columns, made.rows.slices) == (3, ("accuracy", "ok"), ("x", "y"))
    assert (made.rows.size, made.rows.slices_cut) == (len(data), False)

    async def read() -> bytes:
        found = await finding.open_rows(edge(site, "viewer"), made.uid)
        return b"".join([chunk async for chunk in site.store.read(found.blob)])

    assert asyncio.run(read()) == data
    with pytest.raises(NotFound, match="no results"):
        asyncio.run(finding.open_rows(edge(site, "viewer"), record(site, version.uid).uid))


def test_bytes_that_were_not_sent_are_not_named(site: Site, version: VersionView, model: AssetView) -> None:
    digest = send(site, model.uid, table(**GOOD), "admin")
    with pytest.raises(NotPossessed):
        record(site, version.uid, rows=digest)


def test_a_process_that_dies_is_an_answer(
    site: Site, version: VersionView, model: AssetView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_PROGRAM", "strongroom.none")
    with pytest.raises(Invalid, match="cannot be read"):
        record(site, version.uid, rows=send(site, model.uid, table(**GOOD)), apart=True)


def test_a_large_file_is_not_brought(site: Site, model: AssetView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "FILE_LARGEST", 10)
    digest = send(site, model.uid, table(**GOOD))
    (blob,) = site.world.read_tx(lambda tx: list(tx.blobs.by_sha256([digest]).values()))
    with pytest.raises(Invalid, match="at most 10 bytes"):
        asyncio.run(ChildRows(site.store).describe(blob))  # type: ignore[arg-type]  # it has all that is asked of it


BAD: dict[str, tuple[bytes, str]] = {
    "no parquet": (b"PAR1 and nothing", "cannot be read"),
    "no id": (table(accuracy=[1.0]), "column row_id"),
    "no values": (table(row_id=["a"], slice=["s"]), "column of values"),
    "no rows": (table(row_id=pa.array([], pa.string()), accuracy=pa.array([], pa.float64())), "1 to 5 rows"),
    "too many rows": (table(row_id=list(range(6)), accuracy=[1.0] * 6), "1 to 5 rows"),
    "too many columns": (table(row_id=["a"], **{f"m{n}": [1.0] for n in range(6)}), "at most 6 columns"),
    "an id twice": (table(row_id=["a", "a"], accuracy=[1.0, 2.0]), "of its own"),
    "no id in a row": (table(row_id=["a", None], accuracy=[1.0, 2.0]), "of its own"),
    "ids that are numbers with a fraction": (table(row_id=[0.5], accuracy=[1.0]), "texts or integers"),
    "slices that are no texts": (table(row_id=["a"], slice=[1], accuracy=[1.0]), "slice holds texts"),
    "values that are texts": (table(row_id=["a"], answer=["yes"]), "numbers or truth values"),
    "a value that is not finite": (table(row_id=["a"], accuracy=[float("inf")]), "not finite"),
    "a long name": (table(row_id=["a"], **{"m" * 251: [1.0]}), "250 characters"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_what_is_no_file_of_rows_is_refused(name: str, tmp_path: Path) -> None:
    data, said = BAD[name]
    path = tmp_path / "rows.parquet"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=said):
        Files({**LIMITS, "rows": 5, "columns": 6}).describe(str(path))


@pytest.mark.parametrize("ids", [lambda: ["b", "a", "c"], lambda: pa.array([2, 1, 3], pa.int32())])
def test_rows_are_paired_by_their_id_and_in_its_order(ids: Callable[[], Any], tmp_path: Path) -> None:
    """Rows with a value in one file only are no pair."""
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(table(row_id=ids(), m=[2.0, 1.0, None]))
    second.write_bytes(
        table(row_id=pa.array(["a", "b", "c", "d"]) if ids()[0] == "b" else [1, 2, 3, 4], m=[1, 5, 1, 1])
    )
    files = Files(dict(LIMITS))
    assert files.differences(str(first), str(second), "m") == [0.0, 3.0]
    with pytest.raises(Invalid, match="no column"):
        files.differences(str(first), str(second), "other")

"""Rows of points out of a Parquet file; apart, since only this needs pyarrow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyarrow import parquet  # type: ignore[import-untyped]  # it has no stubs

WANTED = ("run", "key", "value", "step", "time_us", "experiment")


def batches(source: Path, rows: int) -> Iterator[dict[str, list[Any]]]:
    """The columns that are there of those that can be loaded, so many rows at a time."""
    with parquet.ParquetFile(source) as file:
        there = [name for name in WANTED if name in file.schema_arrow.names]
        for batch in file.iter_batches(rows, columns=there):
            yield batch.to_pydict()

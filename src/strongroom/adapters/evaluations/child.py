"""Reads files of rows that nobody trusts: a program of its own under hard limits, which gets no key and no address.

Started with the path of a job, which is JSON: what is asked (`describe` or `compare`), the files, the limits. It
answers JSON on standard output: ``{"refused": why}``, or what was asked for.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from strongroom.adapters.statistics.child import limit_myself
from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.comparing import Plan, compare
from strongroom.domain.evaluations.model import Direction

ID: Final = "row_id"
SLICE: Final = "slice"
NAME_LONGEST: Final = 250


class Files:
    """Tables of rows, with their schema checked."""

    def __init__(self, limits: dict[str, int]) -> None:
        import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
        from pyarrow import compute, parquet

        pa.set_cpu_count(1)
        pa.set_io_thread_count(1)
        self.arrow, self.compute, self.parquet, self.limits = pa, compute, parquet, limits

    def open(self, path: str) -> Any:  # noqa: ANN401 - Arrow's
        """:raises Invalid: no Parquet file, or not of the schema."""
        try:
            return self._open(path)
        except (self.arrow.ArrowException, OSError, ValueError, KeyError, OverflowError) as error:
            said = str(error).splitlines()
            raise Invalid(f"The file of rows cannot be read: {said[0][:200] if said else '?'}") from error

    def _open(self, path: str) -> Any:  # noqa: ANN401 - Arrow's
        opened = self.parquet.ParquetFile(path, thrift_string_size_limit=16 << 20, thrift_container_size_limit=1 << 20)
        schema, count = opened.schema_arrow, opened.metadata.num_rows
        if not 1 <= count <= self.limits["rows"]:
            raise Invalid(f"A file of rows has 1 to {self.limits['rows']} rows.", limit=self.limits["rows"])
        if len(schema.names) > self.limits["columns"]:
            raise Invalid(f"A file of rows has at most {self.limits['columns']} columns.", limit=self.limits["columns"])
        self._check(schema)
        return opened

    def _check(self, schema: Any) -> None:  # noqa: ANN401 - Arrow's
        types = self.arrow.types
        if len(set(schema.names)) < len(schema.names) or any(not 1 <= len(n) <= NAME_LONGEST for n in schema.names):
            raise Invalid(f"Columns have different names of 1 to {NAME_LONGEST} characters.")
        if ID not in schema.names:
            raise Invalid("A file of rows has a column row_id.")
        kind = schema.field(ID).type
        if not (types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind)):
            raise Invalid("The column row_id holds texts or integers.")
        if SLICE in schema.names and not _is_text(types, schema.field(SLICE).type):
            raise Invalid("The column slice holds texts.")
        values = self.values(schema)
        if not values:
            raise Invalid("A file of rows has a column of values.")
        for name in values:
            kind = schema.field(name).type
            if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
                raise Invalid(
                    "Columns of values hold numbers or truth values; others than row_id and slice are values."
                )

    @staticmethod
    def values(schema: Any) -> list[str]:  # noqa: ANN401 - Arrow's
        """Columns of values."""
        return [name for name in schema.names if name not in {ID, SLICE}]

    def column(self, opened: Any, name: str) -> Any:  # noqa: ANN401 - Arrow's
        """One column, all of it, as texts where it says which row, else as numbers."""
        kind = self.arrow.float64() if name not in {ID, SLICE} else self.arrow.string()
        column = opened.read(columns=[name], use_threads=False).column(0)
        if self.arrow.types.is_dictionary(column.type):
            column = self.compute.cast(column, column.type.value_type)
        if self.arrow.types.is_boolean(column.type):
            column = column.cast(self.arrow.int8())
        return column.cast(kind, safe=False)

    def describe(self, path: str) -> dict[str, Any]:
        """What is in a file, when every row has an id of its own and every value is finite or missing."""
        opened = self.open(path)
        ids = self.column(opened, ID)
        if ids.null_count or self.compute.count_distinct(ids).as_py() < len(ids):
            raise Invalid("Every row has a row_id of its own.")
        for name in self.values(opened.schema_arrow):
            column = self.column(opened, name)
            if not self.compute.all(self.compute.is_finite(column.drop_null())).as_py() and len(column.drop_null()):
                raise Invalid(f"The column {name[:100]!r} has a value that is not finite; leave it out (null).")
        slices: list[str] = []
        if SLICE in opened.schema_arrow.names:
            slices = self.compute.unique(self.column(opened, SLICE).drop_null()).to_pylist()
        most = self.limits["slices"]
        return {
            "count": len(ids),
            "columns": self.values(opened.schema_arrow),
            "slices": [one[:NAME_LONGEST] for one in sorted(slices)[:most]],
            "slices_cut": len(slices) > most,
        }

    def differences(self, champion: str, challenger: str, name: str) -> list[float]:
        """Challenger minus champion by row, in the order of the ids."""
        tables = []
        for path, side in ((champion, "a"), (challenger, "b")):
            opened = self.open(path)
            if name not in self.values(opened.schema_arrow):
                raise Invalid(f"A file of rows has no column {name[:100]!r}.")
            table = self.arrow.table({ID: self.column(opened, ID), side: self.column(opened, name)})
            tables.append(table.filter(self.compute.is_valid(table.column(side))))
        joined = tables[0].join(tables[1], ID, join_type="inner", use_threads=False).sort_by(ID)
        found: list[float] = self.compute.subtract(joined.column("b"), joined.column("a")).to_pylist()
        return found


def _is_text(types: Any, kind: Any) -> bool:  # noqa: ANN401 - Arrow's
    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(types.is_string(kind) or types.is_large_string(kind))


def answered(job: dict[str, Any]) -> dict[str, Any]:
    """What the job asks for, or why not."""
    files = Files(job["limits"])
    try:
        if job["ask"] == "describe":
            return files.describe(job["files"][0])
        plan = Plan(**{**job["plan"], "better": Direction(job["plan"]["better"])})
        champion, challenger = job["files"]
        outcome = compare(files.differences(champion, challenger, job["column"]), plan)
    except Invalid as error:
        return {"refused": error.message}
    except MemoryError:
        return {"refused": "The file of rows needs more memory than it may have."}
    names = ("pairs", "difference", "low", "high", "verdict")
    return {name: getattr(outcome, name) for name in names}


def main() -> None:
    """Read the job, answer it."""
    job = json.loads(Path(sys.argv[1]).read_bytes())
    limit_myself(job["limits"])
    sys.stdout.write(json.dumps(answered(job), allow_nan=False))
    sys.stdout.flush()
    os._exit(0)  # Arrow's threads may abort an orderly end

"""Reads data files that nobody trusts: a program of its own under hard limits, which gets no key and no address.

Started by `reader` with the path of a job. The job is JSON: the files (path, split, local name, format, whether whole)
and the limits. It answers JSON on standard output and names each file on standard error before it opens it, so that
the server can say at which one it died.
"""

import json
import os
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from strongroom.adapters.statistics.columns import NOTES_MOST, Column, Split, clean

BATCH_ROWS: Final = 8_192
CSV_TRIES: Final = 20


def limit_myself(limits: dict[str, int]) -> None:
    """Memory, processor time, files: none of these can be raised again."""
    for what, most in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu_s"]),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


class Reader:
    """Reads files into splits until its time is up."""

    def __init__(self, job: dict[str, Any]) -> None:
        import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
        from pyarrow import compute

        pa.set_cpu_count(1)
        pa.set_io_thread_count(1)
        self.arrow, self.compute = pa, compute
        self.limits: dict[str, int] = job["limits"]
        self.until = time.monotonic() + self.limits["wall_s"]
        self.splits: dict[str, Split] = {}

    def must_have_time(self) -> None:
        """:raises OSError: it is up."""
        if time.monotonic() > self.until:
            raise OSError("the time for reading was up")

    def read(self, file: dict[str, Any]) -> None:
        """One file. What is wrong with it is a note."""
        split = self.splits.setdefault(file["split"], Split(file["split"], self.limits))
        split.files += 1
        split.bytes += file["size"]
        rows: int | None = None
        try:
            rows = getattr(self, file["format"])(file, split)
        except (self.arrow.ArrowException, OSError, ValueError, KeyError, OverflowError, RecursionError) as error:
            split.note(
                f"{file['path'][:200]}: not readable: {clean(str(error)).splitlines()[0] if str(error) else '?'}"
            )
        except MemoryError:
            split.note(f"{file['path'][:200]}: not readable: it needs more memory than it may have")
        split.rows = None if rows is None or split.rows is None else split.rows + rows

    def absent(self, file: dict[str, Any], split: Split) -> None:
        """What was not brought."""
        split.note(f"{file['path'][:200]}: too large to be read")

    def parquet(self, file: dict[str, Any], split: Split) -> int:
        """Rows, bounds and nulls from the footer; the rest from the rows, where the whole file is here."""
        from pyarrow import parquet

        opened = parquet.ParquetFile(
            file["local"], thrift_string_size_limit=16 << 20, thrift_container_size_limit=1 << 20
        )
        columns = split.schema(opened.schema_arrow, file["path"])
        counted = self._footer(opened.metadata, columns, whole=file["whole"])
        if file["whole"]:
            batches = opened.iter_batches(batch_size=BATCH_ROWS, use_threads=False, columns=list(columns))
            self._rows(batches, columns, split, counted)
        return int(opened.metadata.num_rows)

    def _footer(self, metadata: Any, columns: dict[str, Column], *, whole: bool) -> set[str]:  # noqa: ANN401 - Arrow's
        """Take what the footer says; returns the columns whose nulls and bounds it says for every row group."""
        said, bounded, nulls = Counter[str](), Counter[str](), Counter[str]()
        for group in range(min(metadata.num_row_groups, self.limits["row_groups"])):
            for place in range(min(metadata.num_columns, self.limits["columns"])):
                chunk = metadata.row_group(group).column(place)
                column, says = columns.get(chunk.path_in_schema), chunk.statistics
                if column is None or says is None or not says.has_null_count:
                    continue
                said[column.name] += 1
                nulls[column.name] += says.null_count
                bounded[column.name] += says.has_min_max or says.num_values == 0
                if says.has_min_max:
                    column.bounds(says.min, says.max)
        every = metadata.num_row_groups
        counted = {name for name in columns if said[name] == bounded[name] == every}
        for name, column in columns.items():
            if name not in counted and whole:
                continue  # its rows will say
            known = column.nulls is not None and said[name] == every
            column.nulls = (column.nulls or 0) + nulls[name] if known else None
        return counted

    def arrow_ipc(self, file: dict[str, Any], split: Split) -> int | None:
        """Arrow's own files and streams."""
        from pyarrow import ipc

        with self.arrow.memory_map(file["local"]) as source:
            is_file = source.read(6) == b"ARROW1"
            source.seek(0)
            opened = ipc.open_file(source) if is_file else ipc.open_stream(source)
            columns = split.schema(opened.schema, file["path"])
            if not file["whole"]:
                split.note(f"{file['path'][:200]}: too large to be read; only its schema was")
                return None
            batches = map(opened.get_batch, range(opened.num_record_batches)) if is_file else iter(opened)
            return self._rows(batches, columns, split, set())

    def csv(self, file: dict[str, Any], split: Split) -> int | None:
        """Comma or tab. Types are guessed by the first mebibyte; columns in which a later row denies them are texts."""
        path, data = file["path"], self.arrow.memory_map(file["local"]).read_buffer()
        if not file["whole"]:
            data = data.slice(0, _last_line(data))
            split.note(f"{path[:200]}: only its first {len(data)} bytes were read")
        if not len(data):
            return 0
        reading = _Csv(self, data, "\t" if path.lower().endswith((".tsv", ".tab")) else ",")
        reading.settle_types()
        opened = reading.open()
        columns = split.schema(opened.schema, path)
        rows = self._rows(opened, columns, split, set())
        if reading.skipped:
            split.note(f"{path[:200]}: {reading.skipped} rows of another number of fields were left out")
        return rows if file["whole"] else None

    def _rows(self, batches: Iterable[Any], columns: dict[str, Column], split: Split, counted: set[str]) -> int:
        """Read rows; columns in `counted` have their nulls and bounds from elsewhere."""
        rows = 0
        for whole in batches:
            for start in range(0, max(whole.num_rows, 1), BATCH_ROWS):
                self.must_have_time()
                batch = whole.slice(start, BATCH_ROWS)
                sketching = split.sketched_rows < self.limits["sketch_rows"]
                for name, column in columns.items():
                    self._values(batch.column(batch.schema.get_field_index(name)), column, name in counted, sketching)
                rows += batch.num_rows
                split.read_rows += batch.num_rows
                split.sketched_rows += batch.num_rows if sketching else 0
        return rows

    def _values(self, array: Any, column: Column, counted: bool, sketching: bool) -> None:  # noqa: ANN401, FBT001 - Arrow's
        types = self.arrow.types
        if types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if not counted and column.nulls is not None:
            column.nulls += array.null_count
        kind = array.type
        if types.is_nested(kind) or types.is_null(kind) or array.null_count == len(array):
            return
        if not counted:
            found = self.compute.min_max(array)
            column.bounds(found["min"].as_py(), found["max"].as_py())
        if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
            self._mean(array.cast(self.arrow.float64(), safe=False), column)
        if sketching:
            self._sketch(array, column, texts=types.is_string(kind) or types.is_large_string(kind))

    def _mean(self, array: Any, column: Column) -> None:  # noqa: ANN401 - Arrow's
        finite = array.filter(self.compute.is_finite(array))
        column.numbers = True
        column.values += len(finite) - finite.null_count
        column.total += self.compute.sum(finite).as_py() or 0.0

    def _sketch(self, array: Any, column: Column, *, texts: bool) -> None:  # noqa: ANN401 - Arrow's
        if not texts:
            for value in self.compute.unique(array.drop_null()).to_pylist():
                column.meet(value)
            return
        counts: Counter[str] = Counter()
        for pair in self.compute.value_counts(array.drop_null()):
            value = pair["values"].as_py()
            column.meet(value)
            counts[clean(value)] += pair["counts"].as_py()
        column.count(counts)


class _Csv:
    """A CSV text with the types of its columns."""

    def __init__(self, reader: Reader, data: Any, separator: str) -> None:  # noqa: ANN401 - Arrow's
        from pyarrow import csv

        self.csv, self.reader, self.data, self.separator = csv, reader, data, separator
        self.texts: dict[str, Any] = {}
        self.skipped = 0

    def open(self) -> Any:  # noqa: ANN401 - Arrow's
        """From its beginning."""
        self.skipped = 0
        parse = self.csv.ParseOptions(delimiter=self.separator, newlines_in_values=True, invalid_row_handler=self._skip)
        convert = self.csv.ConvertOptions(column_types=self.texts, strings_can_be_null=True)
        options = self.csv.ReadOptions(use_threads=False, block_size=1 << 20)
        return self.csv.open_csv(self.reader.arrow.BufferReader(self.data), options, parse, convert)

    def _skip(self, _row: object) -> str:
        self.skipped += 1
        return "skip"

    def settle_types(self) -> None:
        """Read it once to see which columns are texts after all."""
        names: list[str] = self.open().schema.names
        for _ in range(CSV_TRIES):
            try:
                for _batch in self.open():
                    self.reader.must_have_time()
            except self.reader.arrow.ArrowInvalid as error:
                found = re.search(r"In CSV column #(\d+)", str(error))
                if found is None:
                    raise
                self.texts[names[int(found[1])]] = self.reader.arrow.string()
            else:
                return
        self.texts = dict.fromkeys(names, self.reader.arrow.string())


def _last_line(data: Any) -> int:  # noqa: ANN401 - Arrow's
    """Where the last whole line ends."""
    whole: bytes = data.to_pybytes()
    return whole.rfind(b"\n") + 1


def main() -> None:
    """Read the job, read the files, tell."""
    job = json.loads(Path(sys.argv[1]).read_bytes())
    limit_myself(job["limits"])
    reader = Reader(job)
    for file in job["files"]:
        sys.stderr.write(json.dumps(file["path"]) + "\n")
        sys.stderr.flush()
        reader.read(file)
    for split in list(reader.splits.values())[:1] if job["omitted"] else ():
        split.note(f"{job['omitted']} more files were not read")
    sys.stdout.write(answer([split.told() for split in reader.splits.values()], job["limits"]["answer"]))
    sys.stdout.flush()
    os._exit(0)  # Arrow's threads may abort an orderly end ("terminate called without an active exception")


def answer(splits: list[dict[str, Any]], most: int) -> str:
    """All that is known, as JSON; when that is too much, without the frequent texts, then with fewer columns."""
    while len(text := json.dumps({"splits": splits}, allow_nan=False)) > most:
        columns = [column for split in splits for column in split["columns"]]
        if any(column["top"] for column in columns):
            for column in columns:
                column["top"] = None
            continue
        for split in splits:
            split["columns"] = split["columns"][: len(split["columns"]) // 2]
            split["notes"] = split["notes"][: NOTES_MOST // 2]
    return text

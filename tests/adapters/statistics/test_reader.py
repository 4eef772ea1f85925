"""Reading data files that nobody trusts: what is told of good ones, and that no file takes the server along."""

import asyncio
import datetime as dt
import hashlib
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
import pytest
from pyarrow import csv, ipc, parquet

from strongroom.adapters.statistics.reader import ChildReader
from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.manifests.statistics import FORMATS
from strongroom.application.ports.statistics import DataFile, UnreadableError
from strongroom.domain.manifests.statistics import ColumnStatistics, SplitStatistics, parse
from tests.adapters.blobs.homes import LocalHome

ROWS = 5_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[BlobStore]:
    opened = LocalHome(tmp_path / "bytes").open()
    yield opened
    asyncio.run(opened.aclose())


def table(rows: int = ROWS) -> pa.Table:
    return pa.table(
        {
            "id": list(range(rows)),
            "price": [None if row % 10 == 0 else row / 2 for row in range(rows)],
            "word": [f"w{row % 3}" for row in range(rows)],
            "day": [dt.date(2026, 1, 1 + row % 28) for row in range(rows)],
            "list": [[row] for row in range(rows)],
        }
    )


def as_parquet(path: Path, data: pa.Table, **more: Any) -> bytes:
    parquet.write_table(data, path, **more)
    return path.read_bytes()


def as_arrow(path: Path, data: pa.Table) -> bytes:
    with ipc.new_file(path, data.schema) as out:
        out.write(data)
    return path.read_bytes()


def as_csv(path: Path, data: pa.Table) -> bytes:
    csv.write_csv(data.drop(["list"]), path)
    return path.read_bytes()


FORMS = {"parquet": as_parquet, "arrow": as_arrow, "csv": as_csv}


def look(store: BlobStore, files: Mapping[str, bytes], **more: Any) -> dict[str, SplitStatistics]:
    """What is told of these files; a path's first folder is its split."""

    async def run() -> bytes:
        found = []
        for path, data in files.items():
            digest = hashlib.sha256(data).hexdigest()
            blob = await store.put(_chunks(data), expect_sha256=digest, expect_size=len(data), max_size=1 << 30)
            found.append(DataFile(path, path.partition("/")[0], FORMATS[path.rpartition(".")[2]], blob))
        return await ChildReader(store, **more).examine(found)

    return {split.name: split for split in parse(asyncio.run(run()))}


def columns(split: SplitStatistics) -> dict[str, ColumnStatistics]:
    return {column.name: column for column in split.columns}


@pytest.mark.parametrize("form", FORMS)
def test_rows_columns_and_values(store: BlobStore, tmp_path: Path, form: str) -> None:
    """ "schema, splits, row counts and column statistics read from Parquet / CSV / Arrow"."""
    data = FORMS[form](tmp_path / "x", table())
    found = look(store, {f"train/a.{form}": data, f"train/b.{form}": data, f"test/a.{form}": data})
    assert {name: (split.rows, split.files, split.bytes) for name, split in found.items()} == {
        "train": (2 * ROWS, 2, 2 * len(data)),
        "test": (ROWS, 1, len(data)),
    }
    told = columns(found["train"])
    assert (told["id"].type, told["id"].min, told["id"].max, told["id"].nulls) == ("int64", 0, ROWS - 1, 0)
    assert told["id"].mean == pytest.approx((ROWS - 1) / 2)
    assert told["id"].distinct == pytest.approx(ROWS, rel=0.15)
    assert (told["price"].nulls, told["price"].min, told["price"].max) == (2 * ROWS // 10, 0.5, (ROWS - 1) / 2)
    assert (told["word"].min, told["word"].max, told["word"].distinct, told["word"].mean) == ("w0", "w2", 3, None)
    assert sum(one.count for one in told["word"].top) == 2 * ROWS
    assert (told["day"].min, told["day"].max, told["day"].distinct) == ("2026-01-01", "2026-01-28", 28)
    assert ("list" in told) == (form != "csv")


def test_of_a_large_parquet_file_only_the_footer_is_read(store: BlobStore, tmp_path: Path) -> None:
    """ "from Parquet footers (cheap, no full read)"."""
    data = as_parquet(tmp_path / "x", table(), row_group_size=1_000)
    (split,) = look(store, {"train/a.parquet": data}, brought=10_000).values()
    told = columns(split)
    assert (split.rows, split.read_rows, split.sketched_rows) == (ROWS, 0, 0)
    assert (told["id"].min, told["id"].max, told["id"].nulls, told["id"].mean) == (0, ROWS - 1, 0, None)
    assert told["price"].nulls == ROWS // 10
    assert told["word"].top == ()


def test_of_a_large_arrow_file_only_the_schema_is_read(store: BlobStore, tmp_path: Path) -> None:
    (split,) = look(store, {"train/a.arrow": as_arrow(tmp_path / "x", table())}, brought=10_000).values()
    assert (split.rows, [column.name for column in split.columns]) == (None, table().column_names)
    assert "only its schema" in split.notes[0]


def test_of_a_large_csv_file_the_beginning_is_read_to_its_last_line(store: BlobStore) -> None:
    (split,) = look(store, {"a/a.csv": b"x,y\n" + b"1,2\n" * 10_000}, brought=1_001).values()
    assert (split.rows, split.read_rows) == (None, 249)
    assert "first 1000 bytes" in split.notes[0]


def test_a_column_that_is_no_number_after_all_is_a_text(store: BlobStore) -> None:
    (split,) = look(store, {"a/a.csv": b"x,y\n" + b"1,2\n" * 400_000 + b"1,z\n"}).values()
    assert [(column.type, column.max) for column in split.columns] == [("int64", 1), ("string", "z")]
    assert (split.rows, split.notes) == (400_001, ())


def test_rows_of_another_length_are_left_out_and_told(store: BlobStore) -> None:
    (split,) = look(store, {"a/a.tsv": b"x\ty\n1\t2\n1\n1\t2\t3\n3\t4\n"}).values()
    assert split.rows == 2
    assert "2 rows of another number" in split.notes[0]


def test_files_that_differ_are_told(store: BlobStore) -> None:
    (split,) = look(store, {"a/1.csv": b"x\n1\n", "a/2.csv": b"x,y\na,2\n"}).values()
    assert split.rows == 2
    assert "column 'x' is string, not int64" in " ".join(split.notes)


def test_the_number_of_distinct_values_is_about_right(store: BlobStore, tmp_path: Path) -> None:
    data = pa.table({"x": [row % 20_000 for row in range(100_000)], "y": [str(row) for row in range(100_000)]})
    (split,) = look(store, {"a/a.parquet": as_parquet(tmp_path / "x", data)}).values()
    told = columns(split)
    assert told["x"].distinct == pytest.approx(20_000, rel=0.15)
    assert told["y"].distinct == pytest.approx(100_000, rel=0.15)
    assert len(told["y"].top) == 10


def test_what_json_cannot_hold_is_told_as_text(store: BlobStore, tmp_path: Path) -> None:
    data = pa.table(
        {
            "big": pa.array([2**62, 2**63 - 1]),
            "float": [float("nan"), float("inf")],
            "bytes": [b"\xff\x00", b"\x01"],
            "text": ["\0", "x" * 10_000],
            "time": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * 2,
        }
    )
    (split,) = look(store, {"a/a.parquet": as_parquet(tmp_path / "x", data)}).values()
    told = columns(split)
    assert (told["big"].min, told["big"].max) == (str(2**62), str(2**63 - 1))
    assert told["float"].mean is None
    assert told["bytes"].max == "ff00"
    assert told["text"].max == "x" * 200
    assert str(told["time"].min).startswith("2026-01-01T00:00:00")


def test_many_readings_at_once_all_end_well(store: BlobStore) -> None:
    """Arrow's threads used to abort one in ten when the program ended while they began."""

    async def run() -> list[bytes]:
        blob = await store.put(_chunks(b"x\n1\n"), expect_sha256=None, expect_size=4, max_size=4)
        files = [DataFile("a.csv", "a", "csv", blob)]
        found: list[bytes] = []
        for _ in range(6):
            found += await asyncio.gather(*(ChildReader(store).examine(files) for _ in range(4)))
        return found

    assert {parse(found)[0].rows for found in asyncio.run(run())} == {1}


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


# -- hostile files -----------------------------------------------------------------------------------------------------


def refused(store: BlobStore, files: Mapping[str, bytes], **more: Any) -> str:
    """The reason why nothing is told."""
    with pytest.raises(UnreadableError) as caught:
        look(store, files, **more)
    return str(caught.value)


@pytest.mark.parametrize("form", FORMS)
def test_garbage_is_a_note_and_the_file_beside_it_is_read(store: BlobStore, tmp_path: Path, form: str) -> None:
    good = FORMS[form](tmp_path / "x", table(10))
    garbage = random.Random(1).randbytes(5_000)  # noqa: S311 - the same at every run
    found = look(store, {f"train/bad.{form}": garbage, f"test/good.{form}": good})
    assert found["test"].rows == 10
    assert found["train"].notes


@pytest.mark.parametrize("length", [0, 1, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("brought", [10, 10**6])
def test_a_footer_that_lies_about_its_length(store: BlobStore, length: int, brought: int) -> None:
    data = b"PAR1" + b"x" * 100 + length.to_bytes(4, "little") + b"PAR1"
    (split,) = look(store, {"a/a.parquet": data}, brought=brought).values()
    assert (split.rows, len(split.notes)) == (None, 1)


def test_empty_files_are_read_or_noted(store: BlobStore) -> None:
    found = look(store, {"a/a.csv": b"", "b/b.parquet": b"", "c/c.arrow": b"", "d/d.csv": b"\n\n\n"})
    assert {name: split.rows for name, split in found.items()} == {"a": 0, "b": None, "c": None, "d": None}


def test_a_file_that_swells_is_read_no_longer_than_it_may(store: BlobStore, tmp_path: Path) -> None:
    """200,000,000 rows, 20 TB of text, in a mebibyte."""
    rows = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array(["x" * 100_000]))
    with parquet.ParquetWriter(tmp_path / "x", pa.schema({"x": rows.type})) as out:
        for _ in range(200):
            out.write_table(pa.table({"x": rows}), row_group_size=1_000_000)
    data = (tmp_path / "x").read_bytes()
    assert len(data) < 2_000_000
    begun = time.monotonic()
    (split,) = look(store, {"a/a.parquet": data}, limits={"wall_s": 3}).values()
    assert time.monotonic() - begun < 90
    assert "not readable" in split.notes[0]


def test_a_program_that_needs_more_memory_than_it_may_have_ends_alone(store: BlobStore, tmp_path: Path) -> None:
    data = as_parquet(tmp_path / "x", pa.table({"x": ["x" * 1_000_000] * 300}), use_dictionary=True)
    try:
        (split,) = look(store, {"a/a.parquet": data}, limits={"memory": 400 << 20}).values()
    except UnreadableError as error:
        assert "a/a.parquet" in str(error)  # noqa: PT017 - either is right: the allocator decides
    else:
        assert "not readable" in split.notes[0]


def test_time_is_up_for_the_program_and_its_file_is_named(store: BlobStore) -> None:
    reason = refused(store, {"a/slow.csv": b"x\n1\n"}, wall_s=0.01)
    assert "longer than" in reason


def test_processor_time_is_bounded(store: BlobStore, tmp_path: Path) -> None:
    data = as_parquet(tmp_path / "x", table(300_000))
    reason = refused(store, {f"a/{n}.parquet": data for n in range(10)}, limits={"cpu_s": 1, "sketch_rows": 10**9})
    assert "SIG" in reason
    assert "a/" in reason


def test_ten_thousand_columns_are_told_in_part(store: BlobStore) -> None:
    head = ",".join(f"c{number}" for number in range(10_000))
    line = ",".join(["x" * 150] * 10_000)
    (split,) = look(store, {"a/a.csv": f"{head}\n{line}\n".encode()}).values()
    assert split.columns_total == 10_000
    assert 100 <= len(split.columns) <= 1_000


@pytest.mark.parametrize("form", FORMS)
def test_no_damage_to_a_file_gets_further_than_a_note_or_a_reason(store: BlobStore, tmp_path: Path, form: str) -> None:
    """Twenty damaged files together, then each whose reader died alone: never another exception."""
    good = FORMS[form](tmp_path / "x", table(200))
    chance = random.Random(form)  # noqa: S311 - the same at every run
    files = {}
    for number in range(20):
        data = bytearray(good)
        for _ in range(chance.choice([1, 8, 64])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        files[f"s{number}/a.{form}"] = bytes(data[: chance.choice([len(data), len(data) - 1, len(data) // 2])])
    try:
        assert look(store, files)
    except UnreadableError as error:
        assert str(error)  # noqa: PT017 - either is right

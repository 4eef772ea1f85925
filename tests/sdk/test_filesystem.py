"""Tools read files of versions in place, through fsspec, from a real server."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import fsspec  # type: ignore[import-untyped]
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from pyarrow.fs import FSSpecHandler, PyFileSystem  # type: ignore[import-untyped]

from strongroom.sdk import Client, errors
from strongroom.sdk.filesystem import StrongroomFileSystem, register, split
from strongroom.sdk.models import Entry
from strongroom.sdk.transport import Reply
from tests.sdk.server import Served

ROWS = 200_000


@pytest.fixture(scope="session")
def data(served: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A version with a table of two columns, one of them large, as Parquet and (its head) as CSV."""
    root = tmp_path_factory.mktemp("tools")
    (root / "sub").mkdir()
    noise = np.random.default_rng(1).random((ROWS, 8))
    table = pa.table({"id": np.arange(ROWS) % 100, **{f"noise{n}": noise[:, n] for n in range(8)}})
    pq.write_table(table, root / "t.parquet", row_group_size=50_000)
    (root / "sub" / "head.csv").write_text("id,name\n1,ä\n2,b\n")
    (root / "empty").write_bytes(b"")
    with served.client() as client:
        client.push(root, "tools/table", kind="dataset", aliases=["live"], progress=False)
    return "strongroom://tools/table@live"


@pytest.fixture
def options(served: Served) -> dict[str, str]:
    register()
    return {"server": served.url, "token": served.token}


@pytest.fixture
def fs(options: dict[str, str]) -> Iterator[StrongroomFileSystem]:
    found = fsspec.filesystem("strongroom", **options)
    assert isinstance(found, StrongroomFileSystem)
    yield found
    found.client.close()


def fetched(fs: StrongroomFileSystem, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From now on, the bytes of each file answer."""
    sizes: list[int] = []
    request = fs.client.transport.request

    def counting(method: str, path: str, **more: Any) -> Reply:
        reply = request(method, path, **more)
        if "/files/" in path:
            sizes.append(len(reply.body))
        return reply

    monkeypatch.setattr(fs.client.transport, "request", counting)
    return sizes


def test_pandas_reads_csv_and_parquet(data: str, options: dict[str, str]) -> None:
    """Issue 3: an fsspec filesystem so that pandas, Polars, pyarrow and DuckDB read artifacts in place."""
    found = pd.read_csv(f"{data}/sub/head.csv", storage_options=options)
    assert found["name"].tolist() == ["ä", "b"]
    assert len(pd.read_parquet(f"{data}/t.parquet", columns=["id"], storage_options=options)) == ROWS


def test_polars_reads_and_scans(data: str, fs: StrongroomFileSystem) -> None:
    with fs.open(f"{data}/t.parquet") as file:
        assert pl.read_parquet(file, columns=["id"])["id"].sum() == ROWS * 99 // 2
    with fs.open(f"{data}/t.parquet") as file:
        assert pl.scan_parquet(file).select(pl.col("id").max()).collect().item() == 99


def test_arrow_reads_one_column_and_fetches_less_than_the_file(
    data: str, fs: StrongroomFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 3: with ranged reads."""
    sizes, name = fetched(fs, monkeypatch), data.removeprefix("strongroom://")
    found = pq.read_table(f"{name}/t.parquet", columns=["id"], filesystem=PyFileSystem(FSSpecHandler(fs)))
    assert found.num_rows == ROWS
    size = fs.info(f"{data}/t.parquet")["size"]
    assert size > 10_000_000
    assert 0 < sum(sizes) < size / 4, (sum(sizes), size)


def test_duckdb_queries(data: str, fs: StrongroomFileSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = fetched(fs, monkeypatch)
    with duckdb.connect() as db:
        db.register_filesystem(fs)
        row = db.sql(f"SELECT count(*), max(id) FROM read_parquet('{data}/t.parquet')").fetchall()  # noqa: S608
    assert row == [(ROWS, 99)]
    assert sum(sizes) < 5_000_000


def test_what_is_there_is_found(data: str, fs: StrongroomFileSystem, tmp_path: Path) -> None:
    name = data.removeprefix("strongroom://")
    assert fs.ls(data, detail=False) == [f"{name}/empty", f"{name}/sub", f"{name}/t.parquet"]
    assert fs.ls(f"{data}/sub")[0]["type"] == "file"
    assert fs.ls(f"{data}/empty")[0]["size"] == 0
    assert fs.isdir(f"{data}/sub")
    assert fs.isdir(data)
    assert fs.glob(f"{data}/**/*.csv") == [f"{name}/sub/head.csv"]
    assert [(len(dirs), len(files)) for _, dirs, files in fs.walk(data)] == [(1, 2), (0, 1)]
    assert fs.find(data) == [f"{name}/empty", f"{name}/sub/head.csv", f"{name}/t.parquet"]
    fs.get(f"{data}/sub", str(tmp_path / "got"), recursive=True)
    assert (tmp_path / "got" / "head.csv").read_text().startswith("id,name")
    assert not fs.exists(f"{data}/none")
    assert not fs.exists("strongroom://tools/table@nobody/t.parquet")
    assert len(fs.checksum(f"{data}/empty")) == 64
    with pytest.raises(FileNotFoundError):
        fs.open("strongroom://tools/none@latest/x")
    with pytest.raises(FileNotFoundError, match="@latest"):
        fs.open("strongroom://tools/table/t.parquet")
    with pytest.raises(PermissionError):
        fs.open(f"{data}/new", "wb")


def test_parts_are_read_and_the_whole_is_checked(
    data: str, fs: StrongroomFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{data}/sub/head.csv"
    assert fs.cat_file(path, 3, 7) == b"name"
    assert fs.cat_file(path, -4) == b"2,b\n"
    assert fs.cat_file(path, 100, 200) == b""
    assert fs.cat_file(f"{data}/empty") == b""
    assert fs.cat(data + "/sub/*") == {path.removeprefix("strongroom://"): fs.cat_file(path)}
    request = fs.client.transport.request

    def flipped(method: str, path: str, **more: Any) -> Reply:
        reply = request(method, path, **more)
        body = reply.body.replace(b"name", b"nome") if "/files/" in path else reply.body
        return Reply(reply.status, reply.headers, body)

    monkeypatch.setattr(fs.client.transport, "request", flipped)
    with pytest.raises(errors.Corrupted):
        fs.cat_file(path)


def test_a_moved_alias_never_mixes_two_versions(
    client: Client, fs: StrongroomFileSystem, space: str, tmp_path: Path
) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"1" * 1_000_000)
    client.push(file, f"{space}/m", aliases=["live"], progress=False)
    path = f"strongroom://{space}/m@live/f"
    opened = fs.open(path, block_size=1_000)
    pinned, first = fs.pinned(path), opened.read(10)
    file.write_bytes(b"2" * 1_000_000)
    client.push(file, f"{space}/m", aliases=["live"], progress=False)
    assert set(first + opened.read()) == {ord("1")}
    opened.seek(999_990)
    assert pickle.loads(pickle.dumps(opened)).read() == b"1" * 10  # noqa: S301 - our own
    assert fs.cat_file(path, 0, 1) == b"2"
    assert (pinned, fs.cat_file(pinned, 0, 1)) == (f"{space}/m:1/f", b"1")


def test_a_call_over_many_files_keeps_to_one_version(
    client: Client, fs: StrongroomFileSystem, space: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d").mkdir()
    for name in "abc":
        (tmp_path / "d" / name).write_text("1")
    client.push(tmp_path / "d", f"{space}/m", aliases=["live"], progress=False)
    (tmp_path / "d" / "b").write_text("2")
    other, fetch = client.push(tmp_path / "d", f"{space}/m", progress=False), fs.fetch

    def moving(*given: Any) -> bytes:
        client.set_alias(f"{space}/m", "live", other)
        return fetch(*given)

    monkeypatch.setattr(fs, "fetch", moving)
    assert set(fs.cat(f"strongroom://{space}/m@live/*").values()) == {b"1"}
    assert set(fs.cat(f"strongroom://{space}/m@live/*").values()) == {b"1", b"2"}


@pytest.mark.parametrize("inner", ["../x", "a/../../x", "a//b", "./a", "a\\b", "a\0b", "\ud800"])
def test_hostile_paths_are_refused(data: str, fs: StrongroomFileSystem, inner: str) -> None:
    with pytest.raises(errors.BadPath):
        fs.info(f"{data}/{inner}")
    assert not fs.exists(f"{data}/{inner}")


def test_a_hostile_server_names_no_path_outside(
    data: str, fs: StrongroomFileSystem, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fs.client.api, "every", lambda *_, **__: [Entry(path="../../evil", kind="file", size=1)])
    with pytest.raises(errors.BadPath):
        fs.get(data, str(tmp_path / "in" / "here"), recursive=True)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a/b@live/c/d@e", ("a/b@live", "c/d@e")),
        ("b:3", ("b:3", "")),
        ("b^dev%2Fx/f", ("b^dev/x", "f")),
        ("b~1a2b3c4d/f:1", ("b~1a2b3c4d", "f:1")),
    ],
)
def test_a_path_is_a_reference_and_what_lies_in_it(path: str, found: tuple[str, str]) -> None:
    assert split(path) == found


def test_no_token_is_a_lack_of_permission(served: Served, data: str) -> None:
    with pytest.raises((PermissionError, FileNotFoundError)):
        StrongroomFileSystem(served.url, "sr_wrong").info(data)

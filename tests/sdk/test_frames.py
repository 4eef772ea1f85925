"""Runs and their series as Arrow tables, from a real server."""

import math
import subprocess
import sys
from datetime import UTC, datetime

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from strongroom.sdk import Client, errors
from tests.sdk.server import recorded


def three(client: Client, space: str) -> list[str]:
    uids = []
    for number in range(3):
        with client.run(f"{space}/exp", name=f"r{number}", params={"lr": number}, capture=False) as run:
            run.log_series("loss", [1.0, math.nan, 0.5 + number], [1, 2, 3], times_us=[10, 20, 30])
            if number == 1:
                run.log_params({"odd": "x"})
                run.log_metric("auc", math.inf)
            uids.append(run.uid)
    return uids


def test_runs_are_rows(client: Client, space: str) -> None:
    """Issue 3: data frames of runs and metrics from the SDK (Arrow; pandas optional)."""
    uids = three(client, space)
    table = client.runs.frame(experiments=[f"{space}/exp"], order_by=["name"])
    assert table.column_names == [
        "uid", "name", "experiment", "kind", "state", "started_at", "ended_at",
        "params.lr", "params.odd", "metrics.auc", "metrics.loss",
    ]  # fmt: skip
    rows = table.to_pylist()
    assert [row["uid"] for row in rows] == uids
    assert [(row["params.lr"], row["params.odd"]) for row in rows] == [("0", None), ("1", "x"), ("2", None)]
    assert [row["metrics.loss"] for row in rows] == [0.5, 1.5, 2.5]
    assert [row["metrics.auc"] for row in rows] == [None, math.inf, None]
    assert table.schema.field("started_at").type == pa.timestamp("us", tz="UTC")
    assert rows[0]["ended_at"] >= rows[0]["started_at"]
    frame = table.to_pandas()
    assert frame.loc[frame["name"] == "r1", "metrics.loss"].item() == 1.5


def test_only_what_is_asked_for(client: Client, space: str) -> None:
    three(client, space)
    table = client.runs.frame(
        "metrics.loss > 1", experiments=[f"{space}/exp"], params=["lr", "none"], metrics=[], order_by=["name"], limit=1
    )
    assert table.column_names[7:] == ["params.lr", "params.none"]
    assert table.select(["params.lr", "params.none"]).to_pylist() == [{"params.lr": "1", "params.none": None}]
    nothing = client.runs.frame("name = 'nobody'", experiments=[f"{space}/exp"], metrics=["loss"])
    assert (nothing.num_rows, nothing.schema.field("metrics.loss").type) == (0, pa.float64())


def test_many_runs_come_in_pages_and_many_params_whole(client: Client, space: str) -> None:
    for number in range(102):
        client.runs.begin(f"{space}/exp", capture=False, name=f"r{number}")
    with client.run(f"{space}/exp", params={f"p{n:03}": n for n in range(300)}, capture=False):
        pass
    sent = recorded(client)
    table = client.runs.frame(experiments=[f"{space}/exp"])
    assert (table.num_rows, table.num_columns) == (103, 7 + 300)
    assert len([line for line in sent if line.endswith("/search/runs")]) == 2
    assert client.runs.frame(experiments=[f"{space}/exp"], params=["p299"])["params.p299"].drop_null().to_pylist() == [
        "299"
    ]


def test_points_are_rows_of_a_long_table(client: Client, space: str) -> None:
    uids = three(client, space)
    table = client.runs.series_frame(uids[:2], ["loss", "none"])
    assert table.column_names == ["run", "key", "step", "time", "value"]
    assert table["run"].to_pylist() == [uid for uid in uids[:2] for _ in range(3)]
    assert table["step"].to_pylist() == [1, 2, 3] * 2
    assert table["time"][0].as_py() == datetime.fromtimestamp(0.00001, UTC)
    assert repr(table["value"].to_pylist()) == "[1.0, nan, 0.5, 1.0, nan, 1.5]"
    assert client.runs.series_frame([], ["loss"]).num_rows == 0


def test_samples_of_more_series_than_are_compared_at_once(client: Client, space: str) -> None:
    with client.run(f"{space}/exp", capture=False) as run:
        run.log_series("loss", [float(n) for n in range(3_000)], range(3_000))
        run.log_text("note", "no number", 1)
    keys = ["loss", *(f"none{n}" for n in range(250))]
    table = client.runs.series_frame([run], keys, samples=50)
    assert 4 <= table.num_rows <= 50
    assert (table["value"][0].as_py(), table["value"][-1].as_py()) == (0.0, 2999.0)
    with pytest.raises(errors.Invalid, match="text"):
        client.runs.series_frame([run.info], ["note"])


def test_the_sdk_stays_light_and_names_the_extra() -> None:
    program = """
import sys
import strongroom.sdk.client
assert not {"pyarrow", "fsspec", "pandas"} & set(sys.modules)
for name in ("pyarrow", "fsspec"):
    sys.modules[name] = None
for module in ("frames", "filesystem"):
    try:
        __import__(f"strongroom.sdk.{module}")
    except ImportError as error:
        assert "pip install 'strongroom[data]'" in str(error), error
    else:
        raise AssertionError(module)
"""
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own program

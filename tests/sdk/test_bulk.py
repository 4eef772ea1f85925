"""The bulk loader: JSON lines and Parquet, large batches, nothing twice however often it is tried."""

import json
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
import pytest
from pyarrow import parquet

from strongroom.sdk import Client, bulk, errors
from strongroom.sdk.bulk import BadFile


def lines_of(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def points(count: int, first: int = 0) -> list[dict[str, object]]:
    return [{"key": "loss", "value": n / 7, "step": n, "time_us": n} for n in range(first, first + count)]


def test_runs_params_and_points_are_loaded(client: Client, space: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_text(
        lines_of(
            {"run": "a", "experiment": f"{space}/bulk", "name": "first", "params": {"lr": 0.1}, "tags": {"t": "x"}},
            {"run": "a", "points": points(3)},
            {"run": "b", "experiment": f"{space}/bulk"},
            {"run": "a", "series": [{"key": "acc", "values": ["NaN", 1], "steps": [1, 2]}]},
            {"run": "b", "points": points(2), "end": "failed"},
            {"run": "a", "end": "finished"},
        )
        + "\n"
    )
    found = client.runs.load(file)
    assert (found.runs, found.params, found.points) == (2, 1, 7)
    by_name = {run.name: run for run in client.runs.list(f"{space}/bulk")}
    assert (by_name["first"].state, by_name["b"].state) == ("finished", "failed")
    assert by_name["first"].params == {"lr": "0.1"}
    assert by_name["first"].metrics["loss"].count == 3
    assert [point.value for point in client.runs.series(by_name["b"].uid, "loss")] == [0.0, 1 / 7]
    assert client.runs.load(file) == found, "loaded again, nothing is loaded twice"
    assert len(list(client.runs.list(f"{space}/bulk"))) == 2


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "WINDOW_POINTS", 50)
    monkeypatch.setattr(bulk, "POINTS_BATCH", 20)


@pytest.mark.usefixtures("small_windows")
def test_a_load_that_broke_off_goes_on_and_doubles_nothing(
    client: Client, space: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resumable: again and again the connection is lost, before or after the server did what it was asked."""
    file = tmp_path / "runs.jsonl"
    rows = [{"run": f"r{n % 3}", "experiment": f"{space}/broken", "points": points(10, n)} for n in range(0, 300, 10)]
    file.write_text(lines_of(*rows))
    send = client.transport.request
    count = 0

    def losing(method: str, path: str, **more: object) -> object:
        nonlocal count
        count += 1
        if count in {2, 9, 30, 48}:
            raise errors.Unreachable("lost on the way")
        reply = send(method, path, **more)  # type: ignore[arg-type]
        if count in {5, 17, 25, 40, 61}:
            raise errors.Unreachable("the answer is lost")
        return reply

    monkeypatch.setattr(client.transport, "request", losing)
    broken, found = 0, None
    while found is None:
        try:
            found = client.runs.load(file)
        except errors.Unavailable:
            broken += 1
    monkeypatch.setattr(client.transport, "request", send)
    assert (found.runs, found.points) == (3, 300)
    assert broken >= 3
    runs = list(client.runs.list(f"{space}/broken"))
    assert len(runs) == 3
    steps = sorted(point.step for run in runs for point in client.runs.series(run.uid, "loss"))
    assert steps == list(range(300))


@pytest.mark.usefixtures("small_windows")
def test_parquet_is_loaded(client: Client, space: str, tmp_path: Path) -> None:
    file = tmp_path / "points.parquet"
    count = 120
    table = pa.table(
        {
            "run": [f"r{n % 2}" for n in range(count)],
            "key": ["loss"] * count,
            "value": [n / 3 for n in range(count)],
            "step": list(range(count)),
        }
    )
    parquet.write_table(table, file)
    found = client.runs.load(file, experiment=f"{space}/parquet")
    assert (found.runs, found.points) == (2, count)
    totals = [run.metrics["loss"].count for run in client.runs.list(f"{space}/parquet")]
    assert totals == [60, 60]


@pytest.mark.parametrize(
    "text",
    [
        "no json\n",
        "[]\n",
        '{"experiment": "x"}\n',
        '{"run": "a"}\n',
        '{"run": "a", "experiment": "e", "colour": "red"}\n',
        '{"run": "a", "experiment": "e", "points": [{"value": 1}]}\n',
        '{"run": "a", "experiment": "e", "points": [{"key": "k", "value": "much"}]}\n',
        '{"run": "a", "experiment": "e", "series": [{"key": "k", "values": [1], "steps": [1, 2]}]}\n',
    ],
)
def test_a_line_that_cannot_be_loaded_is_named(client: Client, tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    with pytest.raises(BadFile):
        client.runs.load(file)


def test_a_file_that_changed_is_not_gone_on_with(client: Client, space: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_text(lines_of({"run": "a", "experiment": f"{space}/changed", "points": points(1)}))
    client.runs.load(file)
    file.write_text(lines_of({"run": "a", "experiment": f"{space}/changed", "points": points(2)}))
    with pytest.raises(BadFile, match="changed"):
        client.runs.load(file)

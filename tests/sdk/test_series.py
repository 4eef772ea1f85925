"""Series of every kind, samples, several runs side by side, and the console, through the SDK."""

import io
import math
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors


def test_whole_series_texts_histograms_and_json_come_back(client: Client, space: str) -> None:
    """Issue 3: text and media series."""
    with client.run(f"{space}/exp", capture=False) as run:
        run.log_series("loss", [1.5, math.nan, 0.5], [1, 2, 3], times_us=[10, 20, 30])
        run.log_text("note", "gut", 1, time_us=10)
        run.log_text("note", "böse", 2, time_us=20)
        run.log_json("table", {"rows": [[1, None]]}, 1)
        run.log_histogram("weights", [0, 0.5, 1], [3, 4], 1)
    (loss,) = client.runs.columns(run.uid, "loss")
    assert (loss.steps, loss.times_us, repr(loss.decoded())) == ([1, 2, 3], [10, 20, 30], "[1.5, nan, 0.5]")
    (note,) = client.runs.columns(run.uid, "note")
    assert (note.kind, note.decoded()) == ("text", ["gut", "böse"])
    assert next(client.runs.columns(run.uid, "table")).decoded() == [{"rows": [[1, None]]}]
    assert next(client.runs.columns(run.uid, "weights")).decoded() == [{"edges": [0, 0.5, 1], "counts": [3, 4]}]
    assert [point.step for point in client.runs.series(run.uid, "loss")] == [1, 2, 3]


def test_rows_come_back_and_are_written_once(client: Client, space: str) -> None:
    """domain.md N9: "`row` says which values were logged together and makes a repeated write the same write"."""
    with client.run(f"{space}/exp", capture=False) as run:
        run.log_row({"loss": 0.5, "bad": math.nan, "said": "gut", "box": {"x": [1, None]}, "is_best": True}, time_us=5)
        run.log_row({"loss": 0.25}, row=7, step=70)
        run.flush()
        run.log_row({"loss": 0.25}, row=7, step=70)
        run.flush()
        run.log_row({"loss": 0.3}, row=7, step=70)
        with pytest.raises(errors.Conflict):
            run.flush()
    first, second = client.runs.rows(run.uid)
    assert (first.row, first.step, first.time_us, second.row, second.step) == (0, 0, 5, 7, 70)
    assert repr(first.decoded()) == repr(
        {"bad": math.nan, "loss": 0.5, "said": "gut", "box": {"x": [1, None]}, "is_best": True}
    )
    assert [point.value for point in client.runs.series(run.uid, "loss")] == [0.5, 0.25]


def test_samples_and_comparisons(client: Client, space: str) -> None:
    uids = []
    for number in range(2):
        with client.run(f"{space}/exp", capture=False) as run:
            values = [float(step % 13 + number) for step in range(3_000)]
            values[1_000] = 99.0
            run.log_series("loss", values, range(3_000))
            uids.append(run.uid)
    points = list(client.runs.series(uids[0], "loss", samples=100))
    assert len(points) <= 100
    assert (points[0].step, points[-1].step, max(point.value for point in points)) == (0, 2_999, 99.0)
    found = client.runs.compare(uids, ["loss", "none"], samples=50)
    assert [(one.run_uid, one.key) for one in found] == [(uid, "loss") for uid in uids]


class Dot:
    """Saves itself as Pillow's images do."""

    def save(self, fp: io.BytesIO, format: str) -> None:  # noqa: A002 - Pillow's word
        fp.write(b"\x89PNG" + format.encode())


def test_media_are_files_of_the_run_with_a_step(client: Client, space: str, tmp_path: Path) -> None:
    plot = tmp_path / "roc.png"
    plot.write_bytes(b"\x89PNG first")
    with client.run(f"{space}/exp", capture=False) as run:
        assert run.log_image("roc", plot, 3) == "media/roc/3-roc.png"
        run.log_image("roc", Dot(), 4)
        with pytest.raises(errors.Invalid):
            run.log_media("roc", tmp_path / "none.png", 5)
    (found,) = client.runs.columns(run.uid, "roc")
    first, second = found.decoded()
    assert (found.kind, found.steps, first["path"], first["size"]) == ("file", [3, 4], "media/roc/3-roc.png", 10)
    assert second["path"] == "media/roc/4-image.png"


def test_the_console_is_a_stream_of_lines(client: Client, space: str) -> None:
    with client.run(f"{space}/exp", capture=False) as run:
        run.write_console("start\n10 %\r20 %\r100 %\n")
        run.write_console("x" * 5_000)
        run.write_console("warning\n", stream="stderr")
        run.flush()
        lines = list(client.runs.lines(run.uid))
        assert lines == [(0, "start"), (1, "100 %"), (2, "x" * 4_096), (3, "x" * 904)]
        assert list(client.runs.lines(run.uid, first=1, last=2)) == [(1, "100 %")]
        assert client.runs.tail(run.uid, 1) == [(3, "x" * 904)]
        assert client.runs.tail(run.uid, 1, "stderr") == [(0, "warning")]


def test_many_lines_arrive_once_and_in_order(client: Client, space: str) -> None:
    with client.run(f"{space}/exp", capture=False) as run:
        for number in range(6_000):
            run.write_console(f"line {number}")
    assert list(client.runs.lines(run.uid)) == [(number, f"line {number}") for number in range(6_000)]


def test_a_value_that_is_refused_is_told(client: Client, space: str) -> None:
    run = client.run(f"{space}/exp", capture=False)
    run.log_histogram("h", [1, 0], [1])
    with pytest.raises(errors.StrongroomError, match="ascend"):
        run.flush()
    run.end()

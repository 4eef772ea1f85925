"""Runs: recorded in batches in the background, ended with their block, registered from their folder."""

import contextlib
import math
import time
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from tests.sdk.server import recorded


def test_a_run_from_data_set_to_version(client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.pkl").write_bytes(b"pickle")
    (tmp_path / "card.md").write_text("# Card")
    with client.run(f"{space}/exp", name="first", params={"lr": 0.1, "deep": True}, tags={"t": "1"}) as run:
        for step in range(10):
            run.log_metric("loss", 1 / (step + 1), step)
        run.log_metrics({"nan": math.nan, "up": math.inf}, step=3)
        run.log_file(tmp_path / "card.md", "model/README.md")
        run.log_folder(tmp_path / "m", "model")
        dataset = run.log_dataset("iris", "sha256:12", "https://example.com/iris.csv", context="training")
        version = run.register(f"{space}/churn", path="model", aliases=["champion"])
    assert dataset.label == "iris"
    info = client.runs.get(run.uid)
    assert (info.state, info.name, info.params) == ("finished", "first", {"lr": "0.1", "deep": "True"})
    loss = info.metrics["loss"]
    assert (loss.count, loss.last, loss.last_step, loss.least) == (10, 0.1, 9, 0.1)
    assert math.isnan(info.metrics["nan"].last)
    assert math.isinf(info.metrics["up"].last)
    assert [point.step for point in client.runs.series(run.uid, "loss")] == list(range(10))
    assert (version.run_uid, version.number, version.files) == (run.uid, 1, 2)
    assert [entry.path for entry in client.versions.files(version)] == ["README.md", "model.pkl"]
    graph = client.lineage(f"{space}/churn@champion", direction="up")
    assert {vertex.label for vertex in graph.vertices} == {f"{space}/churn:1", "first", "iris"}
    assert "msgspec==" in client.runs.environment(run.uid)
    assert [one.uid for one in client.runs.list(f"{space}/exp", params={"lr": "0.1"})] == [run.uid]
    assert list(client.runs.list(f"{space}/exp", params={"lr": "0.2"})) == []


def test_a_later_registration_by_the_client(client: Client, space: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")
    with client.run(f"{space}/exp", capture=False) as run:
        run.log_file(tmp_path / "f", "out/f")
    assert client.runs.get(run.uid).environment_digest is None
    version = client.register(f"{space}/late", run=run, path="out")
    assert version.run_uid == run.uid
    with pytest.raises(errors.Invalid):
        client.register(f"{space}/late", run=run.uid, path="nowhere")


@pytest.mark.parametrize(
    ("error", "state"), [(ValueError, "failed"), (KeyboardInterrupt, "killed"), (SystemExit, "finished")]
)
def test_the_end_of_the_block_is_the_end_of_the_run(
    client: Client, space: str, error: type[BaseException], state: str
) -> None:
    run = client.run(f"{space}/exp", capture=False)
    with contextlib.suppress(error), run:
        run.log_metric("loss", 1.0)
        raise error
    info = client.runs.get(run.uid)
    assert info.state == state
    assert info.metrics["loss"].count == 1, "what waited was sent"


def test_points_go_in_batches(client: Client, space: str) -> None:
    with client.run(f"{space}/exp", capture=False) as run:
        sent = recorded(client)
        for step in range(5000):
            run.log_metric("loss", step, step)
        run.flush()
        assert 1 <= len([line for line in sent if line.endswith("/log")]) <= 6
    assert client.runs.get(run.uid).metrics["loss"].count == 5000


def test_points_arrive_within_seconds_without_a_flush(client: Client, space: str) -> None:
    with client.run(f"{space}/exp", capture=False) as run:
        run.log_metric("loss", 1.0)
        end = time.monotonic() + 10
        while not client.runs.get(run.uid).metrics and time.monotonic() < end:
            time.sleep(0.1)
        assert client.runs.get(run.uid).metrics["loss"].count == 1


def test_a_refused_batch_is_told(client: Client, space: str) -> None:
    run = client.run(f"{space}/exp", capture=False, params={"lr": 1})
    run.flush()
    run.log_param("lr", 2)
    with pytest.raises(errors.Conflict, match="lr"):
        run.flush()
    run.log_param("lr", 1)
    assert run.end().state == "finished"
    assert run.end().state == "finished"


def test_nothing_is_recorded_twice_however_often_it_is_sent(
    client: Client, space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is lost: the batch is sent again under its key, and counted once."""
    run = client.run(f"{space}/exp", capture=False)
    request = client.transport.request
    lost: list[str] = []

    def losing(method: str, path: str, **more: object) -> object:
        reply = request(method, path, **more)  # type: ignore[arg-type]
        if path.endswith("/log") and not lost:
            lost.append(path)
            raise errors.Unreachable("the answer is lost")
        return reply

    monkeypatch.setattr(client.transport, "request", losing)
    run.log_metrics({"loss": 1.0})
    end = time.monotonic() + 10
    while not lost and time.monotonic() < end:
        time.sleep(0.05)
    run.end()
    assert lost
    assert client.runs.get(run.uid).metrics["loss"].count == 1


def test_children_and_resumption(client: Client, space: str) -> None:
    with (
        client.run(f"{space}/exp", capture=False) as parent,
        client.run(f"{space}/exp", parent=parent, capture=False) as child,
    ):
        child.set_tags({"fold": "1"})
    assert client.runs.get(child.uid).parent_uid == parent.uid
    with client.runs.resume(child.uid) as again:
        again.log_metric("late", 2)
    assert client.runs.get(child.uid).metrics["late"].last == 2.0

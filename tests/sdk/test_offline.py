"""Offline recording: "to a folder that `strongroom sync` uploads later from another machine, artifacts included"."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from strongroom.sdk import Client, errors, init
from strongroom.sdk.journal import NAME, Line, read
from strongroom.sdk.offline import Offline, OfflineRun
from strongroom.sdk.run_models import RunInfo
from strongroom.sdk.run_series import SeriesRecording
from strongroom.sdk.runs import Run
from strongroom.sdk.sync import Synced, _Sending, sync
from strongroom.sdk.transport import Transport
from tests.sdk.server import CLI, Served, environment, recorded

PYTHON = [sys.executable, "-c"]
WORK = """
import math, sys
from pathlib import Path
from strongroom.sdk import init

space, files = sys.argv[1], Path(sys.argv[2])
with init(f"{space}/exp", name="r", params={"lr": 0.1}, tags={"t": "1"}, note="n", kind="sweep") as run:
    for step in range(3000):
        run.log_metrics({"loss": 1 / (step + 1), "bad": math.nan}, step, time_us=1_700_000_000_000_000 + step)
    for n in range(3):
        run.log_row({"epoch_loss": n / 2, "said": f"n{n}", "box": [n]}, step=n * 10, time_us=n)
    run.log_params({"late": "x", **{f"p{n}": n for n in range(450)}})
    run.log_param("r", 1, replace=True)
    run.log_param("r", 2, replace=True)
    run.log_dataset("iris", "sha256:12", context="training", properties={"rows": 150})
    run.log_file(files / "a.txt", "notes/a.txt")
    run.log_folder(files, "all")
    run.log_model(files, "forest", type="sklearn", step=7, params={"depth": 3}, tags={"m": "1"})
    run.set_tags({"done": None})
    run.summarise({"best": 0.9, "name": "x"})
    with init(f"{space}/exp", name="child", parent=run, capture=False) as child:
        child.log_metric("x", 1.0, time_us=5)
"""


def work(space: str, files: Path, env: dict[str, str]) -> None:
    done = subprocess.run([*PYTHON, WORK, space, str(files)], env=env, capture_output=True, check=False)  # noqa: S603 - our own program
    assert done.returncode == 0, done.stderr


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a" * 1000)
    (folder / "sub" / "big.bin").write_bytes(os.urandom(300_000))
    return folder


def shown(client: Client, experiment: str) -> list[dict[str, Any]]:
    """All that a client can see of an experiment's runs, without what differs by nature."""
    found = []
    for info in sorted(client.runs.search(experiments=[experiment]), key=lambda run: run.name):
        parent = client.runs.get(info.parent_uid).name if info.parent_uid else None
        entries = client.api.every("folder.list", dict, kind="run", uid=info.uid, recursive=True)
        models = list(client.logged_models.list(experiment, run=info.uid))
        found.append(
            {
                "run": (info.name, info.kind, info.state, info.note, info.source, info.environment_digest, parent),
                "params": client.runs.get(info.uid).params,
                "tags": {tag.key: tag.value for tag in info.tags if not tag.key.startswith("strongroom.")},
                "summary": info.summary,
                "series": {
                    key: [(p.step, p.time_us, repr(float(p.value))) for p in client.runs.series(info.uid, key)]
                    for key in info.metrics
                },
                "rows": [(row.row, row.step, row.time_us, row.decoded()) for row in client.runs.rows(info.uid)],
                "files": [(entry["path"], entry["sha256"]) for entry in entries],
                "inputs": [
                    (use.vertex.label, use.vertex.digest, use.properties) for use in client.runs.inputs(info.uid)
                ],
                "outputs": [(use.vertex.label, use.properties) for use in client.runs.outputs(info.uid)],
                "models": [
                    (m.name, m.type, m.status, m.params, [f.sha256 for f in client.logged_models.files(m)])
                    for m in models
                ],
            }
        )
    return found


def test_recorded_offline_and_synced_from_elsewhere_twice_it_is_as_recorded_online(
    served: Served, client: Client, space: str, files: Path, tmp_path: Path
) -> None:
    offline = {**environment(), "STRONGROOM_OFFLINE": str(tmp_path / "recorded")}
    work(f"{space}/off", files, offline)
    work(f"{space}/on", files, served.env(tmp_path))
    assert list(client.runs.experiments(namespace=f"{space}/off")) == []
    elsewhere = tmp_path / "elsewhere"
    shutil.move(tmp_path / "recorded", elsewhere)
    shutil.rmtree(files)
    command = [*CLI, "sync", "--json", str(elsewhere)]
    done = [subprocess.run(command, env=served.env(tmp_path), capture_output=True, check=False) for _ in range(2)]  # noqa: S603 - our own program
    assert [one.returncode for one in done] == [0, 0], done
    assert [row["lines"] for row in json.loads(done[1].stdout)] == [0, 0], "nothing is sent twice"
    assert shown(client, f"{space}/off/exp") == shown(client, f"{space}/on/exp")
    run = next(client.runs.search("name = 'r'", experiments=[f"{space}/off/exp"]))
    assert (len(shown(client, f"{space}/off/exp")), run.params_total, run.metrics["loss"].count) == (2, 453, 3000)
    assert [row.decoded() for row in client.runs.rows(run.uid, 2)] == [{"epoch_loss": 1.0, "said": "n2", "box": [2]}]


def record(folder: Path, space: str) -> OfflineRun:
    return Offline(folder).run(f"{space}/exp", capture=False)


def states(found: list[Synced]) -> list[tuple[str | None, str | None]]:
    return [(one.state, one.failure) for one in found]


def test_times_are_those_of_the_recording(client: Client, space: str, tmp_path: Path) -> None:
    """ "original times kept as claimed times" """
    run = record(tmp_path, space)
    run.log_metric("x", 1.0)
    time.sleep(0.05)
    run.end("failed")
    begun, logged, ended = read(tmp_path / run.uid / NAME)
    time.sleep(0.05)
    (done,) = sync(client.api, tmp_path)
    info = client.runs.get(str(done.run_uid))
    assert info.ended_at is not None
    times = [round(one.timestamp() * 1_000_000) for one in (info.started_at, info.ended_at)]
    assert times == [begun.at, ended.at]
    assert info.state == "failed"
    assert logged.at - info.metrics["x"].last_time_us < 1_000_000
    assert info.created_at > info.ended_at


KILLED = """
import os, signal, sys
from strongroom.sdk import init
run = init(sys.argv[1], offline=sys.argv[2], capture=False)
for step in range(100):
    run.log_metric("x", step, step)
sys.stdout.write("ready\\n"); sys.stdout.flush()
while True:
    run.log_metric("y", step, step)
"""


def test_kill_9_loses_nothing_that_was_recorded_but_a_torn_line(client: Client, space: str, tmp_path: Path) -> None:
    """ "kill -9 loses at most the torn last line, which is recognised"; the run is left running, or killed."""
    command = [*PYTHON, KILLED, f"{space}/exp", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:  # noqa: S603 - our own program
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGKILL)
    (journal,) = tmp_path.glob(f"*/{NAME}")
    with journal.open("ab") as file:
        file.write(b'deadbeef ["log",1,{"points":[{"key":"x"')
    assert states(sync(client.api, tmp_path)) == [("running", None)]
    (info,) = client.runs.list(f"{space}/exp")
    assert info.metrics["x"].count == 100
    (done,) = sync(client.api, tmp_path, unfinished="killed")
    assert (done.state, done.run_uid) == ("killed", info.uid)
    assert client.runs.get(info.uid).metrics["x"].count == 100


def test_every_cut_of_a_journal_reads_as_its_whole_lines(tmp_path: Path) -> None:
    run = record(tmp_path, "s")
    for step in range(5):
        run.log_metrics({"x": math.inf, "ключ": step}, step)
    run.end()
    path = tmp_path / run.uid / NAME
    whole = path.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        assert len(list(read(path))) == sum(end < cut for end in ends)


def test_a_damaged_line_in_the_middle_is_named(client: Client, space: str, tmp_path: Path) -> None:
    run = record(tmp_path, space)
    for step in range(5):
        run.log_metric("x", step, step)
    run.end()
    path = tmp_path / run.uid / NAME
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"x"', b'"y"')
    path.write_bytes(b"".join(lines))
    (done,) = sync(client.api, tmp_path)
    assert "Line 4" in (done.failure or "")


@pytest.mark.parametrize("answered", [False, True])
def test_killed_at_any_request_and_run_again_it_doubles_nothing(
    client: Client, space: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, answered: bool
) -> None:
    """ "killed mid-way and re-run doubles nothing": before each request, and after it with the answer lost."""
    folder = tmp_path / "recorded"
    run = record(folder, space)
    for part in range(3):
        run.log_metrics({"x": part}, part)
        run.log_file(files / "a.txt", f"a{part}")
    run.log_model(files, "m")
    run.log_dataset("d", "1")
    run.log_metric("x", 3, 3)
    run.end()
    request = Transport.request
    for chance in range(100):
        left = [chance]

        def dying(self: Transport, method: str, path: str, left: list[int] = left, **more: Any) -> object:
            if left[0] == 0 and not answered:
                raise KeyboardInterrupt
            reply = request(self, method, path, **more)
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return reply

        monkeypatch.setattr(Transport, "request", dying)
        try:
            sync(client.api, folder)
            break
        except KeyboardInterrupt:
            continue
    monkeypatch.undo()
    assert chance > 5
    (info,) = client.runs.list(f"{space}/exp")
    assert (info.state, info.metrics["x"].count, info.inputs) == ("finished", 4, 1)
    assert len(list(client.logged_models.list(f"{space}/exp"))) == 1


def test_a_copy_that_was_synced_elsewhere_sends_only_what_is_new(client: Client, space: str, tmp_path: Path) -> None:
    here, copy = tmp_path / "here", tmp_path / "copy"
    run = record(here, space)
    run.log_metric("x", 1.0, 1)
    shutil.copytree(here, copy)
    assert states(sync(client.api, copy)) == [("running", None)]
    run.log_metric("x", 2.0, 2)
    run.end()
    sent = recorded(client)
    assert states(sync(client.api, here)) == [("finished", None)]
    assert len([line for line in sent if line.endswith("/log")]) == 2, "what is new, and how far it came"
    (info,) = client.runs.list(f"{space}/exp")
    assert [point.value for point in client.runs.series(info.uid, "x")] == [1.0, 2.0]


def test_two_syncs_at_the_same_moment_double_nothing(
    client: Client, space: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "`strongroom sync` uploads later": a copy that ends earlier is synced by another process in between."""
    with init(f"{space}/exp", offline=tmp_path / "long", capture=False) as run:
        for step in range(20):
            run.log_metric("loss", 1.0, step)
        run.log_dataset("iris", "sha256:12")
        run.log_metric("loss", 2.0, 20)
    shutil.copytree(tmp_path / "long", tmp_path / "short")
    (journal,) = (tmp_path / "short").glob(f"*/{NAME}")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:12]))
    find = _Sending._begin
    others: list[Synced] = []

    def overtaken(self: _Sending, begun: Line) -> tuple[RunInfo, int]:
        found = find(self, begun)
        if not others:
            others.append(Synced("", None, None, 0))
            others.extend(sync(client.api, tmp_path / "long"))
        return found

    monkeypatch.setattr(_Sending, "_begin", overtaken)
    (short,) = sync(client.api, tmp_path / "short")
    assert others[1].failure is None
    assert short.failure is not None
    assert "sync again" in short.failure
    assert short.run_uid == others[1].run_uid
    assert [p.step for p in client.runs.series(str(short.run_uid), "loss")] == list(range(21))
    assert sync(client.api, tmp_path / "short")[0].failure is None
    assert len(list(client.runs.series(str(short.run_uid), "loss"))) == 21


def test_one_recording_that_is_refused_does_not_keep_the_others(client: Client, space: str, tmp_path: Path) -> None:
    first, second = record(tmp_path, space), record(tmp_path, space)
    first.log_param("p", 1)
    first.log_param("p", 2)
    for run in (first, second):
        run.end()
    (one, other) = sync(client.api, tmp_path)
    assert "Conflict" in (one.failure or "")
    assert (other.state, other.failure) == ("finished", None)
    client.runs.delete(str(other.run_uid))
    assert [found.uid for found in client.runs.search(experiments=[f"{space}/exp"])] == [one.run_uid]


def test_lost_bytes_are_named(client: Client, space: str, files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "recorded"
    run = record(folder, space)
    run.log_file(files / "a.txt")
    run.end()
    shutil.rmtree(folder / "blobs")
    (done,) = sync(client.api, folder)
    assert "a.txt" in (done.failure or "")


def test_an_ended_recording_takes_no_more(tmp_path: Path) -> None:
    run = record(tmp_path, "s")
    run.end()
    run.end()
    with pytest.raises(errors.Invalid):
        run.log_metric("x", 1.0)
    with pytest.raises(errors.Invalid):
        record(tmp_path, "s").end("running")


def test_an_offline_run_has_the_methods_of_a_run_that_need_no_answer() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(Run) - public(OfflineRun) == {"register"}
    assert public(OfflineRun) <= public(Run) | public(SeriesRecording)


def test_no_folder_no_sync(client: Client, tmp_path: Path) -> None:
    with pytest.raises(errors.Invalid):
        sync(client.api, tmp_path / "none")
    assert sync(client.api, tmp_path) == []


def test_a_point_is_not_one_sync_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recording must not slow training: a point is one write, not one fsync."""
    run = record(tmp_path, "s")
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    for step in range(5_000):
        run.log_metric("x", step, step)
    assert len(synced) < 100


def test_init_goes_where_the_environment_says(
    served: Served, client: Client, space: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRONGROOM_URL", served.url)
    monkeypatch.setenv("STRONGROOM_TOKEN", served.token)
    with init(f"{space}/exp", capture=False) as online:
        assert isinstance(online, Run)
    monkeypatch.setenv("STRONGROOM_OFFLINE", str(tmp_path))
    with init(f"{space}/exp", capture=False) as offline:
        assert isinstance(offline, OfflineRun)
    assert isinstance(client.runs.get(online.uid), RunInfo)

"""System metrics: "sampled in a thread that never disturbs training and ends with the run"."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from strongroom.sdk import Client, errors
from strongroom.sdk.journal import NAME, read
from strongroom.sdk.offline import Offline
from strongroom.sdk.system import Gpus, Machine, SystemMetrics


def samplers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "strongroom-system"]


def test_the_machine_tells_of_processor_memory_disk_and_network() -> None:
    machine = Machine()
    time.sleep(0.1)
    found = machine.sample()
    assert {
        "cpu/percent",
        "memory/percent",
        "memory/used_bytes",
        "disk/percent",
        "process/memory_bytes",
    } <= found.keys()
    assert {"network/sent_bytes", "network/received_bytes"} <= found.keys()
    assert 0 < found["memory/percent"] <= 100
    assert found["process/memory_bytes"] > 1_000_000
    assert all(isinstance(value, float) for value in found.values())


def test_a_run_has_them_beside_its_own_until_it_ends(client: Client, space: str) -> None:
    with client.run(f"{space}/exp", capture=False, system_metrics=0.2) as run:
        run.log_metric("loss", 1.0)
        time.sleep(0.7)
    assert samplers() == []
    metrics = client.runs.get(run.uid).metrics
    assert metrics["loss"].count == 1
    assert metrics["system/cpu/percent"].count >= 3
    points = list(client.runs.series(run.uid, "system/memory/percent"))
    assert [point.step for point in points] == list(range(len(points)))
    assert points[0].time_us < points[-1].time_us


def test_an_offline_run_has_them_too(tmp_path: Path) -> None:
    with Offline(tmp_path).run("e", capture=False, system_metrics=0.1) as run:
        time.sleep(0.3)
    lines = list(read(tmp_path / run.uid / NAME))
    assert lines[-1].op == "end"
    keys = {point["key"] for line in lines for point in line.fields.get("points", ())}
    assert "system/cpu/percent" in keys
    assert samplers() == []


def test_what_goes_wrong_in_a_sample_does_not_reach_the_run() -> None:
    taken: list[int] = []

    def sink(_: Mapping[str, float], number: int) -> None:
        taken.append(number)
        raise RuntimeError("the sink is broken")

    sampling = SystemMetrics(sink, 0.1)
    time.sleep(0.35)
    sampling.stop()
    assert len(taken) >= 3
    assert samplers() == []


def test_a_refusal_that_belongs_to_the_run_is_not_swallowed(client: Client, space: str) -> None:
    run = client.run(f"{space}/exp", capture=False, params={"lr": 1}, system_metrics=0.1)
    run.flush()
    run.log_param("lr", 2)
    time.sleep(2.5)
    with pytest.raises(errors.Conflict, match="lr"):
        run.end()


def test_a_pause_that_is_too_short_is_refused() -> None:
    with pytest.raises(errors.Invalid):
        SystemMetrics(lambda *_: None, 0.01)


def test_without_a_driver_there_are_no_gpus() -> None:
    assert isinstance(Gpus().sample(), dict)

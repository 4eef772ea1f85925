"""Recording: params, points and tags in batches, their summaries, and series read back in order."""

import math
import threading
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.application.paging import PageRequest
from strongroom.application.tracking import recording, runs, series
from strongroom.application.tracking.recording import Batch, LogParam, LogPoint
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.views import ExperimentView, MetricView, PointView, RunView
from strongroom.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, TooLarge
from tests.application.conftest import World

EXTREME = 2**63 - 1


def log(world: World, uid: str, batch: Batch, who: str = "contributor") -> int:
    return world.command(who, lambda c: recording.log(c, uid, batch)).batches


def read(world: World, uid: str, key: str, size: int = 1_000) -> list[PointView]:
    """All pages of a series."""
    found: list[PointView] = []
    token = None
    while True:
        page = world.read(
            "viewer",
            lambda c, t=token: series.series(c, uid, key, PageRequest(size, t)),  # type: ignore[misc]
        )
        found += page.items
        token = page.next_page_token
        if token is None:
            return found


def metric(world: World, uid: str, key: str) -> MetricView:
    return world.read("viewer", lambda c: runs.get(c, uid)).metrics[key]


def test_a_batch_is_recorded_whole(world: World, run: RunView) -> None:
    points = [LogPoint("loss", 0.5, 1, 10), LogPoint("acc", 0.1, 1, 10), LogPoint("loss", 0.25, 2, 20)]
    assert log(world, run.uid, Batch([LogParam("lr", "0.1")], points, {"best": None})) == 1
    view = world.read("viewer", lambda c: runs.get(c, run.uid))
    assert view.params == {"lr": "0.1"}
    assert view.metrics["loss"] == MetricView(0.25, 2, 20, 0.25, 0.5, 2)
    assert (view.metrics_total, view.params_total, view.tags[0].key) == (2, 1, "best")
    assert read(world, run.uid, "loss") == [PointView(1, 10, 0.5), PointView(2, 20, 0.25)]
    assert read(world, run.uid, "unheard") == []


def test_a_batch_that_fails_leaves_nothing(world: World, run: RunView) -> None:
    log(world, run.uid, Batch([LogParam("lr", "0.1")]))
    mixed = Batch([LogParam("seed", "1"), LogParam("lr", "0.2")], [LogPoint("loss", 1.0)], {"tag": "x"})
    with pytest.raises(Conflict) as refused:
        log(world, run.uid, mixed)
    assert refused.value.details["key"] == "lr"
    view = world.read("viewer", lambda c: runs.get(c, run.uid))
    assert (view.params, view.metrics, view.tags) == ({"lr": "0.1"}, {}, [])


def test_params_are_written_once_or_replaced(world: World, run: RunView) -> None:
    for value in ("0.1", "0.1"):
        log(world, run.uid, Batch([LogParam("lr", value)]))
    for value in ("1", "2"):
        log(world, run.uid, Batch([LogParam("epochs", value, "replace")]))
    log(world, run.uid, Batch([LogParam("lr", "0.1", "replace")]))
    with pytest.raises(Conflict):
        log(world, run.uid, Batch([LogParam("lr", "0.2", "replace")]))
    with pytest.raises(Conflict):
        log(world, run.uid, Batch([LogParam("twice", "1"), LogParam("twice", "2")]))
    with pytest.raises(Invalid):
        log(world, run.uid, Batch([LogParam("lr", "0.1", "sometimes")]))
    assert world.read("viewer", lambda c: runs.get(c, run.uid)).params == {"epochs": "2", "lr": "0.1"}


def test_batches_have_limits(world: World, run: RunView) -> None:
    with pytest.raises(TooLarge):
        log(world, run.uid, Batch(points=[LogPoint("loss", 1.0)] * 10_001))
    with pytest.raises(TooLarge):
        log(world, run.uid, Batch([LogParam(str(n), "") for n in range(201)]))
    with pytest.raises(Invalid):
        log(world, run.uid, Batch(points=[LogPoint("../loss", 1.0)]))
    with pytest.raises(Invalid):
        log(world, run.uid, Batch(points=[LogPoint("loss", 1.0, 2**63)]))
    assert log(world, run.uid, Batch()) == 0, "a batch without anything changes nothing"
    most = [LogPoint(f"m{n % 5_000}", float(n), n) for n in range(10_000)]
    assert log(world, run.uid, Batch([LogParam(str(n), "") for n in range(200)], most)) == 1
    view = world.read("viewer", lambda c: runs.get(c, run.uid))
    assert (view.metrics_total, len(view.metrics)) == (5_000, 1_000)
    page = world.read("viewer", lambda c: recording.latest(c, run.uid, "m4999", PageRequest()))
    assert [(item.key, item.metric.count) for item in page.items] == [("m4999", 2)]


def test_who_may_record_and_who_may_read(world: World, run: RunView) -> None:
    batch = Batch(points=[LogPoint("loss", 1.0)])
    with pytest.raises(Forbidden):
        log(world, run.uid, batch, "viewer")
    with pytest.raises(NotFound):
        log(world, run.uid, batch, "stranger")
    with pytest.raises(NotFound):
        world.read("stranger", lambda c: series.series(c, run.uid, "loss", PageRequest()))


def test_an_ended_run_takes_tags_only(world: World, run: RunView) -> None:
    world.command("contributor", lambda c: runs.end(c, run.uid, "finished"))
    for batch in (Batch(points=[LogPoint("loss", 1.0)]), Batch([LogParam("lr", "1")])):
        with pytest.raises(Conflict):
            log(world, run.uid, batch)
    log(world, run.uid, Batch(tags={"kept": "yes"}))
    world.command("contributor", lambda c: recording.remove_tags(c, run.uid, ["kept", "never"]))
    assert world.read("viewer", lambda c: runs.get(c, run.uid)).tags == []
    world.command("contributor", lambda c: runs.resume(c, run.uid))
    log(world, run.uid, Batch(points=[LogPoint("loss", 1.0)]))


def test_every_float_and_every_step_comes_back(world: World, run: RunView) -> None:
    values = {-EXTREME - 1: math.nan, -1: -math.inf, 0: -0.0, 1: math.inf, EXTREME: 5e-324}
    for step, value in values.items():
        log(world, run.uid, Batch(points=[LogPoint("x", value, step, step)]))
    found = read(world, run.uid, "x", size=2)
    assert repr([(point.step, point.value) for point in found]) == repr(list(values.items()))
    short = metric(world, run.uid, "x")
    assert (short.least, short.greatest, short.last, short.count) == (-math.inf, math.inf, 5e-324, 5)


def test_nan_is_kept_as_nan(world: World, run: RunView) -> None:
    for step in range(2):
        log(world, run.uid, Batch(points=[LogPoint("nan", math.nan, step), LogPoint("mixed", 1.0 - step, step)]))
    log(world, run.uid, Batch(points=[LogPoint("mixed", math.nan, 2)]))
    alone, mixed = metric(world, run.uid, "nan"), metric(world, run.uid, "mixed")
    assert all(map(math.isnan, (alone.last, alone.least, alone.greatest, mixed.last)))
    assert (mixed.least, mixed.greatest, mixed.count) == (0.0, 1.0, 3)


def test_the_latest_values_come_in_pages_by_key(world: World, run: RunView) -> None:
    keys = ["a", "b/x", "b/y", "b_", "c"]
    log(world, run.uid, Batch(points=[LogPoint(key, 1.0) for key in keys]))

    def page(prefix: str | None, size: int, token: str | None) -> tuple[list[str], str | None]:
        found = world.read("viewer", lambda c: recording.latest(c, run.uid, prefix, PageRequest(size, token)))
        return [item.key for item in found.items], found.next_page_token

    first, token = page(None, 3, None)
    assert sorted(first + page(None, 3, token)[0]) == sorted(keys)
    assert page("b/", 10, None) == (["b/x", "b/y"], None)
    assert page("b_", 10, None) == (["b_"], None), "an underscore is no wildcard"


FLOATS = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 0.5, -1.5, 1e300])
BATCHES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.integers(-3, 3), st.integers(0, 2), FLOATS),
        min_size=1,
        max_size=8,
    ),
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES, size=st.integers(1, 5))
def test_a_series_is_its_points_in_order_however_they_came(
    world: World, experiment: ExperimentView, batches: list[list[tuple[str, int, int, float]]], size: int
) -> None:
    uid = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid))).uid
    for batch in batches:
        points = [LogPoint(key, value, step, time) for key, step, time, value in batch]
        log(world, uid, Batch(points=points))
    for key in ("a", "b"):
        plain = [(step, time, value) for batch in batches for k, step, time, value in batch if k == key]
        plain.sort(key=lambda point: point[:2])  # stable: points equal in both stay as they came
        found = [(point.step, point.time_us, point.value) for point in read(world, uid, key, size)]
        assert repr(found) == repr(plain)
        if plain:
            assert metric(world, uid, key).count == len(plain)


def test_several_writers_lose_nothing(world: World, run: RunView) -> None:
    """Eight threads write to one run, to a key of their own and to a shared one."""
    writers, batches = 8, 12
    failures: list[DomainError] = []

    def write(writer: int) -> None:
        try:
            for number in range(batches):
                points = [LogPoint(f"own/{writer}", number, number), LogPoint("shared", number, number)]
                log(world, run.uid, Batch([LogParam(f"p{writer}/{number}", "1")], points))
        except DomainError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    view = world.read("viewer", lambda c: runs.get(c, run.uid))
    assert view.params_total == writers * batches
    assert view.metrics["shared"].count == writers * batches
    shared = read(world, run.uid, "shared", size=7)
    assert len(shared) == writers * batches
    assert all(a.step <= b.step for a, b in pairwise(shared))
    assert all(view.metrics[f"own/{writer}"].count == batches for writer in range(writers))
    assert log(world, run.uid, Batch(tags={"t": None})) == writers * batches + 1

"""Series read back: in order however they were written, merged or cut; columns, samples, several side by side."""

import asyncio
import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.application.artifacts import folders
from strongroom.application.paging import PageRequest
from strongroom.application.tracking import compaction, recording, runs, series
from strongroom.application.tracking import stretches as stretches_module
from strongroom.application.tracking.other_series import LogOther
from strongroom.application.tracking.recording import Batch, LogPoint, LogSeries
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.series import Compare
from strongroom.application.tracking.stretches import Span
from strongroom.application.tracking.views import ColumnsView, ExperimentView, RunView
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from strongroom.domain.tracking import merging, sampling
from strongroom.domain.tracking.points import Floats
from tests.application.conftest import World

Row = tuple[int, int, Any]
FLOATS = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 0.5, -1.5, 1e300])
#: what happens to a run: a batch of (key, step, time, value), or a merge of blocks, of however few
EVENTS = st.lists(
    st.one_of(
        st.none(),
        st.lists(
            st.tuples(st.sampled_from("ab"), st.integers(-4, 4), st.integers(0, 2), FLOATS), min_size=1, max_size=6
        ),
    ),
    max_size=14,
)


def log(world: World, uid: str, batch: Batch, who: str = "contributor") -> None:
    world.command(who, lambda c: recording.log(c, uid, batch))


def run_id(world: World, uid: str) -> int:
    found = world.read_tx(lambda tx: tx.runs.by_uid(world.workspace.id, uid))
    assert found is not None
    return found.id


def merge(world: World, uid: str) -> int:
    return asyncio.run(compaction.merge_run(world.executor, run_id(world, uid)))


def columns(world: World, uid: str, key: str, limit: int = 1_000, span: Span = series.ALL) -> list[Row]:
    """All of a series, page by page."""
    found: list[Any] = []
    token: str | None = None
    while True:
        view = world.read("viewer", lambda c, t=token: series.columns(c, uid, key, span, limit=limit, token=t))  # type: ignore[misc]
        assert len(view.steps) <= limit
        found += zip(view.steps, view.times_us, view.values, strict=True)
        token = view.next_page_token
        if token is None:
            return found


def sample(world: World, uid: str, key: str, count: int) -> ColumnsView:
    return world.read("viewer", lambda c: series.sample(c, uid, key, count))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(events=EVENTS, size=st.integers(1, 5), small=st.booleans())
def test_random_interleavings_of_writers_on_one_series_against_a_list(
    world: World,
    experiment: ExperimentView,
    events: list[list[tuple[str, int, int, float]] | None],
    size: int,
    small: bool,
) -> None:
    """Must be shown: random interleavings of writers on one series against a list; merged in between, cut anywhere."""
    uid = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid))).uid
    written: list[tuple[str, int, int, float]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "FEWEST", 2)
        if small:
            patch.setattr(stretches_module, "WAITING_LARGEST", 3)
        for number, event in enumerate(events):
            if event is None:
                merge(world, uid)
                continue
            writer = ("contributor", "maintainer")[number % 2]
            log(world, uid, Batch(points=[LogPoint(key, value, step, at) for key, step, at, value in event]), writer)
            written += event
        for key in "ab":
            plain = [(step, at, value) for k, step, at, value in written if k == key]
            plain.sort(key=lambda row: row[:2])  # stable: points equal in both stay as they came
            assert repr(columns(world, uid, key, size)) == repr(plain)
            inner = [row for row in plain if -2 <= row[0] <= 1]
            assert repr(columns(world, uid, key, size, Span(-2, 1))) == repr(inner)


def test_pages_go_on_while_blocks_are_merged(world: World, run: RunView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "FEWEST", 2)
    for number in range(6):
        log(world, run.uid, Batch(points=[LogPoint("x", number * 3 + n, number % 3, 7) for n in range(3)]))
    whole = columns(world, run.uid, "x")
    view = world.read("viewer", lambda c: series.columns(c, run.uid, "x", limit=4))
    assert merge(world, run.uid) == 1
    rest = world.read("viewer", lambda c: series.columns(c, run.uid, "x", token=view.next_page_token))
    assert [*view.values, *rest.values] == [row[2] for row in whole]


def test_a_sample_keeps_first_last_least_and_greatest(world: World, run: RunView) -> None:
    """Issue 3: a reader can ask for n sampled points that always keep first, last, minima and maxima."""
    source = random.Random(4)  # noqa: S311 - data of a test
    values = [source.gauss(0, 1) for _ in range(5_000)]
    values[1_234], values[4_321], values[777] = 99.0, -99.0, math.nan
    for start in range(0, 5_000, 500):
        steps = range(start, start + 500)
        log(world, run.uid, Batch(series=[LogSeries("x", values[start : start + 500], steps, steps)]))
    view = sample(world, run.uid, "x", 100)
    assert len(view.steps) <= 100
    assert (view.steps[0], view.steps[-1]) == (0, 4_999)
    assert {1_234, 4_321} <= set(view.steps)
    assert [values[step] for step in view.steps] == list(view.values)
    assert list(view.steps) == list(view.times_us)
    assert len(sample(world, run.uid, "x", 10_000).steps) == 5_000
    assert sample(world, run.uid, "unheard", 10).steps == []
    for count in (3, 10_001):
        with pytest.raises(Invalid):
            sample(world, run.uid, "x", count)


def test_a_sample_of_a_long_series_reads_outlines(world: World, run: RunView, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merged blocks keep outlines, so that few points are read of many; the extremes are those of all points."""
    source = random.Random(5)  # noqa: S311 - data of a test
    values = [source.gauss(0, 1) for _ in range(20_000)]
    values[12_345], values[4_321] = 99.0, -99.0
    for start in range(0, 20_000, 5_000):
        steps = range(start, start + 5_000)
        log(world, run.uid, Batch(series=[LogSeries("x", values[start : start + 5_000], steps, steps)]))
    world.command("contributor", lambda c: runs.end(c, run.uid, "finished"))
    assert merge(world, run.uid) == 1
    seen: list[int] = []

    def noted(numbers: Floats, count: int) -> Sequence[int]:
        seen.append(len(numbers))
        return sampling.sampled(numbers, count)

    monkeypatch.setattr(series, "sampled", noted)
    for count in (10, 200, 1_000):
        view = sample(world, run.uid, "x", count)
        assert len(view.steps) <= count
        assert (view.steps[0], view.steps[-1], min(view.values), max(view.values)) == (0, 19_999, -99.0, 99.0)
        assert [values[step] for step in view.steps] == list(view.values)
    assert seen == [624, 624, 20_000]
    zoomed = world.read("viewer", lambda c: series.sample(c, run.uid, "x", 10, Span(100, 5_000)))
    assert (zoomed.steps[0], zoomed.steps[-1], min(zoomed.values)) == (100, 5_000, -99.0)


def test_a_series_of_any_length_is_sampled_in_bounded_memory(
    world: World, run: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "HELD_MOST", 400)
    for start in range(0, 3_000, 100):
        steps = range(start, start + 100)
        points = [5.0 if step == 1_717 else -5.0 if step == 1_718 else step % 7 / 7 for step in steps]
        log(world, run.uid, Batch(series=[LogSeries("x", points, steps)]))
    view = sample(world, run.uid, "x", 20)
    assert (view.steps[0], view.steps[-1]) == (0, 2_999)
    assert {1_717, 1_718} <= set(view.steps)


def test_columns_and_points_say_the_same(world: World, run: RunView) -> None:
    log(world, run.uid, Batch(series=[LogSeries("x", [1.0, math.nan], [3, 4], [10, 20])]))
    log(world, run.uid, Batch(points=[LogPoint("x", 2.0, 5, 30)]))
    assert repr(columns(world, run.uid, "x")) == repr([(3, 10, 1.0), (4, 20, math.nan), (5, 30, 2.0)])
    before = world.clock.now_us()
    log(world, run.uid, Batch(series=[LogSeries("bare", [1.0, 2.0])]))
    (first, second) = columns(world, run.uid, "bare")
    assert (first[0], second[0]) == (0, 0)
    assert before <= first[1] == second[1] <= world.clock.now_us()
    for wrong in (LogSeries("x", [1.0], [1, 2]), LogSeries("x", [1.0], [1], [])):
        with pytest.raises(Invalid):
            log(world, run.uid, Batch(series=[wrong]))
    with pytest.raises(TooLarge):
        log(world, run.uid, Batch(series=[LogSeries("x", [1.0] * 6_000)], points=[LogPoint("x", 1.0)] * 4_001))


def test_several_series_side_by_side(world: World, experiment: ExperimentView) -> None:
    uids = []
    for number in range(3):
        uid = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid))).uid
        uids.append(uid)
        steps = range(1_000)
        log(world, uid, Batch(series=[LogSeries("x", [float(number)] * 1_000, steps)]))
    found = world.read("viewer", lambda c: series.compare(c, Compare(uids, ["x", "none"], 50))).series
    assert [(view.run_uid, view.key, view.values[0]) for view in found] == [(u, "x", n) for n, u in enumerate(uids)]
    assert all(len(view.steps) <= 50 for view in found)
    for query in (Compare(uids, [str(n) for n in range(70)]), Compare(uids, list("abcdefgh"), 10_000)):
        with pytest.raises(TooLarge):
            world.read("viewer", lambda c, q=query: series.compare(c, q))  # type: ignore[misc]
    with pytest.raises(NotFound):
        world.read("stranger", lambda c: series.compare(c, Compare(uids, ["x"])))


def test_texts_json_histograms_and_files_are_series_too(world: World, run: RunView) -> None:
    """Issue 3: text and media series."""
    histogram = {"edges": [0, 0.5, 1], "counts": [3, 4]}
    others = [
        LogOther("notes", "text", ["good", "böse\n"], [1, 2], [10, 20]),
        LogOther("table", "json", [{"b": [1, None], "a": "x"}], [1], [10]),
        LogOther("weights", "histogram", [histogram], [1], [10]),
    ]
    log(world, run.uid, Batch(others=others, points=[LogPoint("loss", 1.0)]))
    assert columns(world, run.uid, "notes") == [(1, 10, "good"), (2, 20, "böse\n")]
    assert columns(world, run.uid, "table") == [(1, 10, '{"a":"x","b":[1,null]}')]
    assert columns(world, run.uid, "weights") == [(1, 10, '{"counts":[3,4],"edges":[0,0.5,1]}')]
    view = world.read("viewer", lambda c: recording.others(c, run.uid, None, PageRequest()))
    shown = [(one.key, one.kind, one.last, one.last_step, one.count) for one in view.items]
    assert shown[0] == ("notes", "text", "böse\n", 2, 2)
    assert [one[:2] for one in shown[1:]] == [("table", "json"), ("weights", "histogram")]
    assert sample(world, run.uid, "notes", 4).values == ["good", "böse\n"]
    with pytest.raises(NotFound):
        log(world, run.uid, Batch(others=[LogOther("picture", "file", ["none.png"])]))
    put = [folders.PutEntry("plots/roc.png", uri="s3://bucket/roc.png", size=5, pin="sha256:" + "0" * 64)]
    world.command("contributor", lambda c: folders.put(c, "run", run.uid, put))
    log(world, run.uid, Batch(others=[LogOther("picture", "file", ["plots/roc.png"], [3], [30])]))
    ((step, _, value),) = columns(world, run.uid, "picture")
    assert step == 3
    assert '"path":"plots/roc.png"' in str(value)


def test_a_series_keeps_its_kind(world: World, run: RunView) -> None:
    log(world, run.uid, Batch(points=[LogPoint("x", 1.0)], others=[LogOther("t", "text", ["a"])]))
    for batch in (
        Batch(others=[LogOther("x", "text", ["a"])]),
        Batch(points=[LogPoint("t", 1.0)]),
        Batch(others=[LogOther("t", "json", ["a"])]),
        Batch(points=[LogPoint("new", 1.0)], others=[LogOther("new", "text", ["a"])]),
    ):
        with pytest.raises(Conflict) as refused:
            log(world, run.uid, batch)
        assert refused.value.details["key"] in {"x", "t", "new"}
    with pytest.raises(Invalid):
        world.read("viewer", lambda c: series.series(c, run.uid, "t", PageRequest()))


@pytest.mark.parametrize(
    "wrong",
    [
        LogOther("k", "sound", ["x"]),
        LogOther("k", "float", [1.0]),
        LogOther("k", "text", [5]),
        LogOther("k", "text", ["a\0b"]),
        LogOther("k", "text", ["x" * 70_000]),
        LogOther("k", "text", ["ü" * 40_000]),
        LogOther("k", "json", [math.nan]),
        LogOther("k", "json", [{"a": "\ud800"}]),
        LogOther("k", "histogram", [{"edges": [0, 1], "counts": []}]),
        LogOther("k", "histogram", [{"edges": [1, 0], "counts": [1]}]),
        LogOther("k", "histogram", [{"edges": [0, 1], "counts": [-1]}]),
        LogOther("k", "histogram", [{"edges": [0, math.inf], "counts": [1]}]),
        LogOther("k", "histogram", [{"edges": list(range(514)), "counts": [1] * 513}]),
        LogOther("k", "histogram", ["edges"]),
        LogOther("k", "file", [5]),
        LogOther("k", "file", ["../secret"]),
        LogOther("k", "text", ["x"], [1, 2]),
    ],
)
def test_values_that_are_none_of_their_kind_are_refused(world: World, run: RunView, wrong: LogOther) -> None:
    with pytest.raises((Invalid, TooLarge)):
        log(world, run.uid, Batch(others=[wrong]))


def test_who_may_read_and_write(world: World, run: RunView) -> None:
    with pytest.raises(Forbidden):
        log(world, run.uid, Batch(series=[LogSeries("x", [1.0])]), "viewer")
    for ask in (
        lambda c: series.columns(c, run.uid, "x"),
        lambda c: series.sample(c, run.uid, "x", 10),
        lambda c: recording.others(c, run.uid, None, PageRequest()),
    ):
        with pytest.raises(NotFound):
            world.read("stranger", ask)

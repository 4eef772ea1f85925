"""Rows of runs: "`row` says which values were logged together and makes a repeated write the same write"."""

import asyncio
import math
from collections.abc import Sequence

import pytest

from strongroom.application.paging import PageRequest
from strongroom.application.tracking import compaction, recording, rows, runs
from strongroom.application.tracking.recording import Batch, LogPoint
from strongroom.application.tracking.rows import LogRow, RowView
from strongroom.application.tracking.views import RunView
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge
from tests.application.conftest import World
from tests.application.tracking.test_recording import metric, read


def log(world: World, uid: str, *sent: LogRow) -> int:
    return world.command("contributor", lambda c: recording.log(c, uid, Batch(rows=sent))).batches


def every(world: World, uid: str, size: int = 1_000, first: int = 0) -> Sequence[RowView]:
    found: list[RowView] = []
    token = None
    while True:
        request = PageRequest(size, token)
        page = world.read("viewer", lambda c, r=request: rows.listed(c, uid, r, first))  # type: ignore[misc]
        found += page.items
        token = page.next_page_token
        if token is None:
            return found


def test_what_was_logged_together_comes_back_together(world: World, run: RunView) -> None:
    log(world, run.uid, LogRow(0, {"loss": 0.5, "acc": math.inf}, {"note": "warm"}, {"where": {"gpu": 1}}, 3, 10))
    log(world, run.uid, LogRow(1, {"loss": 0.25}, time_us=20), LogRow(4, {"acc": math.nan}, {"note": "x"}, time_us=30))
    first, second, third = every(world, run.uid)
    assert first == RowView(0, 3, 10, {"loss": 0.5, "acc": math.inf}, {"note": "warm"}, {"where": '{"gpu":1}'})
    assert second == RowView(1, 1, 20, {"loss": 0.25}, {}, {})
    assert (third.row, third.step, math.isnan(third.values["acc"]), third.texts) == (4, 4, True, {"note": "x"})
    assert [(p.step, p.value) for p in read(world, run.uid, "loss")] == [(1, 0.25), (3, 0.5)], "they are points too"
    assert [row.row for row in every(world, run.uid, size=1)] == [0, 1, 4]
    assert [row.row for row in every(world, run.uid, first=2)] == [4]


def test_a_repeated_row_is_the_same_write(world: World, run: RunView) -> None:
    sent = [LogRow(n, {"loss": math.nan if n == 3 else n / 7}, {"note": str(n)}) for n in range(10)]
    assert log(world, run.uid, *sent[:6]) == 1
    assert log(world, run.uid, *sent[:6]) == 1, "nothing is recorded again, nothing enters the chain"
    assert log(world, run.uid, *sent[4:]) == 2, "of an overlapping batch only what is new"
    assert metric(world, run.uid, "loss").count == 10
    world.command("contributor", lambda c: runs.end(c, run.uid, "finished"))
    assert log(world, run.uid, *sent) == 2, "a repeated write finds the run ended and changes nothing"
    with pytest.raises(Conflict):
        log(world, run.uid, *sent, LogRow(10, {"loss": 1.0}))


@pytest.mark.parametrize(
    "other",
    [
        LogRow(1, {"loss": 0.6}), LogRow(1, {"loss": 0.5, "acc": 1.0}), LogRow(1, {"loss": 0.5}, step=9),
        LogRow(1, {}, {"loss": "0.5"}),
    ],
    ids=["value", "key", "step", "kind"],
)  # fmt: skip
def test_a_row_is_written_once(world: World, run: RunView, other: LogRow) -> None:
    log(world, run.uid, LogRow(1, {"loss": 0.5}))
    with pytest.raises(Conflict) as refused:
        log(world, run.uid, LogRow(0, {"loss": 1.0}), other)
    assert refused.value.details["row"] == 1
    assert [row.row for row in every(world, run.uid)] == [1], "all of a batch or nothing"


def test_rows_without_a_number_follow_the_greatest(world: World, run: RunView) -> None:
    log(world, run.uid, LogRow(None, {"a": 1.0}), LogRow(7, {"a": 2.0}), LogRow(None, {"a": 3.0}))
    log(world, run.uid, LogRow(None, {"a": 4.0}))
    log(world, run.uid, LogRow(3, {"a": 5.0}))
    found = [(row.row, row.step, row.values["a"]) for row in every(world, run.uid)]
    assert found == [(0, 0, 1.0), (3, 3, 5.0), (7, 7, 2.0), (8, 8, 3.0), (9, 9, 4.0)]


def test_merging_blocks_leaves_rows_as_they_are(world: World, run: RunView) -> None:
    for n in range(0, 80, 2):
        point = [LogPoint("beside", float(n), n)]
        batch = Batch(points=point, rows=[LogRow(n, {"a": float(n)}), LogRow(n + 1, {"a": -1.0, "b": 2.0})])
        world.command("contributor", lambda c, b=batch: recording.log(c, run.uid, b))  # type: ignore[misc]
    before = every(world, run.uid)
    assert asyncio.run(compaction.merge_due(world.executor)) == 1
    assert every(world, run.uid, size=7) == before
    log(world, run.uid, LogRow(10, {"a": 10.0}))
    assert metric(world, run.uid, "a").count == 80, "a row in a merged block is known again"


def test_what_is_refused(world: World, run: RunView) -> None:
    wrong: list[tuple[type[Exception], Batch]] = [
        (Invalid, Batch(rows=[LogRow(2, {"a": 1.0}), LogRow(1, {"a": 1.0})])),
        (Invalid, Batch(rows=[LogRow(0)])),
        (Invalid, Batch(rows=[LogRow(-1, {"a": 1.0})])),
        (Invalid, Batch(rows=[LogRow(2**63, {"a": 1.0})])),
        (Invalid, Batch(rows=[LogRow(0, {"a": 1.0}, step=2**63)])),
        (Invalid, Batch(rows=[LogRow(0, {"a": 1.0}, {"a": "x"})])),
        (Invalid, Batch(points=[LogPoint("a", 1.0)], rows=[LogRow(0, {"a": 1.0})])),
        (TooLarge, Batch(rows=[LogRow(n, {"a": 1.0}) for n in range(1_001)])),
    ]
    for error, batch in wrong:
        with pytest.raises(error):
            world.command("contributor", lambda c, b=batch: recording.log(c, run.uid, b))  # type: ignore[misc]
    assert every(world, run.uid) == []
    with pytest.raises(NotFound):
        world.read("stranger", lambda c: rows.listed(c, run.uid, PageRequest()))


def test_writers_of_one_run_write_each_row_once(world: World, run: RunView) -> None:
    """Several writers on one run, each sending all rows: a client that cannot know what arrived."""
    sent = [LogRow(n, {"a": n / 3}) for n in range(20)]

    def write(part: Sequence[LogRow]) -> object:
        return lambda tx: recording.log(world.call(tx, "contributor"), run.uid, Batch(rows=part))

    answers = world.race(write(sent[:12]), write(sent[6:]), write(sent))  # type: ignore[arg-type]
    assert not [one for one in answers if isinstance(one, Exception)]
    assert metric(world, run.uid, "a").count == 20
    assert [row.row for row in every(world, run.uid)] == list(range(20))

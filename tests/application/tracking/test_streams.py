"""Streams: numbered lines, written at the end or in place, read by number, merged in between."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.application.paging import PageRequest
from strongroom.application.tracking import runs, streams
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.streams import LinesView
from strongroom.application.tracking.views import ExperimentView, RunView
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from strongroom.domain.tracking import lines
from strongroom.domain.tracking.merging import records_of
from tests.application.conftest import World
from tests.application.tracking.test_compaction import broken
from tests.application.tracking.test_series import merge, run_id


def write(
    world: World, uid: str, texts: list[str], first: int | None = None, stream: str = "console"
) -> tuple[int, int]:
    view = world.command("contributor", lambda c: streams.write_lines(c, uid, stream, texts, first))
    return view.first, view.next


def read(world: World, uid: str, stream: str = "console", **how: Any) -> LinesView:
    return world.read("viewer", lambda c: streams.read_lines(c, uid, stream, **how))


def pairs(view: LinesView) -> list[tuple[int, str]]:
    return list(zip(view.numbers, view.lines, strict=True))


def test_lines_are_appended_replaced_and_read(world: World, run: RunView) -> None:
    assert write(world, run.uid, ["zero", "one", "two"]) == (0, 3)
    assert write(world, run.uid, ["three"]) == (3, 4)
    assert write(world, run.uid, ["ONE"], first=1) == (1, 4)
    assert write(world, run.uid, ["six"], first=6) == (6, 7)
    assert pairs(read(world, run.uid)) == [(0, "zero"), (1, "ONE"), (2, "two"), (3, "three"), (6, "six")]
    assert pairs(read(world, run.uid, first=1, limit=2)) == [(1, "ONE"), (2, "two")]
    assert read(world, run.uid, first=1, limit=2).more_from == 3
    assert pairs(read(world, run.uid, tail=2)) == [(6, "six")]
    assert pairs(read(world, run.uid, first=100)) == []
    unknown = read(world, run.uid, "unheard")
    assert (unknown.numbers, unknown.next, unknown.more_from) == ([], 0, None)
    write(world, run.uid, ["x"], stream="stderr")
    found = world.read("viewer", lambda c: streams.listed(c, run.uid, PageRequest(1)))
    assert [(one.stream, one.next) for one in found.items] == [("console", 7)]
    rest = world.read("viewer", lambda c: streams.listed(c, run.uid, PageRequest(1, found.next_page_token)))
    assert [(one.stream, one.next) for one in rest.items] == [("stderr", 1)]


def test_an_answer_is_bounded_and_says_where_to_go_on(
    world: World, run: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "READ_LARGEST", 10)
    write(world, run.uid, ["x" * 6] * 4)
    found: list[tuple[int, str]] = []
    start: int | None = 0
    while start is not None:
        view = read(world, run.uid, first=start)
        found += pairs(view)
        start = view.more_from
    assert [number for number, _ in found] == [0, 1, 2, 3]


WRITES = st.lists(
    st.one_of(
        st.none(),
        st.tuples(
            st.one_of(st.none(), st.integers(0, 12)), st.lists(st.text("ab", max_size=3), min_size=1, max_size=4)
        ),
    ),
    max_size=12,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(events=WRITES, first=st.integers(0, 14), limit=st.integers(1, 6))
def test_a_stream_is_a_map_whatever_was_written_where_and_merged_when(
    world: World,
    experiment: ExperimentView,
    events: list[tuple[int | None, list[str]] | None],
    first: int,
    limit: int,
) -> None:
    uid = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid))).uid
    held: dict[int, str] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "FEWEST", 2)
        for event in events:
            if event is None:
                merge(world, uid)
                continue
            at, texts = event
            start, following = write(world, uid, texts, at)
            assert start == (max(held, default=-1) + 1 if at is None else at)
            held |= enumerate(texts, start)
            assert following == max(held) + 1
        assert pairs(read(world, uid)) == sorted(held.items())
        inner = [(number, text) for number, text in sorted(held.items()) if first <= number < first + limit]
        assert pairs(read(world, uid, first=first, limit=limit)) == inner
        last = max(held, default=-1)
        tail = [(number, text) for number, text in sorted(held.items()) if number > last - limit]
        assert pairs(read(world, uid, tail=limit)) == tail
    assert broken(world, uid) is None


def test_the_chain_has_the_digest_of_what_was_written(world: World, run: RunView) -> None:
    write(world, run.uid, ["a", "b"], first=5)
    (row,) = world.read_tx(lambda tx: tx.runs.block_rows(run_id(world, run.uid), 0, 10))
    (record,) = records_of(row)
    said = json.loads(record)["other"]
    digest = hashlib.sha256(b"a\nb\n").hexdigest()
    assert said == {"stream": "console", "first": 5, "count": 2, "sha256": digest}


def test_the_end_of_a_run_merges_its_lines(world: World, run: RunView) -> None:
    for number in range(5):
        write(world, run.uid, [f"line {number}"])
    world.command("contributor", lambda c: runs.end(c, run.uid, "finished"))
    assert merge(world, run.uid) == 2, "one block of records, one row of lines"
    id_ = run_id(world, run.uid)
    (stream,) = world.read_tx(lambda tx: tx.runs.stream_ids(id_))
    assert len(world.read_tx(lambda tx: tx.runs.line_sizes(id_, stream, 10))) == 1
    assert pairs(read(world, run.uid, tail=2)) == [(3, "line 3"), (4, "line 4")]


def test_of_two_that_merge_the_same_lines_one_wins(world: World, run: RunView) -> None:
    for number in range(4):
        write(world, run.uid, [str(number)])
    id_ = run_id(world, run.uid)
    (stream,) = world.read_tx(lambda tx: tx.runs.stream_ids(id_))
    sizes = sorted(world.read_tx(lambda tx: tx.runs.line_sizes(id_, stream, 10)), key=lambda size: size.first)
    new = lines.merge(world.read_tx(lambda tx: tx.runs.whole_lines(id_, stream, sizes)))
    won = world.race(*[lambda tx: tx.runs.replace_lines(id_, stream, sizes, new)] * 2)
    assert sorted(map(bool, won)) == [False, True]
    assert pairs(read(world, run.uid)) == [(n, str(n)) for n in range(4)]


def test_what_is_refused(world: World, run: RunView) -> None:
    for wrong in (["a\nb"], ["\0"], []):
        with pytest.raises(Invalid):
            write(world, run.uid, wrong)
    with pytest.raises(TooLarge):
        write(world, run.uid, [""] * 5_001)
    for first in (-1, 2**40 + 1, 2**40):
        with pytest.raises(Invalid):
            write(world, run.uid, ["a"], first=first)
    asked: list[dict[str, Any]] = [{"limit": 0}, {"limit": 5_001}, {"tail": 0}, {"first": 1, "tail": 1}, {"first": -1}]
    for how in asked:
        with pytest.raises(Invalid):
            read(world, run.uid, **how)
    with pytest.raises(Forbidden):
        world.command("viewer", lambda c: streams.write_lines(c, run.uid, "console", ["a"]))
    with pytest.raises(NotFound):
        world.read("stranger", lambda c: streams.read_lines(c, run.uid, "console"))
    world.command("contributor", lambda c: runs.end(c, run.uid, "finished"))
    with pytest.raises(Conflict):
        write(world, run.uid, ["too late"])

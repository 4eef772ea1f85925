"""Rows are told by a batch's record and its points together."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Corrupted, Invalid, TooLarge
from strongroom.domain.tracking.batches import encode_record
from strongroom.domain.tracking.blocks import Block, encode_block
from strongroom.domain.tracking.points import Kind
from strongroom.domain.tracking.rows import ROWS_MOST, Row, Value, check_rows, columns, noted, rows_of, stretches_of

KINDS = {"a": Kind.FLOAT, "b": Kind.FLOAT, "c": Kind.TEXT, "d": Kind.JSON}


@st.composite
def some_rows(draw: st.DrawFn) -> list[Row]:
    rows = []
    for number in sorted(draw(st.sets(st.integers(0, 40) | st.integers(2**62, 2**63 - 1), min_size=1, max_size=12))):
        keys = draw(st.sets(st.sampled_from(sorted(KINDS)), min_size=1))
        values: dict[str, Value] = {}
        for key in keys:
            values[key] = KINDS[key], draw(st.floats()) if KINDS[key] is Kind.FLOAT else draw(st.text("xy"))
        rows.append(Row(number, draw(st.integers(-5, 5)), draw(st.integers(0, 9)), values))
    return rows


def record_of(rows: list[Row]) -> bytes:
    return encode_record(recorded_at=1, actor="a", other={"rows": noted(rows)})


@given(some_rows())
def test_rows_come_back_from_record_and_block(rows: list[Row]) -> None:
    """ "`row` says which values were logged together": NaN, gaps and keys that only some rows have included."""
    (contents,) = Block(encode_block([columns(rows)])).contents()
    found = rows_of(record_of(rows), contents)
    assert len(found) == len(rows)
    assert all(one.is_same(other) and one.time_us == other.time_us for one, other in zip(found, rows, strict=True))


@given(st.sets(st.integers(0, 60)))
def test_stretches_are_the_numbers_again(numbers: set[int]) -> None:
    found = stretches_of(sorted(numbers))
    assert [n for first, count in found for n in range(first, first + count)] == sorted(numbers)
    assert all(first + count < later for (first, count), (later, _) in pairwise(found))


def test_what_is_the_same_row() -> None:
    row = Row(1, 2, 3, {"a": (Kind.FLOAT, math.nan)})
    assert row.is_same(Row(1, 2, 99, {"a": (Kind.FLOAT, math.nan)})), "sent again, at whatever time"
    assert not row.is_same(Row(1, 3, 3, row.values))
    assert not Row(1, 1, 1, {"a": (Kind.FLOAT, 0.0)}).is_same(Row(1, 1, 1, {"a": (Kind.FLOAT, -0.0)}))


def test_a_record_that_does_not_fit_its_points_is_corrupted() -> None:
    rows = [Row(n, n, n, {"a": (Kind.FLOAT, 1.0)}) for n in range(3)]
    with pytest.raises(Corrupted):
        rows_of(record_of(rows), columns(rows[:2]))
    assert rows_of(encode_record(recorded_at=1, actor="a"), {}) == []


def test_what_a_batch_takes() -> None:
    value = {"a": (Kind.FLOAT, 1.0)}
    for wrong in ([Row(1, 0, 0, value), Row(1, 0, 0, value)], [Row(-1, 0, 0, value)], [Row(0, 0, 0, {})]):
        with pytest.raises(Invalid):
            check_rows(wrong)
    with pytest.raises(TooLarge):
        check_rows([Row(n, 0, 0, value) for n in range(ROWS_MOST + 1)])
    with pytest.raises(Invalid):
        columns([Row(0, 0, 0, value), Row(1, 0, 0, {"a": (Kind.TEXT, "x")})])

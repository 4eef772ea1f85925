"""Lines: packed and merged, a number written again holds what was written last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Corrupted, Invalid, TooLarge
from strongroom.domain.tracking import lines
from strongroom.domain.tracking.lines import (
    LineRow,
    LineSize,
    clean_lines,
    combine,
    digest_of,
    merge,
    pack,
    plan,
    unpack,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n"), max_size=8)
#: writes one after another: the number of the first line, and the lines
WRITES = st.lists(st.tuples(st.integers(0, 30), st.lists(TEXT, min_size=1, max_size=6)), min_size=1, max_size=12)


def rows_of(writes: list[tuple[int, list[str]]]) -> list[LineRow]:
    return [pack(dict(enumerate(texts, first)), position) for position, (first, texts) in enumerate(writes)]


def held(writes: list[tuple[int, list[str]]]) -> dict[int, str]:
    """What stands at each number after the writes."""
    found: dict[int, str] = {}
    for first, texts in writes:
        found |= enumerate(texts, first)
    return found


@given(WRITES)
def test_lines_come_back(writes: list[tuple[int, list[str]]]) -> None:
    assert [unpack(row) for row in rows_of(writes)] == [dict(enumerate(texts, first)) for first, texts in writes]
    assert combine(rows_of(writes)) == held(writes)


@given(WRITES, st.integers(1, 12), st.booleans())
def test_merging_what_is_planned_changes_no_line(writes: list[tuple[int, list[str]]], known: int, ended: bool) -> None:
    """Whatever part of the rows is looked at, merging it leaves at each number what was written last."""
    rows = {(row.first, row.position): row for row in rows_of(writes)}
    sizes = sorted((LineSize(row.first, row.position, row.last, len(row.body)) for row in rows.values()), key=_by_last)
    seen = sizes[:known]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "FEWEST", 2)
        patch.setattr(lines, "LARGEST", 12)
        groups = plan(seen, ended=ended, whole=len(seen) == len(sizes))
        for group in groups:
            merged = merge([rows.pop((size.first, size.position)) for size in group])
            rows[merged.first, merged.position] = merged
    assert combine(list(rows.values())) == held(writes)


def _by_last(size: LineSize) -> tuple[int, int, int]:
    return -size.last, -size.first, -size.position


def test_lines_that_are_rewritten_become_one_row() -> None:
    rows = rows_of([(0, ["start"]), *((1, [f"{n} %"]) for n in range(40))])
    sizes = [LineSize(row.first, row.position, row.last, len(row.body)) for row in rows]
    (group,) = plan(sizes, ended=False, whole=True)
    assert len(group) >= 40
    assert unpack(merge(rows)) == {0: "start", 1: "39 %"}


def test_bad_lines_are_refused() -> None:
    for bad in ("a\nb", "a\0b", "\ud800", "x" * 4_097):
        with pytest.raises(Invalid):
            clean_lines([bad])
    with pytest.raises(TooLarge):
        clean_lines([""] * 5_001)
    assert clean_lines(["\r50 %", ""]) == ["\r50 %", ""]
    assert digest_of(["a", ""]) == digest_of(["a", ""]) != digest_of(["a"])


def test_damage_shows() -> None:
    row = pack({1: "a", 2: "b"}, 0)
    for bad in (b"", row.body[:-1], row.body + b"x", b"zz" + row.body[2:]):
        with pytest.raises(Corrupted):
            unpack(LineRow(1, 0, 2, bad))

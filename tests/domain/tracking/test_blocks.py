"""Blocks: batches come back as they went in, few bytes each point, quickly, and damage shows."""

import math
import random
import struct
import time
import zlib
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Corrupted, Invalid, TooLarge
from strongroom.domain.tracking import blocks
from strongroom.domain.tracking.blocks import MAGIC, Block, encode_block
from strongroom.domain.tracking.columns import Coding, pack_integers
from strongroom.domain.tracking.points import Kind, Points, canonical

INT64 = st.integers(-(2**63), 2**63 - 1)
ODD_NAN = struct.unpack("<d", bytes.fromhex("010000000000f8ff"))[0]
VALUES = st.one_of(st.sampled_from([math.nan, ODD_NAN, math.inf, -math.inf, -0.0]), st.floats())
ROWS = st.lists(st.tuples(st.one_of(INT64, st.integers(-2, 2)), INT64, VALUES), min_size=1, max_size=6)
FLOATS = ROWS.map(lambda rows: Points.floats(*zip(*rows, strict=True)))
TEXTS = st.lists(st.tuples(INT64, INT64, st.text(st.characters(exclude_categories=["Cs"]))), min_size=1, max_size=4)
WORDS = TEXTS.map(lambda rows: Points.texts(Kind.TEXT, *zip(*rows, strict=True)))
#: keys that begin with t hold texts, so that a key has one kind
BATCH = st.dictionaries(st.sampled_from(["a", "ä/b", "c"]), FLOATS, max_size=3).flatmap(
    lambda floats: st.dictionaries(st.sampled_from(["t", "t2"]), WORDS, max_size=2).map(lambda words: floats | words)
)
BATCHES = st.lists(BATCH, min_size=1, max_size=5)


def said(batches: list[dict[str, Points]]) -> list[bytes]:
    """Batches bit by bit, NaN and its payload included."""
    return [canonical(batch) for batch in batches]


@given(BATCHES)
def test_batches_come_back_as_they_went_in(batches: list[dict[str, Points]]) -> None:
    assert said(Block(encode_block(batches)).contents()) == said(batches)


@given(BATCHES)
def test_large_blocks_in_sections_hold_the_same(batches: list[dict[str, Points]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "WHOLE_LARGEST", 0)
        data = encode_block(batches)
    assert said(Block(data).contents()) == said(batches)


@given(BATCHES)
def test_one_series_is_read_without_the_others(batches: list[dict[str, Points]]) -> None:
    block = Block(encode_block(batches))
    for key in ("a", "t", "other"):
        parts = [batch[key] for batch in batches if key in batch]
        assert block.count(key) == sum(map(len, parts))
        assert (block.kind(key) is None) == (not parts)
        if parts:
            whole = parts[0]
            for part in parts[1:]:
                whole = whole.joined(part)
            assert canonical({key: block.points(key)}) == canonical({key: whole})


@given(ROWS.map(lambda rows: sorted(rows, key=lambda row: row[0])))
def test_bounds_and_order_of_steps_are_known_without_reading_them(rows: list[tuple[int, int, float]]) -> None:
    for steps in ([row[0] for row in rows], [row[0] for row in reversed(rows)], list(range(len(rows)))):
        block = Block(encode_block([{"k": Points.floats(steps, steps, [0.0] * len(steps))}]))
        assert block.bounds("k") == (min(steps), max(steps))
        assert block.ascending("k") == (steps == sorted(set(steps)))


def test_an_outline_keeps_first_last_least_and_greatest() -> None:
    batches = [training(n * 100) for n in range(65)]
    block = Block(encode_block(batches))
    whole, outline = block.points("train/3"), block.outline("train/3")
    assert outline is not None
    assert len(outline) <= len(whole) // blocks.OUTLINED
    assert {(whole.steps[n], whole.times[n], whole.numbers[n]) for n in (0, len(whole) - 1)} <= set(
        zip(outline.steps, outline.times, outline.numbers, strict=True)
    )
    assert (min(outline.numbers), max(outline.numbers)) == (min(whole.numbers), max(whole.numbers))
    mixed = Block(encode_block([*batches, training(0)]))
    assert mixed.outline("train/3") is None, "steps that do not ascend have to be sorted first"


@given(st.lists(INT64, min_size=1))
def test_integers_of_any_size_come_back(numbers: list[int]) -> None:
    points = Points.floats(numbers, numbers, [0.0] * len(numbers))
    assert Block(encode_block([{"k": points}])).points("k").steps.tolist() == numbers


def test_regular_steps_take_no_room_and_differences_that_overflow_are_written_plain() -> None:
    assert pack_integers(array("q", range(0, 1000, 3)))[0] is Coding.PROGRESSION
    assert pack_integers(array("q", [5]))[0] is Coding.PROGRESSION
    assert pack_integers(array("q", [1, 2, 4]))[0] is Coding.DIFFERENCES
    assert pack_integers(array("q", [-(2**63), 2**63 - 1]))[0] is Coding.PLAIN


def training(first_step: int) -> dict[str, Points]:
    """A thousand points as training logs them: ten keys at a hundred steps, doubles full of noise."""
    source = random.Random(first_step)  # noqa: S311 - data of a test
    steps = range(first_step, first_step + 100)
    times = [1_763_000_000_000_000 + step * 50_000 + source.randrange(3_000) for step in steps]
    return {
        f"train/{key}": Points.floats(steps, times, [2 / (1 + s / 500) + source.gauss(0, 0.05) for s in steps])
        for key in range(10)
    }


def test_a_point_takes_at_most_eight_bytes() -> None:
    """To reach: at most 8 bytes stored a point. One batch, and 65 that were merged."""
    assert len(encode_block([training(0)])) <= 8_000
    assert len(encode_block([training(n * 100) for n in range(65)])) <= 7.5 * 65_000


def test_a_thousand_points_are_packed_quickly() -> None:
    batch = training(0)
    assert min(_seconds(batch) for _ in range(20)) < 0.004, "four milliseconds are a batch's share of 250,000 a second"


def _seconds(batch: dict[str, Points]) -> float:
    began = time.perf_counter()
    encode_block([batch])
    return time.perf_counter() - began


def test_a_series_has_one_kind() -> None:
    floats, texts = Points.floats([1], [1], [1.0]), Points.texts(Kind.TEXT, [1], [1], ["x"])
    with pytest.raises(Invalid):
        encode_block([{"k": floats}, {"k": texts}])


@pytest.mark.parametrize("whole_largest", [0, 1 << 20])
def test_damage_shows(monkeypatch: pytest.MonkeyPatch, whole_largest: int) -> None:
    monkeypatch.setattr(blocks, "WHOLE_LARGEST", whole_largest)
    data = encode_block([training(0)])
    for bad in (b"", MAGIC, b"SRB\x03" + data[4:], data[:-1], data + b"x", data[:40] + b"zz" + data[42:]):
        with pytest.raises(Corrupted):
            Block(bad).contents()


def test_a_bomb_is_refused() -> None:
    body = MAGIC + b"\0" + zlib.compress(bytes(blocks.UNPACKED_MOST + 1))
    with pytest.raises(Corrupted):
        Block(body)


def test_a_block_has_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "POINTS_MOST", 999)
    with pytest.raises(TooLarge):
        encode_block([training(0)])
    monkeypatch.setattr(blocks, "POINTS_MOST", 1_000)
    monkeypatch.setattr(blocks, "UNPACKED_MOST", 8_000)
    with pytest.raises(TooLarge):
        encode_block([training(0)])

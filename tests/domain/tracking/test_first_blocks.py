"""Blocks of the first release: points come back as they went in, and damage shows."""

import math
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.errors import Corrupted, TooLarge
from strongroom.domain.tracking import first_blocks as blocks
from strongroom.domain.tracking.first_blocks import MAGIC, decode_block, encode_block
from strongroom.domain.tracking.values import Point

INT64 = st.integers(-(2**63), 2**63 - 1)
ODD_NAN = struct.unpack("<d", bytes.fromhex("010000000000f8ff"))[0]
VALUES = st.one_of(st.sampled_from([math.nan, ODD_NAN, math.inf, -math.inf, -0.0]), st.floats())
POINTS = st.builds(Point, st.one_of(INT64, st.integers(-2, 2)), INT64, VALUES)
SERIES = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.lists(POINTS), max_size=4)


def bits(series: dict[str, list[Point]]) -> list[tuple[str, list[tuple[int, int, bytes]]]]:
    """Values as bits, NaN in one form, keys in order."""
    return [
        (key, [(p.step, p.time_us, struct.pack("<d", math.nan if math.isnan(p.value) else p.value)) for p in points])
        for key, points in series.items()
    ]


@given(SERIES)
def test_points_come_back_as_they_went_in(series: dict[str, list[Point]]) -> None:
    assert bits(decode_block(encode_block(series))) == bits(series)


@given(SERIES, st.data())
def test_only_the_keys_asked_for_come_back(series: dict[str, list[Point]], data: st.DataObject) -> None:
    keys = data.draw(st.sets(st.sampled_from([*series, "other"])))
    wanted = {key: points for key, points in series.items() if key in keys}
    assert bits(decode_block(encode_block(series), keys)) == bits(wanted)


def regular(points: int) -> dict[str, list[Point]]:
    return {
        f"metric/{key}": [
            Point(n, 1_700_000_000_000_000 + n * 100_000 + n * n % 977, math.exp(-n / 300) + math.sin(n * key) / 50)
            for n in range(points // 10)
        ]
        for key in range(10)
    }


def test_damage_shows() -> None:
    block = encode_block(regular(100))
    plain = zlib.decompress(block[len(MAGIC) :])
    for bad in (
        b"",
        block[:-1],
        block + b"x",
        b"SRX\x01" + block[4:],
        MAGIC + b"junk",
        MAGIC + zlib.compress(plain[:-1]),
    ):
        with pytest.raises(Corrupted):
            decode_block(bad)


def test_blocks_are_bounded_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    block = encode_block(regular(1000))
    monkeypatch.setattr(blocks, "UNPACKED_MOST", 1000)
    with pytest.raises(Corrupted):
        decode_block(block)
    with pytest.raises(TooLarge):
        encode_block(regular(1000))
    monkeypatch.setattr(blocks, "POINTS_MOST", 999)
    with pytest.raises(TooLarge):
        encode_block(regular(1000))

"""Checked reads and the cutting of streams, against slices of bytes."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.adapters.blobs.blocks import block_count, checked_range, compare_blocks, read_checked
from strongroom.adapters.blobs.digests import Fingerprint, blob_of
from strongroom.adapters.blobs.intake import Expectation, units
from strongroom.application.artifacts.blobstore import BLOCK
from strongroom.domain.errors import Corrupted

DATA = bytes(range(256)) * (3 * BLOCK // 256) + b"and a tail"
EDGES = [edge for at in range(0, len(DATA), BLOCK) for edge in (at - 1, at, at + 1)]
positions = st.one_of(st.sampled_from([edge for edge in [*EDGES, len(DATA)] if edge >= 0]), st.integers(0, len(DATA)))


@given(ends=st.tuples(positions, positions).map(sorted), window=st.integers(1, 5))
def test_a_checked_read_is_a_slice(ends: list[int], window: int) -> None:
    """Read bytes ``[start, end)``: whole blocks are fetched, and the answer is the slice."""
    blob = blob_of(DATA)
    start, end = checked_range(blob, *ends)
    asked: list[int] = []

    async def fetch(first: int, last: int) -> list[bytes]:
        asked.extend(range(first, last))
        return compare_blocks(blob, first, last, DATA[first * BLOCK : last * BLOCK])

    async def collect() -> list[bytes]:
        return [piece async for piece in read_checked(start, end, fetch, window)]

    pieces = asyncio.run(collect())
    assert b"".join(pieces) == DATA[start:end]
    assert all(0 < len(piece) <= BLOCK for piece in pieces)
    assert asked == (list(range(start // BLOCK, block_count(end))) if end > start else [])


@pytest.mark.parametrize("length", [0, BLOCK - 1, BLOCK, 2 * BLOCK, 3 * BLOCK, len(DATA) - 1])
def test_a_shorter_copy_is_corrupt(length: int) -> None:
    """Missing bytes are never taken for the end, not even when whole blocks are missing."""
    blob = blob_of(DATA)
    with pytest.raises(Corrupted) as caught:
        compare_blocks(blob, 0, block_count(blob.size), DATA[:length])
    assert caught.value.details["block"] == length // BLOCK


@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=8).map(sorted))
def test_units_do_not_depend_on_the_cuts(cuts: list[int]) -> None:
    """Units of exactly `BLOCK` bytes; the last is shorter, none is empty."""

    async def pieces() -> AsyncIterator[bytes]:
        for start, end in zip([0, *cuts], [*cuts, len(DATA)], strict=True):
            yield DATA[start:end]

    async def collect() -> list[bytes]:
        return [unit async for unit in units(pieces(), Expectation(None, None, len(DATA)))]

    assert asyncio.run(collect()) == [DATA[at : at + BLOCK] for at in range(0, len(DATA), BLOCK)]


@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=8).map(sorted))
def test_a_fingerprint_does_not_depend_on_the_cuts(cuts: list[int]) -> None:
    """The digests are of the bytes, however they came."""
    running = Fingerprint(len(DATA))
    for start, end in zip([0, *cuts], [*cuts, len(DATA)], strict=True):
        running.update(DATA[start:end])
    assert running.blob("f", running.git) == blob_of(DATA)

"""Merging: whatever is merged, in whatever groups, every batch can be made again; and nothing is rewritten for ever."""

from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.tracking.batches import chained, pack_records, unpack_records
from strongroom.domain.tracking.blocks import encode_block
from strongroom.domain.tracking.first_blocks import encode_block as encode_first
from strongroom.domain.tracking.merging import (
    FEWEST,
    LARGEST,
    SIZE_LARGEST,
    covered,
    is_first_form,
    merge,
    open_block,
    plan,
)
from strongroom.domain.tracking.model import BlockRow, BlockSize
from strongroom.domain.tracking.points import Points, canonical
from strongroom.domain.tracking.values import Point
from tests.domain.tracking.test_blocks import BATCHES


def rows_of(batches: list[dict[str, Points]]) -> list[BlockRow]:
    return [
        BlockRow(n, 1, sum(map(len, batch.values())), 0, 9, b"record %d" % n, encode_block([batch]) if batch else b"")
        for n, batch in enumerate(batches)
    ]


@given(BATCHES, st.data())
def test_every_batch_can_be_made_again_however_they_were_merged(
    batches: list[dict[str, Points]], data: st.DataObject
) -> None:
    rows = rows_of(batches)
    before = [part for row in rows for part in covered(row)]
    assert before == [chained(b"record %d" % n, canonical(batch)) for n, batch in enumerate(batches)]
    while len(rows) > 1:
        start = data.draw(st.integers(0, len(rows) - 2))
        end = data.draw(st.integers(start + 2, len(rows)))
        rows[start:end] = [merge(rows[start:end])]
        assert [part for row in rows for part in covered(row)] == before
    assert rows[0].batches == len(batches)
    assert rows[0].points == sum(len(points) for batch in batches for points in batch.values())


@given(st.lists(st.binary(max_size=20)))
def test_records_come_back(records: list[bytes]) -> None:
    assert unpack_records(pack_records(records)) == records


def test_blocks_of_the_first_release_are_read_and_covered_as_they_were() -> None:
    body = encode_first({"loss": [Point(1, 2, 0.5), Point(2, 3, 0.25)]})
    row = BlockRow(0, 1, 2, 1, 2, b"{}", body)
    assert is_first_form(row)
    assert list(covered(row)) == [chained(b"{}", body)]
    assert open_block(body).points("loss") == Points.floats([1, 2], [2, 3], [0.5, 0.25])


SIZES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(10, 80_000)), max_size=200)


@given(SIZES, st.booleans())
def test_groups_are_neighbours_within_the_limits(sizes: list[tuple[int, int]], ended: bool) -> None:
    rows = [BlockSize(n, 1, points, size) for n, (points, size) in enumerate(sizes)]
    for group in plan(rows, ended=ended):
        assert len(group) >= (2 if ended else FEWEST)
        assert [row.position for row in group] == list(range(group[0].position, group[0].position + len(group)))
        assert sum(max(row.points, 1) for row in group) <= LARGEST
        assert sum(row.size for row in group) <= SIZE_LARGEST


@settings(max_examples=10)
@given(st.integers(1, 50))
def test_no_point_is_written_more_than_a_few_times(points: int) -> None:
    """Batches come one by one and whatever is worth it is merged every 32: how often is each point rewritten?"""
    rows: list[BlockSize] = []
    rewritten, total, count = 0, 0, 3_000
    for number in range(count):
        rows.append(BlockSize(number, 1, points, 8 * points))
        total += points
        if number % 32 == 31:
            for group in plan(rows, ended=False):
                merged = sum(row.points for row in group)
                rewritten += merged
                at = rows.index(group[0])
                rows[at : at + len(group)] = [
                    BlockSize(group[0].position, sum(row.batches for row in group), merged, 8 * merged)
                ]
    assert rewritten <= 8 * total
    assert len(rows) <= 60
    assert sum(row.batches for row in rows) == count

"""Many small blocks of a run become a large one, and every batch can be made again from it (decision 10)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from strongroom.domain.errors import Corrupted
from strongroom.domain.tracking.batches import chained, pack_records, unpack_records
from strongroom.domain.tracking.blocks import Block, encode_block
from strongroom.domain.tracking.first_blocks import MAGIC as FIRST_MAGIC
from strongroom.domain.tracking.first_blocks import decode_block
from strongroom.domain.tracking.model import BlockRow, BlockSize
from strongroom.domain.tracking.points import Points, canonical

LARGEST = 65_536
"""Points, and batches, in a merged block."""
SIZE_LARGEST = 1 << 20
"""Bytes of the blocks that are merged into one."""
FEWEST = 16
"""Blocks of a running run that are worth merging."""


def open_block(body: bytes) -> Block:
    """A block of either form. :raises Corrupted: bytes that are no block."""
    if not body.startswith(FIRST_MAGIC):
        return Block(body)
    series = decode_block(body)
    columns = {
        key: Points.floats([p.step for p in points], [p.time_us for p in points], [p.value for p in points])
        for key, points in series.items()
    }
    return Block(encode_block([columns]))


def covered(row: BlockRow) -> Iterator[bytes]:
    """The bytes of each batch in a block, from the first, as the run's chain covers them."""
    if row.body.startswith(FIRST_MAGIC):
        yield chained(row.record, row.body)
        return
    for record, points in zip(records_of(row), contents_of(row), strict=True):
        yield chained(record, canonical(points))


def records_of(row: BlockRow) -> list[bytes]:
    """The record of each batch in a block."""
    return [row.record] if row.batches == 1 else unpack_records(row.record)


def contents_of(row: BlockRow) -> list[dict[str, Points]]:
    """The points of each batch in a block."""
    contents = Block(row.body).contents() if row.body else [{} for _ in range(row.batches)]
    if len(contents) != row.batches:
        raise Corrupted("A block holds another number of batches than its row says.")
    return contents


def merge(rows: Sequence[BlockRow]) -> BlockRow:
    """One block out of some that follow one another without a gap; none of the first form."""
    for before, after in pairwise(rows):
        if before.position + before.batches != after.position:
            raise ValueError("blocks that are merged follow one another")
    contents = [batch for row in rows for batch in contents_of(row)]
    points = sum(row.points for row in rows)
    return BlockRow(
        position=rows[0].position,
        batches=len(contents),
        points=points,
        least_step=min((row.least_step for row in rows if row.least_step is not None), default=None),
        greatest_step=max((row.greatest_step for row in rows if row.greatest_step is not None), default=None),
        record=pack_records([record for row in rows for record in records_of(row)]),
        body=encode_block(contents) if points else b"",
    )


def is_first_form(row: BlockRow) -> bool:
    """Whether its bytes, not only its points, are what the chain covers."""
    return row.body.startswith(FIRST_MAGIC)


def plan(rows: Sequence[BlockSize], *, ended: bool) -> list[list[BlockSize]]:
    """Which blocks of a run to merge: groups of neighbours, each within the limits of one merged block.

    While a run goes on, a group is as large again as its largest member, so that no point is written more than a few
    times however slowly they come; when it is over, all neighbours that fit are merged.

    :param rows: all blocks of a run, or its last ones, by position.
    """
    groups: list[list[BlockSize]] = []
    group: list[BlockSize] = []
    for row in rows:
        if group and not _fits([*group, row]):
            groups.append(group)
            group = []
        group.append(row)
    groups.append(group)
    grown = (found if ended else _grown(found) for found in groups)
    return [found for found in grown if len(found) >= (2 if ended else FEWEST)]


def _fits(group: Sequence[BlockSize]) -> bool:
    return (
        group[-1].position == group[-2].position + group[-2].batches
        and sum(map(_weight, group)) <= LARGEST
        and sum(row.size for row in group) <= SIZE_LARGEST
    )


def _weight(row: BlockSize) -> int:
    return max(row.points, row.batches)


def _grown(group: Sequence[BlockSize]) -> list[BlockSize]:
    """The end of a group, without blocks that are larger than all behind them together."""
    kept: list[BlockSize] = []
    total = 0
    for row in reversed(group):
        if kept and _weight(row) > total and len(kept) >= FEWEST:
            break
        kept.append(row)
        total += _weight(row)
    kept.reverse()
    return kept

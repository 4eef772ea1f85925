"""Small blocks of runs become large ones in the background, while the runs go on (decision 10).

Blocks that are stored never change, so merging takes no lock while it works: it reads some, makes one of them, and puts
it in their place in one short transaction that first looks whether they are still what it read. Ended at any point it
has changed nothing; two that merge the same at once cannot both succeed.
"""

from collections.abc import Sequence

from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.tracking import lines
from strongroom.domain.tracking.lines import LineRow, LineSize
from strongroom.domain.tracking.merging import is_first_form, merge, plan
from strongroom.domain.tracking.model import BlockRow, BlockSize, RunState

RUNS_AT_ONCE = 50
"""Runs in one turn."""
LOOKED_AT = 4_096
"""Blocks at the end of a run that are looked at in one turn."""


async def merge_due(executor: Executor) -> int:
    """Merge blocks of runs that have many; returns how many blocks were made."""
    made = 0
    for run_id in await executor.read(lambda tx: tx.runs.loose(RUNS_AT_ONCE)):
        made += await merge_run(executor, run_id)
    return made


async def merge_run(executor: Executor, run_id: int) -> int:
    """Merge what is worth it in one run; returns how many blocks were made."""
    made = 0
    groups = await executor.read(lambda tx: _groups(tx, run_id))
    for group in groups:
        merged = await executor.read(lambda tx, group=group: _merged(tx, run_id, group))  # type: ignore[misc]
        for old, new in merged:
            made += await executor.command(
                lambda tx, old=old, new=new: tx.runs.replace_blocks(run_id, old, new)  # type: ignore[misc]
            )
    made += await _merge_lines(executor, run_id)
    if not made:
        await executor.command(lambda tx: tx.runs.settle(run_id))
    return made


async def _merge_lines(executor: Executor, run_id: int) -> int:
    """The same for the streams of a run: rows of lines, of which a later one may replace what an earlier one holds."""
    made = 0
    for stream_id, group in await executor.read(lambda tx: _line_groups(tx, run_id)):
        merged = await executor.read(lambda tx, s=stream_id, g=group: _merged_lines(tx, run_id, s, g))  # type: ignore[misc]
        if merged is not None:
            made += await executor.command(
                lambda tx, s=stream_id, g=group, new=merged: tx.runs.replace_lines(run_id, s, g, new)  # type: ignore[misc]
            )
    return made


def _line_groups(tx: Transaction, run_id: int) -> list[tuple[int, list[LineSize]]]:
    ended = tx.runs.by_id(run_id).state is not RunState.RUNNING
    found = []
    for stream_id in tx.runs.stream_ids(run_id):
        rows = tx.runs.line_sizes(run_id, stream_id, LOOKED_AT)
        groups = lines.plan(rows, ended=ended, whole=len(rows) < LOOKED_AT)
        found += [(stream_id, group) for group in groups]
    return found


def _merged_lines(tx: Transaction, run_id: int, stream_id: int, group: Sequence[LineSize]) -> LineRow | None:
    """What a group becomes; None when another was faster."""
    rows = tx.runs.whole_lines(run_id, stream_id, group)
    return lines.merge(rows) if len(rows) == len(group) else None


def _groups(tx: Transaction, run_id: int) -> list[list[BlockSize]]:
    ended = tx.runs.by_id(run_id).state is not RunState.RUNNING
    return plan(tx.runs.block_sizes(run_id, LOOKED_AT), ended=ended)


def _merged(tx: Transaction, run_id: int, group: Sequence[BlockSize]) -> list[tuple[Sequence[BlockSize], BlockRow]]:
    """What a group becomes: one block, or several where blocks of the first form, which stay, stand between."""
    sizes = {row.position: row for row in group}
    parts: list[list[BlockRow]] = [[]]
    for row in tx.runs.block_rows(run_id, group[0].position, group[-1].position):
        known = sizes.get(row.position)
        if known is None or known.batches != row.batches:
            return []  # another was faster
        if is_first_form(row):
            parts.append([])
        else:
            parts[-1].append(row)
    return [([sizes[row.position] for row in part], merge(part)) for part in parts if len(part) > 1]

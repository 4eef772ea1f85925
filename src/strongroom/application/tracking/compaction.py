"""Small blocks of runs become large ones in the background, while the runs go on (decision 10).

Blocks that are stored never change, so merging takes no lock while it works: it reads some, makes one of them, and puts
it in their place in one short transaction that first looks whether they are still what it read. Ended at any point it
has changed nothing; two that merge the same at once cannot both succeed.
"""

from collections.abc import Sequence

from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
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
    if not made:
        await executor.command(lambda tx: tx.runs.settle(run_id))
    return made


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

"""What a run of the collector would do, to the byte, on one snapshot of the database (decision 21)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from strongroom.application.collection.collecting import PARTS, QUARANTINE_US
from strongroom.application.ports.collection import NONE, Part, Sum, ranges
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do now, without doing it. All are bytes of whole files in the store.

    :ivar unheld: would be condemned. :ivar waiting: are condemned, their day is not over. :ivar due: would be freed.
    :ivar holders: what is held, by what holds it: asset, folder, sent, chunks; counted for each.
    """

    unheld: Sum = NONE
    waiting: Sum = NONE
    due: Sum = NONE
    holders: Mapping[str, Sum] = field(default_factory=dict, compare=False)


async def preview(executor: Executor, quarantine_us: int = QUARANTINE_US) -> Preview:
    """What `collect` would do, to the byte."""
    return await executor.read(lambda tx: _look(tx, tx.now() - quarantine_us))


def _look(tx: Transaction, before: int) -> Preview:
    """Many short statements on one snapshot: none may take longer than the database lets one take."""
    unheld = waiting = Sum()
    due = tx.collection.leaving_sum()
    holders: dict[str, Sum] = {}
    for part in PARTS:
        for after, upto in ranges(tx.collection.highest(part)):
            found = tx.collection.standing(part, after, upto, before)
            unheld, waiting, due = unheld + found.unheld, waiting + found.waiting, due + found.due
            for name, sum_ in found.holders.items() if part is Part.BLOB else ():
                holders[name] = holders.get(name, Sum()) + sum_
    return Preview(unheld, waiting, due, holders)

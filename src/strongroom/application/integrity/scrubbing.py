"""The scrub: a server reads all of its store once in so many days, a little at a time, and says what it finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from strongroom.application.integrity.checking import Options, Place, Walk
from strongroom.application.integrity.findings import Finding
from strongroom.application.integrity.pace import Pace
from strongroom.application.integrity.reporting import report
from strongroom.application.ports.integrity import Scrub
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.artifacts.model import Blob

PERIOD_S: Final = 600
"""Seconds between looks at what is due, and about as long as one look reads."""
DAY_US: Final = 86_400 * 1_000_000
AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """Some of the work done. :ivar damaged: blobs that are known to be damaged now."""

    blobs: int
    bytes: int
    findings: Sequence[Finding]
    damaged: int


class Scrubber:
    """See the module. Several processes may run it: one of them has the turn.

    :param days: in which everything is read once. :param rate: bytes a second at most.
    :param told: what was done, for metrics.
    """

    def __init__(self, place: Place, *, days: float, rate: float, told: Callable[[Scrubbed], None]) -> None:
        self._place, self._days, self._rate, self._told = place, days, rate, told

    async def run(self) -> None:
        """Read what is due by now."""
        turn = await self._place.executor.command(
            lambda tx: tx.integrity.take_scrub(tx.now() + 2 * PERIOD_S * 1_000_000)
        )
        if turn is None:
            return
        due = await self._place.executor.read(partial(self._due, turn=turn))
        pace = Pace(self._rate)
        walk = Walk(self._place, Options(deep=True, pace=pace))
        after, rows = turn.after, await self._rows(turn.after, due)
        while rows and pace.spent <= self._rate * PERIOD_S:
            await self._step(walk, rows, pace)
            after = rows[-1].id
            rows = await self._rows(after, due)
        await self._place.executor.command(partial(self._end, turn=turn, after=after))

    def _due(self, tx: Transaction, *, turn: Scrub) -> int:
        """Up to which blob this round should have come by now."""
        share = (tx.now() - turn.begun_at) / (self._days * DAY_US)
        return int(tx.integrity.highest() * min(1.0, share)) + 1

    async def _rows(self, after: int, due: int) -> Sequence[Blob]:
        """The next ones that are due, and the turn for as long as they take."""

        def take(tx: Transaction) -> Sequence[Blob]:
            rows = [row for row in tx.integrity.blobs(after, AT_ONCE) if row.id <= due]
            longest = int((sum(row.size for row in rows) / self._rate + 2 * PERIOD_S) * 1_000_000)
            tx.integrity.hold_scrub(after, tx.now() + longest)
            return rows

        return await self._place.executor.command(take)

    async def _step(self, walk: Walk, rows: Sequence[Blob], pace: Pace) -> None:
        before = pace.spent
        found = await walk.of_blobs(rows)
        for finding in found:
            await self._place.executor.command(partial(report, finding=finding, by="scrub"))
        bad = {one.blob.id for one in found if one.blob}
        sound = [row.id for row in rows if row.id not in bad]
        damaged = await self._place.executor.command(lambda tx: tx.integrity.sound(sound))
        self._told(Scrubbed(len(rows), pace.spent - before, found, damaged))

    def _end(self, tx: Transaction, *, turn: Scrub, after: int) -> None:
        """Give the turn back; begin anew when the round's time is over and all is read."""
        over = tx.now() - turn.begun_at >= self._days * DAY_US and not tx.integrity.blobs(after, 1)
        tx.integrity.end_scrub(0 if over else after, begin=over)

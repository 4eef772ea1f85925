"""The scrub: a server reads all of its store once in so many days, a little at a time, and says what it finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from strongroom.application.identity import setup
from strongroom.application.integrity.checking import Options, Place, Walk
from strongroom.application.integrity.findings import OF_BYTES, Finding
from strongroom.application.integrity.marking import mark
from strongroom.application.integrity.pace import Pace
from strongroom.application.ports.integrity import Scrub
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import AuditRecord, Subject
from strongroom.domain.identity.model import SYSTEM

PERIOD_S: Final = 600
"""Seconds between looks at what is due, and about as long as one look reads."""
DAY_US: Final = 86_400 * 1_000_000
AT_ONCE: Final = 16
ASSETS_MOST: Final = 100
ACTION: Final = "blob.corrupted"


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
            await self._place.executor.command(partial(report, finding=finding))
        bad = {one.blob.id for one in found if one.blob}
        sound = [row.id for row in rows if row.id not in bad]
        damaged = await self._place.executor.command(lambda tx: tx.integrity.sound(sound))
        self._told(Scrubbed(len(rows), pace.spent - before, found, damaged))

    def _end(self, tx: Transaction, *, turn: Scrub, after: int) -> None:
        """Give the turn back; begin anew when the round's time is over and all is read."""
        over = tx.now() - turn.begun_at >= self._days * DAY_US and not tx.integrity.blobs(after, 1)
        tx.integrity.end_scrub(0 if over else after, begin=over)


def report(tx: Transaction, *, finding: Finding) -> None:
    """Mark what is damaged, and say so once: to each asset that holds it, or to the server where none does."""
    blob = finding.blob
    if blob is None or finding.kind not in OF_BYTES or not mark(tx, [blob.sha256]):
        return
    details: dict[str, Json] = {"blob": blob.sha256, "kind": finding.kind.value, "by": "scrub"}
    if "block" in finding.details:
        details["block"] = int(finding.details["block"])
    _, holders, _ = tx.integrity.hurt_by(blob.id, ASSETS_MOST)
    for asset_id in holders:
        asset = tx.assets.by_id(asset_id)
        call = setup.as_system(tx, tx.workspaces.by_id(asset.workspace_id))
        call.record(ACTION, Subject("asset", asset.uid), details)
    if not holders:
        uid = tx.new_uid()
        subject = Subject("blob", uid)
        tx.audit.append(
            AuditRecord(uid, None, tx.now(), SYSTEM, None, ACTION, "done", subject, None, None, details), None
        )

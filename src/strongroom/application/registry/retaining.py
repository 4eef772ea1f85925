"""The job that retention rules ask for: versions go to the trash, and out of it when their time there is over.

Every asset is a step of its own: what fails there is logged and tried again in the next run, and stops no other.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.identity import setup
from strongroom.application.ports.collection import ranges
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import purging, retention, versions
from strongroom.domain.errors import Conflict
from strongroom.domain.registry.retention import DAY_US

log = logging.getLogger(__name__)

AT_ONCE: Final = 50


@dataclass(slots=True)
class Retained:
    """What a run did: versions that went to the trash, were purged, or could not be; assets that failed."""

    trashed: int = 0
    purged: int = 0
    kept: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """Uids of versions that go, and since when what is in the trash has been there too long; None when it may stay."""

    going: Sequence[str]
    purge_before: int | None


async def retain(executor: Executor) -> Retained:
    """Do to all assets what their rules say."""
    done = Retained()
    for after, upto in ranges(await executor.read(lambda tx: tx.retention.highest_asset())):
        for asset_id in await executor.read(lambda tx, a=after, u=upto: tx.retention.assets(a, u, tx.now())):  # type: ignore[misc]
            try:
                await _of_asset(executor, asset_id, done)
            except Exception:
                log.exception("retention of asset %d failed, and will be tried again", asset_id)
                done.failed += 1
    return done


async def _of_asset(executor: Executor, asset_id: int, done: Retained) -> None:
    plan = await executor.read(lambda tx: _plan(tx, asset_id))
    for at in range(0, len(plan.going), AT_ONCE):
        some = frozenset(plan.going[at : at + AT_ONCE])
        done.trashed += await executor.command(lambda tx, some=some: _trash(tx, asset_id, some))  # type: ignore[misc]
    if plan.purge_before is not None:
        await _purge(executor, asset_id, plan.purge_before, done)


def _plan(tx: Transaction, asset_id: int) -> _Plan:
    asset = tx.assets.by_id(asset_id)
    rule = retention.rule_of(tx, asset).rule
    going = [one.version.uid for one in retention.decisions(tx, asset, rule) if not one.kept]
    days = rule.purge_days if rule else None
    return _Plan(going, None if days is None else tx.now() - days * DAY_US)


def _trash(tx: Transaction, asset_id: int, uids: frozenset[str]) -> int:
    """What was to go a moment ago and still is, now that nobody else changes the asset; how many."""
    asset = tx.assets.lock(asset_id)
    if asset.deleted_at is not None:
        return 0
    call = setup.as_system(tx, tx.workspaces.by_id(asset.workspace_id))
    rule = retention.rule_of(tx, asset).rule
    going = [one for one in retention.decisions(tx, asset, rule) if not one.kept and one.version.uid in uids]
    for one in going:
        versions.delete(call, one.version.uid, release_aliases=False, etag=None, because=one.because[0])
    return len(going)


async def _purge(executor: Executor, asset_id: int, before: int, done: Retained) -> None:
    after = 0
    while True:
        found = await executor.read(lambda tx, at=after: tx.retention.trashed(asset_id, before, at, AT_ONCE))  # type: ignore[misc]
        if not found:
            return
        for _, uid in found:
            try:
                await executor.command(lambda tx, uid=uid: _purge_one(tx, asset_id, uid, before))  # type: ignore[misc]
                done.purged += 1
            except Conflict:  # a branch or pin leads to it, it was restored, or held, a moment ago
                done.kept += 1
        after = found[-1][0]


def _purge_one(tx: Transaction, asset_id: int, uid: str, before: int) -> None:
    asset = tx.assets.by_id(asset_id)
    call = setup.as_system(tx, tx.workspaces.by_id(asset.workspace_id))
    rule = retention.rule_of(tx, asset).rule
    if rule is None or rule.purge_days is None:
        raise Conflict("The rule was changed.")
    version = tx.versions.by_uid(asset.workspace_id, uid)
    if version is None or (version.deleted_at or before) >= before:
        raise Conflict("It was restored meanwhile.")
    purging.purge(call, uid, f"retention: {rule.purge_days} days in the trash")

"""What passed a gate is asked again when something that it rests on changed: an evaluation, a flag, a policy, time.

A version that would not pass any more where it stands is *at risk* there. Nothing is taken away from it by itself: what
runs goes on running, an event says so, and no alias is set on the version until it would pass again or has left.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from strongroom.application.call import Call
from strongroom.application.gates import deciding, passing
from strongroom.application.gates.deciding import Verdicts
from strongroom.application.gates.facts import Again
from strongroom.application.gates.passing import REASONS_MOST, Crossing
from strongroom.application.identity.authority import as_system
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.gates import Expressions, Look, Standing, StoredDecision
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import versions
from strongroom.application.views import time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.gates.policy import Transition, TransitionKind
from strongroom.domain.gates.view import DAY_US, Approval
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import VersionState

AT_ONCE: Final = 100
"""Places that one look of a workspace asks about."""
AGAIN_US: Final = 300 * 1_000_000
"""Ages, ends of waivers and what other workspaces do have no mark: they are found this much later."""
RISKY_AGAIN_US: Final = 30 * 1_000_000
"""What is at risk is asked about more often: it may have left, or have been waived."""


@dataclass(frozen=True, slots=True)
class RiskView:
    """That a version stands where the gates would not let it now. `decision`: uid of the one that let it."""

    version_uid: str
    asset: str
    number: int | None
    kind: str
    target: str
    reasons: Sequence[str]
    decision: str
    since: datetime


async def look(executor: Executor, expressions: Expressions | None) -> int:
    """Ask again about what is due, in every workspace; how many places were asked about."""
    asked = 0
    for workspace_id in await executor.read(lambda tx: tx.standings.workspaces()):
        mark, due = await executor.read(partial(_due, workspace_id))
        for one in due:
            await deciding.settled(expressions, partial(_ask, executor, one, mark))
        asked += len(due)
    return asked


def _due(workspace_id: int, tx: Transaction) -> tuple[str, Sequence[Standing]]:
    mark = tx.standings.mark(workspace_id)
    return mark, tx.standings.due(workspace_id, mark, tx.now() - AGAIN_US, tx.now() - RISKY_AGAIN_US, AT_ONCE)


async def _ask(executor: Executor, one: Standing, mark: str, verdicts: Verdicts) -> None:
    await executor.command(lambda tx: again(tx, one, mark, verdicts))


def again(tx: Transaction, one: Standing, mark: str, verdicts: Verdicts) -> None:
    """Ask about one place, all that it rests on locked. :raises Undecided: see `passing`."""
    asset = tx.assets.lock(tx.versions.by_id(one.version_id).asset_id)
    version = tx.versions.lock(one.version_id)
    standing = tx.standings.get(one.version_id, one.kind, one.target)
    if standing is None:
        return
    if asset.deleted_at is not None or version.state is not VersionState.LIVE or not tx.standings.there(standing):
        tx.standings.drop(standing)
        return
    call = replace(as_system(tx, tx.workspaces.by_id(asset.workspace_id)), verdicts=verdicts)
    decision = tx.decisions.by_id(standing.decision_id)
    way = Transition(TransitionKind(one.kind), one.target, decision.source)
    crossing = Crossing(asset, version, way, named=_named(call, asset.id, way), again=_as_decided(call, decision))
    answers = passing.decide(call, tx.policies.standing(asset.workspace_id), [crossing])
    reasons = list(dict.fromkeys(why for said in answers if not said.answer.passed for why in said.answer.reasons))
    since = (standing.risk_since or call.now) if reasons else None
    found = replace(standing, risk_since=since, reasons=reasons[:REASONS_MOST])
    tx.standings.looked(found, Look(mark, version.evidence_epoch, call.now))
    if (since is None) != (standing.risk_since is None):
        call.record(
            "version.at_risk" if since else "version.safe",
            Subject("version", version.uid),
            {"kind": one.kind, "target": one.target, "decision": decision.uid, "reasons": tuple(found.reasons)},
            asset=tx.assets.advance(asset),
        )


def _named(call: Call, asset_id: int, way: Transition) -> bool:
    if way.kind is not TransitionKind.ALIAS:
        return False
    alias = call.tx.aliases.get(asset_id, way.target)
    return alias is None or not alias.protected


def _as_decided(call: Call, decision: StoredDecision) -> Again:
    """Who asked, and the approvals that stood then: they were for this very step, and it was taken."""
    seen: dict[str, Any] = json.loads(call.tx.decisions.evidence(decision.evidence) or "{}")
    given = seen.get("version", {}).get("approvals", [])
    approvals = [
        Approval(
            one["by"],
            one["teams"],
            one["role"],
            decision.recorded_at - int(one["days"] * DAY_US),
            decision.kind,
            decision.target,
        )
        for one in given
    ]
    return Again(seen.get("transition", {}).get("requester", decision.decided_by), approvals)


def listed(call: Call, page: PageRequest, version_uid: str | None = None) -> Page[RiskView]:
    """Of one version, or of all of the workspace for those who may read all of it."""
    version_id = None
    if version_uid is None:
        call.require(Permission.ASSET_READ)
    else:
        version_id = versions.by_uid(call, version_uid, Permission.ASSET_READ)[1].id
    listing = f"risks/{call.workspace.id}/{version_id}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.standings.list_at_risk(call.workspace.id, version_id, after, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.version_id, one.kind, one.target))
    return Page(_views(call, kept.items), kept.next_page_token)


def _views(call: Call, rows: Sequence[Standing]) -> list[RiskView]:
    found = call.tx.versions.by_ids(sorted({one.version_id for one in rows}))
    assets = call.tx.assets.by_ids(sorted({version.asset_id for version in found.values()}))
    return [
        RiskView(
            version.uid,
            assets[version.asset_id].path,
            version.number,
            one.kind,
            one.target,
            list(one.reasons),
            call.tx.decisions.by_id(one.decision_id).uid,
            time_of(one.risk_since or 0),
        )
        for one in rows
        for version in [found[one.version_id]]
    ]

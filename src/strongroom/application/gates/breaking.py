"""What of what stands now a policy would keep back, were it asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from strongroom.application.call import Call
from strongroom.application.gates import passing, policies
from strongroom.application.gates.passing import Crossing, Decided
from strongroom.application.gates.views import RulingView, ruling_views
from strongroom.domain.gates.policy import Policy, Transition, TransitionKind
from strongroom.domain.gates.question import StoredPolicy
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import VersionState

LOOKED_MOST: Final = 500
"""Positions that are looked at; those in environments come first."""


@dataclass(frozen=True, slots=True)
class BrokenView:
    """A version that stands where the policy would not let it."""

    version_uid: str
    asset: str
    number: int | None
    kind: str
    target: str
    rules: Sequence[RulingView]


@dataclass(frozen=True, slots=True)
class BreakingView:
    """`present`: the number of the policy's version in force. `looked`: positions; `truncated`: there are more."""

    name: str
    present: int | None
    changes: bool
    looked: int
    broken: Sequence[BrokenView]
    truncated: bool


def of(call: Call, document: Mapping[str, Any]) -> BreakingView:
    """Ask a policy about all that stands at a stage, under an alias or in an environment, wherever it came from."""
    call.require(Permission.POLICY_WRITE)
    new = policies.understood(call, document, None)
    before = next((one for one in call.tx.policies.standing(call.workspace.id) if _name(one) == _name(new)), None)
    positions = call.tx.decisions.positions(call.workspace.id, LOOKED_MOST + 1)
    crossings = _crossings(
        call, [(one.kind, one.target, one.version_id, one.guarded) for one in positions[:LOOKED_MOST]]
    )
    decided = passing.decide(call, [replace(new, policy=_from_anywhere(new.policy))], crossings)
    return BreakingView(
        name=new.policy.name,
        present=before.number if before else None,
        changes=before is None or before.digest != new.digest,
        looked=len(crossings),
        broken=[_broken(one) for one in decided if not one.answer.passed],
        truncated=len(positions) > LOOKED_MOST,
    )


def _name(stored: StoredPolicy) -> str:
    return stored.policy.name


def _from_anywhere(policy: Policy) -> Policy:
    rules = (replace(rule, applies=replace(rule.applies, sources=())) for rule in policy.rules)
    return replace(policy, rules=tuple(rules))


def _crossings(call: Call, positions: Sequence[tuple[str, str, int, bool]]) -> list[Crossing]:
    versions = call.tx.versions.by_ids(sorted({id_ for _, _, id_, _ in positions}))
    assets = call.tx.assets.by_ids(sorted({version.asset_id for version in versions.values()}))
    return [
        Crossing(
            assets[versions[id_].asset_id], versions[id_], Transition(TransitionKind(kind), target), named=not guarded
        )
        for kind, target, id_, guarded in positions
        if id_ in versions and versions[id_].state is VersionState.LIVE
    ]


def _broken(decided: Decided) -> BrokenView:
    way, version = decided.answer.question.transition, decided.crossing.version
    return BrokenView(
        version.uid,
        decided.crossing.asset.path,
        version.number,
        way.kind.value,
        way.target,
        [view for view in ruling_views(decided.answer) if view.result != "passed"],
    )

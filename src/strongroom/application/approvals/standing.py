"""What stands now: what gates see of approvals and waivers. Nothing is set; it is computed from what was said."""

from collections.abc import Mapping, Sequence

from strongroom.application.call import Call
from strongroom.domain.approvals.fields import WAIVERS_MOST
from strongroom.domain.approvals.model import Said, Verdict
from strongroom.domain.approvals.rules import Moment, opens, standing
from strongroom.domain.gates.view import Approval
from strongroom.domain.registry.model import Version


def moment(call: Call, version: Version, performer: str = "") -> Moment:
    """What is said of a version is held against this, now."""
    return Moment(
        version.tree or "",
        version.evidence_epoch,
        call.now,
        call.tx.approvals.authors(version),
        call.tx.approvals.requesters(version.id),
        performer,
    )


def verdicts(call: Call, version: Version, performer: str) -> tuple[Sequence[Approval], Sequence[Approval]]:
    """Approvals and rejections that stand when `performer` (a uid) takes the version somewhere."""
    given = call.tx.approvals.verdicts(version.id)
    found = standing(given, moment(call, version, performer)) if given else []
    return _facts(found, Said.APPROVE), _facts(found, Said.REJECT)


def _facts(found: Sequence[Verdict], said: Said) -> list[Approval]:
    ordered = sorted((one for one in found if one.said is said), key=lambda one: one.id)
    return [
        Approval(
            one.by,
            sorted(team.name for team in one.teams if team.present),
            one.role,
            one.recorded_at,
            one.way.kind.value,
            one.way.target,
        )
        for one in ordered
    ]


def waivers(call: Call, version: Version, rules: Mapping[tuple[str, str], str]) -> Mapping[tuple[str, str], str]:
    """Waivers of rules for a version: policy (uid) and rule (id) -> uid of the waiver, of several the oldest.

    :param rules: those that are asked about, each with its digest as it reads now.
    """
    found = [
        one
        for one in call.tx.waivers.current(version.asset_id, call.now, WAIVERS_MOST)
        if one.version_id in (None, version.id) and rules.get((one.policy, one.rule)) == one.rule_digest
    ]
    if not found:
        return {}
    now = moment(call, version)
    return {(one.policy, one.rule): one.uid for one in reversed(found) if opens(one, now)}

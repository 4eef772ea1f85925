"""What gates would say, what they said, and whether they would say it again."""

import json

from strongroom.application.call import Call
from strongroom.application.delivery import environments
from strongroom.application.gates import passing
from strongroom.application.gates.passing import Crossing
from strongroom.application.gates.views import (
    CheckView,
    GateDecisionView,
    ReplayView,
    decision_view,
    ruling_views,
)
from strongroom.application.paging import Page, PageRequest, within_bytes
from strongroom.application.ports.gates import StoredDecision
from strongroom.application.registry import stages, versions
from strongroom.domain.errors import Invalid
from strongroom.domain.gates import question as questions
from strongroom.domain.gates.policy import Rule, Transition, TransitionKind
from strongroom.domain.gates.question import Question, StoredPolicy, Undecided
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Version
from strongroom.domain.registry.stages import NONE

TARGET_LONGEST = 255


def check(call: Call, version_uid: str, kind: str, target: str, source: str | None = None) -> CheckView:
    """What gates say of a version on its way; nothing is recorded.

    :param source: the stage or environment that it comes from; None means where it stands, or would have to.
    :raises Invalid: there is no such stage.
    :raises NotFound: no such environment, or the caller does not see it: a slip in a name is no way without a gate.
    """
    asset, version = versions.by_uid(call, version_uid, Permission.ASSET_READ)
    if not 1 <= len(target) <= TARGET_LONGEST:
        raise Invalid(f"A target has 1 to {TARGET_LONGEST} characters.", limit=TARGET_LONGEST)
    way = TransitionKind(kind)
    standing = _comes_from(call, version, way, target)
    source = standing if source is None else source
    named = False
    if way is TransitionKind.ALIAS:
        alias = call.tx.aliases.get(asset.id, target)
        named = alias is None or not alias.protected
    crossing = Crossing(asset, version, Transition(way, target, source), named)
    decided = passing.decide(call, call.tx.policies.standing(call.workspace.id), [crossing])
    answers = [one.answer for one in decided]
    rules = [view for answer in answers for view in ruling_views(answer)]
    return CheckView(all(answer.passed for answer in answers), rules)


def _comes_from(call: Call, version: Version, way: TransitionKind, target: str) -> str:
    if way is TransitionKind.STAGE:
        stages.graph_of(call.workspace).check_known(target)
        return version.stage or NONE
    if way is TransitionKind.ENVIRONMENT:
        return environments.source_of(environments.by_name(call, target, Permission.RELEASE_READ))
    return ""


def get(call: Call, uid: str) -> GateDecisionView:
    """A decision; with what the rules saw for those who may write policies."""
    stored, version_uid = _found(call, uid)
    seen = None
    if call.allows(Permission.POLICY_WRITE):
        text = call.tx.decisions.evidence(stored.evidence)
        seen = json.loads(text) if text else None
    return decision_view(stored, version_uid, seen)


def _found(call: Call, uid: str) -> tuple[StoredDecision, str]:
    stored = call.tx.decisions.by_uid(call.workspace.id, uid)
    version = call.tx.versions.by_id(stored.version_id) if stored else None
    asset = call.tx.assets.by_id(version.asset_id) if version else None
    call.require_asset(Permission.ASSET_READ, asset, "decision")
    assert stored is not None and version is not None  # noqa: S101, PT018 - require_asset refused None
    return stored, version.uid


def listed(call: Call, version_uid: str, page: PageRequest) -> Page[GateDecisionView]:
    """The decisions about a version, the latest first; each without what the rules saw."""
    _, version = versions.by_uid(call, version_uid, Permission.ASSET_READ)
    listing = f"decisions/{version.id}"
    rows = call.tx.decisions.list(version.id, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return within_bytes(
        kept,
        lambda rows: [decision_view(one, version.uid) for one in rows],
        lambda view: 500 + sum(150 + len(one.reason) for one in view.rules),
        lambda one: call.sealer.seal(listing, (one.id,)),
    )


def replay(call: Call, uid: str) -> ReplayView:
    """Ask a decision again: the same rules of the same versions of policies about the evidence that was kept.

    :raises Undecided: for the edge, which has the rules evaluated.
    """
    stored, version_uid = _found(call, uid)
    evidence = call.tx.decisions.evidence(stored.evidence)
    policies = [
        call.tx.policies.by_uid(call.workspace.id, one["uid"], one["number"]) for one in stored.body["policies"]
    ]
    known = {one.uid: one for one in policies if one is not None}
    rules = [(known[one["policy"]], _rule(known[one["policy"]], one["rule"])) for one in stored.body["rules"]]
    way = Transition(TransitionKind(stored.kind), stored.target, stored.source)
    question = Question(way, tuple(rules), evidence, stored.body["problem"])
    if question.digest not in call.verdicts:
        raise Undecided([question])
    waivers = {(one["policy"], one["rule"]): one["waiver"] for one in stored.body["rules"] if one.get("waiver")}
    again = questions.answer(question, call.verdicts[question.digest]).waived(waivers)
    results = [(one.said.rule, one.said.result.value) for one in again.rulings]
    same = (
        question.evidence_digest == stored.evidence
        and {one["uid"]: one["digest"] for one in stored.body["policies"]}
        == {uid: one.digest for uid, one in known.items()}
        and results == [(one["rule"], one["result"]) for one in stored.body["rules"]]
    )
    return ReplayView(decision_view(stored, version_uid), ruling_views(again), same)


def _rule(policy: StoredPolicy, id_: str) -> Rule:
    return next(rule for rule in policy.policy.rules if rule.id == id_)

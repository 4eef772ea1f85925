"""The one place that lets a version pass a gate or not, asked in the transaction that changes where it stands.

An expression may take a quarter of a second, and no lock is held that long. So the first time a question has no answer
yet: the transaction is undone (`Undecided`), the edge has the expressions evaluated, and the use case runs again. What
it then asks is put together anew from what stands at that moment; only the answer to exactly that is taken. Nothing
passes on numbers that changed in between, and no dialect knows of this.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from strongroom.application.approvals import standing
from strongroom.application.call import Call
from strongroom.application.gates import facts
from strongroom.application.gates.facts import Again
from strongroom.application.ports.gates import Standing, StoredDecision
from strongroom.domain.approvals.model import Way
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import GateRefused, Invalid
from strongroom.domain.gates import question as questions
from strongroom.domain.gates.policy import Transition, TransitionKind
from strongroom.domain.gates.question import Answer, Question, StoredPolicy, Undecided
from strongroom.domain.registry.model import Asset, Version, Workspace

REASONS_MOST = 50


@dataclass(frozen=True, slots=True)
class Crossing:
    """A version on its way, its row locked.

    :param named: only rules that name their targets are asked. :param again: see `risks`.
    """

    asset: Asset
    version: Version
    transition: Transition
    named: bool = False
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """An answer about a version on its way."""

    workspace: Workspace
    crossing: Crossing
    answer: Answer


def require(call: Call, crossings: Sequence[Crossing]) -> list[str]:
    """Let versions pass, all or none; the uids of the decisions, which are recorded with it.

    :raises GateRefused: a rule did not pass; `reasons` says what is missing, and the decision is recorded.
    :raises Undecided: for the edge, see the module.
    """
    policies = call.tx.policies.standing(call.workspace.id)
    if policies:
        _frozen(call, crossings)
    decided = decide(call, policies, crossings) if policies else []
    if all(one.answer.passed for one in decided):
        return [_let_pass(call, one) for one in decided]
    stopped = [one for one in decided if not one.answer.passed]
    reasons = list(dict.fromkeys(why for one in stopped for why in one.answer.reasons))
    target = stopped[0].answer.question.transition.target
    said = f"The gate before {target!r} is closed: {' '.join(reasons)}"[:2_000]
    refused = GateRefused(said, reasons=reasons[:REASONS_MOST])
    refused.decided = tuple(stopped)
    raise refused


def _frozen(call: Call, crossings: Sequence[Crossing]) -> None:
    """No alias leads to a version that is at risk, whether a gate stands before that alias or not."""
    for one in crossings:
        if one.transition.kind is not TransitionKind.ALIAS:
            continue
        risks = call.tx.standings.at_risk(one.version.id)
        # where it stands at risk the gate itself is asked, of what is known now
        there = (risk for risk in risks if (risk.kind, risk.target) != ("alias", one.transition.target))
        elsewhere = [risk for risk in there if call.tx.standings.there(risk)]
        if elsewhere:
            reasons = list(dict.fromkeys(why for risk in elsewhere for why in risk.reasons))
            where = ", ".join(sorted({f"{risk.kind} {risk.target!r}" for risk in elsewhere}))
            said = f"The version is at risk in {where}; no alias is set on it: {' '.join(reasons)}"[:2_000]
            raise GateRefused(said, reasons=reasons[:REASONS_MOST])


def _let_pass(call: Call, decided: Decided) -> str:
    """What it asked approval for is done with; what was said of it stays."""
    way = decided.answer.question.transition
    call.tx.approvals.done(decided.crossing.version.id, Way(way.kind, way.target), call.now)
    return record(call, decided)


def told(decisions: Sequence[str]) -> dict[str, Json]:
    """What the record of the transition says of them."""
    return {"decisions": tuple(decisions)} if decisions else {}


def decide(call: Call, policies: Sequence[StoredPolicy], crossings: Sequence[Crossing]) -> list[Decided]:
    """What these policies say of each that a rule applies to. :raises Undecided: see the module."""
    asked = [(one, found) for one in crossings if (found := _question(call, policies, one)) is not None]
    missing = {found.digest: found for _, found in asked if found.digest not in call.verdicts}
    if missing:
        raise Undecided(list(missing.values()))
    return [
        Decided(call.workspace, crossing, _waived(call, crossing, questions.answer(found, call.verdicts[found.digest])))
        for crossing, found in asked
    ]


def _waived(call: Call, crossing: Crossing, answer: Answer) -> Answer:
    """With the waivers that stand for the rules that did not pass; they are looked for only then."""
    stopping = answer.stopping
    return answer.waived(standing.waivers(call, crossing.version, stopping)) if stopping else answer


def _question(call: Call, policies: Sequence[StoredPolicy], crossing: Crossing) -> Question | None:
    place = facts.place(call, crossing.asset)
    rules = questions.rules_of(policies, place, crossing.transition, named=crossing.named)
    if not rules:  # most ways have no gate: nothing is gathered for them
        return None
    try:
        known = facts.gather(call, crossing.asset, crossing.version, crossing.again)
    except Invalid as error:
        return Question(crossing.transition, rules, "", error.message)
    if crossing.transition.kind is TransitionKind.REGISTRATION:
        known = replace(known, uid="")  # each time that it is tried it gets another
    return questions.ask(rules, known, crossing.transition)


def record(call: Call, decided: Decided) -> str:
    """Keep a decision with what it rests on, and write it into the log; its uid."""
    asked, uid, version = decided.answer.question, call.tx.new_uid(), decided.crossing.version
    way, passed = asked.transition, decided.answer.passed
    kept = StoredDecision(
        id=0,
        uid=uid,
        workspace_id=call.workspace.id,
        version_id=version.id,
        kind=way.kind.value,
        target=way.target,
        source=way.source,
        passed=passed,
        evidence=asked.evidence_digest,
        body=_body(decided.answer),
        decided_by=call.actor.uid,
        recorded_at=call.now,
    )
    if passed or way.kind is not TransitionKind.REGISTRATION:
        id_ = call.tx.decisions.add(kept, asked.evidence, call.actor.id)
        if passed and way.kind is not TransitionKind.REGISTRATION:
            call.tx.standings.stand(Standing(kept.workspace_id, version.id, kept.kind, kept.target, id_))
        subject = Subject("version", version.uid)
    else:  # it never came to be
        subject = Subject("asset", decided.crossing.asset.uid)
    call.record(
        "gate.decide", subject, _details(kept, decided.answer), outcome="done" if passed else "refused", event=passed
    )
    return uid


def _body(answer: Answer) -> dict[str, Any]:
    used = {one.policy.uid: one.policy for one in answer.rulings}
    return {
        "policies": [
            {"uid": one.uid, "name": one.policy.name, "number": one.number, "digest": one.digest}
            for one in used.values()
        ],
        "rules": [
            {"policy": one.policy.uid, "rule": one.said.rule, "result": one.said.result, "reason": one.said.reason}
            | ({"waiver": one.said.waiver} if one.said.waiver else {})
            for one in answer.rulings
        ],
        "problem": answer.question.problem,
    }


def _details(kept: StoredDecision, answer: Answer) -> dict[str, Json]:
    """What the log says: the digests of all that a decision rests on."""
    stopped = (one for one in answer.rulings if one.said.stops)
    return {
        "decision": kept.uid,
        "kind": kept.kind,
        "target": kept.target,
        "evidence": kept.evidence,
        "policies": tuple(f"{one['uid']}#{one['number']}:{one['digest']}" for one in kept.body["policies"]),
        "passed": kept.passed,
        "rules": len(answer.rulings),
        "waived": tuple(one.said.waiver for one in answer.rulings if one.said.waiver),
        "failed": tuple(f"{one.policy.uid}/{one.said.rule}" for one in stopped)[:REASONS_MOST],
    }

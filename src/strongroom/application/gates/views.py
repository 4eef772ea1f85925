"""What callers are shown of policies and decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strongroom.application.ports.gates import StoredDecision
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.gates.question import Answer, StoredPolicy


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy in one of its versions; `digest` is SHA-256 of its document in one spelling."""

    uid: str
    name: str
    number: int
    digest: str
    document: Mapping[str, Any]
    created_by: str
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class RulingView:
    """What came of one rule: passed, failed, error where it could not be evaluated, or waived by a `waiver`."""

    policy: str
    rule: str
    result: str
    reason: str
    waiver: str = ""


@dataclass(frozen=True, slots=True)
class CheckView:
    """What gates say of a version on its way; nothing is changed and nothing recorded."""

    passed: bool
    rules: Sequence[RulingView]


@dataclass(frozen=True, slots=True)
class UsedPolicyView:
    """The version of a policy that a decision rests on."""

    uid: str
    name: str
    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class GateDecisionView:
    """What gates said of a version when it was to pass.

    :param evidence: SHA-256 of what the rules saw. :param seen: that itself, for those who may write policies: it
        may name what others may not see.
    """

    uid: str
    version_uid: str
    kind: str
    target: str
    source: str
    passed: bool
    policies: Sequence[UsedPolicyView]
    rules: Sequence[RulingView]
    problem: str
    evidence: str
    seen: Mapping[str, Any] | None
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ReplayView:
    """A decision asked again: of the same policies about the same evidence."""

    decision: GateDecisionView
    rules: Sequence[RulingView]
    same: bool


def policy_view(stored: StoredPolicy) -> PolicyView:
    """A policy in one version."""
    return PolicyView(
        stored.uid,
        stored.policy.name,
        stored.number,
        stored.digest,
        stored.document,
        stored.created_by,
        time_of(stored.recorded_at),
        maybe_time(stored.retired_at),
    )


def ruling_views(answer: Answer) -> list[RulingView]:
    """What came of each rule, by the name of its policy."""
    return [
        RulingView(one.policy.policy.name, one.said.rule, one.said.result.value, one.said.reason, one.said.waiver)
        for one in answer.rulings
    ]


def decision_view(stored: StoredDecision, version_uid: str, seen: Mapping[str, Any] | None = None) -> GateDecisionView:
    """A decision as it was kept."""
    names = {one["uid"]: one["name"] for one in stored.body["policies"]}
    return GateDecisionView(
        stored.uid,
        version_uid,
        stored.kind,
        stored.target,
        stored.source,
        stored.passed,
        [UsedPolicyView(**one) for one in stored.body["policies"]],
        [
            RulingView(names[one["policy"]], one["rule"], one["result"], one["reason"], one.get("waiver", ""))
            for one in stored.body["rules"]
        ],
        stored.body["problem"],
        stored.evidence,
        seen,
        stored.decided_by,
        time_of(stored.recorded_at),
    )

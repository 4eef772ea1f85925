"""Decisions: of every rule whether it passed, failed or could not be evaluated, which is no pass either."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.gates.policy import Rule

REASON_LONGEST = 500


class Result(StrEnum):
    """What came of a rule."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class RuleDecision:
    """What came of one rule; `reason` is the rule's message, and for an error what went wrong as well.

    :param waiver: uid of what let it stop nothing.
    """

    rule: str
    result: Result
    reason: str = ""
    waiver: str = ""

    @property
    def stops(self) -> bool:
        """Whether it keeps a version back."""
        return self.result not in (Result.PASSED, Result.WAIVED)


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of a policy. It passes when every rule that applied did; where none did, nothing fails."""

    policy: str
    rules: tuple[RuleDecision, ...]

    @property
    def passed(self) -> bool:
        """Whether the way is free."""
        return not any(one.stops for one in self.rules)


def decided(rule: Rule, outcome: object) -> RuleDecision:
    """The decision for what an expression gave: a truth value, or an error as text. Nothing else is true."""
    if outcome is True:
        return RuleDecision(rule.id, Result.PASSED)
    if outcome is False:
        return RuleDecision(rule.id, Result.FAILED, rule.message)
    why = outcome if isinstance(outcome, str) else "it gives no truth value"
    return RuleDecision(rule.id, Result.ERROR, f"{rule.message} (the rule cannot be evaluated: {why[:REASON_LONGEST]})")


def of_policy(name: str, rules: Sequence[Rule], outcomes: Sequence[object]) -> Decision:
    """The decision of a policy for what each of its rules gave."""
    return Decision(name, tuple(decided(rule, one) for rule, one in zip(rules, outcomes, strict=True)))

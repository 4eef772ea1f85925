"""What a gate asks: rules and what they see, under one digest. The same question has the same answer later."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from strongroom.domain.errors import Invalid
from strongroom.domain.gates import decision, view, waiving
from strongroom.domain.gates.decision import RuleDecision
from strongroom.domain.gates.policy import Place, Policy, Rule, Transition, rules_for
from strongroom.domain.gates.view import Facts

ASKED_MOST: Final = 200
"""Rules that are asked at once."""


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy of a workspace as it stands in one of its versions, which never changes.

    :param digest: SHA-256 of its document in one spelling.
    """

    id: int
    uid: str
    workspace_id: int
    number: int
    digest: str
    policy: Policy
    document: Mapping[str, Any]
    created_by: str
    recorded_at: int
    retired_at: int | None = None


@dataclass(frozen=True)
class Question:
    """Whether a version may pass, asked of all rules that apply.

    :param rules: each with the policy that it is of. :param evidence: the view (docs/gates.md) in one spelling; empty
        where there is more than a rule may see, and then `problem` says so.
    """

    transition: Transition
    rules: tuple[tuple[StoredPolicy, Rule], ...]
    evidence: str
    problem: str = ""

    @cached_property
    def digest(self) -> str:
        """Of the expressions and what they see."""
        asked = [rule.expression for _, rule in self.rules]
        return sha256(json.dumps([asked, self.evidence, self.problem]).encode()).hexdigest()

    @cached_property
    def evidence_digest(self) -> str:
        """Of what the rules see."""
        return sha256(self.evidence.encode()).hexdigest()

    @property
    def expressions(self) -> list[str]:
        """What is to be evaluated."""
        return [rule.expression for _, rule in self.rules]

    @property
    def seen(self) -> Mapping[str, Any]:
        """The variables of the expressions."""
        found: Mapping[str, Any] = json.loads(self.evidence)
        return found


@dataclass(frozen=True, slots=True)
class Ruling:
    """What came of one rule of one policy."""

    policy: StoredPolicy
    said: RuleDecision


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question."""

    question: Question
    rulings: tuple[Ruling, ...]

    @property
    def passed(self) -> bool:
        """Whether the way is free."""
        return not any(one.said.stops for one in self.rulings)

    @property
    def reasons(self) -> list[str]:
        """What the rules say that did not pass."""
        return [one.said.reason for one in self.rulings if one.said.stops]

    @property
    def stopping(self) -> Mapping[tuple[str, str], str]:
        """Rules that keep the version back, by policy (uid) and id: the digest of each as it reads."""
        asked = {(of.uid, rule.id): rule for of, rule in self.question.rules}
        keys = [(one.policy.uid, one.said.rule) for one in self.rulings if one.said.stops]
        return {key: waiving.digest_of(asked[key]) for key in keys}

    def waived(self, waivers: Mapping[tuple[str, str], str]) -> "Answer":
        """The same where rules are waived, by policy (uid) and id: the uid of the waiver."""
        rulings = (
            Ruling(one.policy, waiving.waived(one.said, waivers.get((one.policy.uid, one.said.rule))))
            for one in self.rulings
        )
        return Answer(self.question, tuple(rulings))


class Undecided(Exception):
    """Questions have no answer yet: the edge has them evaluated and runs the use case again. No refusal, a detour."""

    def __init__(self, questions: Sequence[Question]) -> None:
        super().__init__("A gate stands before this, and nobody is here who asks it.")
        self.questions = questions


def rules_of(
    policies: Sequence[StoredPolicy], place: Place, transition: Transition, *, named: bool
) -> tuple[tuple[StoredPolicy, Rule], ...]:
    """The rules that apply, with their policies. :param named: only rules that name their targets."""
    return tuple((one, rule) for one in policies for rule in rules_for(one.policy, place, transition, named=named))


def ask(rules: tuple[tuple[StoredPolicy, Rule], ...], facts: Facts, transition: Transition) -> Question:
    """The question whether a version may pass."""
    if len(rules) > ASKED_MOST:
        return Question(transition, rules, "", f"more than {ASKED_MOST} rules are asked at once")
    try:
        return Question(transition, rules, spelled(view.view(facts, transition)))
    except Invalid as error:
        return Question(transition, rules, "", error.message)


def spelled(document: Any) -> str:  # noqa: ANN401 - plain data
    """Plain data in one spelling. :raises Invalid: it is none."""
    try:
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise Invalid("what is known of the version is no plain data") from None


def answer(question: Question, outcomes: Sequence[object]) -> Answer:
    """What comes of a question for what its expressions gave."""
    said = [decision.decided(rule, one) for (_, rule), one in zip(question.rules, outcomes, strict=True)]
    return Answer(question, tuple(Ruling(of, one) for (of, _), one in zip(question.rules, said, strict=True)))

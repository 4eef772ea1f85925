"""Rules that are waived: a waiver is of a rule as it reads, and lets it stop nothing."""

import json
from dataclasses import asdict, replace
from hashlib import sha256

from strongroom.domain.gates.decision import Result, RuleDecision
from strongroom.domain.gates.policy import Rule


def digest_of(rule: Rule) -> str:
    """SHA-256 of what a rule asks and of whom; what it says when it fails may change."""
    spelled = json.dumps([rule.id, rule.expression, asdict(rule.applies)], sort_keys=True)
    return sha256(spelled.encode()).hexdigest()


def waived(one: RuleDecision, by: str | None) -> RuleDecision:
    """The same, waived by that waiver where there is one and the rule did not pass; its reason stays."""
    return replace(one, result=Result.WAIVED, waiver=by) if by and one.stops else one

"""Policies tried against fixtures, without a server."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.adapters.cel.expressions import CelExpressions
from strongroom.domain.errors import Invalid
from strongroom.domain.gates import decision
from strongroom.domain.gates.fixtures import Fixture, differences
from strongroom.domain.gates.policy import Policy, rules_for
from strongroom.domain.gates.view import view


@dataclass(frozen=True, slots=True)
class Tried:
    """A fixture, and how what came of it differs from what it asks for; not at all where it holds."""

    fixture: str
    differs: Sequence[str]


async def tried(policy: Policy, fixtures: Sequence[Fixture]) -> list[Tried]:
    """Every fixture against the policy, with the expressions that a server would evaluate and as it would."""
    expressions, known = CelExpressions(), [rule.id for rule in policy.rules]
    try:
        return [Tried(one.name, await _differs(expressions, policy, one, known)) for one in fixtures]
    finally:
        await expressions.aclose()


async def _differs(expressions: CelExpressions, policy: Policy, one: Fixture, known: Sequence[str]) -> list[str]:
    rules = rules_for(policy, one.facts.place, one.transition)
    try:
        seen = view(one.facts, one.transition)
    except Invalid as error:
        return [error.message]
    outcomes = await expressions.evaluate([rule.expression for rule in rules], seen)
    return differences(one, decision.of_policy(policy.name, rules, outcomes), known)

"""N of M as CEL: what a rule may say, and that the expression says what the words mean."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.adapters.cel.child import Evaluator
from strongroom.domain.errors import Invalid
from strongroom.domain.gates import bounds, fixtures
from strongroom.domain.gates.approving import APART_MOST, ROLES, TEAMS_MOST, Approving, expression, parse
from strongroom.domain.gates.policy import Place, Transition, TransitionKind
from strongroom.domain.gates.policy import parse as parse_policy
from strongroom.domain.gates.view import DAY_US, Approval, Facts, view

EVALUATOR = Evaluator()
TEAMS = ("risk", "legal", 'a "team"', "équipe")
TO_PROD = Transition(TransitionKind.STAGE, "production", "staging")
RULE = {"id": "two", "message": "Two of risk approve.", "approvals": {"count": 2, "teams": ["risk"]}}


def policy(rule: dict[str, Any]) -> dict[str, Any]:
    return {"policy": 1, "name": "p", "rules": [rule]}


def seen(approvals: Sequence[dict[str, Any]], rejections: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {"version": {"approvals": list(approvals), "rejections": list(rejections)}}


def word(*teams: str, role: str = "contributor", days: float = 0.0) -> dict[str, Any]:
    return {"by": "x", "teams": list(teams), "role": role, "days": days}


def test_what_is_left_out_asks_for_one_maintainer_who_nobody_rejects() -> None:
    assert parse({}) == Approving(1, (), False, "maintainer", None, False)
    assert parse({"teams": ["risk"]}) == Approving(1, ("risk",), False, "", None, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 0},
        {"count": 21},
        {"count": True},
        {"count": "2"},
        {"teams": "risk"},
        {"teams": [1]},
        {"teams": [""]},
        {"teams": ["two\nlines"]},
        {"teams": [str(n) for n in range(TEAMS_MOST + 1)]},
        {"role": "king"},
        {"days": 0},
        {"days": 366},
        {"distinct_teams": 1},
        {"despite_rejections": "no"},
        {"distinct_teams": True, "teams": ["a"], "count": 2},
        {"distinct_teams": True, "teams": [str(n) for n in range(APART_MOST + 1)]},
        {"other": 1},
    ],
)
def test_what_no_rule_may_ask_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        parse_policy(policy({**RULE, "approvals": wrong}))


def test_a_rule_has_an_expression_or_asks_for_approvals() -> None:
    (rule,) = parse_policy(policy(RULE)).rules
    assert rule.approvals == Approving(2, ("risk",))
    bounds.check(rule.expression)
    for wrong in ({**RULE, "expression": "true"}, {"id": "x", "message": "y"}):
        with pytest.raises(Invalid, match="expression"):
            parse_policy(policy(wrong))


def _matched(people: Sequence[Sequence[str]], teams: Sequence[str]) -> int:
    """How many of the teams can each be given a person of their own: by trying every way."""
    if not teams:
        return 0
    first, rest = teams[0], teams[1:]
    best = _matched(people, rest)
    for n, person in enumerate(people):
        if first in person:
            best = max(best, 1 + _matched([*people[:n], *people[n + 1 :]], rest))
    return best


def _means(asked: Approving, approvals: Sequence[dict[str, Any]], rejections: Sequence[dict[str, Any]]) -> bool:
    def counts(one: dict[str, Any], days: int | None) -> bool:
        role = not asked.role or ROLES.index(one["role"]) >= ROLES.index(asked.role)
        team = not asked.teams or bool(set(asked.teams) & set(one["teams"]))
        return role and team and (days is None or one["days"] <= days)

    if not asked.despite and any(counts(one, None) for one in rejections):
        return False
    people = [one["teams"] for one in approvals if counts(one, asked.days)]
    return (_matched(people, asked.teams) if asked.distinct else len(people)) >= asked.count


WORDS = st.lists(
    st.builds(
        lambda teams, role, days: word(*teams, role=role, days=days),
        st.sets(st.sampled_from(TEAMS)),
        st.sampled_from(ROLES),
        st.sampled_from((0.0, 5.0, 40.0)),
    ),
    max_size=5,
)
ASKED = st.builds(
    Approving,
    st.integers(1, 4),
    st.permutations(TEAMS).flatmap(lambda teams: st.integers(0, 4).map(lambda n: tuple(teams[:n]))),
    st.booleans(),
    st.sampled_from(("", *ROLES)),
    st.sampled_from((None, 5, 30)),
    st.booleans(),
).filter(lambda one: not one.distinct or one.count <= len(one.teams))


@given(ASKED, WORDS, WORDS)
def test_the_expression_says_what_the_words_mean(
    asked: Approving, approvals: list[dict[str, Any]], rejections: list[dict[str, Any]]
) -> None:
    """ "N of M from named teams": against a reference that tries every way of giving teams to people."""
    found = EVALUATOR.answer(expression(asked), seen(approvals, rejections))
    assert found is _means(asked, approvals, rejections)


def test_one_person_in_two_teams_is_one_person() -> None:
    two = expression(parse({"count": 2, "teams": ["risk", "legal"], "distinct_teams": True}))
    assert EVALUATOR.answer(two, seen([word("risk", "legal")])) is False
    assert EVALUATOR.answer(two, seen([word("risk"), word("risk")])) is False
    assert EVALUATOR.answer(two, seen([word("risk", "legal"), word("risk")])) is True


def test_the_largest_rule_is_within_bounds() -> None:
    teams = [letter * 40 for letter in "abcd"]
    bounds.check(expression(parse({"count": 4, "teams": teams, "distinct_teams": True, "days": 30, "role": "viewer"})))


def test_a_rule_sees_what_was_said_of_its_own_transition() -> None:
    """What was said of staging says nothing of production."""
    place = Place("default", "", "model", "churn")
    here = Approval("ann", ["risk"], "contributor", DAY_US, "stage", "production")
    there = Approval("bob", ["risk"], "contributor", 0, "stage", "staging")
    alias = Approval("cat", ["risk"], "contributor", 0, "alias", "production")
    facts = Facts(place, "u", 1, "t", "staging", approvals=[here, there, alias], rejections=[there], now=3 * DAY_US)
    shown = view(facts, TO_PROD)["version"]
    assert shown["approvals"] == [{"by": "ann", "teams": ["risk"], "role": "contributor", "days": 2.0}]
    assert shown["rejections"] == []


def test_fixtures_say_who_approved() -> None:
    said = {"approvals": [{"by": "ann", "teams": ["risk"], "days": 2}], "rejections": [{"by": "bob"}]}
    made: dict[str, Any] = {"version": said, "transition": {"kind": "stage", "target": "production"}, "passes": True}
    (one,) = fixtures.parse({"fixtures": [made]})
    shown = view(one.facts, one.transition)["version"]
    assert shown["approvals"] == [{"by": "ann", "teams": ["risk"], "role": "maintainer", "days": 2.0}]
    assert [word["by"] for word in shown["rejections"]] == ["bob"]
    for wrong in ({"by": "ann", "when": 1}, {}, "ann", {"by": "ann", "days": "long"}):
        with pytest.raises(Invalid):
            fixtures.parse({"fixtures": [{**made, "version": {"approvals": [wrong]}}]})

"""Policies: what a document may say, and to what its rules apply."""

from typing import Any

import pytest

from strongroom.domain.errors import Invalid
from strongroom.domain.gates.decision import Result, of_policy
from strongroom.domain.gates.policy import (
    RULES_MOST,
    Applies,
    Place,
    Policy,
    Rule,
    Transition,
    TransitionKind,
    applies,
    parse,
    rules_for,
)
from strongroom.domain.gates.view import LIST_MOST, Facts, Measured, view

RULE: dict[str, Any] = {"id": "good-enough", "expression": "true", "message": "Not good enough."}
DOCUMENT: dict[str, Any] = {"policy": 1, "name": "production", "rules": [RULE]}
PLACE = Place("default", "risk/eu", "model", "churn")
TO_PROD = Transition(TransitionKind.STAGE, "production", "staging")


def test_a_policy_is_read_from_its_document() -> None:
    said = {"transitions": ["stage"], "targets": ["prod*"], "kinds": ["model"], "assets": ["risk/*"]}
    found = parse({**DOCUMENT, "description": "d", "rules": [{**RULE, "applies": said}]})
    to = Applies((TransitionKind.STAGE,), ("prod*",), kinds=("model",), assets=("risk/*",))
    assert found == Policy("production", (Rule("good-enough", "true", "Not good enough.", to),), "d")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {**DOCUMENT, "policy": 2},
        {**DOCUMENT, "more": 1},
        {**DOCUMENT, "name": ""},
        {**DOCUMENT, "rules": []},
        {**DOCUMENT, "rules": {}},
        {**DOCUMENT, "rules": [RULE, RULE]},
        {**DOCUMENT, "rules": [{**RULE, "id": str(n)} for n in range(RULES_MOST + 1)]},
        {**DOCUMENT, "rules": [{**RULE, "id": "Bad Id"}]},
        {**DOCUMENT, "rules": [{**RULE, "message": " "}]},
        {**DOCUMENT, "rules": [{**RULE, "expression": "(("}]},
        {**DOCUMENT, "rules": [{**RULE, "expression": 1}]},
        {**DOCUMENT, "rules": [{**RULE, "applies": {"transitions": ["fly"]}}]},
        {**DOCUMENT, "rules": [{**RULE, "applies": {"kinds": ["car"]}}]},
        {**DOCUMENT, "rules": [{**RULE, "applies": {"targets": "prod"}}]},
        {**DOCUMENT, "rules": [{**RULE, "applies": {"others": []}}]},
        {**DOCUMENT, "rules": [{"id": "a"}]},
        {**DOCUMENT, "rules": ["true"]},
        {1: 2},
    ],
)
def test_what_is_no_policy_is_refused(wrong: object) -> None:
    with pytest.raises(Invalid):
        parse(wrong)


@pytest.mark.parametrize(
    ("to", "wanted"),
    [
        (Applies(), True),
        (Applies(transitions=(TransitionKind.STAGE,)), True),
        (Applies(transitions=(TransitionKind.ALIAS,)), False),
        (Applies(targets=("dev", "prod*")), True),
        (Applies(targets=("Prod*",)), False),
        (Applies(sources=("staging",)), True),
        (Applies(sources=("dev",)), False),
        (Applies(workspaces=("other",)), False),
        (Applies(kinds=("prompt",)), False),
        (Applies(assets=("risk/*",)), True),
        (Applies(assets=("churn",)), False),
        (Applies(assets=("risk/eu/chur?",), targets=("dev",)), False),
    ],
)
def test_a_rule_applies_to_what_fits_all_its_lists(to: Applies, wanted: bool) -> None:
    assert applies(to, PLACE, TO_PROD) is wanted
    rule = Rule("r", "true", "m", to)
    assert rules_for(Policy("p", (rule,)), PLACE, TO_PROD) == [rule] * wanted


def test_every_rule_has_its_decision_and_an_error_is_no_pass() -> None:
    """ "decisions (rule -> passed / failed / error with message, never an exception)"."""
    rules = [Rule(str(n), "true", f"m{n}") for n in range(4)]
    found = of_policy("p", rules, [True, False, "it took too long", 1])
    assert [one.result for one in found.rules] == [Result.PASSED, Result.FAILED, Result.ERROR, Result.ERROR]
    assert [one.reason for one in found.rules[:2]] == ["", "m1"]
    assert "it took too long" in found.rules[2].reason
    assert "no truth value" in found.rules[3].reason
    assert not found.passed
    assert of_policy("p", rules[:1], [True]).passed
    assert of_policy("p", [], []).passed, "where no rule applies there is nothing to fail"


def test_the_view_is_plain_data_and_nothing_is_cut() -> None:
    measured = Measured("accuracy", 0.9, "%", "higher", "quality", "nightly", "d" * 64, "holdout")
    facts = Facts(PLACE, "u", 3, "t", "staging", evaluations=[measured], requester="somebody", now=86_400_000_000 * 2)
    seen = view(facts, TO_PROD)
    assert seen["version"]["evaluations"][0]["value"] == 0.9
    assert (seen["version"]["name"], seen["version"]["namespace"], seen["version"]["age_days"]) == (
        "churn", "risk/eu", 2.0,
    )  # fmt: skip
    assert seen["transition"] == {
        "kind": "stage", "target": "production", "source": "staging", "requester": "somebody",
    }  # fmt: skip
    with pytest.raises(Invalid, match="more evaluations"):
        view(Facts(PLACE, "u", 3, "t", "", evaluations=[measured] * (LIST_MOST + 1)), TO_PROD)

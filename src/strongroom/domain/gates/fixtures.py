"""Fixtures: what a policy must say of made-up versions, so that it is tested before it stands before anything."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from strongroom.domain.errors import Invalid
from strongroom.domain.gates.decision import Decision, Result
from strongroom.domain.gates.policy import Place, Transition, TransitionKind
from strongroom.domain.gates.view import DAY_US, Approval, Facts, Measured, Upstream

FIXTURES_MOST: Final = 1_000
NAME_LONGEST: Final = 200

_PLACE: Final = {"workspace": "default", "namespace": "", "kind": "model", "name": "model"}
_SAID: Final = {field.name for field in dataclasses.fields(Facts)} - {"place", "now", "recorded_at"} | {"age_days"}


@dataclass(frozen=True, slots=True)
class Fixture:
    """A version on its way, and what must come of it.

    :param passes: whether the whole policy lets it pass. :param rules: what must come of single rules, by id.
    """

    name: str
    facts: Facts
    transition: Transition
    passes: bool
    rules: Mapping[str, Result]


def parse(document: object) -> list[Fixture]:
    """Fixtures from their document (docs/gates.md). :raises Invalid: it has another form."""
    found = document.get("fixtures") if isinstance(document, Mapping) else None
    if not isinstance(found, list) or not 1 <= len(found) <= FIXTURES_MOST:
        raise Invalid(f"A file of fixtures has a list of 1 to {FIXTURES_MOST} `fixtures`.", limit=FIXTURES_MOST)
    return [_fixture(number, one) for number, one in enumerate(found, 1)]


def _fixture(number: int, document: object) -> Fixture:
    what = f"Fixture {number}"
    said = _members(document, {"version", "transition", "passes"}, {"name", "rules"}, what)
    if not isinstance(said["passes"], bool):
        raise Invalid(f"{what}: `passes` is true or false.")
    try:
        rules = {str(rule): Result(one) for rule, one in dict(said.get("rules", {})).items()}
        way = _members(said["transition"], {"kind", "target"}, {"source"}, f"{what}: its transition")
        transition = Transition(TransitionKind(way["kind"]), str(way["target"]), str(way.get("source", "")))
    except (ValueError, TypeError):
        raise Invalid(f"{what}: a kind of transition or a result is unknown.") from None
    name = str(said.get("name", f"fixture {number}"))[:NAME_LONGEST]
    return Fixture(name, _facts(said["version"], transition, what), transition, said["passes"], rules)


def _facts(document: object, transition: Transition, what: str) -> Facts:
    said = dict(_members(document, set(), _SAID | _PLACE.keys(), f"{what}: its version"))
    place = Place(**{name: str(said.pop(name, default)) for name, default in _PLACE.items()})
    usual: dict[str, Any] = {"uid": "", "number": 1, "tree": "", "stage": "none"}
    try:
        age = float(said.pop("age_days", 0))
        evaluations = [Measured(**_measured(one)) for one in said.pop("evaluations", ())]
        lineage = [Upstream(**_UPSTREAM | one) for one in said.pop("lineage", ())]
        now = int(max(age, 0.0) * DAY_US)
        verdicts = {name: [_given(one, now, transition) for one in said.pop(name, ())] for name in _VERDICTS}
        return Facts(place=place, evaluations=evaluations, lineage=lineage, now=now, **usual | said | verdicts)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise Invalid(f"{what}: its version has another form: {error}"[:300]) from None


_MEASURED: Final[Mapping[str, Any]] = {
    "unit": "", "better": "higher", "kind": "quality", "evaluation": "", "dataset": "", "dataset_name": "",
}  # fmt: skip
_UPSTREAM: Final[dict[str, Any]] = {"type": "", "kind": "", "name": "", "digest": "", "flagged": False}


_VERDICTS: Final = ("approvals", "rejections")


def _given(document: Any, now: int, transition: Transition) -> Approval:  # noqa: ANN401 - a file's words
    """A verdict on the fixture's own transition, so many `days` ago."""
    said = _members(document, {"by"}, {"teams", "role", "days"}, "A verdict")
    at = now - int(float(said.get("days", 0)) * DAY_US)
    teams, role = [str(one) for one in said.get("teams", ())], str(said.get("role", "maintainer"))
    return Approval(str(said["by"]), teams, role, at, transition.kind.value, transition.target)


def _measured(document: Any) -> dict[str, Any]:  # noqa: ANN401 - a file's words
    found = {**_MEASURED, **document}
    return {**found, "value": float(found["value"])}


def _members(document: object, needed: set[str], more: set[str], what: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise Invalid(f"{what} is a map.")
    if missing := sorted(needed - document.keys()):
        raise Invalid(f"{what} needs {', '.join(missing)}.")
    if unknown := sorted(map(str, document.keys() - needed - more)):
        raise Invalid(f"{what} has no {unknown[0][:100]!r}.")
    return document


def differences(fixture: Fixture, decision: Decision, known: Sequence[str]) -> list[str]:
    """How a decision differs from what the fixture asks for; a rule that does not apply is not there.

    :param known: ids of all rules of the policy.
    """
    came = {one.rule: one for one in decision.rules}
    found = []
    for rule, wanted in fixture.rules.items():
        if rule not in known:
            found.append(f"the policy has no rule {rule!r}")
        elif rule not in came:
            found.append(f"{rule}: does not apply, not {wanted.value}")
        elif came[rule].result is not wanted:
            found.append(f"{rule}: {came[rule].result.value}, not {wanted.value} ({came[rule].reason})")
    if decision.passed is not fixture.passes:
        stopped = [f"{one.rule}: {one.reason}" for one in decision.rules if one.stops]
        found.append("it passes" if decision.passed else f"it does not pass: {'; '.join(stopped)}")
    return found

"""Policies: rules as data, each an expression, what it says when it fails, and to which transitions it applies."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from strongroom.domain.errors import Invalid
from strongroom.domain.gates import approving, bounds
from strongroom.domain.gates.approving import Approving
from strongroom.domain.registry.kinds import Kind
from strongroom.domain.registry.text import clean_line, clean_text

FORMAT: Final = 1
RULES_MOST: Final = 100
PATTERNS_MOST: Final = 50
PATTERN_LONGEST: Final = 255
MESSAGE_LONGEST: Final = 1_000
NAME_LONGEST: Final = 96
_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


class TransitionKind(StrEnum):
    """What a version does that a gate may stand before."""

    STAGE = "stage"
    ALIAS = "alias"
    ENVIRONMENT = "environment"
    REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class Transition:
    """A version on its way. `source` is the stage or environment that it leaves, empty for none; an alias has none."""

    kind: TransitionKind
    target: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the version is: the slug of its workspace, the path of its namespace, its asset's kind and name."""

    workspace: str
    namespace: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Applies:
    """To what a rule applies; patterns have ``*`` and ``?``, each list is satisfied by one of it, an empty one by all.

    :param assets: of ``namespace/name``.
    """

    transitions: tuple[TransitionKind, ...] = ()
    targets: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Its expression is CEL over the view (`domain.gates.view`) and gives a truth value.

    :param approvals: what the expression was made of, where the policy says it so.
    """

    id: str
    expression: str
    message: str
    applies: Applies = Applies()
    approvals: Approving | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of rules; a version passes when every rule that applies does."""

    name: str
    rules: tuple[Rule, ...]
    description: str = ""


def rules_for(policy: Policy, place: Place, transition: Transition, *, named: bool = False) -> list[Rule]:
    """The rules of a policy that apply, in its order.

    :param named: only those that name their targets, as for an alias that is not protected.
    """
    return [
        rule
        for rule in policy.rules
        if applies(rule.applies, place, transition) and (not named or rule.applies.targets)
    ]


def applies(to: Applies, place: Place, transition: Transition) -> bool:
    """Whether a rule is to be asked."""
    path = f"{place.namespace}/{place.name}" if place.namespace else place.name
    return (
        _among(to.transitions, transition.kind)
        and _fits(to.targets, transition.target)
        and _fits(to.sources, transition.source)
        and _fits(to.workspaces, place.workspace)
        and (not to.kinds or place.kind in to.kinds)
        and _fits(to.assets, path)
    )


def _among(kinds: Sequence[TransitionKind], kind: TransitionKind) -> bool:
    """Registration is asked about only by name: it is no way to somewhere."""
    return kind in kinds if kinds else kind is not TransitionKind.REGISTRATION


def _fits(patterns: Sequence[str], text: str) -> bool:
    # only * and ? are signs of ours: a name may have brackets
    return not patterns or any(fnmatch.fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)


def parse(document: object) -> Policy:
    """A policy from its document (docs/gates.md), of which nobody knows what is in it.

    :raises Invalid: a member is missing, unknown or of another form; a rule is there twice; an expression is too much.
    """
    said = _members(document, {"policy", "name", "rules"}, {"description"}, "A policy")
    if said["policy"] != FORMAT:
        raise Invalid(f"The format of a policy is {FORMAT}.")
    rules = said["rules"]
    if not isinstance(rules, list) or not 1 <= len(rules) <= RULES_MOST:
        raise Invalid(f"A policy has 1 to {RULES_MOST} rules.", limit=RULES_MOST)
    found = tuple(_rule(one) for one in rules)
    if len({one.id for one in found}) < len(found):
        raise Invalid("The id of a rule is its own.")
    name = clean_line(_text(said["name"]), what="name of a policy", longest=NAME_LONGEST, error=Invalid)
    description = clean_text(_text(said.get("description", "")), what="description", longest=MESSAGE_LONGEST)
    return Policy(name, found, description)


def _rule(document: object) -> Rule:
    said = _members(document, {"id", "message"}, {"expression", "approvals", "applies"}, "A rule")
    id_ = _text(said["id"])
    if not _ID.fullmatch(id_):
        raise Invalid("The id of a rule has 1 to 64 small letters, digits and . _ -")
    try:
        asked, expression = _asked(said)
        bounds.check(expression)
    except Invalid as error:
        raise Invalid(f"Rule {id_}: {error.message}", rule=id_) from error
    message = clean_text(_text(said["message"]), what="message", longest=MESSAGE_LONGEST).strip()
    if not message:
        raise Invalid(f"Rule {id_} says what is wrong.", rule=id_)
    return Rule(id_, expression, message, _applies(said.get("applies", {})), asked)


def _asked(said: Mapping[str, Any]) -> tuple[Approving | None, str]:
    """What a rule asks for in CEL, and the approvals that it was made of."""
    if ("expression" in said) == ("approvals" in said):
        raise Invalid("it has an `expression` or asks for `approvals`.")
    if "expression" in said:
        return None, _text(said["expression"])
    asked = approving.parse(_members(said["approvals"], set(), set(approving.MEMBERS), "What it asks for"))
    return asked, approving.expression(asked)


def _applies(document: object) -> Applies:
    names = {"transitions", "targets", "sources", "workspaces", "kinds", "assets"}
    said = {
        name: _patterns(value) for name, value in _members(document, set(), names, "What a rule applies to").items()
    }
    unknown = set(said.get("transitions", ())) - set(TransitionKind)
    if unknown or set(said.get("kinds", ())) - set(Kind):
        raise Invalid(f"Transitions are {', '.join(TransitionKind)}; kinds are those of assets.")
    transitions = tuple(TransitionKind(one) for one in said.pop("transitions", ()))
    return Applies(transitions, **said)


def _patterns(found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or len(found) > PATTERNS_MOST:
        raise Invalid(f"Patterns are a list of at most {PATTERNS_MOST}.", limit=PATTERNS_MOST)
    return tuple(clean_line(_text(one), what="pattern", longest=PATTERN_LONGEST, error=Invalid) for one in found)


def _members(document: object, needed: set[str], more: set[str], what: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise Invalid(f"{what} is a map.")
    found = {str(name) for name in document}
    if missing := sorted(needed - found):
        raise Invalid(f"{what} needs {', '.join(missing)}.")
    if unknown := sorted(found - needed - more):
        raise Invalid(f"{what} has no {unknown[0][:100]!r}.")
    return document


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise Invalid("A text is missing.")
    return found

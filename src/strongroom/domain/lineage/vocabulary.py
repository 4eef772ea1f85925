"""The types of edges, as one table: which ends each may have, who may say it, and what follows from it.

An edge is read from source to target ("data set is input of run"); down a graph leads from what was to what came of
it. An end's *form* is ``version``, ``run``, ``logged_model`` or ``principal`` for what is ours, else the node's kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from strongroom.domain.errors import Invalid

NODE_KINDS: Final = frozenset({"artifact", "action", "context", "dataset", "code", "image", "job"})
THINGS: Final = frozenset({"version", "logged_model", "artifact", "dataset", "code", "image"})
"""What is read and put out."""
ACTIVITIES: Final = frozenset({"run", "action", "job"})
"""What reads and puts out."""
_VERSION: Final = frozenset({"version"})
_MODELS: Final = frozenset({"version", "logged_model", "artifact", "image"})
_ANY: Final = THINGS | ACTIVITIES | {"context"}


class EdgeType(StrEnum):
    """What an edge says; see `RULES`."""

    INPUT = "input"
    OUTPUT = "output"
    REGISTERED = "registered"
    BASE = "base"
    ADAPTER = "adapter"
    MERGE = "merge"
    QUANTISED = "quantised"
    CONVERTED = "converted"
    COPIED = "copied"
    LINKED = "linked"
    DERIVED = "derived"
    EVALUATED = "evaluated"
    EVALUATION = "evaluation"
    DESCRIBES = "describes"
    MEMBER = "member"
    MEMBER_OF = "member_of"
    ASSOCIATED = "associated"
    CONSUMED_BY = "consumed_by"


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds of a type of edges.

    :param says: how to read it, with S and T for its ends.
    :param speaks: the end about which the edge is a statement: saying it needs the right to write there, and at the
        other end the right to read.
    :param carries: whether what is wrong with the source may be wrong with the target.
    :param derives: whether it must close no loop between versions (domain.md N10).
    :param asserted: whether callers may say it; the others appear by themselves.
    """

    says: str
    sources: frozenset[str]
    targets: frozenset[str]
    speaks: Literal["source", "target"] = "target"
    carries: bool = True
    derives: bool = False
    asserted: bool = True


RULES: Mapping[EdgeType, Rule] = MappingProxyType(
    {
        EdgeType.INPUT: Rule("S was read by T", THINGS, ACTIVITIES),
        EdgeType.OUTPUT: Rule("S put out T", ACTIVITIES, THINGS, speaks="source"),
        EdgeType.REGISTERED: Rule("T was registered from S", ACTIVITIES | {"logged_model"}, _VERSION),
        EdgeType.BASE: Rule("T was trained on from S", _MODELS, _VERSION, derives=True),
        EdgeType.ADAPTER: Rule("T is an adapter for S", _MODELS, _VERSION, derives=True),
        EdgeType.MERGE: Rule("T was merged from S and others", _MODELS, _VERSION, derives=True),
        EdgeType.QUANTISED: Rule("T is S in fewer bits", _MODELS, _VERSION, derives=True),
        EdgeType.CONVERTED: Rule("T is S in another format", _MODELS, _VERSION, derives=True),
        EdgeType.COPIED: Rule("T is a copy of S", THINGS, _VERSION, derives=True),
        EdgeType.LINKED: Rule("T is a link that shows S", _VERSION, _VERSION, derives=True, asserted=False),
        EdgeType.DERIVED: Rule("T was made from S, one of them not ours", THINGS, THINGS),
        EdgeType.EVALUATED: Rule("S was judged by T", THINGS, ACTIVITIES),
        EdgeType.EVALUATION: Rule("T was evaluated on S", _VERSION, _VERSION, carries=False, asserted=False),
        EdgeType.DESCRIBES: Rule("S describes T", THINGS, THINGS, speaks="source", carries=False),
        EdgeType.MEMBER: Rule("S is a member of T by its manifest", _VERSION, _VERSION, asserted=False),
        EdgeType.MEMBER_OF: Rule("S is part of T", _ANY, frozenset({"context"}), speaks="source", carries=False),
        EdgeType.ASSOCIATED: Rule("S has to do with T", _ANY, _ANY, carries=False),
        EdgeType.CONSUMED_BY: Rule(
            "S was read by T", _VERSION, frozenset({"principal"}), carries=False, asserted=False
        ),
    }
)

DERIVATION: Final = frozenset(type_ for type_, rule in RULES.items() if rule.derives)
"""Edges that between versions must not close a loop; edges of runs may."""

CARRYING: Final = frozenset(type_ for type_, rule in RULES.items() if rule.carries)
"""Edges along which a flag has consequences."""


def parse_type(text: str) -> EdgeType:
    """The type of that name. :raises Invalid: none."""
    try:
        return EdgeType(text)
    except ValueError:
        raise Invalid(f"A type of edges is one of {', '.join(EdgeType)}.") from None


def check_ends(type_: EdgeType, source: str, target: str) -> None:
    """:raises Invalid: an edge of this type does not join ends of these forms."""
    rule = RULES[type_]
    if source not in rule.sources or target not in rule.targets:
        raise Invalid(
            f"An edge of type {type_} goes from {_either(rule.sources)} to {_either(rule.targets)}.",
            sources=sorted(rule.sources),
            targets=sorted(rule.targets),
        )
    if type_ is EdgeType.DERIVED and source == target == "version":
        raise Invalid("Between two versions say how one came of the other: base, adapter, merge and so on.")


def _either(forms: frozenset[str]) -> str:
    *most, last = sorted(forms)
    return f"{', '.join(most)} or {last}" if most else last

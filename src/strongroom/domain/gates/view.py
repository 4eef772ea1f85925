"""What a rule sees of a version: plain data of a documented shape (docs/gates.md), bounded in every list.

Everything that may be asked is always there, so that a rule fails by its own truth and not by a member that is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from strongroom.domain.errors import Invalid
from strongroom.domain.gates.policy import Place, Transition

LIST_MOST: Final = 1_000
"""Items of any list or map of the view; two comprehensions in each other then take a million steps at most."""
TEXT_LONGEST: Final = 20_000
DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of one evaluation that stands on data whose digest is known; the newest of its metric and data set."""

    metric: str
    value: float
    unit: str
    better: str
    kind: str
    evaluation: str
    dataset: str
    dataset_name: str
    low: float | None = None
    high: float | None = None
    rows: int | None = None
    judge: str = ""
    dataset_resolved: bool = False


@dataclass(frozen=True, slots=True)
class Upstream:
    """Something that the version came from, one edge away or more. `kind` is as in lineage."""

    type: str
    kind: str
    name: str
    digest: str
    flagged: bool
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A verdict that stands on the version, for one transition; see `domain.approvals`.

    :param by: uid. :param teams: names of those it was a member of when it was given. :param at: microseconds UTC.
    """

    by: str
    teams: Sequence[str]
    role: str
    at: int
    transition: str
    target: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a version at one moment, under one `evidence_epoch`."""

    place: Place
    uid: str
    number: int
    tree: str
    stage: str
    aliases: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    evaluations: Sequence[Measured] = ()
    lineage: Sequence[Upstream] = ()
    licence: str = ""
    approvals: Sequence[Approval] = ()
    rejections: Sequence[Approval] = ()
    card: Mapping[str, str] = field(default_factory=dict)
    findings: Sequence[str] = ()
    flags: Sequence[str] = ()
    author: str = ""
    requester: str = ""
    unpinned: bool = False
    has_signature: bool = False
    size: int = 0
    recorded_at: int = 0
    now: int = 0


def view(facts: Facts, transition: Transition) -> dict[str, Any]:
    """The variables of an expression: `version` and `transition`.

    :raises Invalid: a list is longer than a rule may see; nothing is cut, as a rule could then pass for it.
    """
    version = {**asdict(facts), **asdict(facts.place)}
    for gone in ("place", "recorded_at", "now", "requester"):
        del version[gone]
    version["age_days"] = max(facts.now - facts.recorded_at, 0) / DAY_US
    for name, value in version.items():
        if isinstance(value, Sequence | Mapping) and not isinstance(value, str) and len(value) > LIST_MOST:
            raise Invalid(f"The version has more {name} than a rule may see.", limit=LIST_MOST)
    if any(len(text) > TEXT_LONGEST for text in facts.card.values()):
        raise Invalid("A section of the card is longer than a rule may see.", limit=TEXT_LONGEST)
    for name in ("aliases", "evaluations", "lineage", "findings", "flags"):
        version[name] = list(version[name])
    for name in ("tags", "properties", "card"):
        version[name] = [{"key": key, "value": value} for key, value in sorted(version[name].items())]
    version["approvals"] = _given(facts.approvals, facts.now, transition)
    version["rejections"] = _given(facts.rejections, facts.now, transition)
    way = {"kind": transition.kind.value, "target": transition.target, "source": transition.source}
    return {"version": version, "transition": {**way, "requester": facts.requester}}


def _given(verdicts: Sequence[Approval], now: int, transition: Transition) -> list[dict[str, Any]]:
    """Those of this very transition; what was said of staging says nothing of production."""
    way = (transition.kind.value, transition.target)
    return [
        {"by": one.by, "teams": list(one.teams), "role": one.role, "days": max(now - one.at, 0) / DAY_US}
        for one in verdicts
        if (one.transition, one.target) == way
    ]

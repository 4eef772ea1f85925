"""What must stand behind a version ("trained from a data set with a digest"), compared with what does.

Pure, so that gates can ask it of facts that they froze: a requirement, the edges upstream, what is known of each end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from strongroom.domain.errors import Invalid
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex
from strongroom.domain.lineage.vocabulary import RULES
from strongroom.domain.registry.kinds import Kind

REQUIREMENTS_MOST: Final = 50
DEPTH_MOST: Final = 50
FACTS: Final = ("digest", "commit", "live", "unflagged")
"""What may be asked of an end: it has a digest, names a commit, is not deleted, bears no flag."""
_FORMS: Final = frozenset().union(*(rule.sources | rule.targets for rule in RULES.values()))
_KINDS: Final = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True)
class Requirement:
    """Somewhere up the graph stands something of this form, reached by an edge of one of these types.

    :param name: what the asker calls it. :param types: of the edge that leads away from it; empty for any.
    :param forms: ``version``, ``run`` or a kind of node; or, of versions, the asset's kind: ``dataset`` is a node of
        that kind as well as a version of a data set. Empty for any.
    :param facts: what must be true of it, of `FACTS`. :param depth: how many edges away it may be.
    :param every: all that fit types and forms must have the facts, should there be any; else one is enough, and needed.
    """

    name: str
    types: frozenset[EdgeType] = frozenset()
    forms: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    depth: int = 10
    every: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= DEPTH_MOST:
            raise Invalid(f"A requirement looks 1 to {DEPTH_MOST} edges far.", limit=DEPTH_MOST)
        if not self.facts <= set(FACTS):
            raise Invalid(f"Facts are of {', '.join(FACTS)}.")
        if not self.forms <= _FORMS | _KINDS:
            raise Invalid(f"Forms are of {', '.join(sorted(_FORMS | _KINDS))}.")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a vertex: its forms (a version of a data set is ``version`` and ``dataset``) and facts."""

    forms: frozenset[str]
    facts: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Missing:
    """A requirement that is not met. `found`: how many fit but lack a fact; `lacking`: which facts, sorted."""

    name: str
    found: int
    lacking: Sequence[str]


PRESETS: Final[Mapping[str, Requirement]] = {
    requirement.name: requirement
    for requirement in (
        Requirement(
            "dataset_with_digest",
            frozenset({EdgeType.INPUT}),
            frozenset({"dataset"}),
            frozenset({"digest"}),
        ),
        Requirement("every_dataset_with_digest", forms=frozenset({"dataset"}), facts=frozenset({"digest"}), every=True),
        Requirement("code_commit", forms=frozenset({"run", "code"}), facts=frozenset({"commit"})),
        Requirement("registered_from_run", frozenset({EdgeType.REGISTERED}), frozenset({"run"}), depth=1),
        Requirement("upstream_unflagged", facts=frozenset({"unflagged"}), every=True),
    )
}
"""Requirements that everybody has, by name."""


def missing(
    start: Vertex, edges: Iterable[Edge], known: Mapping[Vertex, Known], requirements: Sequence[Requirement]
) -> list[Missing]:
    """The requirements that are not met.

    :param edges: those upstream of the start, in any order. :param known: of their sources; who is not in it is
        nothing, as what a caller may not see.
    """
    above: dict[Vertex, list[Edge]] = {}
    for edge in edges:
        above.setdefault(edge.target, []).append(edge)
    distances = _distances(start, above)
    return [lack for requirement in requirements if (lack := _lack(requirement, above, distances, known)) is not None]


def _distances(start: Vertex, above: Mapping[Vertex, Sequence[Edge]]) -> dict[Vertex, int]:
    distances, frontier = {start: 0}, [start]
    while frontier:
        new = dict.fromkeys(edge.source for vertex in frontier for edge in above.get(vertex, ()))
        depth = distances[frontier[0]] + 1
        frontier = [vertex for vertex in new if vertex not in distances]
        distances.update(dict.fromkeys(frontier, depth))
    return distances


def _lack(
    asked: Requirement,
    above: Mapping[Vertex, Sequence[Edge]],
    distances: Mapping[Vertex, int],
    known: Mapping[Vertex, Known],
) -> Missing | None:
    fitting: dict[Vertex, frozenset[str]] = {}
    for target, edges in above.items():
        if distances.get(target, DEPTH_MOST) >= asked.depth:
            continue
        for edge in edges:
            there = known.get(edge.source)
            if (
                there
                and (not asked.types or edge.type in asked.types)
                and (not asked.forms or asked.forms & there.forms)
            ):
                fitting[edge.source] = asked.facts - there.facts
    wanting = [lacking for lacking in fitting.values() if lacking]
    if not wanting if asked.every else len(wanting) < len(fitting):
        return None
    return Missing(asked.name, len(wanting), sorted(frozenset().union(*wanting)))

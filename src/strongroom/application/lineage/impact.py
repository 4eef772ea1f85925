"""What is affected when something turns out to be bad: all that came of it, who is pointed at it, who has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call
from strongroom.application.lineage import consumption, flags
from strongroom.application.lineage.consumption import ConsumerView
from strongroom.application.lineage.flags import FlagView
from strongroom.application.lineage.graph import DEEPEST, VERTICES_MOST, check_bounds, find
from strongroom.application.lineage.views import HIDDEN, VertexView
from strongroom.application.lineage.walking import Walk
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.lineage.vocabulary import CARRYING

CONSUMERS_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class AffectedView:
    """Something that came of what is bad, so many edges away; `aliases` point at it if it is a version."""

    vertex: VertexView
    distance: int
    aliases: Sequence[str]


@dataclass(frozen=True, slots=True)
class ImpactView:
    """What is affected, the nearest first; the first is the thing itself.

    :param flags: on the thing itself. :param consumers: who read any of the versions, the latest first, at most 1,000.
    :param hidden: something that the caller may not see came of it too: somebody who sees more should ask.
    :param truncated: a limit left something out.
    """

    flags: Sequence[FlagView]
    affected: Sequence[AffectedView]
    consumers: Sequence[ConsumerView]
    hidden: bool
    truncated: bool


def impact(call: Call, kind: str, uid: str, *, depth: int = DEEPEST, most: int = VERTICES_MOST) -> ImpactView:
    """Follow the edges that carry what is wrong (`vocabulary.CARRYING`) down from a version, run or node."""
    check_bounds(depth, most)
    start = find(call, kind, uid)
    walk = Walk(call, most, sorted(CARRYING))
    walk.begin(start)
    walk.go(start, "down", depth)
    versions = {vertex.id: place for vertex, place in walk.places.items() if vertex.kind == "version"}
    aliases = call.tx.aliases.of_versions(sorted(versions))
    named = {versions[id_]: [alias.name for alias in found] for id_, found in aliases.items()}
    affected = [
        AffectedView(view, walk.distances[place], sorted(named.get(place, ())))
        for place, view in enumerate(walk.views)
        if view is not HIDDEN
    ]
    rows = call.tx.lineage.consumers(sorted(versions), None, CONSUMERS_MOST + 1)
    consumers = consumption.shown(walk.sight, rows[:CONSUMERS_MOST])
    left_out = walk.truncated or len(rows) > CONSUMERS_MOST or depth_cut(walk, depth)
    hidden = walk.meets_hidden or len(consumers) < min(len(rows), CONSUMERS_MOST)
    return ImpactView(flags.of(call, kind, uid), affected, consumers, hidden, left_out)


def depth_cut(walk: Walk, depth: int) -> bool:
    """Whether something stands at the last level, behind which there may be more."""
    return max(walk.distances) >= depth


def flagged_above(call: Call, start: Vertex, *, depth: int = DEEPEST) -> Sequence[VertexView]:
    """What the caller sees flagged among all that a thing came from."""
    walk = Walk(call, VERTICES_MOST, sorted(CARRYING))
    walk.begin(start)
    walk.go(start, "up", depth)
    return [view for view in walk.views[1:] if view.flagged]

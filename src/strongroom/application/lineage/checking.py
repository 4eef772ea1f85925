"""Whether what must stand behind a version does: the facts are gathered here, `domain.lineage.check` compares them."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.lineage.graph import VERTICES_MOST
from strongroom.application.lineage.walking import Walk
from strongroom.application.registry import versions
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.check import PRESETS, REQUIREMENTS_MOST, Known, Missing, Requirement, missing
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.registry.model import Version

_GONE = {"trashed", "purged", "deleted"}


@dataclass(frozen=True, slots=True)
class CheckView:
    """Which requirements are not met. `complete`: all that stands behind the version was seen, within the limits.

    Where it is false, what was left out or is hidden from the caller might meet them.
    """

    met: bool
    missing: Sequence[Missing]
    complete: bool


def requirement(name: str) -> Requirement:
    """A requirement that everybody has. :raises Invalid: none of that name."""
    if name not in PRESETS:
        raise Invalid(f"Requirements that have a name are {', '.join(sorted(PRESETS))}.")
    return PRESETS[name]


def check(call: Call, version_uid: str, requirements: Sequence[Requirement]) -> CheckView:
    """What is missing behind a version, as far as the caller may see."""
    version = versions.by_uid(call, version_uid, Permission.LINEAGE_READ)[1]
    return check_version(call, version, requirements)


def check_version(
    call: Call, version: Version, requirements: Sequence[Requirement], *, everything: bool = False
) -> CheckView:
    """The same for a version at hand.

    :param everything: look at what the caller may not see as well: for gates, which answer yes or no.
    """
    if not 1 <= len(requirements) <= REQUIREMENTS_MOST:
        raise Invalid(f"Between 1 and {REQUIREMENTS_MOST} requirements at a time.", limit=REQUIREMENTS_MOST)
    start = Vertex("version", version.id)
    walk = Walk(call, VERTICES_MOST, everything=everything)
    walk.begin(start)
    walk.go(start, "up", max(asked.depth for asked in requirements))
    lacking = missing(start, walk.edges, _known(walk), requirements)
    return CheckView(not lacking, lacking, not (walk.truncated or walk.meets_hidden))


def _known(walk: Walk) -> dict[Vertex, Known]:
    known = {}
    for vertex, place in walk.places.items():
        view, sketch = walk.views[place], walk.sight.sketches[vertex]
        facts = {
            "digest": view.digest is not None and sketch.pinned,
            "commit": sketch.commit,
            "live": view.state not in _GONE,
            "unflagged": not view.flagged,
        }
        kind = view.type or ""
        forms = {"version": {"version", kind}, "node": {kind}}.get(vertex.kind, {vertex.kind})
        known[vertex] = Known(frozenset(forms), frozenset(name for name, holds in facts.items() if holds))
    return known

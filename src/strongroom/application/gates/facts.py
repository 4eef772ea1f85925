"""What rules see of a version, gathered in the transaction that decides.

The version's row is locked by whoever asks in order to change something. Whatever is evidence raises the version's
`evidence_epoch`, which takes the same lock: so what is read here is what stands when the transaction commits.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.approvals import standing
from strongroom.application.call import Call
from strongroom.application.lineage.walking import Walk
from strongroom.domain.errors import Invalid
from strongroom.domain.gates.policy import Place
from strongroom.domain.gates.view import LIST_MOST, Approval, Facts, Measured, Upstream
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.registry.card import CardValue
from strongroom.domain.registry.model import Asset, Version
from strongroom.domain.registry.stages import NONE

DEEPEST: Final = 10
"""Edges that lineage is followed upwards."""
MINUTE_US: Final = 60_000_000
LICENCE_KEYS: Final = ("licence", "license")
EVALUATIONS_MOST: Final = 1_000

_HEADING: Final = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Again:
    """A step that was taken is asked about again: who asked (uid), and the approvals that it was taken with."""

    requester: str
    approvals: Sequence[Approval]


def gather(call: Call, asset: Asset, version: Version, again: Again | None = None) -> Facts:
    """Everything that a rule may ask of a version.

    What the caller may not see counts too: a rule answers yes or no.

    :param again: None for a step that is to be taken now, by the caller.
    :raises Invalid: there is more of something than a rule may see.
    """
    tags = call.tx.tags.current("version", [version.id]).get(version.id, ())
    aliases = call.tx.aliases.of_versions([version.id]).get(version.id, ())
    flags = call.tx.lineage.flags_of([Vertex("version", version.id)], LIST_MOST + 1, removed=False)
    requester = again.requester if again else call.caller.uid
    approvals, rejections = standing.verdicts(call, version, requester)
    return Facts(
        place=place(call, asset),
        uid=version.uid,
        number=version.number or 0,
        tree=version.tree or "",
        stage=version.stage or NONE,
        aliases=sorted(alias.name for alias in aliases),
        tags={tag.key: tag.value or "" for tag in tags},
        properties=call.tx.tags.properties("version", [version.id]).get(version.id, {}),
        evaluations=_measured(call, version),
        lineage=_upstream(call, version),
        licence=_licences(call, {version.id: version}).get(version.id, ""),
        card=sections(asset.card or ""),
        approvals=again.approvals if again else approvals,
        rejections=rejections,
        flags=sorted({flag.cause.value for flag in flags}),
        author=version.created_by,
        requester=requester,
        unpinned=version.unpinned,
        has_signature=bool(version.signature),
        size=version.bytes,
        recorded_at=version.recorded_at,
        # of whole minutes: the same question is then asked and answered
        now=call.now // MINUTE_US * MINUTE_US,
    )


def place(call: Call, asset: Asset) -> Place:
    """Where an asset is, by which rules are chosen."""
    return Place(call.workspace.slug, asset.namespace_path, asset.kind, asset.name)


def _measured(call: Call, version: Version) -> list[Measured]:
    """Of the evaluations that stand on known data, the newest of each metric and data set."""
    stored = call.tx.evaluations.list(
        version.id, name=None, metric=None, standing=True, after=None, limit=EVALUATIONS_MOST + 1, slices=False
    )
    if len(stored) > EVALUATIONS_MOST:
        raise Invalid("The version has more evaluations than a rule may see.", limit=EVALUATIONS_MOST)
    found: dict[tuple[str, str, str, bool], Measured] = {}
    for one in sorted((one for one in stored if one.data.bound), key=lambda one: (-one.root_id, -one.id)):
        for measure in one.measures:
            said = Measured(
                metric=measure.name,
                value=measure.value,
                unit=measure.unit,
                better=measure.better.value,
                kind=measure.kind.value,
                evaluation=one.uid,
                dataset=one.data.digest,
                dataset_name=one.data.name,
                low=measure.low,
                high=measure.high,
                rows=measure.rows,
                judge=one.judge.name if one.judge else "",
                dataset_resolved=one.data.resolved,
            )
            # a later claim on the same bytes does not hide what is known of our own data set
            found.setdefault((measure.name, one.data.digest, one.data.name, one.data.resolved), said)
    return [found[key] for key in sorted(found)]


def _upstream(call: Call, version: Version) -> list[Upstream]:
    """What stands above a version, each with the edge by which it was met first."""
    start = Vertex("version", version.id)
    walk = Walk(call, LIST_MOST, everything=True)
    walk.begin(start)
    walk.go(start, "up", DEEPEST)
    if walk.truncated:
        raise Invalid("More stands behind the version than a rule may see.", limit=LIST_MOST)
    above = [vertex.id for vertex in walk.places if vertex.kind == "version" and vertex != start]
    licences = _licences(call, call.tx.versions.by_ids(above)) if above else {}
    found: dict[tuple[Vertex, str], Upstream] = {}
    for edge in walk.edges:
        if edge.source not in walk.places or edge.source == start:
            continue
        seen = walk.views[walk.places[edge.source]]
        licence = licences.get(edge.source.id, "") if edge.source.kind == "version" else ""
        kind = seen.type or seen.kind
        up = Upstream(edge.type.value, kind, seen.label or "", seen.digest or "", seen.flagged, licence)
        found.setdefault((edge.source, edge.type.value), up)
    return sorted(found.values(), key=lambda up: (up.type, up.kind, up.name, up.digest))


def _licences(call: Call, versions: Mapping[int, Version]) -> dict[int, str]:
    """Of each version its own tag, else what its asset's card or tag says."""
    owners = sorted({version.asset_id for version in versions.values()})
    cards = call.tx.cards.of(owners)
    of_assets, own = call.tx.tags.current("asset", owners), call.tx.tags.current("version", sorted(versions))
    found = {}
    for id_, version in versions.items():
        said = [tag.value for tag in own.get(id_, ()) if tag.key in LICENCE_KEYS]
        card = cards.get(version.asset_id)
        said += _of_card(card.data) if card else []
        said += [tag.value for tag in of_assets.get(version.asset_id, ()) if tag.key in LICENCE_KEYS]
        found[id_] = next((text for text in said if text), "")
    return found


def _of_card(data: Mapping[str, CardValue]) -> list[str]:
    said = data.get("license")
    return [said] if isinstance(said, str) else [str(one) for one in said[:1]] if isinstance(said, list) else []


def sections(card: str) -> dict[str, str]:
    """The sections of a card by their headings in small letters; of two with one heading the first."""
    marks = list(_HEADING.finditer(card))
    found: dict[str, str] = {}
    for place, mark in enumerate(marks):
        end = marks[place + 1].start() if place + 1 < len(marks) else len(card)
        found.setdefault(mark.group(1).strip().lower(), card[mark.end() : end].strip())
    return found

"""Who is concerned by a recall: what it reaches, page by page, with aliases, releases, targets, readers and owners."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from strongroom.application.call import Call
from strongroom.application.lineage.consumption import shown
from strongroom.application.lineage.sight import Sight
from strongroom.application.lineage.views import VertexView
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.recalls import Part, Reached
from strongroom.application.recalls.recalling import by_uid
from strongroom.application.recalls.views import AffectedView, OwnerView, PlaceView, ReaderView, RunsOnView
from strongroom.domain.delivery.targets import Target
from strongroom.domain.identity.roles import Role, Scope
from strongroom.domain.recalls.model import Bars
from strongroom.domain.registry.model import Version

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
ROWS_MOST: Final = 100
"""Vertices in a page."""
LISTED: Final = 20
FOUND_MOST: Final = 5_000
"""Releases, and reads, that are looked at for one page."""
_TOLD: Final = frozenset({Role.ADMIN, Role.MAINTAINER})


@dataclass(frozen=True, slots=True)
class _Around:
    """What surrounds the versions of a page, by their ids. :ivar cut: more was there than is looked at."""

    versions: Mapping[int, Version]
    aliases: Mapping[int, Sequence[str]]
    parts: Mapping[int, Sequence[Part]]
    targets: Mapping[tuple[int, str], Sequence[Target]]
    readers: Mapping[str, Sequence[ReaderView]]
    owners: Mapping[int, Sequence[OwnerView]]
    environments: Mapping[int, str]
    cut: bool


def listed(call: Call, recall_uid: str, page: PageRequest) -> Page[AffectedView]:
    """What a recall reaches, the nearest first, without what the caller may not see."""
    recall = by_uid(call, recall_uid)
    listing, size = f"recall-impact/{recall.id}", min(page.size, ROWS_MOST)
    rows = call.tx.recalls.reached(recall.id, call.sealer.open(listing, page.token), size + 1)
    kept = call.sealer.page(listing, rows, size, lambda one: (one.distance, one.vertex.kind, one.vertex.id))
    sight = Sight(call)
    seen = sight.look([row.vertex for row in kept.items])
    around = _around(call, sight, [row.vertex.id for row in kept.items if row.vertex in seen])
    views = [_view(row, seen[row.vertex], around) for row in kept.items if row.vertex in seen]
    return Page(views, kept.next_page_token)


def _view(row: Reached, vertex: VertexView, around: _Around) -> AffectedView:
    barred = row.bars is Bars.ALL
    version = around.versions.get(row.vertex.id) if row.vertex.kind == "version" else None
    if version is None:
        return AffectedView(vertex, row.distance, barred, [], [], [], [], [], more=False)
    parts = around.parts.get(version.id, ())
    lists = (
        around.aliases.get(version.id, ()),
        [PlaceView(one.line, one.number, one.release_uid, one.environment, one.mode) for one in parts],
        _targets(parts, around),
        around.readers.get(version.uid, ()),
        around.owners.get(version.id, ()),
    )
    more = around.cut or any(len(one) > LISTED for one in lists)
    aliases, places, targets, readers, owners = (_first(one) for one in lists)
    return AffectedView(vertex, row.distance, barred, aliases, places, targets, readers, owners, more)  # type: ignore[arg-type]


def _first(items: Sequence[T]) -> list[T]:
    return list(items[:LISTED])


def _targets(parts: Iterable[Part], around: _Around) -> list[RunsOnView]:
    """Targets of the lines on which a release with the version runs, and those that report one of them."""
    found: dict[str, RunsOnView] = {}
    for part in parts:
        if part.environment_id is None:
            continue
        for target in around.targets.get((part.environment_id, part.line), ()):
            runs = target.running == part.digest or (target.uid in found and found[target.uid].running)
            name = around.environments[part.environment_id]
            found[target.uid] = RunsOnView(name, target.line, target.name, target.uid, runs)
    return list(found.values())


def _around(call: Call, sight: Sight, ids: Sequence[int]) -> _Around:
    versions = call.tx.versions.by_ids(sorted(set(ids)))
    known = sorted(versions)
    aliases = call.tx.aliases.of_versions(known) if known else {}
    parts = call.tx.recalls.parts(known, FOUND_MOST + 1) if known else ()
    places = {one.environment_id: one.environment or "" for one in parts if one.environment_id is not None}
    targets = call.tx.targets.list(sorted(places), None, FOUND_MOST + 1) if places else ()
    reads = call.tx.lineage.consumers(known, None, FOUND_MOST + 1) if known else ()
    readers: dict[str, list[ReaderView]] = {}
    for one in shown(sight, reads[:FOUND_MOST]):
        reader = ReaderView(one.consumer.uid, one.consumer.label or "", one.reads, one.last)
        readers.setdefault(one.version_uid, []).append(reader)
    return _Around(
        versions,
        {id_: sorted(alias.name for alias in found) for id_, found in aliases.items()},
        _by(parts, lambda one: one.version_id),
        _by(targets, lambda one: (one.environment_id, one.line)),
        readers,
        _owners(call, versions),
        places,
        cut=max(len(parts), len(targets), len(reads)) > FOUND_MOST,
    )


def _by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _owners(call: Call, versions: Mapping[int, Version]) -> dict[int, list[OwnerView]]:
    """Who published each version, and who has maintainer or admin on its asset itself."""
    granted: dict[int, list[OwnerView]] = {}
    for asset_id in sorted({one.asset_id for one in versions.values()}):
        scope = Scope.asset(call.workspace.id, asset_id)
        rows = call.tx.grants.list(scope, subject_uid=None, at=None, after=None, limit=LISTED + 1)
        granted[asset_id] = [OwnerView(row.subject_uid, row.subject_name) for row in rows if row.grant.role in _TOLD]
    names = call.tx.principals.names(sorted({one.created_by for one in versions.values()}))
    found = {}
    for id_, one in versions.items():
        author = [OwnerView(one.created_by, names.get(one.created_by, ""))]
        found[id_] = list({owner.uid: owner for owner in [*author, *granted[one.asset_id]]}.values())
    return found

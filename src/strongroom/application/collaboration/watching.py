"""Watches: a principal's own wish to be told of what happens to an asset, an experiment or all in a namespace.

They are nobody's business but its own, so they leave no audit record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call, asset_target
from strongroom.application.collaboration.views import WatchView, watch_view
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets, namespaces
from strongroom.application.tracking import experiments
from strongroom.domain.collaboration.model import Watch, Watched
from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.events.types import clean_patterns
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.model import Experiment

WATCHES_MOST: Final = 5_000
"""Watches of one principal."""


@dataclass(frozen=True, slots=True)
class _Place:
    kind: Watched
    id: int
    uid: str
    path: str


def _find(call: Call, kind: str, uid: str) -> _Place:
    """What may be watched is what may be read."""
    match kind:
        case Watched.ASSET.value:
            asset = assets.by_uid(call, uid, Permission.ASSET_READ)
            return _Place(Watched.ASSET, asset.id, uid, asset.path)
        case Watched.NAMESPACE.value:
            namespace = namespaces.by_uid(call, uid, Permission.NAMESPACE_READ)
            return _Place(Watched.NAMESPACE, namespace.id, uid, namespace.path)
        case Watched.EXPERIMENT.value:
            return _experiment(experiments.by_uid(call, uid, Permission.RUN_READ))
    raise Invalid(f"What can be watched is {', '.join(Watched)}.")


def _experiment(one: Experiment) -> _Place:
    path = f"{one.namespace_path}/{one.name}" if one.namespace_path else one.name
    return _Place(Watched.EXPERIMENT, one.id, one.uid, path)


def get(call: Call, kind: str, uid: str) -> WatchView:
    """Whether the caller watches an object."""
    call.require(Permission.SELF)
    place = _find(call, kind, uid)
    found = call.tx.watches.get(call.actor.id, place.kind, place.id)
    if found is None:
        return WatchView(place.kind.value, uid, place.path, watching=False, automatic=False, types=(), created_at=None)
    return watch_view(found, uid, place.path)


def put(call: Call, kind: str, uid: str, types: Sequence[str]) -> WatchView:
    """Watch an object from now on; a watch of other types is replaced.

    :raises TooLarge: the caller watches as much as it may.
    """
    call.require(Permission.SELF)
    place = _find(call, kind, uid)
    old = call.tx.watches.get(call.actor.id, place.kind, place.id)
    _must_have_room(call, old)
    going_on = old is not None and old.watching
    after = old.after if old is not None and going_on else call.tx.feed.head()
    patterns = clean_patterns(types)
    watch = Watch(call.actor.id, place.kind, place.id, True, False, patterns, after, call.now)  # noqa: FBT003
    call.tx.watches.put(call.workspace.id, watch)
    return watch_view(watch, uid, place.path)


def _must_have_room(call: Call, old: Watch | None) -> None:
    if old is None and call.tx.watches.count(call.actor.id) >= WATCHES_MOST:
        raise TooLarge(f"One principal watches at most {WATCHES_MOST} objects.", limit=WATCHES_MOST)


def remove(call: Call, kind: str, uid: str) -> None:
    """Watch an object no more, not even by itself, until the caller watches it again."""
    call.require(Permission.SELF)
    place = _find(call, kind, uid)
    _must_have_room(call, call.tx.watches.get(call.actor.id, place.kind, place.id))
    none = Watch(call.actor.id, place.kind, place.id, False, False, (), -1, call.now)  # noqa: FBT003
    call.tx.watches.put(call.workspace.id, none)


def listed(call: Call, page: PageRequest) -> Page[WatchView]:
    """What the caller watches in the workspace and may still see."""
    call.require(Permission.SELF)
    listing = f"watches/{call.actor.id}/{call.workspace.id}"
    token = call.sealer.open(listing, page.token)
    after = (str(token[0]), int(token[1] or 0)) if token else ("", 0)
    rows = call.tx.watches.list(call.actor.id, call.workspace.id, after, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda w: (w.kind.value, w.object_id))
    places = _places(call, kept.items)
    found = [(watch, places.get((watch.kind, watch.object_id))) for watch in kept.items]
    return Page([watch_view(watch, place.uid, place.path) for watch, place in found if place], kept.next_page_token)


def _places(call: Call, watches: Sequence[Watch]) -> dict[tuple[Watched, int], _Place]:
    """What is watched, as far as the caller may see it now, in a query a kind."""

    def ids(kind: Watched) -> list[int]:
        return [watch.object_id for watch in watches if watch.kind is kind]

    access = call.caller.access
    found = [
        _Place(Watched.ASSET, asset.id, asset.uid, asset.path)
        for asset in call.tx.assets.by_ids(ids(Watched.ASSET)).values()
        if access.allows(Permission.ASSET_READ, asset_target(asset))
    ]
    found += [
        _experiment(one)
        for one in call.tx.experiments.by_ids(ids(Watched.EXPERIMENT)).values()
        if access.allows(Permission.RUN_READ, Target(one.workspace_id, one.namespace_slug_path))
    ]
    found += [
        _Place(Watched.NAMESPACE, one.id, one.uid, one.path)
        for one in map(call.tx.namespaces.by_id, ids(Watched.NAMESPACE))
        if one.deleted_at is None and access.allows(Permission.NAMESPACE_READ, Target(one.workspace_id, one.slug_path))
    ]
    return {(place.kind, place.id): place for place in found}

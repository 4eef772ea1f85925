"""Watches: a principal's own wish to be told of what happens to an asset, an experiment or all in a namespace.

They are nobody's business but its own, so they leave no audit record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call
from strongroom.application.collaboration.views import WatchView, watch_view
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets, namespaces
from strongroom.application.tracking import experiments
from strongroom.domain.collaboration.model import Watch, Watched
from strongroom.domain.errors import Invalid, NotFound, TooLarge
from strongroom.domain.events.types import clean_patterns
from strongroom.domain.identity.roles import Permission

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
            experiment = experiments.by_uid(call, uid, Permission.RUN_READ)
            above = experiment.namespace_path
            return _Place(Watched.EXPERIMENT, experiment.id, uid, f"{above}/{experiment.name}".lstrip("/"))
    raise Invalid(f"What can be watched is {', '.join(Watched)}.")


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
    return Page([view for watch in kept.items if (view := _shown(call, watch))], kept.next_page_token)


def _shown(call: Call, watch: Watch) -> WatchView | None:
    if watch.kind is Watched.ASSET:
        uid = call.tx.assets.by_id(watch.object_id).uid
    elif watch.kind is Watched.NAMESPACE:
        uid = call.tx.namespaces.by_id(watch.object_id).uid
    else:
        uid = call.tx.experiments.by_id(watch.object_id).uid
    try:
        return watch_view(watch, uid, _find(call, watch.kind.value, uid).path)
    except NotFound:
        return None

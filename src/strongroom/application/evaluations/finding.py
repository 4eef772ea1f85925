"""Evaluations found: one by its uid, those of a version, and the file of rows of one."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from strongroom.application.artifacts.reading import OpenFile, opening
from strongroom.application.audit.reads import Window, open_window, window_of
from strongroom.application.call import Call, asset_target
from strongroom.application.edge import Edge
from strongroom.application.evaluations.views import EvaluationView, evaluation_views, weight
from strongroom.application.paging import Overweight, Page, PageRequest, within_bytes
from strongroom.application.ports.evaluations import Place
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import versions
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import NotFound
from strongroom.domain.evaluations.fields import clean_name
from strongroom.domain.evaluations.model import Evaluation
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, VersionState
from strongroom.domain.tracking.values import clean_key

READ_AT_ONCE = 2 * 1024 * 1024
"""Characters of evaluations that are read together for a list."""
ASSETS_AT_ONCE = 500
"""Assets, or versions, that are asked at a time whether the caller may, by one of them."""
_READING = frozenset({Permission.ASSET_READ, Permission.VERSION_BYTES})


@dataclass(frozen=True, slots=True)
class ListEvaluations:
    """Which evaluations of a version: of a name, with a metric; `history` lists those that stand no more as well."""

    name: str | None = None
    metric: str | None = None
    history: bool = False


def found(call: Call, uid: str, permission: Permission) -> Evaluation:
    """An evaluation that the caller may read, by any version that shares it; or change, by the one that was evaluated.

    :raises NotFound: none, none that a version has any more, or not visible. :raises Forbidden: visible, but this is
        not allowed.
    """
    call.ask(permission)
    one = call.tx.evaluations.by_uid(call.workspace.id, uid)
    asset = _asset(call, one, permission) if one else None
    call.require_asset(permission, asset, "evaluation")
    assert one is not None  # noqa: S101 - require_asset refused None
    return one


def _asset(call: Call, one: Evaluation, permission: Permission) -> Asset | None:
    """The asset by which it is asked for: that of the version that was evaluated, of one that shares it else."""
    home = call.tx.versions.by_id(one.version_id)
    asset = call.tx.assets.by_id(home.asset_id)
    if home.state is VersionState.PURGED:  # it is no more what the evaluation is of
        return _shared(call, one, permission if permission in _READING else Permission.ASSET_READ)
    if permission in _READING and not call.allows(permission, asset_target(asset)):
        return _shared(call, one, permission) or asset
    return asset


def _shared(call: Call, one: Evaluation, permission: Permission) -> Asset | None:
    """The asset of a version that shares it, by which the caller may do this; else one that it sees."""
    visible = call.caller.access.visible(call.workspace.id)
    seen, after = None, 0
    while ids := call.tx.evaluations.holder_assets(one.id, visible, after, ASSETS_AT_ONCE):
        owners = call.tx.assets.by_ids(ids)
        for asset in owners.values():
            if call.allows(permission, asset_target(asset)):
                return asset
        seen, after = seen or owners[ids[0]], ids[-1]
    return seen


def live_holders(call: Call, one: Evaluation) -> Iterator[tuple[str, Asset]]:
    """Live versions that share it and are no links, which the caller sees; their uids, each with its asset."""
    visible, after = call.caller.access.visible(call.workspace.id), 0
    while rows := call.tx.evaluations.live_holders(one.id, visible, after, ASSETS_AT_ONCE):
        found = call.tx.versions.by_ids(rows)
        owners = call.tx.assets.by_ids(sorted({version.asset_id for version in found.values()}))
        yield from ((found[id_].uid, owners[found[id_].asset_id]) for id_ in rows)
        after = rows[-1]


def seen(call: Call, ids: Sequence[int]) -> AbstractSet[int]:
    """Those of evaluations that the caller may read, by any version that shares them."""
    return call.tx.evaluations.seen(ids, call.caller.access.visible(call.workspace.id))


def get(call: Call, uid: str) -> EvaluationView:
    """One evaluation."""
    return evaluation_views(call, [found(call, uid, Permission.ASSET_READ)])[0]


def listed(call: Call, version_uid: str, query: ListEvaluations, page: PageRequest) -> Page[EvaluationView]:
    """Evaluations of a version, the one recorded last first; a link shows those of its source."""
    _asset, version = versions.by_uid(call, version_uid, Permission.ASSET_READ)
    listing = f"evaluations/{version.id}/{query}"
    rows = call.tx.evaluations.places(
        version.id,
        name=clean_name(query.name) if query.name else None,
        metric=clean_key(query.metric) if query.metric else None,
        standing=not query.history,
        after=call.sealer.open(listing, page.token),
        limit=page.size + 1,
    )
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return within_bytes(kept, partial(_built, call), weight, lambda one: call.sealer.seal(listing, (one.id,)))


def _built(call: Call, places: Sequence[Place]) -> list[EvaluationView]:
    """Views of some of a page. :raises Overweight: they are more than is read at once."""
    if len(places) > 1 and sum(place.size for place in places) > READ_AT_ONCE:
        raise Overweight
    found = call.tx.evaluations.by_ids([place.id for place in places])
    return evaluation_views(call, [found[place.id] for place in places])


async def open_rows(edge: Edge, uid: str) -> OpenFile:
    """The file of rows, counted as a read of the version. :raises NotFound: there is none, or it was purged."""

    def find(call: Call) -> tuple[Blob, Window, Subject]:
        one = found(call, uid, Permission.VERSION_BYTES)
        blob = call.tx.blobs.by_sha256([one.rows.sha256]).get(one.rows.sha256) if one.rows else None
        if blob is None:
            raise NotFound("The evaluation has no results of single rows.")
        refuse_recalled(call, Content(sha256=blob.sha256))
        return blob, window_of(call, one.version_id), Subject("version", call.tx.versions.by_id(one.version_id).uid)

    blob, window, subject = await edge.read(find)
    if not edge.reads.is_open(window):
        await edge.command(lambda call: open_window(call, window))
        edge.reads.opened(window)
    return opening(edge, blob, f"{uid}.parquet", subject, lambda sent: edge.reads.count(window, sent))

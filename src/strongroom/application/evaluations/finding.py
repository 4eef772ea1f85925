"""Evaluations found: one by its uid, those of a version, and the file of rows of one."""

from dataclasses import dataclass
from functools import partial

from strongroom.application.artifacts.reading import OpenFile, opening
from strongroom.application.audit.reads import Window, open_window, window_of
from strongroom.application.call import Call, asset_target
from strongroom.application.edge import Edge
from strongroom.application.evaluations.views import EvaluationView, evaluation_views, weight
from strongroom.application.paging import Page, PageRequest, within_bytes
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import versions
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import NotFound
from strongroom.domain.evaluations.fields import clean_name
from strongroom.domain.evaluations.model import Evaluation
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset
from strongroom.domain.tracking.values import clean_key

HOLDERS_SHOWN = 1_000
"""Versions that are asked whether the caller sees an evaluation by one of them."""
_READING = frozenset({Permission.ASSET_READ, Permission.VERSION_BYTES})


@dataclass(frozen=True, slots=True)
class ListEvaluations:
    """Which evaluations of a version: of a name, with a metric; `history` lists those that stand no more as well."""

    name: str | None = None
    metric: str | None = None
    history: bool = False


def found(call: Call, uid: str, permission: Permission) -> Evaluation:
    """An evaluation that the caller may read, by any version that shares it; or change, by the one that was evaluated.

    :raises NotFound: none, or not visible. :raises Forbidden: visible, but this is not allowed.
    """
    call.ask(permission)
    one = call.tx.evaluations.by_uid(call.workspace.id, uid)
    asset = call.tx.assets.by_id(call.tx.versions.by_id(one.version_id).asset_id) if one else None
    if one is not None and asset is not None and permission in _READING:
        asset = asset if call.allows(permission, asset_target(asset)) else _shared(call, one, permission) or asset
    call.require_asset(permission, asset, "evaluation")
    assert one is not None  # noqa: S101 - require_asset refused None
    return one


def _shared(call: Call, one: Evaluation, permission: Permission) -> Asset | None:
    """The asset of a link or copy that the caller may read it by."""
    holders = call.tx.versions.by_ids(call.tx.evaluations.holders(one.id, HOLDERS_SHOWN))
    owners = call.tx.assets.by_ids(sorted({held.asset_id for held in holders.values()}))
    return next((asset for asset in owners.values() if call.allows(permission, asset_target(asset))), None)


def sees(call: Call, one: Evaluation) -> bool:
    """Whether the caller may read it, by any version that shares it."""
    own = call.tx.assets.by_id(call.tx.versions.by_id(one.version_id).asset_id)
    return versions.can_see(call, own) or _shared(call, one, Permission.ASSET_READ) is not None


def get(call: Call, uid: str) -> EvaluationView:
    """One evaluation."""
    return evaluation_views(call, [found(call, uid, Permission.ASSET_READ)])[0]


def listed(call: Call, version_uid: str, query: ListEvaluations, page: PageRequest) -> Page[EvaluationView]:
    """Evaluations of a version, the one recorded last first; a link shows those of its source."""
    _asset, version = versions.by_uid(call, version_uid, Permission.ASSET_READ)
    listing = f"evaluations/{version.id}/{query}"
    rows = call.tx.evaluations.list(
        version.id,
        name=clean_name(query.name) if query.name else None,
        metric=clean_key(query.metric) if query.metric else None,
        standing=not query.history,
        after=call.sealer.open(listing, page.token),
        limit=page.size + 1,
    )
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return within_bytes(kept, partial(evaluation_views, call), weight, lambda one: call.sealer.seal(listing, (one.id,)))


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

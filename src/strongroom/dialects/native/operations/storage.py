"""What storing things costs."""

from typing import Any

from strongroom.application.call import Call
from strongroom.application.collection import holding
from strongroom.application.collection.holding import BlobHeldView, FreedView
from strongroom.application.xet import figures
from strongroom.application.xet.figures import StorageView, StoreView
from strongroom.dialects.native.operation import Request, Struct, read
from strongroom.dialects.native.wire import ByUid, Sha256
from strongroom.domain.identity.roles import Permission


class Nothing(Struct, frozen=True, kw_only=True):
    """No parameters."""


class ByDigest(Struct, frozen=True, kw_only=True):
    """A file by its digest."""

    sha256: Sha256


@read(
    "storage.asset",
    "/assets/{uid}/storage",
    Permission.ASSET_READ,
    "What an asset's files cost: logical, unique, stored and shared bytes",
    params=ByUid,
    answer=StorageView,
)
def of_asset(call: Call, request: Request[ByUid, Any]) -> StorageView:
    return figures.of_asset(call, request.params.uid)


@read(
    "storage.workspace",
    "/storage",
    Permission.WORKSPACE_SETTINGS,
    "What all files of the workspace cost: logical, unique, stored and shared bytes",
    answer=StorageView,
)
def of_workspace(call: Call, _request: Request[Any, Any]) -> StorageView:
    return figures.of_workspace(call)


@read(
    "storage.total",
    "/storage/total",
    Permission.SERVER_READ,
    "What the store holds, and how much of it nothing holds any more",
    answer=StoreView,
)
def of_store(call: Call, _request: Request[Any, Any]) -> StoreView:
    return figures.of_store(call)


@read(
    "storage.why_asset",
    "/assets/{uid}/storage/why",
    Permission.WORKSPACE_SETTINGS,
    "What purging an asset would free, to the byte, and what holds the rest",
    params=ByUid,
    answer=FreedView,
)
def why_asset(call: Call, request: Request[ByUid, Any]) -> FreedView:
    return holding.of_asset(call, request.params.uid)


@read(
    "storage.why_version",
    "/versions/{uid}/storage/why",
    Permission.WORKSPACE_SETTINGS,
    "What purging a version would free, to the byte, and what holds the rest",
    params=ByUid,
    answer=FreedView,
)
def why_version(call: Call, request: Request[ByUid, Any]) -> FreedView:
    return holding.of_version(call, request.params.uid)


@read(
    "storage.why_blob",
    "/storage/blobs/{sha256}",
    Permission.WORKSPACE_SETTINGS,
    "What holds a file, by its digest",
    params=ByDigest,
    answer=BlobHeldView,
)
def why_blob(call: Call, request: Request[ByDigest, Any]) -> BlobHeldView:
    return holding.of_blob(call, request.params.sha256)


OPERATIONS = (of_asset, of_workspace, of_store, why_asset, why_version, why_blob)

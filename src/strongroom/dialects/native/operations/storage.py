"""What storing things costs."""

from typing import Any

from strongroom.application.call import Call
from strongroom.application.xet import figures
from strongroom.application.xet.figures import StorageView, StoreView
from strongroom.dialects.native.operation import Request, Struct, read
from strongroom.dialects.native.wire import ByUid
from strongroom.domain.identity.roles import Permission


class Nothing(Struct, frozen=True, kw_only=True):
    """No parameters."""


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


OPERATIONS = (of_asset, of_workspace, of_store)

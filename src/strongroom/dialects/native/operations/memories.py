"""Memories: redacted and forked."""

from typing import Annotated

from msgspec import Meta

from strongroom.application.edge import Edge
from strongroom.application.manifests import memories
from strongroom.application.registry.views import VersionView
from strongroom.dialects.native.operation import Request, Struct, flow
from strongroom.dialects.native.wire import ByUid, Path, Uid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.manifests.memory import REASON_LONGEST


class Redact(Struct, frozen=True, kw_only=True):
    """A record by its id (its path below `records/`), and why it is taken out: the tombstone says both."""

    record: Path
    reason: Annotated[str, Meta(min_length=1, max_length=REASON_LONGEST)]


class Fork(Struct, frozen=True, kw_only=True):
    """The version of another memory to go on from."""

    version_uid: Uid


@flow(
    "memory.redact",
    "POST",
    "/versions/{uid}/redact",
    Permission.VERSION_REGISTER,
    "Publish a memory without one of its records, with a tombstone for it",
    params=ByUid,
    body=Redact,
    answer=VersionView,
    status=201,
)
async def redact(edge: Edge, request: Request[ByUid, Redact]) -> VersionView:
    return await memories.redact(edge, request.params.uid, request.body.record, request.body.reason)


@flow(
    "memory.fork",
    "POST",
    "/assets/{uid}/fork",
    Permission.VERSION_REGISTER,
    "Publish another memory's version as the next one of this asset",
    params=ByUid,
    body=Fork,
    answer=VersionView,
    status=201,
)
async def fork(edge: Edge, request: Request[ByUid, Fork]) -> VersionView:
    return await memories.fork(edge, request.params.uid, request.body.version_uid)


OPERATIONS = (
    redact,
    fork,
)

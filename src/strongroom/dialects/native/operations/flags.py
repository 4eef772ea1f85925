"""Flags: that something turned out to be bad."""

from typing import Any

from strongroom.application.call import Call
from strongroom.application.lineage import flags
from strongroom.application.lineage.flags import FlagView
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.lineage import Word
from strongroom.dialects.native.wire import ByUid, Paged, Uid
from strongroom.domain.identity.roles import Permission


class SetFlag(Struct, frozen=True, kw_only=True):
    """What is bad (`kind` is `version`, `run`, `logged_model` or `node`) and why.

    `cause` is `bad_data`, `licence`, `vulnerability`, `recall` or `other`.
    """

    kind: Word
    uid: Uid
    reason: str
    cause: Word = "other"


class RemoveFlag(Struct, frozen=True, kw_only=True):
    """Why it is not bad, or not any more."""

    reason: str


class ListFlags(Paged, frozen=True, kw_only=True):
    """Which flags to list; `removed` lists those that were removed as well."""

    removed: bool = False


class FlagsOf(Struct, frozen=True, kw_only=True):
    """Of which thing; `removed` lists those that were removed as well."""

    kind: Word
    uid: Uid
    removed: bool = False


@command(
    "flag.set",
    "POST",
    "/flags",
    Permission.FLAG_SET,
    "Say that a version, run, logged model or node is bad",
    body=SetFlag,
    answer=FlagView,
    status=201,
)
def set_flag(call: Call, request: Request[Any, SetFlag]) -> FlagView:
    b = request.body
    return flags.set_(call, flags.SetFlag(b.kind, b.uid, b.reason, b.cause))


@command(
    "flag.remove",
    "POST",
    "/flags/{uid}/remove",
    Permission.FLAG_REMOVE,
    "Take a flag away; it stays in the history",
    params=ByUid,
    body=RemoveFlag,
    answer=FlagView,
)
def remove_flag(call: Call, request: Request[ByUid, RemoveFlag]) -> FlagView:
    return flags.remove(call, request.params.uid, request.body.reason)


@read(
    "flag.list",
    "/flags",
    Permission.LINEAGE_READ,
    "Flags of the workspace, the latest first",
    params=ListFlags,
    answer=Page[FlagView],
)
def list_flags(call: Call, request: Request[ListFlags, Any]) -> Page[FlagView]:
    return flags.listed(call, request.params.page(), removed=request.params.removed)


@read(
    "flag.of",
    "/lineage/{kind}/{uid}/flags",
    Permission.LINEAGE_READ,
    "Flags on one thing, the latest first",
    params=FlagsOf,
    answer=list[FlagView],
)
def flags_of(call: Call, request: Request[FlagsOf, Any]) -> list[FlagView]:
    p = request.params
    return list(flags.of(call, p.kind, p.uid, removed=p.removed))


OPERATIONS = (set_flag, remove_flag, list_flags, flags_of)

"""Waivers of rules: asked for, granted by somebody else, revoked."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.approvals import waivers
from strongroom.application.approvals.views import WaiverView
from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.approvals import Note, Reason, Tell
from strongroom.dialects.native.wire import ByUid, Name, Paged, Time, Uid, time_us
from strongroom.domain.identity.roles import Permission

RuleId = Annotated[str, Meta(min_length=1, max_length=64)]


class AskBody(Struct, frozen=True, kw_only=True):
    """Which rule of which policy (uid or name), for a version or for an asset, why and until when: 90 days at most."""

    policy: Name
    rule: RuleId
    reason: Reason
    ends_at: Time
    version_uid: Uid | None = None
    asset_uid: Uid | None = None
    tell: Tell = []


class GrantBody(Struct, frozen=True, kw_only=True):
    """`ends_at`: an earlier end than was asked for."""

    note: Note = ""
    ends_at: Time | None = None


class RefuseBody(Struct, frozen=True, kw_only=True):
    """What the asker is told."""

    note: Note = ""


class RevokeBody(Struct, frozen=True, kw_only=True):
    """Why."""

    reason: Reason


class ListWaivers(Paged, frozen=True, kw_only=True):
    """Of an asset, else of the whole workspace; `state` is asked, granted, refused or revoked."""

    asset: Uid | None = None
    state: Annotated[str, Meta(max_length=16)] | None = None


@command(
    "waiver.ask",
    "POST",
    "/waivers",
    Permission.WAIVER_ASK,
    "Ask that a rule does not stop a version, or an asset, until an end",
    body=AskBody,
    answer=WaiverView,
    status=201,
)
def ask(call: Call, request: Request[Any, AskBody]) -> WaiverView:
    b = request.body
    ends_at = time_us(b.ends_at) or 0
    said = waivers.AskWaiver(b.policy, b.rule, b.reason, ends_at, b.version_uid, b.asset_uid, b.tell)
    return waivers.ask(call, said)


@read(
    "waiver.list",
    "/waivers",
    Permission.COMMENT_READ,
    "Waivers, the latest first",
    params=ListWaivers,
    answer=Page[WaiverView],
)
def list_(call: Call, request: Request[ListWaivers, Any]) -> Page[WaiverView]:
    return waivers.listed(call, request.params.asset, request.params.state, request.params.page())


@read("waiver.get", "/waivers/{uid}", Permission.COMMENT_READ, "One waiver", params=ByUid, answer=WaiverView)
def get(call: Call, request: Request[ByUid, Any]) -> WaiverView:
    return waivers.get(call, request.params.uid)


@command(
    "waiver.grant",
    "POST",
    "/waivers/{uid}/grant",
    Permission.WAIVER_GRANT,
    "Grant a waiver that somebody else asked for",
    params=ByUid,
    body=GrantBody,
    answer=WaiverView,
)
def grant(call: Call, request: Request[ByUid, GrantBody]) -> WaiverView:
    said = waivers.Decision(granted=True, note=request.body.note, ends_at=time_us(request.body.ends_at))
    return waivers.decide(call, request.params.uid, said, request.etag)


@command(
    "waiver.refuse",
    "POST",
    "/waivers/{uid}/refuse",
    Permission.WAIVER_GRANT,
    "Refuse a waiver",
    params=ByUid,
    body=RefuseBody,
    answer=WaiverView,
)
def refuse(call: Call, request: Request[ByUid, RefuseBody]) -> WaiverView:
    said = waivers.Decision(granted=False, note=request.body.note)
    return waivers.decide(call, request.params.uid, said, request.etag)


@command(
    "waiver.revoke",
    "POST",
    "/waivers/{uid}/revoke",
    Permission.WAIVER_ASK,
    "End a waiver before its time, or ask for it no more",
    params=ByUid,
    body=RevokeBody,
    answer=WaiverView,
)
def revoke(call: Call, request: Request[ByUid, RevokeBody]) -> WaiverView:
    return waivers.revoke(call, request.params.uid, request.body.reason, request.etag)


OPERATIONS = (ask, list_, get, grant, refuse, revoke)

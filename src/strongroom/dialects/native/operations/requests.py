"""Access to gated assets: asked for and decided."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.identity import requests
from strongroom.application.identity.requests import AccessRequestView, StandingView
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Name, PagedByUid
from strongroom.domain.identity.requests import MESSAGE_LONGEST
from strongroom.domain.identity.roles import Permission

Message = Annotated[str, Meta(max_length=MESSAGE_LONGEST)]
_HERE = "/assets/{uid}/access-requests"


class AskAccess(Struct, frozen=True, kw_only=True):
    """What the maintainers are told."""

    message: Message = ""


class DecideAccess(Struct, frozen=True, kw_only=True):
    """`principal` is a uid or name, `status` accepted, rejected or pending."""

    principal: Name
    status: str
    reason: Message = ""


class ListRequests(PagedByUid, frozen=True, kw_only=True):
    """Requests for an asset; `status` is pending, accepted or rejected."""

    status: str | None = None


@command(
    "access_request.create",
    "POST",
    _HERE,
    Permission.SELF,
    "Ask for the files of a gated asset",
    params=ByUid,
    body=AskAccess,
    answer=AccessRequestView,
    status=201,
)
def ask(call: Call, request: Request[ByUid, AskAccess]) -> AccessRequestView:
    return requests.ask(call, request.params.uid, request.body.message)


@read(
    "access_request.list",
    _HERE,
    Permission.ASSET_SHARE,
    "Who asked for the files of a gated asset, the oldest first",
    params=ListRequests,
    answer=Page[AccessRequestView],
)
def listed(call: Call, request: Request[ListRequests, Any]) -> Page[AccessRequestView]:
    return requests.listed(call, request.params.uid, request.params.status, request.params.page())


@read(
    "access_request.own",
    "/assets/{uid}/access-requests/own",
    Permission.SELF,
    "How you stand to an asset's gate",
    params=ByUid,
    answer=StandingView,
)
def own(call: Call, request: Request[ByUid, Any]) -> StandingView:
    return requests.own(call, request.params.uid)


@command(
    "access_request.decide",
    "PUT",
    _HERE,
    Permission.ASSET_SHARE,
    "Accept a request, refuse it, or take back what was given",
    params=ByUid,
    body=DecideAccess,
    answer=AccessRequestView,
)
def decide(call: Call, request: Request[ByUid, DecideAccess]) -> AccessRequestView:
    body = request.body
    return requests.decide(call, request.params.uid, body.principal, body.status, body.reason)


OPERATIONS = (ask, listed, own, decide)

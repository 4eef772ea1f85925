"""Access to gated repositories: asked for, listed, decided."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.identity import requests
from strongroom.application.identity.requests import AccessRequestView
from strongroom.application.paging import PageRequest
from strongroom.dialects.huggingface.operation import Answer, Asked, NoBody, command, read
from strongroom.dialects.huggingface.operations import found
from strongroom.dialects.huggingface.paging import next_page, page_size
from strongroom.dialects.huggingface.translate.infos import moment
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.requests import MESSAGE_LONGEST
from strongroom.domain.identity.roles import Permission

_HERE = "/api/{kinds}/{repo}/user-access-request"
Name = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=MESSAGE_LONGEST)]


class Decision(msgspec.Struct, frozen=True, rename="camel"):
    """Whose request becomes what."""

    status: Name
    user: Name | None = None
    user_id: Name | None = None
    rejection_reason: Text | None = None


class Given(msgspec.Struct, frozen=True, rename="camel"):
    """Who gets access unasked."""

    user: Name | None = None
    user_id: Name | None = None


def _item(view: AccessRequestView) -> dict[str, Any]:
    who = {"_id": view.principal, "user": view.principal_name, "fullname": view.display_name or view.principal_name}
    return {
        "requestId": view.uid,
        "user": who,
        "status": view.status,
        "timestamp": moment(view.created_at),
        "fields": {"message": view.message} if view.message else None,
    }


def _named(user: str | None, user_id: str | None) -> str:
    if not (user or user_id):
        raise Invalid("Say whose request it is: user.")
    return user or user_id or ""


@read("access.list", "GET", _HERE + "/{status}", Permission.ASSET_SHARE)
def listed(call: Call, asked: Asked[NoBody]) -> Answer:
    """Requests that are pending, accepted or rejected."""
    asset = found.asset_of(call, asked, Permission.ASSET_SHARE)
    page = PageRequest(page_size(asked), asked.get("cursor"))
    rows = requests.listed(call, asset.uid, asked.path["status"], page)
    return Answer([_item(row) for row in rows.items], headers=next_page(asked, rows.next_page_token))


@command("access.decide", "POST", _HERE + "/handle", Permission.ASSET_SHARE, Decision)
def decide(call: Call, asked: Asked[Decision]) -> dict[str, Any]:
    """Accept a request, refuse it, or put it back."""
    asset, body = found.asset_of(call, asked, Permission.ASSET_SHARE), asked.body
    who = _named(body.user, body.user_id)
    return _item(requests.decide(call, asset.uid, who, body.status, body.rejection_reason or ""))


@command("access.grant", "POST", _HERE + "/grant", Permission.ASSET_SHARE, Given)
def grant(call: Call, asked: Asked[Given]) -> dict[str, Any]:
    """Give access to somebody who has not asked."""
    asset, body = found.asset_of(call, asked, Permission.ASSET_SHARE), asked.body
    return _item(requests.decide(call, asset.uid, _named(body.user, body.user_id), "accepted", ""))


@command("access.ask", "POST", "/{files}{repo}/ask-access", Permission.ASSET_READ)
def ask(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """Ask for access, as the Hub's page does."""
    asset = found.asset_of(call, asked, Permission.ASSET_READ)
    return _item(requests.ask(call, asset.uid, ""))


OPERATIONS = (listed, decide, grant, ask)

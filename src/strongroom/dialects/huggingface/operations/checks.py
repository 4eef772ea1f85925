"""What clients ask before they begin."""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.registry import card_facts
from strongroom.dialects.huggingface.operation import Answer, Asked, NoBody, flow, read
from strongroom.dialects.huggingface.operations import found
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import CARD_LARGEST


class Card(msgspec.Struct, frozen=True, rename="camel"):
    """A README.md as it is about to be committed."""

    content: Annotated[str, Meta(max_length=CARD_LARGEST)]
    repo_type: str = "model"


@read("auth_check", "GET", "/api/{kinds}/{repo}/auth-check", Permission.VERSION_BYTES)
def may_read(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """Whether the caller may read the files."""
    found.asset_of(call, asked, Permission.VERSION_BYTES)
    return {}


@read("auth_check_write", "GET", "/api/{kinds}/{repo}/auth-check/write", Permission.VERSION_REGISTER)
def may_write(call: Call, asked: Asked[NoBody]) -> dict[str, Any]:
    """Whether the caller may commit."""
    found.asset_of(call, asked, Permission.VERSION_REGISTER)
    return {}


@flow("validate_yaml", "POST", "/api/validate-yaml", Permission.SELF, Card)
async def validate(edge: Edge, asked: Asked[Card]) -> Answer:
    """Whether the head of a README.md can be read. Clients show warnings, and stop at errors."""
    await edge.read(lambda call: call.require(Permission.SELF))
    try:
        fields = await asyncio.to_thread(card_facts.parsed, edge.gateway, asked.body.content)
    except Invalid as error:
        return Answer({"errors": [{"message": error.message}], "warnings": []}, 400)
    absent = [] if fields else [{"message": "The card has no fields: a head between two lines of dashes holds them."}]
    return Answer({"errors": [], "warnings": absent})


OPERATIONS = (may_read, may_write, validate)

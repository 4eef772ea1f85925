"""What clients ask before they begin."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from strongroom.application.call import Call
from strongroom.dialects.huggingface.operation import Asked, NoBody, read
from strongroom.dialects.huggingface.operations import found
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


@read("validate_yaml", "POST", "/api/validate-yaml", Permission.SELF, Card)
def validate(call: Call, _asked: Asked[Card]) -> dict[str, Any]:
    """Whether the head of a README.md can be read."""
    call.require(Permission.SELF)
    return {"errors": [], "warnings": []}


OPERATIONS = (may_read, may_write, validate)

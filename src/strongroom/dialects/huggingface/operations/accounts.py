"""Who the caller is."""

from typing import Any

from strongroom.application.call import Call
from strongroom.application.identity import tokens
from strongroom.application.paging import PageRequest
from strongroom.application.registry import namespaces, slugs
from strongroom.dialects.huggingface.operation import Asked, NoBody, read
from strongroom.dialects.huggingface.translate.infos import ORGANISATION, moment
from strongroom.domain.identity.roles import Permission, Role

NAMESPACES_SHOWN = 200


@read("whoami", "GET", "/api/whoami-v2", Permission.SELF)
def whoami(call: Call, _asked: Asked[NoBody]) -> dict[str, Any]:
    """The caller, its token, and the namespaces that it may see as organisations."""
    call.require(Permission.SELF)
    actor, own = call.actor, slugs.home_slug(call)
    token = tokens.get(call, call.caller.token_id or "")
    page = namespaces.listed(call, PageRequest(NAMESPACES_SHOWN))
    found = [call.workspace.slug, *(one.slug_path.replace("/", ".") for one in page.items if one.slug_path != own)]
    role = "read" if token.role_cap == Role.VIEWER.name.lower() else "write"
    return {
        "type": "user",
        "id": actor.uid,
        "name": own,
        "fullname": actor.display_name or actor.name,
        "email": None,
        "emailVerified": False,
        "isPro": False,
        "canPay": False,
        "periodEnd": None,
        "orgs": [
            {"type": ORGANISATION, "id": name, "name": name, "fullname": name, "roleInOrg": role} for name in found
        ],
        "auth": {
            "type": "access_token",
            "accessToken": {
                "displayName": token.description or token.id,
                "role": role,
                "createdAt": moment(token.created_at),
            },
        },
    }


OPERATIONS = (whoami,)

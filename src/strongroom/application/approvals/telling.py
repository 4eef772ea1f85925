"""Whom a request is addressed to: people and teams by name, who then find it in their inboxes."""

from collections.abc import Sequence

from strongroom.application.call import Call, asset_target
from strongroom.application.ports.approvals import Addressee
from strongroom.domain.approvals.fields import ASKED_MOST
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.identity.access import Access
from strongroom.domain.identity.model import SYSTEM
from strongroom.domain.identity.roles import Grant, Permission
from strongroom.domain.registry.model import Asset


def addressed(call: Call, asset: Asset, names: Sequence[str]) -> list[Addressee]:
    """Those of the names that may read the asset; a principal's name goes before a team's.

    :raises NotFound: a name is nobody's, or of one that may not read the asset: both answer alike.
    """
    if len(names) > ASKED_MOST:
        raise Invalid(f"At most {ASKED_MOST} people and teams are told.", limit=ASKED_MOST)
    return [_addressee(call, asset, name) for name in dict.fromkeys(names)]


def _addressee(call: Call, asset: Asset, name: str) -> Addressee:
    principal = call.tx.principals.by_name(name)
    if principal is not None and principal.kind != SYSTEM and principal.disabled_at is None:
        if _reads(asset, principal.uid, call.tx.grants.resolve(principal)):
            return Addressee("principal", principal.id)
    elif team := call.tx.teams.by_name(call.workspace.id, name):
        return Addressee("team", team.id)
    raise NotFound(f"There is no {name[:64]!r} here who could be told.")


def _reads(asset: Asset, subject: str, grants: tuple[Grant, ...]) -> bool:
    return Access(subject, grants).allows(Permission.COMMENT_READ, asset_target(asset))

"""Whom a request is addressed to: people and teams by name, who then find it in their inboxes."""

from collections.abc import Sequence

from strongroom.application.call import Call, asset_target
from strongroom.application.gates.facts import place
from strongroom.application.ports.approvals import Addressee
from strongroom.domain.approvals.fields import ASKED_MOST
from strongroom.domain.approvals.model import Way
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.gates.policy import Transition, TransitionKind
from strongroom.domain.gates.question import rules_of
from strongroom.domain.identity.access import Access
from strongroom.domain.identity.model import SYSTEM
from strongroom.domain.identity.roles import Grant, Permission
from strongroom.domain.registry.model import Asset, Version
from strongroom.domain.registry.stages import NONE


def addressed(call: Call, asset: Asset, names: Sequence[str]) -> list[Addressee]:
    """Those of the names that may read the asset; a principal's name goes before a team's.

    :raises NotFound: a name is nobody's, or of one that may not read the asset: both answer alike.
    """
    if len(names) > ASKED_MOST:
        raise Invalid(f"At most {ASKED_MOST} people and teams are told.", limit=ASKED_MOST)
    return [_addressee(call, asset, name) for name in dict.fromkeys(names)]


def asked_by_rules(call: Call, asset: Asset, version: Version, way: Way) -> list[Addressee]:
    """The teams whose approval the rules before a transition ask for."""
    source = (version.stage or NONE) if way.kind is TransitionKind.STAGE else ""
    rules = rules_of(
        call.tx.policies.standing(call.workspace.id), place(call, asset), Transition(way.kind, way.target, source),
        named=False,
    )  # fmt: skip
    names = dict.fromkeys(team for _, rule in rules if rule.approvals for team in rule.approvals.teams)
    found = (call.tx.teams.by_name(call.workspace.id, name) for name in list(names)[:ASKED_MOST])
    return [Addressee("team", team.id) for team in found if team is not None]


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

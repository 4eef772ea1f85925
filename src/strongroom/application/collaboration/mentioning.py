"""Who is meant by ``@name`` in a text about an object: only those who may read that object."""

from strongroom.application.call import Call
from strongroom.application.collaboration.things import Thing
from strongroom.application.ports.collaboration import Mention
from strongroom.domain.collaboration.mentions import mentioned
from strongroom.domain.identity.access import Access
from strongroom.domain.identity.model import SYSTEM
from strongroom.domain.identity.roles import Grant, Permission


def meant(call: Call, thing: Thing, text: str, revision: int) -> list[Mention]:
    """The principals and teams that a text mentions. A name that is none, or of one that may not read, is plain text.

    A team is meant when its own grants show it the object; a principal's name goes before a team's.
    """
    found: list[Mention] = []
    for name in mentioned(text):
        one = _principal(call, thing, name, revision) or _team(call, thing, name, revision)
        if one is not None:
            found.append(one)
    return found


def _principal(call: Call, thing: Thing, name: str, revision: int) -> Mention | None:
    principal = call.tx.principals.by_name(name)
    if principal is None or principal.kind == SYSTEM or principal.disabled_at is not None:
        return None
    if not _may_read(thing, principal.uid, call.tx.grants.resolve(principal)):
        return None
    return Mention("principal", principal.id, principal.uid, principal.name, revision)


def _team(call: Call, thing: Thing, name: str, revision: int) -> Mention | None:
    team = call.tx.teams.by_name(call.workspace.id, name)
    if team is None or not _may_read(thing, team.uid, call.tx.grants.of_team(team)):
        return None
    return Mention("team", team.id, team.uid, team.name, revision)


def _may_read(thing: Thing, subject: str, grants: tuple[Grant, ...]) -> bool:
    """Whether grants alone show the object and what is said of it."""
    access = Access(subject, grants)
    return all(access.allows(permission, thing.target) for permission in (thing.read, Permission.COMMENT_READ))

"""Teams of a workspace and who is in them."""

from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.identity.views import PrincipalView, TeamView, principal_views, team_view
from strongroom.application.paging import Page, PageRequest
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.identity.model import SYSTEM, Principal, Team
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description
from strongroom.domain.registry.names import clean_name


@dataclass(frozen=True, slots=True)
class CreateTeam:
    """A new team of the workspace."""

    name: str
    description: str = ""


def create(call: Call, command: CreateTeam) -> TeamView:
    """Make a team without members. :raises AlreadyExists: the workspace has one of that name."""
    call.require(Permission.PRINCIPAL_WRITE)
    team = call.tx.teams.add(call.workspace.id, clean_name(command.name), clean_description(command.description))
    call.record("team.create", Subject("team", team.uid))
    return team_view(team)


def by_uid(call: Call, uid: str, permission: Permission) -> Team:
    """A team of the workspace. :raises NotFound: none of that uid."""
    call.require(permission)
    team = call.tx.teams.by_uid(call.workspace.id, uid)
    if team is None:
        raise NotFound("There is no such team.")
    return team


def get(call: Call, uid: str) -> TeamView:
    """One team."""
    return team_view(by_uid(call, uid, Permission.PRINCIPAL_READ))


def listed(call: Call, page: PageRequest) -> Page[TeamView]:
    """The teams of the workspace, by name."""
    call.require(Permission.PRINCIPAL_READ)
    listing = f"teams/{call.workspace.id}"
    rows = call.tx.teams.list(call.workspace.id, call.sealer.open(listing, page.token), page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda t: (t.name,)).map(team_view)


def update(call: Call, uid: str, description: str) -> TeamView:
    """Change the description."""
    team = by_uid(call, uid, Permission.PRINCIPAL_WRITE)
    changed = call.tx.teams.update(team, description=clean_description(description))
    call.record("team.update", Subject("team", uid))
    return team_view(changed)


def delete(call: Call, uid: str) -> None:
    """Remove a team: its memberships and its grants end."""
    team = by_uid(call, uid, Permission.PRINCIPAL_WRITE)
    call.tx.teams.delete(team)
    for grant in call.tx.grants.revoke_of(team.uid):
        call.record("grant.revoke", Subject("grant", grant), {"subject": team.uid})
    call.record("team.delete", Subject("team", uid))


def members(call: Call, uid: str, at: int | None, page: PageRequest) -> Page[PrincipalView]:
    """Who is in a team, now or at a time (microseconds UTC), by name."""
    team = by_uid(call, uid, Permission.PRINCIPAL_READ)
    listing = f"members/{team.id}/{at}"
    rows = call.tx.teams.members(team.id, at, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda p: (p.name,))
    return Page(principal_views(call, kept.items), kept.next_page_token)


def _principal(call: Call, uid: str) -> Principal:
    found = call.tx.principals.by_uid(uid)
    if found is None or found.kind == SYSTEM:
        raise NotFound("There is no such principal.")
    return found


def add_member(call: Call, uid: str, principal_uid: str) -> None:
    """Put a principal into a team, with all that the team is granted; again changes nothing.

    :raises Conflict: the principal is disabled.
    """
    team = by_uid(call, uid, Permission.PRINCIPAL_WRITE)
    principal = _principal(call, principal_uid)
    if principal.disabled_at is not None:
        raise Conflict("The principal is disabled.")
    if call.tx.teams.add_member(team.id, principal.id):
        call.record("team.member_add", Subject("team", uid), {"principal": principal.uid})


def remove_member(call: Call, uid: str, principal_uid: str) -> None:
    """Take a principal out of a team. :raises NotFound: it is not in it."""
    team = by_uid(call, uid, Permission.PRINCIPAL_WRITE)
    principal = _principal(call, principal_uid)
    if not call.tx.teams.remove_member(team.id, principal.id):
        raise NotFound("The principal is not in this team.")
    call.record("team.member_remove", Subject("team", uid), {"principal": principal.uid})

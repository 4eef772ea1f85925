"""Users, service accounts and their passwords; teams and who is in them."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.identity import passwords, principals, teams
from strongroom.application.identity.views import PrincipalView, TeamView
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.operations.workspaces import Describe
from strongroom.dialects.native.wire import ByUid, Name, Paged, PagedByUid, Time, Uid, time_us
from strongroom.domain.identity.roles import Permission

Password = Annotated[str, Meta(min_length=1, max_length=1024, description="Compared in Unicode's NFC.")]


class ListPrincipals(Paged, frozen=True, kw_only=True):
    """Those of the workspace, or of the whole server."""

    everywhere: bool = False


class CreatePrincipal(Struct, frozen=True, kw_only=True):
    """A new principal; its home is the workspace of the request. `kind` is `user` or `service`.

    Only a user has a password, and may have none.
    """

    kind: str
    name: Name
    display_name: str = ""
    password: Password | None = None


class UpdatePrincipal(Struct, frozen=True, kw_only=True):
    """A new display name."""

    display_name: str


class NewPassword(Struct, frozen=True, kw_only=True):
    """A password to log in with from now on."""

    password: Password


class CreateTeam(Struct, frozen=True, kw_only=True):
    """A new team of the workspace."""

    name: Name
    description: str = ""


class MembersAt(PagedByUid, frozen=True, kw_only=True):
    """Members of a team, now or at a time."""

    at: Time | None = None


class Member(Struct, frozen=True, kw_only=True):
    """One principal in one team."""

    uid: Uid
    principal_uid: Uid


@command(
    "principal.list",
    "GET",
    "/principals",
    Permission.PRINCIPAL_READ,
    "Principals that belong to the workspace, or all of the server",
    params=ListPrincipals,
    answer=Page[PrincipalView],
)
def list_principals(call: Call, request: Request[ListPrincipals, Any]) -> Page[PrincipalView]:
    return principals.listed(call, request.params.page(), everywhere=request.params.everywhere)


@flow(
    "principal.create",
    "POST",
    "/principals",
    Permission.PRINCIPAL_WRITE,
    "Create a user or service account at home in the workspace",
    body=CreatePrincipal,
    answer=PrincipalView,
    status=201,
    secret=True,
)
async def create_principal(edge: Edge, request: Request[Any, CreatePrincipal]) -> PrincipalView:
    body = request.body
    return await passwords.create_principal(edge, body.kind, body.name, body.display_name, body.password)


@read(
    "principal.get",
    "/principals/{uid}",
    Permission.PRINCIPAL_READ,
    "One principal",
    params=ByUid,
    answer=PrincipalView,
)
def get_principal(call: Call, request: Request[ByUid, Any]) -> PrincipalView:
    return principals.get(call, request.params.uid)


@command(
    "principal.update",
    "PATCH",
    "/principals/{uid}",
    Permission.PRINCIPAL_READ,
    "Change a display name: your own, or with principal:write at the principal's home another's",
    params=ByUid,
    body=UpdatePrincipal,
    answer=PrincipalView,
)
def update_principal(call: Call, request: Request[ByUid, UpdatePrincipal]) -> PrincipalView:
    return principals.update(call, request.params.uid, request.body.display_name)


@command(
    "principal.disable",
    "POST",
    "/principals/{uid}/disable",
    Permission.PRINCIPAL_WRITE,
    "Shut a principal out and revoke its tokens",
    params=ByUid,
    answer=PrincipalView,
)
def disable_principal(call: Call, request: Request[ByUid, Any]) -> PrincipalView:
    return principals.disable(call, request.params.uid)


@command(
    "principal.enable",
    "POST",
    "/principals/{uid}/enable",
    Permission.PRINCIPAL_WRITE,
    "Let a disabled principal in again; its old tokens stay revoked",
    params=ByUid,
    answer=PrincipalView,
)
def enable_principal(call: Call, request: Request[ByUid, Any]) -> PrincipalView:
    return principals.enable(call, request.params.uid)


@flow(
    "password.reset",
    "PUT",
    "/principals/{uid}/password",
    Permission.PRINCIPAL_WRITE,
    "Give a user a new password and revoke its tokens, as an admin of the server",
    params=ByUid,
    body=NewPassword,
    secret=True,
)
async def reset_password(edge: Edge, request: Request[ByUid, NewPassword]) -> None:
    await passwords.reset(edge, request.params.uid, request.body.password)


@read("team.list", "/teams", Permission.PRINCIPAL_READ, "Teams of the workspace", params=Paged, answer=Page[TeamView])
def list_teams(call: Call, request: Request[Paged, Any]) -> Page[TeamView]:
    return teams.listed(call, request.params.page())


@command(
    "team.create",
    "POST",
    "/teams",
    Permission.PRINCIPAL_WRITE,
    "Create a team without members",
    body=CreateTeam,
    answer=TeamView,
    status=201,
)
def create_team(call: Call, request: Request[Any, CreateTeam]) -> TeamView:
    return teams.create(call, teams.CreateTeam(request.body.name, request.body.description))


@read("team.get", "/teams/{uid}", Permission.PRINCIPAL_READ, "One team", params=ByUid, answer=TeamView)
def get_team(call: Call, request: Request[ByUid, Any]) -> TeamView:
    return teams.get(call, request.params.uid)


@command(
    "team.update",
    "PATCH",
    "/teams/{uid}",
    Permission.PRINCIPAL_WRITE,
    "Describe a team",
    params=ByUid,
    body=Describe,
    answer=TeamView,
)
def update_team(call: Call, request: Request[ByUid, Describe]) -> TeamView:
    return teams.update(call, request.params.uid, request.body.description)


@command(
    "team.delete",
    "DELETE",
    "/teams/{uid}",
    Permission.PRINCIPAL_WRITE,
    "Delete a team; its memberships and grants end",
    params=ByUid,
)
def delete_team(call: Call, request: Request[ByUid, Any]) -> None:
    teams.delete(call, request.params.uid)


@read(
    "team.members",
    "/teams/{uid}/members",
    Permission.PRINCIPAL_READ,
    "Who is in a team, now or at a time",
    params=MembersAt,
    answer=Page[PrincipalView],
)
def members(call: Call, request: Request[MembersAt, Any]) -> Page[PrincipalView]:
    p = request.params
    return teams.members(call, p.uid, time_us(p.at), p.page())


@command(
    "team.add_member",
    "PUT",
    "/teams/{uid}/members/{principal_uid}",
    Permission.PRINCIPAL_WRITE,
    "Put a principal into a team",
    params=Member,
)
def add_member(call: Call, request: Request[Member, Any]) -> None:
    teams.add_member(call, request.params.uid, request.params.principal_uid)


@command(
    "team.remove_member",
    "DELETE",
    "/teams/{uid}/members/{principal_uid}",
    Permission.PRINCIPAL_WRITE,
    "Take a principal out of a team",
    params=Member,
)
def remove_member(call: Call, request: Request[Member, Any]) -> None:
    teams.remove_member(call, request.params.uid, request.params.principal_uid)


OPERATIONS = (
    list_principals,
    create_principal,
    get_principal,
    update_principal,
    disable_principal,
    enable_principal,
    reset_password,
    list_teams,
    create_team,
    get_team,
    update_team,
    delete_team,
    members,
    add_member,
    remove_member,
)

"""How callers get in and what they may do: set-up, log-in, tokens and grants.

An idempotency key keeps the answer, and a hash of the body; so operations that take a password or answer a token end
with `edge.command` and not `edge.finish`, and such a key has no effect on them.
"""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.identity import authentication, grants, passwords, review, tokens
from strongroom.application.identity.views import GrantView, PrincipalView, TokenView, WhoAmIView
from strongroom.application.paging import Page
from strongroom.application.views import microseconds
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.operations.principals import Password
from strongroom.dialects.native.wire import ByUid, Name, Paged, Time, Uid, time_us
from strongroom.domain.identity.roles import Permission

TokenId = Annotated[str, Meta(pattern=r"^SR[A-Z0-9]{18}$", description="The public part of a token.")]


class SetUp(Struct, frozen=True, kw_only=True):
    """The first user; `code` is the one that the server showed as it started."""

    code: Annotated[str, Meta(min_length=1, max_length=255)]
    name: Name
    password: Password
    display_name: str = ""


class LogIn(Struct, frozen=True, kw_only=True):
    """Who logs in."""

    name: Annotated[str, Meta(max_length=255)]
    password: Annotated[str, Meta(max_length=1024)]


class ChangePassword(Struct, frozen=True, kw_only=True):
    """One's own password, the old one proved."""

    old_password: Annotated[str, Meta(max_length=1024)]
    new_password: Password


class IssuedAnswer(Struct, frozen=True, kw_only=True):
    """A token just made: `token` is the secret, shown this once and kept nowhere."""

    token: str
    details: TokenView


class SetUpAnswer(IssuedAnswer, frozen=True, kw_only=True):
    """The first admin, logged in."""

    principal: PrincipalView


class ListTokens(Paged, frozen=True, kw_only=True):
    """Tokens of a principal; one's own when left out."""

    principal: Uid | None = None


class IssueToken(Struct, frozen=True, kw_only=True):
    """A new token; what is left out is as narrow as the token that asks. Only a service account's may never expire.

    `workspace` is the slug of the only one it works in, `role_cap` the most it may use of any role.
    """

    description: str = ""
    principal: Uid | None = None
    role_cap: Name | None = None
    workspace: Name | None = None
    expires_at: Time | None = None


class ByTokenId(Struct, frozen=True, kw_only=True):
    """A token by its public id."""

    id: TokenId


class CreateGrant(Struct, frozen=True, kw_only=True):
    """A role for a principal or team (`subject_kind`), by uid or name.

    `level` is `server`, `workspace` (that of the request), `namespace`, `asset` or `environment`; these by `scope_uid`.
    """

    role: Name
    subject: Name
    subject_kind: Name = "principal"
    level: Name = "workspace"
    scope_uid: Uid | None = None


class ListGrants(Paged, frozen=True, kw_only=True):
    """Grants of a place (a workspace means all in it), of one subject, now or at a time."""

    level: Name = "workspace"
    scope_uid: Uid | None = None
    subject: Uid | None = None
    at: Time | None = None


def _issued(issued: tokens.IssuedToken) -> IssuedAnswer:
    return IssuedAnswer(token=issued.token.text, details=issued.view)


@flow(
    "setup.complete",
    "POST",
    "/setup",
    Permission.PUBLIC,
    "Make the first admin of a new server",
    body=SetUp,
    answer=SetUpAnswer,
    status=201,
    secret=True,
)
async def complete_setup(edge: Edge, request: Request[Any, SetUp]) -> SetUpAnswer:
    body = request.body
    made = await passwords.set_up(edge, body.code, body.name, body.password, body.display_name)
    return SetUpAnswer(token=made.issued.token.text, details=made.issued.view, principal=made.principal)


@flow(
    "login.create",
    "POST",
    "/login",
    Permission.PUBLIC,
    "Log in with a password for a token of 12 hours",
    body=LogIn,
    answer=IssuedAnswer,
    status=201,
    secret=True,
)
async def log_in(edge: Edge, request: Request[Any, LogIn]) -> IssuedAnswer:
    return _issued(await passwords.log_in(edge, request.body.name, request.body.password))


@flow(
    "password.change",
    "PUT",
    "/whoami/password",
    Permission.SELF,
    "Change your own password",
    body=ChangePassword,
    secret=True,
)
async def change_password(edge: Edge, request: Request[Any, ChangePassword]) -> None:
    await passwords.change(edge, request.body.old_password, request.body.new_password)


@read(
    "whoami.get",
    "/whoami",
    Permission.PUBLIC,
    "Who you are, and which roles you can use in the workspace",
    answer=WhoAmIView,
)
def whoami(call: Call, _request: Request[Any, Any]) -> WhoAmIView:
    return authentication.whoami(call)


# The use cases of tokens ask for `self` or, for another's tokens, for `token:manage`: one route, two rights. What holds
# for both is asked here.


@read(
    "token.list",
    "/tokens",
    Permission.SELF,
    "Your tokens, or with token:manage another's, newest first",
    params=ListTokens,
    answer=Page[TokenView],
)
def list_tokens(call: Call, request: Request[ListTokens, Any]) -> Page[TokenView]:
    call.require(Permission.SELF)
    return tokens.listed(call, request.params.principal, request.params.page())


@flow(
    "token.issue",
    "POST",
    "/tokens",
    Permission.SELF,
    "Make a token for yourself, or with token:manage for another",
    body=IssueToken,
    answer=IssuedAnswer,
    status=201,
    secret=True,
)
async def issue_token(edge: Edge, request: Request[Any, IssueToken]) -> IssuedAnswer:
    body = request.body
    expires_at = None if body.expires_at is None else microseconds(body.expires_at)
    wanted = tokens.IssueToken(body.description, body.principal, body.role_cap, body.workspace, expires_at)

    def issue(call: Call) -> tokens.IssuedToken:
        call.require(Permission.SELF)
        return tokens.issue(call, wanted)

    return _issued(await edge.command(issue))


@read(
    "token.get",
    "/tokens/{id}",
    Permission.SELF,
    "One token without its secret: yours, or with token:manage another's",
    params=ByTokenId,
    answer=TokenView,
)
def get_token(call: Call, request: Request[ByTokenId, Any]) -> TokenView:
    call.require(Permission.SELF)
    return tokens.get(call, request.params.id)


@command(
    "token.revoke",
    "DELETE",
    "/tokens/{id}",
    Permission.SELF,
    "End a token: yours, or with token:manage another's",
    params=ByTokenId,
    answer=TokenView,
)
def revoke_token(call: Call, request: Request[ByTokenId, Any]) -> TokenView:
    call.require(Permission.SELF)
    return tokens.revoke(call, request.params.id)


@command(
    "grant.list",
    "GET",
    "/grants",
    Permission.GRANT_READ,
    "Grants of a place, newest first, now or at a time",
    params=ListGrants,
    answer=Page[GrantView],
)
def list_grants(call: Call, request: Request[ListGrants, Any]) -> Page[GrantView]:
    p = request.params
    query = grants.ListGrants(grants.Place(p.level, p.scope_uid), p.subject, time_us(p.at))
    return grants.listed(call, query, p.page())


@command(
    "grant.create",
    "POST",
    "/grants",
    Permission.GRANT_WRITE,
    "Give a role; the same again changes nothing",
    body=CreateGrant,
    answer=GrantView,
)
def create_grant(call: Call, request: Request[Any, CreateGrant]) -> GrantView:
    body = request.body
    place = grants.Place(body.level, body.scope_uid)
    return grants.create(call, grants.CreateGrant(body.role, body.subject, body.subject_kind, place))


@read("grant.get", "/grants/{uid}", Permission.GRANT_READ, "One grant, present or past", params=ByUid, answer=GrantView)
def get_grant(call: Call, request: Request[ByUid, Any]) -> GrantView:
    return grants.get(call, request.params.uid)


@command(
    "grant.revoke",
    "DELETE",
    "/grants/{uid}",
    Permission.GRANT_WRITE,
    "End a grant; it stays in the history",
    params=ByUid,
    answer=GrantView,
)
def revoke_grant(call: Call, request: Request[ByUid, Any]) -> GrantView:
    return grants.revoke(call, request.params.uid)


class Review(Paged, frozen=True, kw_only=True):
    """Whom to show: all that belong to the workspace, or who holds a permission such as `release:place`."""

    permission: Annotated[str, Meta(max_length=64)] | None = None


@command(
    "access.review",
    "GET",
    "/access/review",
    Permission.AUDIT_READ,
    "Who holds which role in the workspace and why, and with which tokens",
    params=Review,
    answer=Page[review.ReviewView],
)
def review_access(call: Call, request: Request[Review, Any]) -> Page[review.ReviewView]:
    return review.review(call, request.params.permission, request.params.page())


OPERATIONS = (
    review_access,
    complete_setup,
    log_in,
    change_password,
    whoami,
    list_tokens,
    issue_token,
    get_token,
    revoke_token,
    list_grants,
    create_grant,
    get_grant,
    revoke_grant,
)

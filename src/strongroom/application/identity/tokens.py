"""Tokens: issued (the secret is shown once and kept nowhere), listed, revoked."""

import hashlib
from dataclasses import dataclass

from strongroom.application.call import Call, Refusal
from strongroom.application.identity import principals
from strongroom.application.identity.views import TokenView, token_view, token_views
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import workspaces
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.model import Principal, TokenRow
from strongroom.domain.identity.roles import Permission, Role
from strongroom.domain.identity.tokens import RANDOM_BYTES, Token, hash_secret, holds_token, mint
from strongroom.domain.registry.text import clean_text

DAY_US = 86_400_000_000
LONGEST_LIFE_US = 366 * DAY_US
"""One year, leap years included: the longest that a token lives."""


@dataclass(frozen=True, slots=True)
class IssueToken:
    """A new token; what is left out is as narrow as the token that asks.

    :param principal: uid of whom it stands for; None is the caller.
    :param role_cap: the most it may use of any role.
    :param workspace: slug of the only workspace it works in.
    :param expires_at: microseconds UTC, at most a year ahead; None (never) is for service accounts only.
    """

    description: str = ""
    principal: str | None = None
    role_cap: str | None = None
    workspace: str | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token just made: the only time that its secret is seen."""

    token: Token
    view: TokenView


def issue(call: Call, command: IssueToken) -> IssuedToken:
    """Make a token for oneself, or for a principal at home where the caller manages tokens.

    Unless the caller manages tokens of the whole server, a token for somebody else works in that home only: there the
    caller holds every right already.

    :raises Forbidden: it would be able to do more than the token that asks.
    """
    principal = _holder(call, command.principal)
    role_cap, workspace_id = _role_cap(call, command), _workspace_cap(call, principal, command)
    return store(
        call,
        principal,
        description=command.description,
        role_cap=role_cap,
        workspace_id=workspace_id,
        expires_at=_clean_expiry(call, principal, command.expires_at),
    )


def _holder(call: Call, uid: str | None) -> Principal:
    call.require(Permission.SELF)
    if uid is None or uid == call.actor.uid:
        return call.actor
    return principals.by_uid(call, uid, Permission.TOKEN_MANAGE)


def _role_cap(call: Call, command: IssueToken) -> Role | None:
    own = call.caller.access.role_cap
    wanted = Role.parse(command.role_cap) if command.role_cap else own
    if own is not None and wanted is not None and wanted > own:
        limited = f"Your token is limited to {own.name.lower()}; it cannot issue one that may do more."
        call.refuse(Permission.TOKEN_MANAGE, Subject("principal", call.actor.uid), limited)
    return wanted


def _workspace_cap(call: Call, principal: Principal, command: IssueToken) -> int | None:
    bound = call.caller.access.workspace_cap
    if principal.uid != call.actor.uid and not call.allows(Permission.TOKEN_MANAGE, Target()):
        bound = principal.home_workspace_id
    wanted = workspaces.find(call, command.workspace).id if command.workspace else bound
    if bound not in (None, wanted):
        message = "This token can only be issued for one workspace, and not for that one."
        call.refuse(Permission.TOKEN_MANAGE, Subject("principal", principal.uid), message)
    return wanted


def _clean_expiry(call: Call, principal: Principal, expires_at: int | None) -> int | None:
    asking = call.tx.tokens.get(call.caller.token_id) if call.caller.token_id else None
    until = asking.expires_at if asking is not None and call.actor.kind == "service" else None
    if until is not None:  # a service account's token makes none that outlives it; a person's log-in does
        expires_at = min(until, expires_at or until)
    if expires_at is None:
        if principal.kind == "user":
            raise Invalid("A user's token expires; say when, at most a year from now.")
        return None
    if not call.now < expires_at <= call.now + LONGEST_LIFE_US:
        raise Invalid("A token expires in the future, at most a year from now.")
    return expires_at


def store(
    call: Call,
    principal: Principal,
    *,
    description: str,
    role_cap: Role | None = None,
    workspace_id: int | None = None,
    expires_at: int | None,
) -> IssuedToken:
    """Make and record a token, without any question of permission: for use cases that asked their own.

    :raises Conflict: the principal is disabled.
    """
    if call.tx.principals.lock(principal.id).disabled_at is not None:
        raise Conflict("The principal is disabled.")
    said = clean_text(description, what="description", longest=255)
    if holds_token(said):
        raise Invalid("A description may not hold a token.")
    token = mint(call.tx.random_bytes(RANDOM_BYTES))
    row = TokenRow(
        id=token.id,
        principal_id=principal.id,
        secret_hash=hash_secret(token).hex(),
        description=said,
        role_cap=role_cap.name.lower() if role_cap else None,
        workspace_id=workspace_id,
        recorded_at=call.now,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
    )
    call.tx.tokens.add(row)
    cap = call.tx.workspaces.by_id(workspace_id).uid if workspace_id is not None else None
    details: dict[str, Json] = {"principal": principal.uid, "role_cap": row.role_cap, "workspace": cap}
    # a hash of the hash: who swaps the one in the table is found, and nobody learns anything
    details |= {"expires_at": expires_at, "fingerprint": hashlib.sha256(row.secret_hash.encode()).hexdigest()}
    call.record("token.issue", Subject("token", token.id), details)
    return IssuedToken(token, token_view(call, principal, row))


def listed(call: Call, principal_uid: str | None, page: PageRequest) -> Page[TokenView]:
    """The tokens of a principal, revoked ones too, newest first; one's own when `principal_uid` is None."""
    principal = _holder(call, principal_uid)
    listing = f"tokens/{principal.id}"
    rows = call.tx.tokens.list(principal.id, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda t: (t.recorded_at, t.id))
    return Page(token_views(call, principal, kept.items), kept.next_page_token)


def _managed(call: Call, token_id: str) -> tuple[Principal, TokenRow]:
    """A token that is the caller's own, or of a principal at home where the caller manages tokens."""
    call.require(Permission.SELF)
    held = call.tx.tokens.holder(token_id)
    if held is None:
        raise NotFound("There is no such token.")
    row, principal = held
    if principal.id != call.actor.id and not call.allows(Permission.TOKEN_MANAGE, principals.home_of(principal)):
        call.refusal = Refusal(Permission.TOKEN_MANAGE, Subject("token", row.id))
        raise NotFound("There is no such token.")
    return principal, row


def get(call: Call, token_id: str) -> TokenView:
    """One token, without its secret."""
    return token_view(call, *_managed(call, token_id))


def revoke(call: Call, token_id: str) -> TokenView:
    """End a token now; again changes nothing. A token with caps can end itself and no wider one.

    :raises NotFound: none, or not the caller's to manage. :raises Forbidden: it may do more than the token that asks.
    """
    principal, row = _managed(call, token_id)
    if row.id != call.caller.token_id and not _covers(call, row):
        message = "Your token is limited; it cannot revoke one that may do more."
        call.refuse(Permission.TOKEN_MANAGE, Subject("token", row.id), message)
    if call.tx.tokens.revoke(row.id, call.now):
        call.record("token.revoke", Subject("token", row.id), {"principal": principal.uid})
    return token_view(call, *_managed(call, token_id))


def _covers(call: Call, row: TokenRow) -> bool:
    """Whether the caller's own caps hold those of the other token."""
    access = call.caller.access
    role_fits = access.role_cap is None or (row.role_cap is not None and Role.parse(row.role_cap) <= access.role_cap)
    return role_fits and access.workspace_cap in (None, row.workspace_id)

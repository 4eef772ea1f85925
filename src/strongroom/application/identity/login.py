"""Passwords and log-ins, cut in two: a password is checked and hashed between transactions, never inside one.

`begin` reads what is stored, the edge lets `PasswordHasher` verify (as slow for unknown names), `finish` answers.
"""

from dataclasses import dataclass

from strongroom.application.call import Call, Caller
from strongroom.application.identity import principals, tokens
from strongroom.application.identity.principals import SERVER
from strongroom.application.identity.tokens import DAY_US, IssuedToken
from strongroom.application.paging import PageSealer
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, Unauthenticated
from strongroom.domain.identity.access import Access, Target
from strongroom.domain.identity.model import Principal
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.names import NAME_LONGEST
from strongroom.domain.registry.text import refused_character

#: One sentence for every reason, so that nobody learns which names exist.
REFUSED = "The name or the password is wrong."
SESSION_US = DAY_US // 2
"""How long a log-in lasts: 12 hours."""
DEFAULT_WORKSPACE = "default"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in that waits for its password to be verified against `stored`; both None when nobody may log in so."""

    principal_id: int | None
    stored: str | None


def begin(tx: Transaction, name: str) -> Attempt:
    """What to verify a password against; never says whether the name exists."""
    sound = len(name) <= NAME_LONGEST and refused_character(name) is None
    principal = tx.principals.by_name(name) if sound else None
    if principal is None or principal.kind != "user" or principal.disabled_at is not None:
        return Attempt(None, None)
    return Attempt(principal.id, tx.principals.password_hash(principal.id))


def _proven(tx: Transaction, attempt: Attempt, *, verified: bool) -> Principal:
    """The principal of a verified attempt, locked, if it may still log in with the same password."""
    if attempt.principal_id is None or attempt.stored is None or not verified:
        raise Unauthenticated(REFUSED)
    principal = tx.principals.lock(attempt.principal_id)
    if principal.disabled_at is not None or tx.principals.password_hash(principal.id) != attempt.stored:
        raise Unauthenticated(REFUSED)
    return principal


def finish(tx: Transaction, attempt: Attempt, *, verified: bool, rehashed: str | None = None) -> IssuedToken:
    """Log in: a token of `SESSION_US` for whoever proved the password.

    :param verified: what `PasswordHasher.verify(attempt.stored, password)` said.
    :param rehashed: the same password hashed again, when `needs_rehash` asked for it.
    :raises Unauthenticated: not verified, or disabled or changed meanwhile; always with the same message.
    """
    principal = _proven(tx, attempt, verified=verified)
    if rehashed is not None:
        tx.principals.set_password_hash(principal.id, rehashed)
    home = principal.home_workspace_id
    workspace = tx.workspaces.by_id(home) if home else tx.workspaces.by_slug(DEFAULT_WORKSPACE)
    if workspace is None:
        raise Conflict("The principal has no workspace to log in to.")
    call = Call(tx, Caller(principal, Access(principal.uid)), workspace, PageSealer(b""))
    return tokens.store(call, principal, description="log-in", expires_at=call.now + SESSION_US)


def change_password(call: Call, attempt: Attempt, *, verified: bool, new_hash: str) -> None:
    """Replace one's own password, having proved the old one; a token with caps cannot.

    :raises Unauthenticated: the old password was not verified. :raises Forbidden: the token has caps.
    """
    call.require(Permission.SELF)
    access = call.caller.access
    if access.role_cap is not None or access.workspace_cap is not None:
        about = Subject("principal", call.actor.uid)
        call.refuse(Permission.SELF, about, "A token that is limited cannot change the password.")
    principal = _proven(call.tx, attempt, verified=verified)
    if principal.id != call.actor.id:
        raise Unauthenticated(REFUSED)
    call.tx.principals.set_password_hash(principal.id, new_hash)
    call.record("principal.password_change", Subject("principal", principal.uid))


def reset_password(call: Call, uid: str, new_hash: str) -> None:
    """Give a user a new password and revoke all its tokens; for admins of the server only.

    An admin of the user's home may not: the user can hold rights elsewhere, and a password opens them all.

    :raises Invalid: it is no user.
    """
    call.require(Permission.PRINCIPAL_WRITE, Target(), SERVER)
    principal = principals.by_uid(call, uid, Permission.PRINCIPAL_WRITE)
    if principal.kind != "user":
        raise Invalid("Only users have a password; give a service account a token.")
    call.tx.principals.lock(principal.id)
    call.tx.principals.set_password_hash(principal.id, new_hash)
    revoked = call.tx.tokens.revoke_all(principal.id, call.now)
    call.record("principal.password_reset", Subject("principal", uid), {"tokens_revoked": revoked})

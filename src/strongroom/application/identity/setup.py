"""How a new server gets its first workspace, its first admin and, from the command line, further principals.

What happens here is done by the system itself and recorded so; there is nobody else yet.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from strongroom.application.identity import authority, grants, principals, tokens
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.identity.login import DEFAULT_WORKSPACE, SESSION_US
from strongroom.application.identity.principals import CreatePrincipal
from strongroom.application.identity.tokens import LONGEST_LIFE_US, IssuedToken
from strongroom.application.identity.views import PrincipalView, principal_view
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, NotFound, Unauthenticated
from strongroom.domain.identity.tokens import Token
from strongroom.domain.registry.model import Workspace

CODE_BYTES = 32
SETTING = "setup_code_hash"
as_system = authority.as_system
REFUSED = "The set-up code is wrong or was used; restart the server for a new one."


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Who a set-up made, and the token it may begin with."""

    principal: PrincipalView
    issued: IssuedToken


def ensure_default_workspace(tx: Transaction) -> Workspace:
    """The workspace `default`, made if it is not there."""
    found = tx.workspaces.by_slug(DEFAULT_WORKSPACE)
    if found is not None:
        return found
    made = tx.workspaces.add(DEFAULT_WORKSPACE, "")
    as_system(tx, made).record("workspace.create", Subject("workspace", made.uid), {"slug": made.slug})
    return made


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode(errors="replace")).hexdigest()


def prepare(tx: Transaction) -> str | None:
    """A new set-up code, good for making the first admin; None once there is a user. The code before it is void."""
    if tx.principals.any_user():
        return None
    code = base64.urlsafe_b64encode(tx.random_bytes(CODE_BYTES)).decode().rstrip("=")
    tx.settings.put(SETTING, _hash(code))
    return code


def check(tx: Transaction, code: str) -> None:
    """Whether a code would do; ask before the work of hashing a password.

    :raises Unauthenticated: wrong, used, or somebody made a user meanwhile; always with the same message.
    """
    stored = tx.settings.get(SETTING)
    right = hmac.compare_digest(stored or "0" * 64, _hash(code))
    if stored is None or not right or tx.principals.any_user():
        raise Unauthenticated(REFUSED)


def complete(tx: Transaction, code: str, name: str, password_hash: str, display_name: str = "") -> FirstAdmin:
    """Use up the code: make the first user, admin of the server, and log it in.

    :raises Unauthenticated: see `check`; of two that race with one code, one gets it.
    """
    check(tx, code)
    if tx.settings.take(SETTING) != _hash(code):
        raise Unauthenticated(REFUSED)
    call = as_system(tx, ensure_default_workspace(tx))
    admin = principals.add(call, CreatePrincipal("user", name, display_name, password_hash))
    grants.create(call, CreateGrant("admin", admin.uid, place=Place("server")))
    issued = tokens.store(call, admin, description="set-up", expires_at=call.now + SESSION_US)
    return FirstAdmin(principal_view(call, admin), issued)


def ensure_principal_with_token(
    tx: Transaction, name: str, role: str | None, workspace: str, *, server: bool = False, kind: str = "user"
) -> Token:
    """A new token for a principal of that name, which is made if it is not there, for use beside a stopped server.

    :param role: granted on the workspace; None grants nothing.
    :param workspace: slug of its home.
    :param server: grant the role on the whole server instead.
    :raises NotFound: no such workspace. :raises Conflict: the principal is disabled, or of another kind.
    """
    home = tx.workspaces.by_slug(workspace)
    if home is None:
        raise NotFound("There is no such workspace.")
    call = as_system(tx, home)
    principal = tx.principals.by_name(principals.clean_principal_name(name))
    if principal is None:
        principal = principals.add(call, CreatePrincipal(kind, name))
    if principal.kind != kind:
        raise Conflict(f"The principal of that name is a {principal.kind}, not a {kind}.")
    if role is not None:
        grants.create(call, CreateGrant(role, principal.uid, place=Place("server" if server else "workspace")))
    expires_at = call.now + LONGEST_LIFE_US if kind == "user" else None
    return tokens.store(call, principal, description="command line", expires_at=expires_at).token

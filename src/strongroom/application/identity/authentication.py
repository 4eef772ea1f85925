"""From a token to the caller it stands for, and what a caller may know of itself."""

import hmac
from dataclasses import dataclass

from strongroom.application.call import Call, Caller
from strongroom.application.identity.views import RoleView, WhoAmIView, principal_view
from strongroom.application.ports.identity import Admission, Held
from strongroom.application.ports.transaction import Transaction
from strongroom.application.views import maybe_time
from strongroom.domain.errors import Unauthenticated
from strongroom.domain.identity.access import Access
from strongroom.domain.identity.roles import Grant, Level, Permission, Role
from strongroom.domain.identity.tokens import Token, hash_secret

#: One sentence for every reason, so that nobody learns which ids exist or whose account is disabled.
REFUSED = "The token is unknown, expired or revoked."
ROLES_SHOWN = 100

_NO_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class Shown:
    """A token whose secret was shown when a seal of ours was given for it; what bears the seal dies with the token."""

    id: str


def authenticate(
    tx: Transaction, token: Token | Shown | None, admission: Admission | None = None, *, public_reads: bool = False
) -> Caller:
    """The caller behind a token, with its access resolved; nobody without a token. One query, when nothing changed.

    :param admission: of this moment of the transaction, when the caller has it.
    :param public_reads: whether the operator lets everybody read public assets.
    :raises Unauthenticated: unknown, expired or revoked, or its principal is disabled; always with the same message.
    """
    if token is None:
        return Caller(None, Access(None, public_reads=public_reads))
    held = (admission or tx.admission()).holder(token.id)
    stored = held.token.secret_hash if held else _NO_HASH
    proven = isinstance(token, Shown) or hmac.compare_digest(stored, hash_secret(token).hex())
    if held is None or not proven or not _alive(held, tx.now()):
        raise Unauthenticated(REFUSED)
    return _caller(held, public_reads=public_reads)


def holder_of(tx: Transaction, token_id: str) -> Caller:
    """The caller behind a token that was proven before, for what this server sealed in its name (`tickets`).

    :raises Unauthenticated: expired or revoked meanwhile, or its principal is disabled.
    """
    held = tx.admission().holder(token_id)
    if held is None or not _alive(held, tx.now()):
        raise Unauthenticated(REFUSED)
    return _caller(held, public_reads=False)


def _caller(held: Held, *, public_reads: bool) -> Caller:
    row, principal = held.token, held.principal
    access = Access(
        principal.uid,
        held.grants,
        role_cap=Role.parse(row.role_cap) if row.role_cap else None,
        workspace_cap=row.workspace_id,
        public_reads=public_reads,
    )
    return Caller(principal, access, row.id)


def _alive(held: Held, now: int) -> bool:
    row, principal = held.token, held.principal
    expired = row.expires_at is not None and row.expires_at <= now
    return row.revoked_at is None and principal.disabled_at is None and not expired


def whoami(call: Call) -> WhoAmIView:
    """Who calls, with which token, and which roles it can use in the workspace of the call."""
    call.asked.add(Permission.PUBLIC)
    caller = call.caller
    row = call.tx.tokens.get(caller.token_id) if caller.token_id else None
    return WhoAmIView(
        principal_view(call, caller.principal) if caller.principal else None,
        caller.token_id,
        maybe_time(row.expires_at if row else None),
        call.workspace.slug,
        _roles(call),
    )


def _roles(call: Call) -> list[RoleView]:
    """The caller's roles here, highest level and role first, at most `ROLES_SHOWN`."""
    access, here = call.caller.access, call.workspace.id
    if access.workspace_cap not in (None, here):
        return []
    usable = [g for g in access.grants if g.scope.workspace_id in (None, here)]
    usable.sort(key=lambda g: (-g.scope.level, g.scope.namespace or "", g.scope.asset_id or 0, -g.role))
    shown = usable[:ROLES_SHOWN]
    assets = call.tx.assets.by_ids([g.scope.asset_id for g in shown if g.scope.asset_id is not None])
    paths = {asset.id: asset.path for asset in assets.values()}
    in_order = call.tx.environments.list(call.workspace.id) if any(g.scope.environment_id for g in shown) else ()
    environments = {one.id: one.name for one in in_order}
    views = (_role(call, g, paths, environments) for g in shown)
    return list(dict.fromkeys(views))


def _role(call: Call, grant: Grant, paths: dict[int, str], environments: dict[int, str]) -> RoleView:
    scope, cap = grant.scope, call.caller.access.role_cap
    role = grant.role if cap is None else min(cap, grant.role)
    names = {
        Level.WORKSPACE: call.workspace.slug,
        Level.NAMESPACE: scope.namespace,
        Level.ASSET: paths.get(scope.asset_id or 0),
        Level.ENVIRONMENT: environments.get(scope.environment_id or 0),
    }
    name = names.get(scope.level) or ""
    return RoleView(scope.level.name.lower(), name, role.name.lower())

"""What needs a password: log-in, set-up and changes. The slow hash runs between two transactions, never inside one."""

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.identity import login, principals, setup
from strongroom.application.identity.login import Attempt
from strongroom.application.identity.principals import CreatePrincipal
from strongroom.application.identity.setup import FirstAdmin
from strongroom.application.identity.tokens import IssuedToken
from strongroom.application.identity.views import PrincipalView
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Unauthenticated
from strongroom.domain.identity.roles import Permission


async def set_up(edge: Edge, code: str, name: str, password: str, display_name: str) -> FirstAdmin:
    """Make the first admin with the single-use code. :raises Unauthenticated: the code is wrong or was used."""
    await edge.read(lambda call: setup.check(call.tx, code))
    hashed = await edge.gateway.gate.hash(password)
    return await edge.command(lambda call: setup.complete(call.tx, code, name, hashed, display_name))


async def log_in(edge: Edge, name: str, password: str) -> IssuedToken:
    """A token of 12 hours for a right password; a wrong one for a known name is a record of refusal.

    :raises TooManyRequests: too many wrong passwords for this name, or too many log-ins at once.
    :raises Unauthenticated: wrong, always with the same message and after the same work.
    """
    gate = edge.gateway.gate
    key = name[:256].casefold()
    now = await edge.read(lambda call: call.now)
    gate.admit(key, now)
    attempt = await edge.read(lambda call: login.begin(call.tx, name))
    verified = await gate.verify(attempt.stored, password)
    rehash = verified and attempt.stored is not None and gate.needs_rehash(attempt.stored)
    rehashed = await gate.hash(password) if rehash else None
    try:
        issued = await edge.command(lambda call: login.finish(call.tx, attempt, verified=verified, rehashed=rehashed))
    except Unauthenticated:
        gate.failed(key, now)
        await edge.command(lambda call: _note_failure(call, attempt))
        raise
    gate.passed(key)
    return issued


def _note_failure(call: Call, attempt: Attempt) -> None:
    """The refusal, about the principal that somebody tried to be; for names that nobody has, the same work."""
    if attempt.principal_id is None:
        call.tx.settings.put("login.unknown_name_at", str(call.now))
    else:
        principal = call.tx.principals.by_id(attempt.principal_id)
        call.record("login.create", Subject("principal", principal.uid), event=False, outcome="refused")


async def change(edge: Edge, old: str, new: str) -> None:
    """Change one's own password, having proved the old one."""
    gate = edge.gateway.gate
    attempt, name, now = await edge.read(
        lambda call: (login.begin(call.tx, call.actor.name), call.actor.name, call.now)
    )
    gate.admit(name.casefold(), now)
    verified = await gate.verify(attempt.stored, old)
    if not verified:
        gate.failed(name.casefold(), now)
    hashed = await gate.hash(new) if verified else ""
    await edge.command(lambda call: login.change_password(call, attempt, verified=verified, new_hash=hashed))


async def reset(edge: Edge, uid: str, new: str) -> None:
    """Set another's password (server admins); all its tokens end."""
    await edge.read(lambda call: principals.by_uid(call, uid, Permission.PRINCIPAL_WRITE))  # before hashing
    hashed = await edge.gateway.gate.hash(new)
    await edge.command(lambda call: login.reset_password(call, uid, hashed))


async def create_principal(edge: Edge, kind: str, name: str, display_name: str, password: str | None) -> PrincipalView:
    """Make a principal, with a password when one is given."""
    await edge.read(lambda call: call.require(Permission.PRINCIPAL_WRITE))  # before hashing
    hashed = await edge.gateway.gate.hash(password) if password is not None else None
    command = CreatePrincipal(kind, name, display_name, hashed)
    return await edge.command(lambda call: principals.create(call, command))

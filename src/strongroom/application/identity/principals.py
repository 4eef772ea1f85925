"""Users and service accounts: made, found, renamed for display, disabled and enabled. None is ever deleted."""

from dataclasses import dataclass

from strongroom.application.call import Call, Refusal
from strongroom.application.identity.views import PrincipalView, principal_view, principal_views
from strongroom.application.paging import Page, PageRequest
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, BadName, Conflict, Invalid, NotFound
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.model import ANONYMOUS, SYSTEM, Principal
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.names import clean_name, clean_namespace_path, slug_key
from strongroom.domain.registry.text import clean_text

KINDS = ("user", "service")
SERVER = Subject("server", "server")

_NOBODY = "There is no such principal."


@dataclass(frozen=True, slots=True)
class CreatePrincipal:
    """A new principal; its home is the workspace of the call.

    :param kind: user or service.
    :param password_hash: what `PasswordHasher.hash` gave outside the transaction; users only, None for no password.
    """

    kind: str
    name: str
    display_name: str = ""
    password_hash: str | None = None


def clean_principal_name(text: str) -> str:
    """Name of a principal, in NFC. It shares one list with top namespaces, so the same names are reserved.

    :raises BadName: no name, reserved, or what the server calls itself and callers without a token.
    """
    name = clean_name(text)
    clean_namespace_path(name)
    if slug_key(name) in {ANONYMOUS, SYSTEM}:
        raise BadName(f"The name {name!r} is reserved.")
    return name


def _clean_display_name(text: str) -> str:
    return clean_text(text, what="display name", longest=255)


def home_of(principal: Principal) -> Target:
    """Where rights over a principal are asked for: its home workspace, or the server when it has none."""
    if principal.home_workspace_id is None:
        return Target()
    return Target(workspace_id=principal.home_workspace_id, namespace="")


def add(call: Call, command: CreatePrincipal) -> Principal:
    """Make a principal without any grant; see `create`."""
    call.require(Permission.PRINCIPAL_WRITE)
    if command.kind not in KINDS:
        raise Invalid(f"A principal is one of {', '.join(KINDS)}.")
    if command.password_hash is not None and command.kind != "user":
        raise Invalid("Only users have a password; give a service account a token.")
    name = clean_principal_name(command.name)
    if call.tx.principals.by_name(name) is not None:
        raise AlreadyExists("A principal of that name exists; names are never used again.")
    if call.tx.namespaces.by_path(call.workspace.id, name) is not None:
        raise AlreadyExists("The workspace has a namespace of that name.")
    display_name = _clean_display_name(command.display_name)
    principal = call.tx.principals.add(command.kind, name, display_name, call.workspace.id)
    if command.password_hash is not None:
        call.tx.principals.set_password_hash(principal.id, command.password_hash)
    details = {"kind": principal.kind, "home": call.workspace.uid}
    call.record("principal.create", Subject("principal", principal.uid), details)
    return principal


def create(call: Call, command: CreatePrincipal) -> PrincipalView:
    """Make a principal whose home is the workspace of the call. It holds no grant until it is given one.

    :raises AlreadyExists: the name is taken, by a disabled principal or a top namespace too.
    """
    return principal_view(call, add(call, command))


def by_uid(call: Call, uid: str, permission: Permission) -> Principal:
    """The principal, when the caller may do this to it, in its home workspace.

    :raises NotFound: none, or not visible to the caller. :raises Forbidden: visible, but this is not allowed.
    """
    call.ask(permission)
    caller, found = call.actor, call.tx.principals.by_uid(uid)
    if found is None or found.kind == SYSTEM:
        raise NotFound(_NOBODY)
    if found.uid != caller.uid and not _visible(call, found):
        call.refusal = Refusal(permission, Subject("principal", found.uid))
        raise NotFound(_NOBODY)
    if permission is not Permission.PRINCIPAL_READ:
        call.require(permission, home_of(found), Subject("principal", found.uid))
    return found


def _visible(call: Call, principal: Principal) -> bool:
    if call.allows(Permission.PRINCIPAL_READ, home_of(principal)):
        return True
    here = call.allows(Permission.PRINCIPAL_READ)
    return here and call.tx.principals.belongs(principal.id, call.workspace.id)


def get(call: Call, uid: str) -> PrincipalView:
    """One principal: oneself, one at home in a workspace of the caller, or one that belongs to this workspace."""
    return principal_view(call, by_uid(call, uid, Permission.PRINCIPAL_READ))


def listed(call: Call, page: PageRequest, *, everywhere: bool = False) -> Page[PrincipalView]:
    """The principals that belong to the workspace (home, grant or team), by name. Reading them is recorded.

    :param everywhere: all of the server instead; needs the right there.
    """
    if everywhere:
        call.require(Permission.PRINCIPAL_READ, Target(), SERVER)
    else:
        call.require(Permission.PRINCIPAL_READ)
    workspace_id = None if everywhere else call.workspace.id
    listing = f"principals/{workspace_id}"
    rows = call.tx.principals.list(workspace_id, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda p: (p.name,))
    about = SERVER if everywhere else Subject("workspace", call.workspace.uid)
    call.record("principal.list", about, event=False, outcome="read")
    return Page(principal_views(call, kept.items), kept.next_page_token)


def update(call: Call, uid: str, display_name: str) -> PrincipalView:
    """Change the display name, one's own or of somebody whose home the caller administers."""
    call.require(Permission.SELF)
    own = call.actor.uid == uid
    principal = by_uid(call, uid, Permission.PRINCIPAL_READ if own else Permission.PRINCIPAL_WRITE)
    locked = call.tx.principals.lock(principal.id)
    changed = call.tx.principals.update(
        locked, display_name=_clean_display_name(display_name), disabled_at=locked.disabled_at
    )
    call.record("principal.update", Subject("principal", uid))
    return principal_view(call, changed)


def disable(call: Call, uid: str) -> PrincipalView:
    """Shut a principal out: all its tokens are revoked at once. Its grants stay, for when it is enabled again.

    :raises Conflict: it is the last one that administers the server.
    :raises Forbidden: it administers the server and the caller does not.
    """
    principal = by_uid(call, uid, Permission.PRINCIPAL_WRITE)
    admins = call.tx.grants.lock_server_admins()
    if uid in admins:
        call.require(Permission.PRINCIPAL_WRITE, Target(), Subject("principal", uid))
        if len(admins) == 1:
            raise Conflict("This is the last principal that administers the server; name another one first.")
    locked = call.tx.principals.lock(principal.id)
    if locked.disabled_at is not None:
        return principal_view(call, locked)
    changed = call.tx.principals.update(locked, display_name=locked.display_name, disabled_at=call.now)
    revoked = call.tx.tokens.revoke_all(principal.id, call.now)
    call.record("principal.disable", Subject("principal", uid), {"tokens_revoked": revoked})
    return principal_view(call, changed)


def enable(call: Call, uid: str) -> PrincipalView:
    """Let a disabled principal in again, with the grants it has; its old tokens stay revoked."""
    principal = call.tx.principals.lock(by_uid(call, uid, Permission.PRINCIPAL_WRITE).id)
    if principal.disabled_at is None:
        return principal_view(call, principal)
    changed = call.tx.principals.update(principal, display_name=principal.display_name, disabled_at=None)
    call.record("principal.enable", Subject("principal", uid))
    return principal_view(call, changed)

"""Grants: who gives which role to whom, on the server, a workspace, a namespace or an asset; now and at any time.

Only an admin of a place gives roles there (`GRANT_WRITE` asks for the highest role), so nobody gives more than they
hold. A team gets roles in its own workspace only: whoever fills the team must hold what it is given.
"""

from dataclasses import dataclass
from typing import NoReturn

from strongroom.application.call import Call, Refusal, asset_target
from strongroom.application.delivery import environments
from strongroom.application.identity.principals import SERVER
from strongroom.application.identity.views import GrantView, grant_view
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.identity import GrantRow
from strongroom.application.registry import assets, namespaces
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.model import ANONYMOUS, SYSTEM
from strongroom.domain.identity.roles import Level, Permission, Role, Scope

SUBJECT_KINDS = ("principal", "team")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a grant stands: `level` is server or workspace (that of the call); namespace, asset, environment by uid."""

    level: str = "workspace"
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class CreateGrant:
    """A role for a principal or a team (`subject_kind`), by uid or name."""

    role: str
    subject: str
    subject_kind: str = "principal"
    place: Place = Place()


@dataclass(frozen=True, slots=True)
class ListGrants:
    """Which grants to list: those of a place (a workspace means all in it), of one subject, as of a time.

    :param subject: uid. :param at: microseconds UTC; None is now.
    """

    place: Place = Place()
    subject: str | None = None
    at: int | None = None


def _scope(call: Call, place: Place, permission: Permission) -> tuple[Scope, Subject]:
    """The place as a scope, when the caller has the permission there."""
    match place.level, place.uid:
        case "server", None:
            call.require(permission, Target(), SERVER)
            return Scope.server(), SERVER
        case "workspace", None:
            call.require(permission)
            return Scope.workspace(call.workspace.id), Subject("workspace", call.workspace.uid)
        case "namespace", str(uid):
            namespace = namespaces.by_uid(call, uid, permission)
            return Scope.namespace_at(call.workspace.id, namespace.slug_path), Subject("namespace", namespace.uid)
        case "asset", str(uid):
            asset = assets.by_uid(call, uid, permission)
            return Scope.asset(call.workspace.id, asset.id), Subject("asset", asset.uid)
        case "environment", str(uid):
            environment = environments.by_uid(call, uid, permission)
            return Scope.environment(call.workspace.id, environment.id), Subject("environment", environment.uid)
    raise Invalid("A grant stands on the server, the workspace, or a namespace, asset or environment by its uid.")


def _subject(call: Call, kind: str, text: str, scope: Scope) -> str:
    """The uid of who gets a role."""
    if ANONYMOUS in {text, kind}:
        raise Invalid("Nobody in particular gets no role: make the asset public instead.")
    if kind not in SUBJECT_KINDS:
        raise Invalid(f"A role is given to one of {', '.join(SUBJECT_KINDS)}.")
    if kind == "team":
        here = call.workspace.id
        if scope.level is Level.SERVER:
            raise Invalid("A team gets roles in its own workspace only.")
        team = call.tx.teams.by_uid(here, text) or call.tx.teams.by_name(here, text)
        if team is None:
            raise NotFound("There is no such team.")
        return team.uid
    principal = call.tx.principals.by_uid(text) or call.tx.principals.by_name(text)
    if principal is None or principal.kind == SYSTEM:
        raise NotFound("There is no such principal.")
    if principal.disabled_at is not None:
        raise Conflict("The principal is disabled.")
    return principal.uid


def create(call: Call, command: CreateGrant) -> GrantView:
    """Give a role. The same role to the same subject at the same place, again, changes nothing.

    :raises NotFound: no such place or subject. :raises Forbidden: the caller does not administer the place.
    """
    role = Role.parse(command.role).name.lower()
    scope, on = _scope(call, command.place, Permission.GRANT_WRITE)
    subject = _subject(call, command.subject_kind, command.subject, scope)
    present = call.tx.grants.current(command.subject_kind, subject, scope, role)
    if present is not None:
        return grant_view(present)
    row = call.tx.grants.add(command.subject_kind, subject, scope, role, call.actor.id)
    details = {"subject": subject, "role": role, "level": scope.level.name.lower(), "on": on.uid}
    call.record("grant.create", Subject("grant", row.uid), details)
    return grant_view(row)


def listed(call: Call, query: ListGrants, page: PageRequest) -> Page[GrantView]:
    """Grants of a place, newest first, without those that stand on assets whose grants the caller may not see.

    Reading them is itself recorded (a sensitive read).
    """
    scope, on = _scope(call, query.place, Permission.GRANT_READ)
    listing = f"grants/{call.workspace.id}/{query}"
    found: list[GrantRow] = []
    after = call.sealer.open(listing, page.token)
    while len(found) <= page.size:
        rows = call.tx.grants.list(scope, subject_uid=query.subject, at=query.at, after=after, limit=page.size + 1)
        found += [row for row in rows if call.allows(Permission.GRANT_READ, _target(call, row.grant.scope))]
        if len(rows) <= page.size:
            break
        after = (rows[-1].valid_from, rows[-1].uid)
    call.record("grant.list", on, event=False, outcome="read")
    return call.sealer.page(listing, found, page.size, lambda g: (g.valid_from, g.uid)).map(grant_view)


def _target(call: Call, scope: Scope) -> Target:
    if scope.asset_id is not None:
        return asset_target(call.tx.assets.by_id(scope.asset_id))
    if scope.level is Level.SERVER:
        return Target()
    if scope.environment_id is not None:
        return Target(workspace_id=scope.workspace_id, environment_id=scope.environment_id)
    return Target(workspace_id=scope.workspace_id, namespace=scope.namespace or "")


def by_uid(call: Call, uid: str, permission: Permission) -> GrantRow:
    """A grant, present or past, on the server or in the workspace of the call.

    :raises NotFound: none, or none that the caller may see. :raises Forbidden: visible, but this is not allowed.
    """
    call.ask(permission)
    row = call.tx.grants.by_uid(uid)
    if row is None or row.grant.scope.workspace_id not in (None, call.workspace.id):
        raise NotFound("There is no such grant.")
    target = _target(call, row.grant.scope)
    if not call.allows(Permission.GRANT_READ, target):
        _refuse(call, permission, row, NotFound("There is no such grant."))
    if not call.allows(permission, target):
        needed = permission.value
        _refuse(call, permission, row, Forbidden(f"You need {needed} where this grant stands.", permission=needed))
    return row


def _refuse(call: Call, permission: Permission, row: GrantRow, error: NotFound | Forbidden) -> NoReturn:
    call.refusal = Refusal(permission, Subject("grant", row.uid))
    raise error


def get(call: Call, uid: str) -> GrantView:
    """One grant, present or past."""
    return grant_view(by_uid(call, uid, Permission.GRANT_READ))


def revoke(call: Call, uid: str) -> GrantView:
    """End a grant; again changes nothing.

    :raises Conflict: it is the last one that makes somebody an admin of the server.
    """
    row = by_uid(call, uid, Permission.GRANT_WRITE)
    held = row.grant
    if held.scope.level is Level.SERVER and held.role is Role.ADMIN and row.valid_to is None:
        admins = call.tx.grants.lock_server_admins()
        if set(admins) <= {row.subject_uid}:
            raise Conflict("This is the last grant that administers the server; name another admin first.")
    if call.tx.grants.revoke(uid):
        call.record("grant.revoke", Subject("grant", uid), {"subject": row.subject_uid})
    return grant_view(by_uid(call, uid, Permission.GRANT_READ))

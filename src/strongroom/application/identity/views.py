"""What callers see of principals, teams, tokens and grants. Nothing here holds a secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.ports.identity import GrantRow
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.identity.model import Principal, Team, TokenRow


@dataclass(frozen=True, slots=True)
class PrincipalView:
    """A user or service account; `home_workspace` is a slug."""

    uid: str
    kind: str
    name: str
    display_name: str
    home_workspace: str | None
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team of the workspace."""

    uid: str
    name: str
    description: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token without its secret; `workspace` is the slug of the only one it works in, `last_used_at` to the minute."""

    id: str
    principal: str
    description: str
    role_cap: str | None
    workspace: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class GrantView:
    """A grant, from `valid_from` until `valid_to` (null: still).

    `subject` is a uid; `level` is server, workspace, namespace or asset; `scope` the slug or path of what it stands on.
    """

    uid: str
    subject_kind: str
    subject: str
    subject_name: str
    level: str
    scope: str
    role: str
    granted_by: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role that the caller can use now, after the caps of its token; `level` and `scope` as in `GrantView`."""

    level: str
    scope: str
    role: str


@dataclass(frozen=True, slots=True)
class WhoAmIView:
    """The caller: its principal (null: anonymous), its token, and what it may use in this workspace."""

    principal: PrincipalView | None
    token_id: str | None
    token_expires_at: datetime | None
    workspace: str
    roles: Sequence[RoleView]


def _slugs(call: Call, workspace_ids: Sequence[int | None]) -> dict[int | None, str | None]:
    known: dict[int | None, str | None] = {None: None, call.workspace.id: call.workspace.slug}
    for workspace_id in workspace_ids:
        if workspace_id is not None and workspace_id not in known:
            known[workspace_id] = call.tx.workspaces.by_id(workspace_id).slug
    return known


def principal_views(call: Call, principals: Sequence[Principal]) -> list[PrincipalView]:
    """Principals, each with the slug of its home."""
    slugs = _slugs(call, [principal.home_workspace_id for principal in principals])
    return [
        PrincipalView(
            principal.uid,
            principal.kind,
            principal.name,
            principal.display_name,
            slugs[principal.home_workspace_id],
            time_of(principal.recorded_at),
            maybe_time(principal.disabled_at),
        )
        for principal in principals
    ]


def principal_view(call: Call, principal: Principal) -> PrincipalView:
    """One principal."""
    return principal_views(call, [principal])[0]


def team_view(team: Team) -> TeamView:
    """A team."""
    return TeamView(team.uid, team.name, team.description, time_of(team.recorded_at))


def token_views(call: Call, principal: Principal, rows: Sequence[TokenRow]) -> list[TokenView]:
    """Tokens of one principal."""
    slugs = _slugs(call, [row.workspace_id for row in rows])
    return [
        TokenView(
            row.id,
            principal.uid,
            row.description,
            row.role_cap,
            slugs[row.workspace_id],
            time_of(row.recorded_at),
            maybe_time(row.expires_at),
            maybe_time(row.revoked_at),
            maybe_time(row.last_used_at),
        )
        for row in rows
    ]


def token_view(call: Call, principal: Principal, row: TokenRow) -> TokenView:
    """One token."""
    return token_views(call, principal, [row])[0]


def grant_view(row: GrantRow) -> GrantView:
    """A grant, present or past."""
    return GrantView(
        row.uid,
        row.subject_kind,
        row.subject_uid,
        row.subject_name,
        row.grant.scope.level.name.lower(),
        row.scope_name,
        row.grant.role.name.lower(),
        row.granted_by,
        time_of(row.valid_from),
        maybe_time(row.valid_to),
    )

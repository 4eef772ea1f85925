"""Access review: who holds which role in a workspace and why, and with which tokens; for its admins to go through.

Reading it is itself recorded (a sensitive read), once a page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from strongroom.application.call import Call
from strongroom.application.identity.principals import home_of
from strongroom.application.identity.views import PrincipalView, TokenView, principal_views, token_views
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.identity import GrantRow
from strongroom.application.views import time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.model import Principal, TokenRow
from strongroom.domain.identity.roles import RULES, Permission, Rule, Scope

AT_ONCE: Final = 100
"""Principals in a page."""
GRANTS_MOST: Final = 200
"""Grants that are shown of a principal, and of each of its teams."""
TOKENS_MOST: Final = 100
"""Tokens that are looked at of a principal, the latest first."""


@dataclass(frozen=True, slots=True)
class ReviewedRole:
    """A role and why it is held: by a grant of one's own, or of a team (`team` is its name).

    `level` and `scope` are as in a grant, `granted_by` is a uid.
    """

    role: str
    level: str
    scope: str
    team: str | None
    grant: str
    granted_by: str
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewView:
    """One principal. `tokens` are those that work now; null where they are managed in another workspace.

    `last_used_at` is the last use of any token, to the minute; `cut` says that there are more grants or tokens.
    """

    principal: PrincipalView
    roles: Sequence[ReviewedRole]
    tokens: Sequence[TokenView] | None
    last_used_at: datetime | None
    cut: bool


def review(call: Call, permission: str | None, page: PageRequest) -> Page[ReviewView]:
    """The principals that belong to the workspace, by name, each with its roles there and its tokens.

    Roles on the server are shown to who may see grants there.

    :param permission: only who holds it somewhere in the workspace, and only the roles that give it.
    :raises Invalid: no such permission.
    """
    call.require(Permission.AUDIT_READ)
    rule = _rule(permission)
    size = min(page.size, AT_ONCE)
    listing = f"review/{call.workspace.id}/{permission}"
    rows = call.tx.principals.list(call.workspace.id, call.sealer.open(listing, page.token), size + 1)
    kept = call.sealer.page(listing, rows, size, lambda one: (one.name,))
    call.record("access.review", Subject("workspace", call.workspace.uid), event=False, outcome="read")
    views = [
        _view(call, one, shown, rule) for one, shown in zip(kept.items, principal_views(call, kept.items), strict=True)
    ]
    return Page([view for view in views if rule is None or view.roles], kept.next_page_token)


def _rule(permission: str | None) -> Rule | None:
    if permission is None:
        return None
    try:
        return RULES[Permission(permission)]
    except (ValueError, KeyError):
        raise Invalid("There is no such permission, or everybody has it.") from None


def _view(call: Call, principal: Principal, shown: PrincipalView, rule: Rule | None) -> ReviewView:
    roles, cut = _roles(call, principal, rule)
    tokens, last, more = _tokens(call, principal)
    return ReviewView(shown, roles, tokens, last, cut or more)


def _roles(call: Call, principal: Principal, rule: Rule | None) -> tuple[list[ReviewedRole], bool]:
    holders: list[tuple[str, str | None]] = [(principal.uid, None)]
    holders += [(team.uid, team.name) for team in call.tx.approvals.teams_of(call.workspace.id, principal.id)]
    scopes = [Scope.workspace(call.workspace.id)]
    if call.allows(Permission.GRANT_READ, Target()):
        scopes.append(Scope.server())
    found: list[ReviewedRole] = []
    cut = False
    for uid, team in holders:
        for scope in scopes:
            rows = call.tx.grants.list(scope, subject_uid=uid, at=None, after=None, limit=GRANTS_MOST + 1)
            cut = cut or len(rows) > GRANTS_MOST
            found += [_role(row, team) for row in rows[:GRANTS_MOST] if _gives(row, rule)]
    return found, cut


def _gives(row: GrantRow, rule: Rule | None) -> bool:
    held = row.grant
    return rule is None or (held.role >= rule.role and held.scope.level >= rule.level)


def _role(row: GrantRow, team: str | None) -> ReviewedRole:
    level = row.grant.scope.level.name.lower()
    role = row.grant.role.name.lower()
    return ReviewedRole(role, level, row.scope_name, team, row.uid, row.granted_by, time_of(row.valid_from))


def _tokens(call: Call, principal: Principal) -> tuple[list[TokenView] | None, datetime | None, bool]:
    if not call.allows(Permission.TOKEN_MANAGE, home_of(principal)):
        return None, None, False
    rows = call.tx.tokens.list(principal.id, None, TOKENS_MOST + 1)
    working = [row for row in rows[:TOKENS_MOST] if _works(row, call.now)]
    used = _latest(row.last_used_at for row in rows)
    return token_views(call, principal, working), None if used is None else time_of(used), len(rows) > TOKENS_MOST


def _works(row: TokenRow, now: int) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _latest(times: Iterable[int | None]) -> int | None:
    return max((time for time in times if time is not None), default=None)

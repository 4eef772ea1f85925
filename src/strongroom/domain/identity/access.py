"""What one caller may do, once its grants are resolved: `Access`, and the same answer as a filter for lists."""

from collections.abc import Iterator
from dataclasses import dataclass

from strongroom.domain.identity.roles import BYTES, CHANGING, READING, RULES, Grant, Level, Permission, Role, Visibility

_OPEN = frozenset({Visibility.WORKSPACE, Visibility.PUBLIC})


@dataclass(frozen=True, slots=True)
class Target:
    """What a permission is asked for. Leave out what does not apply: nothing given is the server itself.

    :param namespace: slugs joined with ``/``; ``""`` is the root of the workspace.
    :param visibility: of the asset; ignored without `asset_id`. :param gated: whether its files are for those only who
        asked for access.
    :param restricted: whether what runs in the environment is changed only by grants on it, and by admins.
    """

    workspace_id: int | None = None
    namespace: str | None = None
    asset_id: int | None = None
    visibility: Visibility = Visibility.WORKSPACE
    gated: bool = False
    environment_id: int | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Visible:
    """Which assets of one workspace a caller sees; what a repository turns into SQL.

    An asset is visible if its id is in `asset_ids`, or it is public and `public`, or (`whole_workspace` or its
    namespace lies in one of `namespaces`) and (it is not private or `sees_private`).

    :param namespaces: slug paths, sorted, none below another: each means itself and ``path/`` to ``path0``.
    """

    whole_workspace: bool
    sees_private: bool
    namespaces: tuple[str, ...]
    asset_ids: frozenset[int]
    public: bool

    @property
    def nothing(self) -> bool:
        """Whether the answer is empty without asking the database."""
        return not (self.whole_workspace or self.namespaces or self.asset_ids or self.public)

    @property
    def everything(self) -> bool:
        """Whether every asset of the workspace is visible."""
        return self.whole_workspace and self.sees_private


NOTHING_VISIBLE = Visible(whole_workspace=False, sees_private=False, namespaces=(), asset_ids=frozenset(), public=False)


@dataclass(frozen=True, slots=True)
class Access:
    """A caller's resolved grants (own and of its teams), cut by what its token allows.

    :param subject: uid of the principal; None for an anonymous caller.
    :param role_cap: the most its token may use of any role; reach stays that of the grants.
    :param workspace_cap: the only workspace its token works in; server rights are then out of reach.
    :param public_reads: whether the operator lets everybody read public assets.
    """

    subject: str | None
    grants: tuple[Grant, ...] = ()
    role_cap: Role | None = None
    workspace_cap: int | None = None
    public_reads: bool = False

    def allows(self, permission: Permission, target: Target = Target()) -> bool:
        """Whether the caller may do this to that. False wherever nothing says yes."""
        if permission is Permission.PUBLIC:
            return True
        if permission is Permission.SELF:
            return self.subject is not None
        if self.workspace_cap not in (None, target.workspace_id):
            return False
        if self._public(permission, target):
            return True
        rule = RULES[permission]
        if self.role_cap is not None and self.role_cap < rule.role:
            return False
        barred = (target.gated and permission in BYTES) or (target.restricted and permission in CHANGING)
        held = (g.role for g in self.grants if g.scope.level >= rule.level and _reaches(g, target, barred=barred))
        return max(held, default=0) >= rule.role

    def _public(self, permission: Permission, target: Target) -> bool:
        is_public = target.asset_id is not None and target.visibility == Visibility.PUBLIC
        barred = target.gated and permission in BYTES
        return self.public_reads and is_public and permission in READING and not barred

    def role_on(self, target: Target) -> Role | None:
        """The greatest role that reaches a target, within what the token allows; None where none does."""
        if self.workspace_cap not in (None, target.workspace_id):
            return None
        held = max((g.role for g in self.grants if _reaches(g, target)), default=None)
        return held if held is None or self.role_cap is None else min(held, self.role_cap)

    def enters(self, workspace_id: int) -> bool:
        """Whether the caller may know that a workspace exists: it holds a grant in it, at any level."""
        return self.workspace_cap in (None, workspace_id) and any(self._within(workspace_id))

    def visible(self, workspace_id: int) -> Visible:
        """The assets of a workspace that `Permission.ASSET_READ` is allowed on, as a filter."""
        if self.workspace_cap not in (None, workspace_id):
            return NOTHING_VISIBLE
        grants = tuple(self._within(workspace_id))
        wide = [g for g in grants if g.scope.level >= Level.WORKSPACE]
        paths = {g.scope.namespace for g in grants if g.scope.namespace is not None}
        return Visible(
            whole_workspace=bool(wide),
            sees_private=any(g.role is Role.ADMIN for g in wide),
            namespaces=() if wide else _outermost(paths),
            asset_ids=frozenset(g.scope.asset_id for g in grants if g.scope.asset_id is not None),
            public=self.public_reads,
        )

    def _within(self, workspace_id: int) -> Iterator[Grant]:
        return (g for g in self.grants if g.scope.level is Level.SERVER or g.scope.workspace_id == workspace_id)


def _reaches(grant: Grant, target: Target, *, barred: bool = False) -> bool:
    """Whether a grant's scope holds the target, visibility included.

    :param barred: the files of a gated asset are meant: a viewer reads them by a grant on the asset alone. Or what
        runs in a restricted environment: only a grant on it, or an admin, changes it.
    """
    scope = grant.scope
    if target.environment_id is not None:
        return _reaches_environment(grant, target, barred=barred)
    if barred and scope.level is not Level.ASSET and grant.role is Role.VIEWER:
        return False
    if scope.level is not Level.SERVER and scope.workspace_id != target.workspace_id:
        return False
    if scope.level is Level.ASSET:
        return scope.asset_id == target.asset_id
    if scope.level is Level.ENVIRONMENT:
        return False
    if target.asset_id is not None and target.visibility not in _OPEN:
        return scope.level >= Level.WORKSPACE and grant.role is Role.ADMIN
    return scope.namespace is None or _holds(scope.namespace, target.namespace)


def _reaches_environment(grant: Grant, target: Target, *, barred: bool) -> bool:
    scope = grant.scope
    if scope.level is Level.ENVIRONMENT:
        return scope.environment_id == target.environment_id
    if scope.level < Level.WORKSPACE or (barred and grant.role is not Role.ADMIN):
        return False
    return scope.level is Level.SERVER or scope.workspace_id == target.workspace_id


def _holds(outer: str, inner: str | None) -> bool:
    return inner is not None and (inner == outer or inner.startswith(outer + "/"))


def _outermost(paths: set[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for path in sorted(paths, key=lambda path: path.split("/")):
        if not (kept and _holds(kept[-1], path)):
            kept.append(path)
    return tuple(kept)

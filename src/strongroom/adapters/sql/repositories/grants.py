"""Grants in SQL: rows with valid_from and valid_to; the row without an end is the present one.

A grant on a namespace ends with it: a namespace made later under the same path is another one and inherits nothing.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.aliases import valid_at
from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import asset, environment, grant, namespace, principal, team, team_member, workspace
from strongroom.application.paging import Key
from strongroom.application.ports.identity import GrantRow
from strongroom.domain.identity.model import Principal, Team
from strongroom.domain.identity.roles import Grant, Level, Role, Scope

_granter = principal.alias("granter")
_asset_namespace = namespace.alias("asset_namespace")
_RESOLVED = [
    *(grant.c[name] for name in ("subject_uid", "scope_kind", "workspace_id", "asset_id", "environment_id", "role")),
    namespace.c.slug_path,
]
_PRESENT = grant.c.valid_to.is_(None)
_IN_FORCE = and_(_PRESENT, namespace.c.deleted_at.is_(None))
_TEAMS = (
    select(team.c.uid)
    .join(team_member, team_member.c.team_id == team.c.id)
    .where(team_member.c.principal_id == bindparam("holder_id"), team_member.c.valid_to.is_(None))
    .where(team.c.deleted_at.is_(None))
)
_RESOLVE = Prepared(
    select(*_RESOLVED)
    .outerjoin(namespace, namespace.c.id == grant.c.namespace_id)
    .where(
        grant.c.subject_uid.in_(union_all(select(bindparam("holder_uid", type_=team.c.uid.type)), _TEAMS)), _IN_FORCE
    )
)


def end_of(valid_from: ColumnElement[int], now: int) -> ColumnElement[int]:
    """When a row that ends now ends: two servers' clocks may differ, but nothing ends before it began."""
    return case((valid_from >= now, valid_from + 1), else_=now)


def _scope(row: Row[Any]) -> Scope:
    return Scope(Level[row.scope_kind.upper()], row.workspace_id, row.slug_path, row.asset_id, row.environment_id)


def _grant(row: Row[Any]) -> Grant:
    return Grant(row.subject_uid, _scope(row), Role.parse(row.role))


@cache
def _select() -> Select[Any]:
    in_namespace = _asset_namespace.c.path
    asset_path = case((in_namespace == "", asset.c.name), else_=in_namespace + "/" + asset.c.name)
    return (
        select(
            grant.c.uid,
            *(grant.c[name] for name in ("subject_kind", "subject_uid", "scope_kind", "workspace_id")),
            *(grant.c[name] for name in ("asset_id", "environment_id")),
            *(grant.c[name] for name in ("role", "valid_from", "valid_to")),
            namespace.c.slug_path,
            func.coalesce(principal.c.name, team.c.name, "").label("subject_name"),
            func.coalesce(asset_path, namespace.c.path, environment.c.name, workspace.c.slug, "").label("scope_name"),
            _granter.c.uid.label("granted_by"),
        )
        .join(_granter, _granter.c.id == grant.c.granted_by)
        .outerjoin(principal, principal.c.uid == grant.c.subject_uid)
        .outerjoin(team, team.c.uid == grant.c.subject_uid)
        .outerjoin(workspace, workspace.c.id == grant.c.workspace_id)
        .outerjoin(namespace, namespace.c.id == grant.c.namespace_id)
        .outerjoin(asset, asset.c.id == grant.c.asset_id)
        .outerjoin(environment, environment.c.id == grant.c.environment_id)
        .outerjoin(_asset_namespace, _asset_namespace.c.id == asset.c.namespace_id)
    )


def _load(row: Row[Any]) -> GrantRow:
    return GrantRow(
        row.uid,
        row.subject_kind,
        row.subject_uid,
        row.subject_name,
        _grant(row),
        row.scope_name,
        row.granted_by,
        row.valid_from,
        row.valid_to,
    )


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    match scope.level:
        case Level.SERVER:
            return [grant.c.scope_kind == "server"]
        case Level.WORKSPACE:
            return [grant.c.workspace_id == scope.workspace_id]
        case Level.NAMESPACE:
            # the join adds no row for a grant elsewhere; an older namespace of the same path is told apart by its end
            return [grant.c.workspace_id == scope.workspace_id, namespace.c.slug_path == scope.namespace]
        case Level.ASSET:
            return [grant.c.asset_id == scope.asset_id]
        case Level.ENVIRONMENT:
            return [grant.c.environment_id == scope.environment_id]


class SqlGrants(Repository):
    """See :class:`strongroom.application.ports.identity.Grants`."""

    def resolve(self, holder: Principal | None) -> tuple[Grant, ...]:
        if holder is None:
            return ()
        rows = _RESOLVE.rows(self._connection, holder_id=holder.id, holder_uid=holder.uid)
        return tuple([_grant(row) for row in rows])

    def of_team(self, team: Team) -> tuple[Grant, ...]:
        query = select(*_RESOLVED).outerjoin(namespace, namespace.c.id == grant.c.namespace_id)
        rows = self._connection.execute(query.where(grant.c.subject_uid == team.uid, _IN_FORCE))
        return tuple(_grant(row) for row in rows)

    def current(self, subject_kind: str, subject_uid: str, scope: Scope, role: str) -> GrantRow | None:
        subjects = team if subject_kind == "team" else principal
        self._connection.execute(
            select(subjects.c.id).where(subjects.c.uid == subject_uid).with_for_update(key_share=True)
        )
        columns = {name: value for name, value in self._placed(scope).items() if value is not None}
        same = [grant.c[name] == value for name, value in columns.items()]
        query = _select().where(*same, grant.c.subject_uid == subject_uid, grant.c.role == role, _IN_FORCE)
        row = self._connection.execute(query.limit(1)).one_or_none()
        return _load(row) if row else None

    def _placed(self, scope: Scope) -> dict[str, Any]:
        """The columns that say where a grant stands."""
        found = None
        if scope.namespace is not None:
            query = select(namespace.c.id).where(
                namespace.c.workspace_id == scope.workspace_id,
                namespace.c.slug_path == scope.namespace,
                namespace.c.deleted_at.is_(None),
            )
            found = self._connection.execute(query).scalar_one()
        return {
            "scope_kind": scope.level.name.lower(),
            "workspace_id": scope.workspace_id,
            "namespace_id": found,
            "asset_id": scope.asset_id,
            "environment_id": scope.environment_id,
        }

    def add(self, subject_kind: str, subject_uid: str, scope: Scope, role: str, granted_by: int) -> GrantRow:
        uid = self._context.new_uid()
        values = {
            "uid": uid,
            "subject_kind": subject_kind,
            "subject_uid": subject_uid,
            "role": role,
            "granted_by": granted_by,
            "valid_from": self._context.now(),
            **self._placed(scope),
        }
        self._connection.execute(insert(grant).values(values))
        return _load(self._connection.execute(_select().where(grant.c.uid == uid)).one())

    def by_uid(self, uid: str) -> GrantRow | None:
        row = self._connection.execute(_select().where(grant.c.uid == uid)).one_or_none()
        return _load(row) if row else None

    def revoke(self, uid: str) -> bool:
        return bool(self._end(grant.c.uid == uid))

    def revoke_of(self, subject_uid: str) -> Sequence[str]:
        return self._end(grant.c.subject_uid == subject_uid)

    def _end(self, condition: ColumnElement[bool]) -> list[str]:
        ended = end_of(grant.c.valid_from, self._context.now())
        statement = update(grant).where(condition, _PRESENT).values(valid_to=ended).returning(grant.c.uid)
        return sorted(self._connection.execute(statement).scalars())

    def lock_server_admins(self) -> Sequence[str]:
        of_admins = (grant.c.scope_kind == "server", grant.c.role == "admin", _PRESENT)
        locking = select(grant.c.id).where(*of_admins).order_by(grant.c.id).with_for_update(key_share=True)
        self._connection.execute(locking).all()
        # a second statement, since only that sees what was committed while the first one waited
        query = (
            select(principal.c.uid)
            .join(grant, grant.c.subject_uid == principal.c.uid)
            .where(*of_admins, principal.c.disabled_at.is_(None))
            .distinct()
        )
        return sorted(self._connection.execute(query).scalars())

    def list(
        self, within: Scope, *, subject_uid: str | None, at: int | None, after: Key | None, limit: int
    ) -> Sequence[GrantRow]:
        query = _select().where(*_within(within))
        if at is None:
            query = query.where(_IN_FORCE)
        else:
            existed = or_(namespace.c.deleted_at.is_(None), namespace.c.deleted_at > at)
            query = query.where(*valid_at(grant.c.valid_from, grant.c.valid_to, at), existed)
        if subject_uid is not None:
            query = query.where(grant.c.subject_uid == subject_uid)
        if after is not None:
            time, uid = after
            earlier = or_(grant.c.valid_from < time, and_(grant.c.valid_from == time, grant.c.uid < uid))
            query = query.where(earlier)
        query = query.order_by(grant.c.valid_from.desc(), grant.c.uid.desc()).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

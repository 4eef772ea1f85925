"""The live tables as facts, for a comparison with the log: a query a kind, in the order of the rows."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Select, case, func, literal, or_, select

from strongroom.adapters.sql.repositories.aliases import valid_at
from strongroom.adapters.sql.repositories.base import AnyRow, Repository
from strongroom.adapters.sql.tables import (
    alias,
    approval_request,
    asset,
    delivery_placement,
    delivery_release,
    environment,
    grant,
    namespace,
    principal,
    stage,
    team,
    team_member,
    token,
    verdict,
    version,
    waiver,
    workspace,
)
from strongroom.application.ports.standing import Place
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.state import Fact, Key, Kind

_Told = tuple[Key, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """How facts of a kind are kept.

    :param begins: the column of their time, and of their end; None where only the present is kept.
    :param tell: a row as key and fields; whether it is of the present.
    """

    query: Select[Any]
    place: Column[Any]
    begins: tuple[ColumnElement[int], ColumnElement[int | None]] | None
    tell: Callable[[AnyRow, bool], _Told]


def _alias(row: AnyRow, present: bool) -> _Told:  # noqa: FBT001 - all that tell take it
    fields: dict[str, Json] = {"to": row.to}
    return (row.asset, row.name), (fields | {"protected": bool(row.protected)} if present else fields)


def _stage(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    return (row.version,), {"stage": row.name}


def _grant(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    return (row.uid,), {"subject": row.subject_uid, "role": row.role, "level": row.scope_kind, "on": row.place}


def _member(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    return (row.team, row.principal), {}


def _token(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    fields: dict[str, Json] = {"principal": row.principal, "role_cap": row.role_cap, "expires_at": row.expires_at}
    print_ = hashlib.sha256(row.secret_hash.encode()).hexdigest()
    return (row.id,), fields | {"workspace": row.workspace, "fingerprint": print_}


def _disabled(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    return (row.uid,), {}


def _environment(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    windows = tuple((start, end) for start, end, _reason in json.loads(row.freezes))
    fields = {"after": tuple(json.loads(row.after)), "restricted": bool(row.restricted), "keep": row.keep}
    return (row.workspace, row.name), fields | {"freezes": windows}


def _release(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    return (row.uid,), {"workspace": row.workspace, "line": row.line, "number": row.number, "digest": row.digest}


def _placement(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    return (row.workspace, row.name, row.line, row.mode), {"release": row.release, "share": row.share}


def _approval(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    fields: dict[str, Json] = {"version": row.version, "transition": row.kind, "target": row.target, "tree": row.tree}
    return (row.uid,), fields | {"requester": row.requester, "strict": bool(row.strict)}


def _verdict(row: AnyRow, _present: bool) -> _Told:  # noqa: FBT001 - see above
    fields: dict[str, Json] = {"version": row.version, "approval": row.approval, "by": row.principal}
    fields |= {"said": row.said, "tree": row.tree, "role": row.role, "expires_at": row.expires_at}
    return (row.uid,), fields | {"teams": tuple(one for one, _name in json.loads(row.teams))}


def _waiver(row: AnyRow, present: bool) -> _Told:  # noqa: FBT001 - see above
    """When it was decided, its end may have been moved."""
    fields: dict[str, Json] = {"on": row.version or row.asset, "policy": row.policy_uid, "rule": row.rule}
    fields |= {"tree": row.tree or None, "asked_by": row.asked_by}
    return (row.uid,), (fields | {"state": row.state, "ends_at": row.ends_at} if present else fields)


_HERE = workspace.c.uid.label("workspace")
_PLACE_OF_GRANT = case(
    (grant.c.scope_kind == "server", literal("server")),
    else_=func.coalesce(asset.c.uid, namespace.c.uid, environment.c.uid, workspace.c.uid),
)
_NEVER: ColumnElement[int | None] = literal(None, type_=alias.c.valid_to.type)
_KEPT: Final[Mapping[Kind, _Kept]] = {
    Kind.ALIAS: _Kept(
        select(alias.c.id, asset.c.uid.label("asset"), alias.c.name, version.c.uid.label("to"), alias.c.protected)
        .join(asset, asset.c.id == alias.c.asset_id)
        .join(version, version.c.id == alias.c.version_id),
        alias.c.id,
        (alias.c.valid_from, alias.c.valid_to),
        _alias,
    ),
    Kind.STAGE: _Kept(
        select(stage.c.id, version.c.uid.label("version"), stage.c.name).join(
            version, version.c.id == stage.c.version_id
        ),
        stage.c.id,
        (stage.c.valid_from, stage.c.valid_to),
        _stage,
    ),
    Kind.GRANT: _Kept(
        select(grant.c.id, grant.c.uid, grant.c.subject_uid, grant.c.role, grant.c.scope_kind)
        .add_columns(_PLACE_OF_GRANT.label("place"))
        .outerjoin(workspace, workspace.c.id == grant.c.workspace_id)
        .outerjoin(namespace, namespace.c.id == grant.c.namespace_id)
        .outerjoin(asset, asset.c.id == grant.c.asset_id)
        .outerjoin(environment, environment.c.id == grant.c.environment_id),
        grant.c.id,
        (grant.c.valid_from, grant.c.valid_to),
        _grant,
    ),
    Kind.MEMBER: _Kept(
        select(team_member.c.id, team.c.uid.label("team"), principal.c.uid.label("principal"))
        .join(team, team.c.id == team_member.c.team_id)
        .join(principal, principal.c.id == team_member.c.principal_id),
        team_member.c.id,
        (team_member.c.valid_from, team_member.c.valid_to),
        _member,
    ),
    Kind.TOKEN: _Kept(
        select(token.c.id, principal.c.uid.label("principal"), token.c.role_cap, token.c.expires_at)
        .add_columns(token.c.secret_hash, _HERE)
        .join(principal, principal.c.id == token.c.principal_id)
        .outerjoin(workspace, workspace.c.id == token.c.workspace_id),
        token.c.id,
        (token.c.recorded_at, token.c.revoked_at),
        _token,
    ),
    Kind.DISABLED: _Kept(
        select(principal.c.id, principal.c.uid).where(principal.c.disabled_at.is_not(None)),
        principal.c.id,
        None,
        _disabled,
    ),
    Kind.ENVIRONMENT: _Kept(
        select(environment.c.id, _HERE, environment.c.name, environment.c.after, environment.c.restricted)
        .add_columns(environment.c.keep, environment.c.freezes)
        .join(workspace, workspace.c.id == environment.c.workspace_id)
        .where(environment.c.removed_at.is_(None), workspace.c.deleted_at.is_(None)),
        environment.c.id,
        None,
        _environment,
    ),
    Kind.RELEASE: _Kept(
        select(delivery_release.c.id, delivery_release.c.uid, _HERE, delivery_release.c.line)
        .add_columns(delivery_release.c.number, delivery_release.c.digest)
        .join(workspace, workspace.c.id == delivery_release.c.workspace_id),
        delivery_release.c.id,
        (delivery_release.c.recorded_at, _NEVER),
        _release,
    ),
    Kind.PLACEMENT: _Kept(
        select(delivery_placement.c.id, _HERE, environment.c.name, delivery_placement.c.line)
        .add_columns(delivery_placement.c.mode, delivery_placement.c.share, delivery_release.c.uid.label("release"))
        .join(environment, environment.c.id == delivery_placement.c.environment_id)
        .join(workspace, workspace.c.id == environment.c.workspace_id)
        .join(delivery_release, delivery_release.c.id == delivery_placement.c.release_id),
        delivery_placement.c.id,
        (delivery_placement.c.valid_from, delivery_placement.c.valid_to),
        _placement,
    ),
    Kind.APPROVAL: _Kept(
        select(approval_request.c.id, approval_request.c.uid, version.c.uid.label("version"), approval_request.c.kind)
        .add_columns(approval_request.c.target, approval_request.c.tree, approval_request.c.strict)
        .add_columns(principal.c.uid.label("requester"))
        .join(version, version.c.id == approval_request.c.version_id)
        .join(principal, principal.c.id == approval_request.c.requested_by),
        approval_request.c.id,
        (
            approval_request.c.recorded_at,
            case((approval_request.c.state == "withdrawn", approval_request.c.ended_at), else_=_NEVER),
        ),
        _approval,
    ),
    Kind.VERDICT: _Kept(
        select(verdict.c.id, verdict.c.uid, version.c.uid.label("version"), approval_request.c.uid.label("approval"))
        .add_columns(verdict.c.said, verdict.c.tree, verdict.c.role, verdict.c.teams, verdict.c.expires_at)
        .add_columns(principal.c.uid.label("principal"))
        .join(approval_request, approval_request.c.id == verdict.c.request_id)
        .join(version, version.c.id == verdict.c.version_id)
        .join(principal, principal.c.id == verdict.c.principal_id),
        verdict.c.id,
        (verdict.c.recorded_at, verdict.c.withdrawn_at),
        _verdict,
    ),
    Kind.WAIVER: _Kept(
        select(waiver.c.id, waiver.c.uid, version.c.uid.label("version"), asset.c.uid.label("asset"), waiver.c.tree)
        .add_columns(waiver.c.policy_uid, waiver.c.rule, waiver.c.state, waiver.c.ends_at)
        .add_columns(principal.c.uid.label("asked_by"))
        .join(asset, asset.c.id == waiver.c.asset_id)
        .outerjoin(version, version.c.id == waiver.c.version_id)
        .join(principal, principal.c.id == waiver.c.asked_by),
        waiver.c.id,
        (
            waiver.c.recorded_at,
            case((waiver.c.state == "refused", waiver.c.decided_at), else_=waiver.c.revoked_at),
        ),
        _waiver,
    ),
}


def _then(kind: Kind, kept: _Kept, at: int | None, now: int) -> list[ColumnElement[bool]]:
    """Conditions for what stood at a time, or stands."""
    if kept.begins is None:
        return []
    begin, end = kept.begins
    then = [end.is_(None)] if at is None else valid_at(begin, end, at)
    if kind is Kind.GRANT:  # a namespace's grants end with it
        gone = namespace.c.deleted_at
        then.append(gone.is_(None) if at is None else or_(gone.is_(None), gone > at))
    if kind is Kind.TOKEN:
        then.append(or_(token.c.expires_at.is_(None), token.c.expires_at > (now if at is None else at)))
    return then


class SqlStanding(Repository):
    """See :class:`strongroom.application.ports.standing.StandingFacts`."""

    def page(
        self, kind: Kind, at: int | None, now: int, after: Place | None, limit: int
    ) -> Sequence[tuple[Place, Fact]]:
        kept = _KEPT[kind]
        query = kept.query.where(*_then(kind, kept, at, now)).order_by(kept.place).limit(limit)
        if after is not None:
            query = query.where(kept.place > after)
        rows = self._connection.execute(query)
        return [(row.id, Fact(kind, *kept.tell(row, at is None))) for row in rows]

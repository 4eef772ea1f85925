"""Requests for approval and verdicts in SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, and_, exists, func, or_, select, union_all, update

from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json
from strongroom.adapters.sql.tables import (
    approval_asked,
    approval_request,
    asset,
    namespace,
    principal,
    revision,
    revision_parent,
    run,
    team,
    team_member,
    verdict,
    version,
)
from strongroom.application.ports.approvals import Addressee
from strongroom.domain.approvals.model import ApprovalRequest, RequestState, Said, TeamThen, Verdict, Way
from strongroom.domain.gates.policy import TransitionKind
from strongroom.domain.identity.access import Visible
from strongroom.domain.registry.model import Version, VersionState

_OWN: Final = (
    "id", "uid", "workspace_id", "asset_id", "version_id", "tree", "strict", "note", "etag", "recorded_at",
    "expires_at", "ended_at",
)  # fmt: skip
_SAID: Final = ("id", "uid", "version_id", "tree", "epoch", "role", "note", "recorded_at", "expires_at", "withdrawn_at")
SAME_MOST: Final = 1_000
"""Versions of one content whose publishers count as its authors."""
_OPEN: Final = approval_request.c.state == RequestState.OPEN.value


@cache
def _requests() -> Select[Any]:
    own = [approval_request.c[name] for name in (*_OWN, "kind", "target", "state")]
    return (
        select(*own, principal.c.uid.label("requested_by"), version.c.uid.label("version_uid"))
        .join(principal, principal.c.id == approval_request.c.requested_by)
        .join(version, version.c.id == approval_request.c.version_id)
    )


def _request(row: AnyRow) -> ApprovalRequest:
    own = {name: getattr(row, name) for name in (*_OWN, "requested_by", "version_uid")}
    return ApprovalRequest(**own, way=_way(row), state=RequestState(row.state))


def _way(row: AnyRow) -> Way:
    return Way(TransitionKind(row.kind), row.target)


class SqlApprovals(Repository):
    """See :class:`strongroom.application.ports.approvals.Approvals`."""

    # -- requests ------------------------------------------------------------------------------------------------

    def add(self, new: ApprovalRequest, by: int) -> ApprovalRequest:
        row: dict[str, Any] = {name: getattr(new, name) for name in _OWN if name != "id"}
        row |= {"kind": new.way.kind.value, "target": new.way.target, "state": new.state.value, "requested_by": by}
        return replace(new, id=self._insert_one(approval_request, row))

    def by_uid(self, workspace_id: int, uid: str) -> ApprovalRequest | None:
        here = (approval_request.c.uid == uid, approval_request.c.workspace_id == workspace_id)
        row = self._connection.execute(_requests().where(*here)).one_or_none()
        return _request(row) if row else None

    def by_ids(self, ids: Sequence[int]) -> Mapping[int, ApprovalRequest]:
        rows = self._connection.execute(_requests().where(approval_request.c.id.in_(ids)))
        return {row.id: _request(row) for row in rows}

    def open_one(self, version_id: int, way: Way) -> ApprovalRequest | None:
        of = (approval_request.c.kind == way.kind.value, approval_request.c.target == way.target)
        query = _requests().where(approval_request.c.version_id == version_id, _OPEN, *of)
        row = self._connection.execute(query).one_or_none()
        return _request(row) if row else None

    def update(self, old: ApprovalRequest, /, **changes: object) -> ApprovalRequest:
        changes["etag"] = old.etag + 1
        statement = update(approval_request).where(approval_request.c.id == old.id).values(changes)
        self._connection.execute(statement)
        if "state" in changes:
            changes["state"] = RequestState(str(changes["state"]))
        return replace(old, **changes)  # type: ignore[arg-type]  # fields of a request

    def done(self, version_id: int, way: Way, at: int) -> None:
        of = (approval_request.c.kind == way.kind.value, approval_request.c.target == way.target)
        ended = update(approval_request).where(approval_request.c.version_id == version_id, _OPEN, *of)
        changes = {"state": RequestState.DONE.value, "ended_at": at, "etag": approval_request.c.etag + 1}
        self._connection.execute(ended.values(changes))

    def list(self, version_id: int, below: int | None, limit: int) -> Sequence[ApprovalRequest]:
        query = _requests().where(approval_request.c.version_id == version_id)
        return self._latest(query, below, limit)

    def _latest(self, query: Select[Any], below: int | None, limit: int) -> Sequence[ApprovalRequest]:
        if below is not None:
            query = query.where(approval_request.c.id < below)
        rows = self._connection.execute(query.order_by(approval_request.c.id.desc()).limit(limit))
        return [_request(row) for row in rows]

    def count(self, version_id: int) -> int:
        query = select(func.count()).where(approval_request.c.version_id == version_id)
        return int(self._connection.execute(query).scalar_one())

    def requesters(self, version_id: int) -> Mapping[Way, frozenset[str]]:
        query = select(approval_request.c.kind, approval_request.c.target, principal.c.uid)
        query = query.join(principal, principal.c.id == approval_request.c.requested_by).where(
            approval_request.c.version_id == version_id,
            approval_request.c.state != RequestState.WITHDRAWN.value,
        )
        found: dict[Way, set[str]] = {}
        for row in self._connection.execute(query):
            found.setdefault(_way(row), set()).add(row.uid)
        return {way: frozenset(uids) for way, uids in found.items()}

    def waiting(
        self, workspace_id: int, visible: Visible, principal_id: int, now: int, below: int | None, limit: int
    ) -> Sequence[ApprovalRequest]:
        mine = and_(
            verdict.c.request_id == approval_request.c.id,
            verdict.c.principal_id == principal_id,
            verdict.c.withdrawn_at.is_(None),
        )
        query = _requests().join(asset, asset.c.id == approval_request.c.asset_id)
        query = query.join(namespace, namespace.c.id == asset.c.namespace_id).where(
            approval_request.c.workspace_id == workspace_id,
            _OPEN,
            approval_request.c.expires_at > now,
            approval_request.c.requested_by != principal_id,
            version.c.created_by != principal_id,
            version.c.state == VersionState.LIVE.value,
            asset.c.deleted_at.is_(None),
            visible_where(visible),
            ~exists().where(mine),
        )
        return self._latest(query, below, limit)

    def tell(self, owner_uid: str, whom: Sequence[Addressee]) -> None:
        rows = [{"owner_uid": owner_uid, "kind": one.kind, "object_id": one.id} for one in whom]
        self._insert_ignore(approval_asked, rows)

    # -- verdicts ------------------------------------------------------------------------------------------------

    def give(self, new: Verdict, request_id: int, by: int) -> Verdict:
        row: dict[str, Any] = {name: getattr(new, name) for name in _SAID if name != "id"}
        row |= {"said": new.said.value, "teams": dump_json([[one.uid, one.name] for one in new.teams])}
        return replace(new, id=self._insert_one(verdict, {**row, "request_id": request_id, "principal_id": by}))

    def withdraw(self, old: Verdict, at: int) -> None:
        self._connection.execute(update(verdict).where(verdict.c.id == old.id).values(withdrawn_at=at))

    def verdicts(self, version_id: int) -> Sequence[Verdict]:
        rows = self._connection.execute(_verdicts().where(verdict.c.version_id == version_id)).all()
        teams = {row.id: json.loads(row.teams) for row in rows}
        present = self._present(sorted({uid for them in teams.values() for uid, _name in them}))
        return [_verdict(row, teams[row.id], present) for row in rows]

    def _present(self, uids: Sequence[str]) -> frozenset[str]:
        if not uids:
            return frozenset()
        query = select(team.c.uid).where(team.c.uid.in_(uids), team.c.deleted_at.is_(None))
        return frozenset(self._connection.execute(query).scalars())

    def take_along(self, version_id: int, epoch: int) -> None:
        moved = update(verdict).where(verdict.c.version_id == version_id, verdict.c.epoch == epoch)
        self._connection.execute(moved.values(epoch=epoch + 1))

    def teams_of(self, workspace_id: int, principal_id: int) -> Sequence[TeamThen]:
        query = select(team.c.uid, team.c.name).join(team_member, team_member.c.team_id == team.c.id)
        query = query.where(
            team_member.c.principal_id == principal_id,
            team_member.c.valid_to.is_(None),
            team.c.workspace_id == workspace_id,
            team.c.deleted_at.is_(None),
        )
        return [TeamThen(row.uid, row.name) for row in self._connection.execute(query.order_by(team.c.name))]

    def authors(self, of: Version) -> frozenset[str]:
        # the first ones: whoever made it is among them, however often it was published again
        same = select(version.c.id).where(version.c.tree == of.tree, version.c.recorded_at <= of.recorded_at)
        those = or_(version.c.id == of.id, version.c.id.in_(same.order_by(version.c.id).limit(SAME_MOST)))
        made = select(version.c.created_by, version.c.run_id, version.c.revision_id).where(those).cte("made")
        began = revision.alias("began")
        parents = select(began.c.author).join(revision_parent, revision_parent.c.parent == began.c.digest)
        query = union_all(
            select(principal.c.uid).join(made, made.c.created_by == principal.c.id),
            select(principal.c.uid).join(run, run.c.created_by == principal.c.id).join(made, made.c.run_id == run.c.id),
            select(revision.c.author).join(made, made.c.revision_id == revision.c.id),
            parents.join(made, made.c.revision_id == revision_parent.c.revision_id),
        )
        return frozenset(self._connection.execute(query).scalars())


@cache
def _verdicts() -> Select[Any]:
    asked = [approval_request.c[name] for name in ("kind", "target", "strict")]
    return (
        select(
            *(verdict.c[name] for name in (*_SAID, "said", "teams")),
            *asked,
            approval_request.c.uid.label("request_uid"),
            approval_request.c.state.label("request_state"),
            principal.c.uid.label("by"),
            principal.c.disabled_at.label("disabled_at"),
        )
        .join(approval_request, approval_request.c.id == verdict.c.request_id)
        .join(principal, principal.c.id == verdict.c.principal_id)
        .order_by(verdict.c.id)
    )


def _verdict(row: AnyRow, teams: Sequence[Sequence[str]], present: frozenset[str]) -> Verdict:
    return Verdict(
        **{name: getattr(row, name) for name in (*_SAID, "request_uid", "by", "strict")},
        request_state=RequestState(row.request_state),
        way=_way(row),
        said=Said(row.said),
        disabled=row.disabled_at is not None,
        teams=tuple(TeamThen(uid, name, uid in present) for uid, name in teams),
    )

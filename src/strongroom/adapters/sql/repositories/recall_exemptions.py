"""Exemptions from recalls in SQL, and the releases that are concerned."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, and_, or_, select, update

from strongroom.adapters.sql.repositories.base import Repository, load
from strongroom.adapters.sql.tables import (
    delivery_part,
    delivery_placement,
    delivery_release,
    environment,
    principal,
    recall_exemption,
    team,
    team_member,
)
from strongroom.application.paging import Key
from strongroom.application.ports.recalls import Part
from strongroom.domain.recalls.model import Exemption

_C = recall_exemption.c
_WHO = ("asked_by", "given_by", "ended_by")
_OWN = [column for column in _C if column.name not in {*_WHO, "workspace_id"}]
_PRESENT = (team_member.c.valid_to.is_(None), team.c.deleted_at.is_(None))


def _select() -> Select[Any]:
    people = {name: principal.alias(name) for name in _WHO}
    query = select(*_OWN, *(one.c.uid.label(name) for name, one in people.items()))
    for name, one in people.items():
        query = query.outerjoin(one, one.c.id == _C[name])
    return query


class SqlRecallExemptions(Repository):
    """A part of :class:`strongroom.application.ports.recalls.Recalls`."""

    def ask(self, new: Exemption, workspace_id: int, actor_id: int) -> Exemption:
        own = ("uid", "recall_id", "for_kind", "for_uid", "reason", "asked_at", "until")
        row = {name: getattr(new, name) for name in own} | {"workspace_id": workspace_id, "asked_by": actor_id}
        return replace(new, id=self._insert_one(recall_exemption, row))

    def exemption(self, workspace_id: int, uid: str) -> Exemption | None:
        mine = (_C.uid == uid, _C.workspace_id == workspace_id)
        self._connection.execute(select(_C.id).where(*mine).with_for_update()).all()
        row = self._connection.execute(_select().where(*mine)).one_or_none()
        return load(Exemption, row) if row else None

    def give(self, exemption: Exemption, at: int, actor_id: int) -> None:
        changed = update(recall_exemption).where(_C.id == exemption.id)
        self._connection.execute(changed.values(given_by=actor_id, given_at=at))

    def end(self, exemption: Exemption, at: int, actor_id: int) -> None:
        changed = update(recall_exemption).where(_C.id == exemption.id)
        self._connection.execute(changed.values(ended_by=actor_id, ended_at=at))

    def exemptions(self, recall_id: int, after: Key | None, limit: int) -> Sequence[Exemption]:
        query = _select().where(_C.recall_id == recall_id)
        if after is not None:
            query = query.where(_C.id < after[0])
        rows = self._connection.execute(query.order_by(_C.id.desc()).limit(limit))
        return [load(Exemption, row) for row in rows]

    def exempt(self, recall_ids: Sequence[int], principal_id: int, now: int) -> frozenset[int]:
        own = select(principal.c.uid).where(principal.c.id == principal_id).scalar_subquery()
        mine = select(team.c.uid).join(team_member, team_member.c.team_id == team.c.id)
        mine = mine.where(team_member.c.principal_id == principal_id, *_PRESENT)
        whom = or_(
            and_(_C.for_kind == "principal", _C.for_uid == own), and_(_C.for_kind == "team", _C.for_uid.in_(mine))
        )
        holds = (_C.given_at.is_not(None), _C.ended_at.is_(None), _C.until > now)
        query = select(_C.recall_id).where(_C.recall_id.in_(recall_ids), *holds, whom)
        return frozenset(self._connection.execute(query).scalars())

    def is_member(self, team_uid: str, principal_id: int) -> bool:
        query = select(team.c.id).join(team_member, team_member.c.team_id == team.c.id)
        query = query.where(team.c.uid == team_uid, team_member.c.principal_id == principal_id, *_PRESENT)
        return self._connection.execute(query).first() is not None

    def parts(self, version_ids: Sequence[int], limit: int) -> Sequence[Part]:
        placed, made = delivery_placement, delivery_release
        query = (
            select(
                delivery_part.c.version_id,
                made.c.line,
                made.c.number,
                made.c.uid,
                made.c.digest,
                environment.c.name,
                environment.c.id,
                placed.c.mode,
            )
            .join(made, made.c.id == delivery_part.c.release_id)
            .outerjoin(placed, and_(placed.c.release_id == made.c.id, placed.c.valid_to.is_(None)))
            .outerjoin(environment, environment.c.id == placed.c.environment_id)
            .where(delivery_part.c.version_id.in_(version_ids))
            .distinct()
            .order_by(made.c.number.desc(), made.c.uid, environment.c.id)
            .limit(limit)
        )
        return [Part(*row) for row in self._connection.execute(query)]

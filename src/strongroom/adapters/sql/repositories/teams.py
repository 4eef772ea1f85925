"""Teams and their members in SQL; a membership is a row with valid_from and valid_to."""

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.repositories.aliases import valid_at
from strongroom.adapters.sql.repositories.base import Repository, load
from strongroom.adapters.sql.repositories.grants import end_of
from strongroom.adapters.sql.repositories.principals import COLUMNS as PRINCIPAL_COLUMNS
from strongroom.adapters.sql.tables import principal, team, team_member
from strongroom.application.paging import Key
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.identity.model import Principal, Team

_COLUMNS = [team.c[field.name] for field in fields(Team)]
_LIVE = team.c.deleted_at.is_(None)


class SqlTeams(Repository):
    """See :class:`strongroom.application.ports.identity.Teams`."""

    def _one(self, *conditions: ColumnElement[bool]) -> Team | None:
        row = self._connection.execute(select(*_COLUMNS).where(_LIVE, *conditions)).one_or_none()
        return load(Team, row) if row else None

    def by_uid(self, workspace_id: int, uid: str) -> Team | None:
        return self._one(team.c.workspace_id == workspace_id, team.c.uid == uid)

    def by_name(self, workspace_id: int, name: str) -> Team | None:
        return self._one(team.c.workspace_id == workspace_id, team.c.name == name)

    def add(self, workspace_id: int, name: str, description: str) -> Team:
        values = {
            "uid": self._context.new_uid(),
            "workspace_id": workspace_id,
            "name": name,
            "description": description,
            "recorded_at": self._context.now(),
        }
        try:
            return load(Team, self._connection.execute(insert(team).values(values).returning(*_COLUMNS)).one())
        except IntegrityError as error:
            raise AlreadyExists("The workspace has a team of that name.") from error

    def update(self, old: Team, *, description: str) -> Team:
        statement = update(team).where(team.c.id == old.id).values(description=description).returning(*_COLUMNS)
        return load(Team, self._connection.execute(statement).one())

    def delete(self, old: Team) -> None:
        now = self._context.now()
        self._connection.execute(update(team).where(team.c.id == old.id).values(deleted_at=now))
        self._end_memberships(team_member.c.team_id == old.id)

    def list(self, workspace_id: int, after: Key | None, limit: int) -> Sequence[Team]:
        query = select(*_COLUMNS).where(team.c.workspace_id == workspace_id, _LIVE)
        if after is not None:
            query = query.where(team.c.name > after[0])
        return [load(Team, row) for row in self._connection.execute(query.order_by(team.c.name).limit(limit))]

    def members(self, team_id: int, at: int | None, after: Key | None, limit: int) -> Sequence[Principal]:
        query = (
            select(*PRINCIPAL_COLUMNS)
            .join(team_member, team_member.c.principal_id == principal.c.id)
            .where(team_member.c.team_id == team_id)
        )
        if at is None:
            query = query.where(team_member.c.valid_to.is_(None))
        else:
            query = query.where(*valid_at(team_member.c.valid_from, team_member.c.valid_to, at))
        if after is not None:
            query = query.where(principal.c.name_key > after[0])
        query = query.order_by(principal.c.name_key).limit(limit)
        return [load(Principal, row) for row in self._connection.execute(query)]

    def add_member(self, team_id: int, principal_id: int) -> bool:
        own = (team_member.c.team_id == team_id, team_member.c.principal_id == principal_id)
        query = select(team_member.c.id).where(*own, team_member.c.valid_to.is_(None))
        if self._connection.execute(query).first() is not None:
            return False
        row = {"team_id": team_id, "principal_id": principal_id, "valid_from": self._context.now()}
        self._insert_ignore(team_member, [row])
        return True

    def remove_member(self, team_id: int, principal_id: int) -> bool:
        return self._end_memberships(team_member.c.team_id == team_id, team_member.c.principal_id == principal_id) > 0

    def _end_memberships(self, *conditions: ColumnElement[bool]) -> int:
        ended = end_of(team_member.c.valid_from, self._context.now())
        statement = update(team_member).where(*conditions, team_member.c.valid_to.is_(None)).values(valid_to=ended)
        return self._connection.execute(statement).rowcount

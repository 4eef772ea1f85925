"""Environments in SQL."""

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json, load
from strongroom.adapters.sql.tables import environment
from strongroom.domain.delivery.model import Environment, Freeze
from strongroom.domain.errors import AlreadyExists

_COLUMNS = [column for column in environment.c if column.name != "removed_at"]
_LIVE = environment.c.removed_at.is_(None)


def _load(row: AnyRow) -> Environment:
    freezes = tuple(Freeze(*one) for one in json.loads(row.freezes))
    return load(Environment, row, after=tuple(json.loads(row.after)), freezes=freezes)


def stored(one: Environment) -> dict[str, object]:
    """The columns of an environment, without its id."""
    return {
        "uid": one.uid,
        "workspace_id": one.workspace_id,
        "name": one.name,
        "description": one.description,
        "position": one.position,
        "after": dump_json(list(one.after)),
        "restricted": one.restricted,
        "keep": one.keep,
        "freezes": dump_json([[freeze.start, freeze.end, freeze.reason] for freeze in one.freezes]),
        "etag": one.etag,
        "recorded_at": one.recorded_at,
    }


class SqlEnvironments(Repository):
    """See :class:`strongroom.application.ports.delivery.Environments`."""

    def add(self, new: Environment) -> Environment:
        try:
            with self._connection.begin_nested():
                row = self._connection.execute(insert(environment).values(stored(new)).returning(environment.c.id))
                return replace(new, id=row.scalar_one())
        except IntegrityError as error:
            raise AlreadyExists(f"There is an environment {new.name!r}.") from error

    def by_id(self, environment_id: int) -> Environment | None:
        return self._one(environment.c.id == environment_id)

    def by_uid(self, workspace_id: int, uid: str) -> Environment | None:
        return self._one(environment.c.workspace_id == workspace_id, environment.c.uid == uid)

    def by_name(self, workspace_id: int, name: str) -> Environment | None:
        return self._one(environment.c.workspace_id == workspace_id, environment.c.name == name)

    def _one(self, *conditions: ColumnElement[bool]) -> Environment | None:
        row = self._connection.execute(select(*_COLUMNS).where(*conditions, _LIVE)).one_or_none()
        return _load(row) if row else None

    def list(self, workspace_id: int) -> Sequence[Environment]:
        return [_load(row) for row in self._connection.execute(self._of(workspace_id))]

    def _of(self, workspace_id: int) -> Select[tuple[object, ...]]:
        query = select(*_COLUMNS).where(environment.c.workspace_id == workspace_id, _LIVE)
        return query.order_by(environment.c.position, environment.c.id)

    def lock(self, environment_id: int) -> Environment | None:
        query = select(*_COLUMNS).where(environment.c.id == environment_id, _LIVE).with_for_update(key_share=True)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def lock_workspace(self, workspace_id: int) -> Sequence[Environment]:
        query = select(environment.c.id).where(environment.c.workspace_id == workspace_id, _LIVE)
        self._connection.execute(query.order_by(environment.c.id).with_for_update(key_share=True)).all()
        return self.list(workspace_id)

    def update(self, changed: Environment) -> Environment:
        values = stored(replace(changed, etag=changed.etag + 1))
        self._connection.execute(update(environment).where(environment.c.id == changed.id).values(values))
        return replace(changed, etag=changed.etag + 1)

    def remove(self, one: Environment, now: int) -> None:
        ended = update(environment).where(environment.c.id == one.id).values(removed_at=now, etag=one.etag + 1)
        self._connection.execute(ended)

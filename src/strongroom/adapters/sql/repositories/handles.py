"""Handles in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, select, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import Repository, batches, begins
from strongroom.adapters.sql.tables import handle
from strongroom.domain.registry.handles import Handle


def _load(row: Row[Any]) -> Handle:
    return Handle(
        row.workspace_id, row.dialect, row.kind, row.foreign_id, row.object_kind, row.object_id, row.recorded_at
    )


def _is(one: Handle) -> list[ColumnElement[bool]]:
    return [
        handle.c.workspace_id == one.workspace_id,
        handle.c.dialect == one.dialect,
        handle.c.kind == one.kind,
        handle.c.foreign_id == one.foreign,
    ]


_GET = Prepared(
    select(handle).where(
        handle.c.workspace_id == bindparam("workspace"),
        handle.c.dialect == bindparam("dialect"),
        handle.c.kind == bindparam("kind"),
        among(handle.c.foreign_id, "foreign"),
    )
)


class SqlHandles(Repository):
    """See :class:`strongroom.application.ports.handles.Handles`."""

    def get(self, workspace_id: int, dialect: str, kind: str, foreign: Sequence[str]) -> Mapping[str, Handle]:
        asked = {"workspace": workspace_id, "dialect": dialect, "kind": kind, "foreign": list(dict.fromkeys(foreign))}
        rows = _GET.rows(self._connection, **asked) if foreign else ()
        return {row.foreign_id: _load(row) for row in rows}

    def below(self, workspace_id: int, dialect: str, kind: str, prefix: str, limit: int) -> Sequence[Handle]:
        here = (handle.c.workspace_id == workspace_id, handle.c.dialect == dialect, handle.c.kind == kind)
        query = select(handle).where(*here, begins(handle.c.foreign_id, prefix)).order_by(handle.c.foreign_id)
        return [_load(row) for row in self._connection.execute(query.limit(limit))]

    def lock(self, workspace_id: int, dialect: str, kind: str, foreign: str) -> Handle | None:
        here = _is(Handle(workspace_id, dialect, kind, foreign, "", 0, 0))
        row = self._connection.execute(select(handle).where(*here).with_for_update()).one_or_none()
        return _load(row) if row else None

    def add(self, new: Handle, set_by: int) -> bool:
        row = {
            "workspace_id": new.workspace_id,
            "dialect": new.dialect,
            "kind": new.kind,
            "foreign_id": new.foreign,
            "object_kind": new.object_kind,
            "object_id": new.object_id,
            "set_by": set_by,
            "recorded_at": new.recorded_at,
        }
        return self._insert_ignore(handle, [row]) == 1

    def move(self, to: Handle, set_by: int) -> None:
        there = {"object_kind": to.object_kind, "object_id": to.object_id}
        changed = {**there, "set_by": set_by, "recorded_at": to.recorded_at}
        self._connection.execute(update(handle).where(*_is(to)).values(changed))

    def remove(self, old: Handle) -> None:
        self._connection.execute(delete(handle).where(*_is(old)))

    def of(self, dialect: str, kind: str, object_kind: str, object_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        found: dict[int, list[str]] = {}
        for batch in batches(object_ids):
            query = (
                select(handle.c.object_id, handle.c.foreign_id)
                .where(
                    handle.c.object_kind == object_kind,
                    handle.c.object_id.in_(batch),
                    handle.c.dialect == dialect,
                    handle.c.kind == kind,
                )
                .order_by(handle.c.object_id, handle.c.recorded_at, handle.c.foreign_id)
            )
            for row in self._connection.execute(query):
                found.setdefault(row.object_id, []).append(row.foreign_id)
        return found

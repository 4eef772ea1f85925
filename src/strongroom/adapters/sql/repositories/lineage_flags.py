"""Flags in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.repositories.lineage_edges import by_kind
from strongroom.adapters.sql.repositories.one_of import one_of
from strongroom.adapters.sql.tables import flag
from strongroom.application.paging import Key
from strongroom.domain.lineage.flags import Flag, FlagCause
from strongroom.domain.lineage.model import Vertex

_PRESENT = flag.c.removed_at.is_(None)
_ALL_MOST = 10_000


def _load(row: Row[Any]) -> Flag:
    values = row._asdict()
    vertex = Vertex(values.pop("vertex_kind"), values.pop("vertex_id"))
    return Flag(**{**values, "vertex": vertex, "cause": FlagCause(row.cause)})


class SqlFlags(Repository):
    """See :class:`strongroom.application.ports.lineage.Flags`."""

    def add_flag(self, new: Flag) -> Flag:
        values = {column.name: getattr(new, column.name, None) for column in flag.c if column.name != "id"}
        values |= {"vertex_kind": new.vertex.kind, "vertex_id": new.vertex.id, "cause": new.cause.value}
        id_ = self._connection.execute(insert(flag).values(values).returning(flag.c.id)).scalar_one()
        return replace(new, id=id_)

    def lock_flag(self, workspace_id: int, uid: str) -> Flag | None:
        query = select(flag).where(flag.c.uid == uid, flag.c.workspace_id == workspace_id).with_for_update()
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def remove_flag(self, old: Flag, at: int, by: int, reason: str) -> Flag:
        changes: dict[str, Any] = {"removed_at": at, "removed_by": by, "removed_reason": reason}
        self._connection.execute(update(flag).where(flag.c.id == old.id).values(changes))
        return replace(old, **changes)

    def flags_of(self, vertices: Sequence[Vertex], limit: int, *, removed: bool = False) -> Sequence[Flag]:
        found: list[Flag] = []
        for kind, ids in by_kind(vertices):
            query = select(flag).where(flag.c.vertex_kind == kind, one_of(self._connection, flag.c.vertex_id, ids))
            query = query if removed else query.where(_PRESENT)
            rows = self._connection.execute(query.order_by(flag.c.id.desc()).limit(limit))
            found += [_load(row) for row in rows]
        return sorted(found, key=lambda one: one.id, reverse=True)[:limit]

    def flagged(self, workspace_id: int, vertices: Sequence[Vertex]) -> frozenset[Vertex]:
        columns = flag.c.vertex_kind, flag.c.vertex_id
        query = select(*columns).where(flag.c.workspace_id == workspace_id, _PRESENT).distinct().limit(_ALL_MOST + 1)
        found = {Vertex(*row) for row in self._connection.execute(query)}
        if len(found) <= _ALL_MOST:  # as nearly always: one statement, however many vertices
            return frozenset(found.intersection(vertices))
        return frozenset(self._flagged_of(vertices))

    def _flagged_of(self, vertices: Sequence[Vertex]) -> set[Vertex]:
        found: set[Vertex] = set()
        for kind, ids in by_kind(vertices):
            query = select(flag.c.vertex_kind, flag.c.vertex_id).distinct()
            conditions: list[ColumnElement[bool]] = [
                flag.c.vertex_kind == kind,
                one_of(self._connection, flag.c.vertex_id, ids),
                _PRESENT,
            ]
            found.update(Vertex(*row) for row in self._connection.execute(query.where(*conditions)))
        return found

    def list_flags(self, workspace_id: int, *, removed: bool, after: Key | None, limit: int) -> Sequence[Flag]:
        query = select(flag).where(flag.c.workspace_id == workspace_id)
        query = query if removed else query.where(_PRESENT)
        if after is not None:
            query = query.where(flag.c.id < after[0])
        return [_load(row) for row in self._connection.execute(query.order_by(flag.c.id.desc()).limit(limit))]

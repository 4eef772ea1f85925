"""Targets in SQL, each with its latest report."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, or_, select, update

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json, load
from strongroom.adapters.sql.tables import delivery_target, principal
from strongroom.domain.delivery.targets import Status, Target

_C = delivery_target.c
_PRESENT = _C.removed_at.is_(None)
_NOT_STALE = _C.status != literal_column(f"'{Status.STALE.value}'")
_REPORTED = ("reported_at", "running", "health", "numbers", "message", "breaches", "status")
_REPORT = Prepared(
    update(delivery_target)
    .where(_C.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}", type_=_C[name].type) for name in _REPORTED})
)


@cache
def _select() -> Select[tuple[object, ...]]:
    own = [column for column in _C if column.name != "registered_by"]
    by = principal.c.uid.label("registered_by")
    return select(*own, by).join(principal, principal.c.id == _C.registered_by)


def _load(row: AnyRow) -> Target:
    return load(Target, row, numbers=json.loads(row.numbers))


class SqlTargets(Repository):
    """See :class:`strongroom.application.ports.delivery.Targets`."""

    def add(self, new: Target, actor_id: int) -> Target:
        row = {
            "uid": new.uid,
            "workspace_id": new.workspace_id,
            "environment_id": new.environment_id,
            "line": new.line,
            "name": new.name,
            "description": new.description,
            "registered_by": actor_id,
            "recorded_at": new.recorded_at,
            "status": new.status,
        }
        return replace(new, id=self._insert_one(delivery_target, row))

    def count(self, environment_id: int) -> int:
        query = select(func.count()).select_from(delivery_target)
        return self._connection.execute(query.where(_C.environment_id == environment_id, _PRESENT)).scalar_one()

    def by_uid(self, workspace_id: int, uid: str) -> Target | None:
        return self._one(_C.workspace_id == workspace_id, _C.uid == uid)

    def by_name(self, environment_id: int, line: str, name: str) -> Target | None:
        return self._one(_C.environment_id == environment_id, _C.line == line, _C.name == name)

    def lock(self, target_id: int) -> Target | None:
        query = select(_C.id).where(_C.id == target_id).with_for_update(key_share=True)
        self._connection.execute(query).all()
        return self._one(_C.id == target_id)

    def list(self, environment_ids: Sequence[int], line: str | None, limit: int) -> Sequence[Target]:
        query = _select().where(_C.environment_id.in_(environment_ids), _PRESENT)
        if line is not None:
            query = query.where(_C.line == line)
        query = query.order_by(_C.environment_id, _C.line, _C.name).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

    def report(self, changed: Target) -> None:
        values = {f"new_{name}": getattr(changed, name) for name in _REPORTED}
        values["new_numbers"] = dump_json(changed.numbers)
        _REPORT.run(self._connection, of=changed.id, **values)

    def remove(self, target_id: int, now: int) -> None:
        self._connection.execute(update(delivery_target).where(_C.id == target_id).values(removed_at=now))

    def silent(self, before: int, limit: int) -> Sequence[Target]:
        # each branch repeats what the index is limited to, in its very words: SQLite uses it for an OR only so
        heard = and_(_PRESENT, _NOT_STALE, _C.reported_at < before)
        never = and_(_PRESENT, _NOT_STALE, _C.reported_at.is_(None), _C.recorded_at < before)
        query = _select().where(or_(heard, never)).limit(limit)
        query = query.with_for_update(of=delivery_target, key_share=True, skip_locked=True)
        return [_load(row) for row in self._connection.execute(query)]

    def _one(self, *conditions: ColumnElement[bool]) -> Target | None:
        row = self._connection.execute(_select().where(_PRESENT, *conditions)).one_or_none()
        return _load(row) if row else None

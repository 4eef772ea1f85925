"""Watches in SQL."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, tuple_

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, batches, dump_json
from strongroom.adapters.sql.repositories.inbox import SEAT, seat_of
from strongroom.adapters.sql.tables import inbox_setting, namespace, principal, watch
from strongroom.application.ports.collaboration import Spot, Watcher
from strongroom.domain.collaboration.model import Watch, Watched
from strongroom.domain.registry.names import paths_above

_KEY = ("principal_id", "kind", "object_id")


def _load(row: AnyRow) -> Watch:
    return Watch(
        row.principal_id,
        Watched(row.kind),
        row.object_id,
        row.watching,
        row.automatic,
        tuple(json.loads(row.types)),
        row.after,
        row.recorded_at,
    )


def _row(workspace_id: int, one: Watch) -> dict[str, Any]:
    return {
        "principal_id": one.principal_id,
        "kind": one.kind.value,
        "object_id": one.object_id,
        "workspace_id": workspace_id,
        "watching": one.watching,
        "automatic": one.automatic,
        "types": dump_json(list(one.types)),
        "after": one.after,
        "recorded_at": one.recorded_at,
    }


class SqlWatches(Repository):
    """See :class:`strongroom.application.ports.collaboration.Watches`."""

    def get(self, principal_id: int, kind: Watched, object_id: int) -> Watch | None:
        mine = (watch.c.principal_id == principal_id, watch.c.kind == kind.value, watch.c.object_id == object_id)
        row = self._connection.execute(select(watch).where(*mine)).one_or_none()
        return _load(row) if row else None

    def put(self, workspace_id: int, new: Watch, /) -> None:
        self._upsert(watch, [_row(workspace_id, new)], _KEY)

    def add_automatic(self, found: Sequence[tuple[int, Watch]]) -> None:
        self._insert_ignore(watch, [_row(workspace_id, one) for workspace_id, one in found])

    def count(self, principal_id: int) -> int:
        query = select(func.count()).select_from(watch).where(watch.c.principal_id == principal_id)
        return self._connection.execute(query).scalar_one()

    def list(self, principal_id: int, workspace_id: int, after: tuple[str, int], limit: int) -> Sequence[Watch]:
        mine = (watch.c.principal_id == principal_id, watch.c.workspace_id == workspace_id, watch.c.watching)
        later = tuple_(watch.c.kind, watch.c.object_id) > tuple_(*after)
        query = select(watch).where(*mine, later).order_by(watch.c.kind, watch.c.object_id).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

    def of(self, workspace_ids: Sequence[int], spots: Sequence[Spot]) -> Sequence[Watcher]:
        found: list[Watcher] = []
        for kind in (Watched.ASSET, Watched.EXPERIMENT):
            for ids in batches(sorted({spot.object_id for spot in spots if spot.kind is kind})):
                found += self._watchers(_select(literal("")), [watch.c.kind == kind.value, watch.c.object_id.in_(ids)])
        held = and_(watch.c.kind == Watched.NAMESPACE.value, watch.c.object_id == namespace.c.id)
        places = _select(namespace.c.slug_path).join(namespace, held)
        for paths in batches(sorted({path for spot in spots for path in paths_above(spot.slug_path)})):
            where = [namespace.c.workspace_id.in_(workspace_ids), namespace.c.slug_path.in_(paths)]
            found += self._watchers(places, [*where, namespace.c.deleted_at.is_(None)])
        return found

    def _watchers(self, query: Select[Any], where: Sequence[ColumnElement[bool]]) -> Iterable[Watcher]:
        rows = self._connection.execute(query.where(watch.c.watching, principal.c.disabled_at.is_(None), *where))
        return [Watcher(row.workspace_id, _load(row), seat_of(row), row.at_path) for row in rows]


def _select(path: ColumnElement[str]) -> Select[Any]:
    return (
        select(watch, *SEAT, path.label("at_path"))
        .join(principal, principal.c.id == watch.c.principal_id)
        .outerjoin(inbox_setting, inbox_setting.c.principal_id == principal.c.id)
    )

"""The outbox as a feed in SQL: events by the leaf of their audit record."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Select, case, or_, select

from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.repositories.base import AnyRow, Repository, batches
from strongroom.adapters.sql.repositories.namespaces import in_subtree
from strongroom.adapters.sql.tables import asset, audit, audit_leaf, audit_log, namespace, outbox
from strongroom.application.ports.events import StoredEvent, Wanted


def select_event(*more: ColumnElement[Any]) -> Select[Any]:
    """Events with their leaf, and what else is asked for; `event_of` reads the rows."""
    path = case((namespace.c.path == "", asset.c.name), else_=namespace.c.path + "/" + asset.c.name)
    return (
        select(
            audit_leaf.c.leaf,
            audit.c.uid,
            outbox.c.type,
            audit.c.actor,
            audit.c.subject_kind,
            audit.c.subject_uid,
            outbox.c.asset_id,
            asset.c.uid,
            asset.c.kind,
            path,
            outbox.c.asset_seq,
            outbox.c.body,
            outbox.c.recorded_at,
            audit.c.workspace_id,
            *more,
        )
        .join_from(audit_leaf, audit, audit.c.id == audit_leaf.c.audit_id)
        .join(outbox, outbox.c.audit_id == audit.c.id)
        .outerjoin(asset, asset.c.id == outbox.c.asset_id)
        .outerjoin(namespace, namespace.c.id == asset.c.namespace_id)
    )


_COLUMNS = len(fields(StoredEvent))


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    # "+ 0": by the index of workspace or asset SQLite would read all of it, and sort it, for a few leaves
    found: list[ColumnElement[bool]] = []
    if wanted.workspace_id is not None:
        found.append(audit.c.workspace_id + 0 == wanted.workspace_id)
    if wanted.visible is not None:
        found += [outbox.c.asset_id.is_not(None), visible_where(wanted.visible)]
    if wanted.types:
        exact = [text for text in wanted.types if not text.endswith(".*")]
        below = [outbox.c.type.startswith(text[:-1], autoescape=True) for text in wanted.types if text.endswith(".*")]
        found.append(or_(outbox.c.type.in_(exact), *below))
    if wanted.namespace:
        found.append(in_subtree(wanted.namespace))
    if wanted.asset_id is not None:
        found.append(outbox.c.asset_id + 0 == wanted.asset_id)
    return found


def select_events(wanted: Wanted, after: int, upto: int, limit: int) -> Select[Any]:
    """The query of `SqlFeed.between`; a test looks at its plan."""
    query = select_event().where(audit_leaf.c.leaf > after, audit_leaf.c.leaf <= upto, *_conditions(wanted))
    return query.order_by(audit_leaf.c.leaf).limit(limit)


def event_of(row: AnyRow) -> StoredEvent:
    """The event in a row of `select_event`."""
    return StoredEvent(*row[:_COLUMNS])


class SqlFeed(Repository):
    """See :class:`strongroom.application.ports.events.Feed`."""

    def head(self) -> int:
        size: int = self._connection.execute(select(audit_log.c.size).where(audit_log.c.id == 1)).scalar_one()
        return size - 1

    def between(self, wanted: Wanted, after: int, upto: int, limit: int) -> Sequence[StoredEvent]:
        query = select_events(wanted, after, upto, limit)
        return [event_of(row) for row in self._connection.execute(query)]

    def at(self, leaf: int) -> StoredEvent | None:
        row = self._connection.execute(select_event().where(audit_leaf.c.leaf == leaf)).one_or_none()
        return event_of(row) if row else None

    def many(self, leaves: Sequence[int]) -> Mapping[int, StoredEvent]:
        found: dict[int, StoredEvent] = {}
        for some in batches(leaves):
            rows = self._connection.execute(select_event().where(audit_leaf.c.leaf.in_(some)))
            found.update((event.leaf, event) for event in map(event_of, rows))
        return found

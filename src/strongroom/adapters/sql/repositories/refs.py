"""Branches and pins, publication rules and origins in SQL."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, insert, select, update

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import Repository, load
from strongroom.adapters.sql.tables import (
    asset_ref,
    principal,
    publication_due,
    publication_rule,
    revision,
    version_origin,
)
from strongroom.domain.registry.model import Asset
from strongroom.domain.registry.refs import Origin, Ref, RefKind, StoredRevision

#: Asked with every pack of chunks that comes.
_STIRRED = Prepared(
    update(publication_due)
    .where(publication_due.c.asset_id == bindparam("asset"), publication_due.c.due_at < bindparam("until"))
    .values(due_at=bindparam("until"))
)


@cache
def _select() -> Select[Any]:
    own = (asset_ref.c[name] for name in ("asset_id", "kind", "name", "etag", "protected", "recorded_at", "moved_at"))
    return (
        select(*own, revision.c.digest.label("revision"), principal.c.uid.label("set_by"))
        .join(revision, revision.c.id == asset_ref.c.revision_id)
        .join(principal, principal.c.id == asset_ref.c.set_by)
    )


def _load(row: Row[Any]) -> Ref:
    return load(Ref, row, kind=RefKind(row.kind))


class SqlRefs(Repository):
    """See :class:`strongroom.application.ports.revisions.Refs`."""

    def _named(self, asset_id: int, name: str) -> list[ColumnElement[bool]]:
        return [asset_ref.c.asset_id == asset_id, asset_ref.c.name == name]

    def get(self, asset_id: int, name: str) -> Ref | None:
        row = self._connection.execute(_select().where(*self._named(asset_id, name))).one_or_none()
        return _load(row) if row else None

    def list(self, asset_id: int, kind: RefKind, after: str | None, limit: int) -> Sequence[Ref]:
        query = _select().where(asset_ref.c.asset_id == asset_id, asset_ref.c.kind == kind.value)
        if after is not None:
            query = query.where(asset_ref.c.name > after)
        return [_load(row) for row in self._connection.execute(query.order_by(asset_ref.c.name).limit(limit))]

    def heads(self, asset_id: int) -> Sequence[str]:
        query = (
            select(revision.c.digest)
            .distinct()
            .join(asset_ref, asset_ref.c.revision_id == revision.c.id)
            .where(asset_ref.c.asset_id == asset_id)
        )
        return list(self._connection.execute(query).scalars())

    def count(self, asset_id: int) -> int:
        query = select(func.count()).select_from(asset_ref).where(asset_ref.c.asset_id == asset_id)
        return int(self._connection.execute(query).scalar_one())

    def put(self, asset: Asset, kind: RefKind, name: str, at: StoredRevision, actor_id: int) -> Ref:
        now = self._context.now()
        moved = {"revision_id": at.id, "etag": asset.event_seq, "set_by": actor_id, "moved_at": now}
        changed = self._connection.execute(update(asset_ref).where(*self._named(asset.id, name)).values(moved))
        if not changed.rowcount:
            new = {"asset_id": asset.id, "name": name, "kind": kind.value, "recorded_at": now, "protected": False}
            self._connection.execute(insert(asset_ref).values({**new, **moved}))
        return self._there(asset.id, name)

    def _there(self, asset_id: int, name: str) -> Ref:
        return _load(self._connection.execute(_select().where(*self._named(asset_id, name))).one())

    def protect(self, asset: Asset, name: str, *, protected: bool) -> Ref:
        values = {"protected": protected, "etag": asset.event_seq}
        self._connection.execute(update(asset_ref).where(*self._named(asset.id, name)).values(values))
        return self._there(asset.id, name)

    def remove(self, asset_id: int, name: str) -> None:
        self._connection.execute(delete(asset_ref).where(*self._named(asset_id, name)))

    def remove_all(self, asset_id: int) -> None:
        self._connection.execute(delete(asset_ref).where(asset_ref.c.asset_id == asset_id))


class SqlPublication(Repository):
    """See :class:`strongroom.application.ports.revisions.Publication`."""

    def _owner(self, kind: str, id_: int) -> list[ColumnElement[bool]]:
        return [publication_rule.c.owner_kind == kind, publication_rule.c.owner_id == id_]

    def rule(self, owner_kind: str, owner_id: int) -> str | None:
        query = select(publication_rule.c.rule).where(*self._owner(owner_kind, owner_id))
        found: str | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def set_rule(self, owner_kind: str, owner_id: int, rule: str | None) -> None:
        if rule is None:
            self._connection.execute(delete(publication_rule).where(*self._owner(owner_kind, owner_id)))
            return
        row = {"owner_kind": owner_kind, "owner_id": owner_id, "rule": rule}
        self._upsert(publication_rule, [row], ["owner_kind", "owner_id"])

    def wait(self, asset_id: int, due_at: int) -> None:
        self._upsert(publication_due, [{"asset_id": asset_id, "due_at": due_at}], ["asset_id"])

    def stir(self, asset_id: int, until: int) -> None:
        _STIRRED.run(self._connection, asset=asset_id, until=until)

    def due(self, now: int, limit: int) -> Sequence[int]:
        query = select(publication_due.c.asset_id).where(publication_due.c.due_at <= now)
        return list(self._connection.execute(query.order_by(publication_due.c.due_at).limit(limit)).scalars())

    def due_at(self, asset_id: int) -> int | None:
        query = select(publication_due.c.due_at).where(publication_due.c.asset_id == asset_id)
        found: int | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def done(self, asset_id: int) -> None:
        self._connection.execute(delete(publication_due).where(publication_due.c.asset_id == asset_id))


class SqlOrigins(Repository):
    """See :class:`strongroom.application.ports.revisions.Origins`."""

    def add(self, origin: Origin) -> None:
        self._connection.execute(insert(version_origin).values(asdict(origin)))

    def get(self, version_id: int) -> Origin | None:
        query = select(version_origin).where(version_origin.c.version_id == version_id)
        row = self._connection.execute(query).one_or_none()
        return load(Origin, row) if row else None

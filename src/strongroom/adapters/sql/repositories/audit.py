"""The audit log and the outbox in SQL."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, delete, select, update

from strongroom.adapters.sql.repositories.base import Context, Repository
from strongroom.adapters.sql.repositories.nodes_of_log import StoredNodes
from strongroom.adapters.sql.tables import (
    audit,
    audit_checkpoint,
    audit_leaf,
    audit_log,
    audit_pending,
    outbox,
    read_window,
)
from strongroom.application.paging import Key
from strongroom.application.ports.audit import StoredRecord
from strongroom.domain.audit.record import AuditRecord, canonical, leaf_hash


@cache
def _select() -> Select[Any]:
    return select(
        audit.c.id, audit.c.uid, audit_leaf.c.leaf, audit.c.body, audit.c.hash, audit.c.recorded_at
    ).outerjoin(audit_leaf, audit_leaf.c.audit_id == audit.c.id)


class SqlAuditLog(Repository):
    """See :class:`strongroom.application.ports.audit.AuditLog`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._nodes = StoredNodes(context.connection)

    def append(self, record: AuditRecord, workspace_id: int | None) -> StoredRecord:
        body = canonical(record)
        digest = leaf_hash(body).hex()
        values = {
            "uid": record.uid,
            "workspace_id": workspace_id,
            "actor": record.actor,
            "action": record.action,
            "outcome": record.outcome,
            "subject_kind": record.subject.kind,
            "subject_uid": record.subject.uid,
            "body": body,
            "hash": digest,
            "recorded_at": record.recorded_at,
        }
        audit_id = self._insert_one(audit, values)
        self._insert(audit_pending, {"audit_id": audit_id})
        return StoredRecord(audit_id, record.uid, None, body, digest, record.recorded_at)

    def emit(self, audit_id: int, type_: str, asset_id: int | None, asset_seq: int | None, body: str) -> None:
        values = {
            "audit_id": audit_id,
            "type": type_,
            "asset_id": asset_id,
            "asset_seq": asset_seq,
            "body": body,
            "recorded_at": self._context.now(),
        }
        self._insert(outbox, values)

    def leaves(self, start: int, count: int) -> Sequence[bytes]:
        return self._nodes.leaves(start, count)

    def tile(self, level: int, start: int, count: int) -> Sequence[bytes]:
        return self._nodes.tile(level, start, count)

    def size(self) -> int:
        found: int = self._connection.execute(select(audit_log.c.size).where(audit_log.c.id == 1)).scalar_one()
        return found

    def waiting(self, limit: int) -> Sequence[str]:
        query = select(audit.c.uid).join(audit_pending, audit_pending.c.audit_id == audit.c.id)
        return list(self._connection.execute(query.order_by(audit.c.id).limit(limit)).scalars())

    def _load(self, query: Select[Any]) -> list[StoredRecord]:
        return [StoredRecord(*row) for row in self._connection.execute(query)]

    def by_uid(self, uid: str) -> StoredRecord | None:
        found = self._load(_select().where(audit.c.uid == uid))
        return found[0] if found else None

    def list(
        self,
        workspace_id: int | None,
        *,
        actor: str | None,
        action: str | None,
        subject_uid: str | None,
        since: int | None,
        until: int | None,
        after: Key | None,
        limit: int,
    ) -> Sequence[StoredRecord]:
        query = _select()
        equal = {
            audit.c.workspace_id: workspace_id,
            audit.c.actor: actor,
            audit.c.action: action,
            audit.c.subject_uid: subject_uid,
        }
        for column, value in equal.items():
            if value is not None:
                query = query.where(column == value)
        if since is not None:
            query = query.where(audit.c.recorded_at >= since)
        if until is not None:
            query = query.where(audit.c.recorded_at < until)
        if after is not None:
            query = query.where(audit.c.id < after[0])
        return self._load(query.order_by(audit.c.id.desc()).limit(limit))

    def export(self, start: int, count: int) -> Sequence[StoredRecord]:
        query = (
            select(audit.c.id, audit.c.uid, audit_leaf.c.leaf, audit.c.body, audit.c.hash, audit.c.recorded_at)
            .join(audit_leaf, audit_leaf.c.audit_id == audit.c.id)
            .where(audit_leaf.c.leaf >= start, audit_leaf.c.leaf < start + count)
            .order_by(audit_leaf.c.leaf)
        )
        return self._load(query)

    def checkpoints(self, after_size: int, limit: int) -> Sequence[tuple[int, str]]:
        query = (
            select(audit_checkpoint.c.size, audit_checkpoint.c.note)
            .where(audit_checkpoint.c.size > after_size)
            .order_by(audit_checkpoint.c.size)
            .limit(limit)
        )
        return [(row.size, row.note) for row in self._connection.execute(query)]

    def latest_checkpoint(self) -> tuple[int, str] | None:
        query = select(audit_checkpoint).order_by(audit_checkpoint.c.size.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return (row.size, row.note) if row else None

    def add_checkpoint(self, size: int, note: str) -> None:
        row = {"size": size, "note": note, "recorded_at": self._context.now()}
        self._insert_ignore(audit_checkpoint, [row])

    def open_window(self, principal_uid: str, version_id: int, hour: int) -> bool:
        mine = (
            read_window.c.principal_uid == principal_uid,
            read_window.c.version_id == version_id,
            read_window.c.hour == hour,
        )
        if self._connection.execute(select(read_window.c.hour).where(*mine)).first():
            return False
        row = {"principal_uid": principal_uid, "version_id": version_id, "hour": hour, "reads": 0, "bytes": 0}
        self._insert_ignore(read_window, [row])
        return True

    def count_reads(self, principal_uid: str, version_id: int, hour: int, reads: int, size: int) -> bool:
        counted = self._connection.execute(
            update(read_window)
            .where(
                read_window.c.principal_uid == principal_uid,
                read_window.c.version_id == version_id,
                read_window.c.hour == hour,
            )
            .values(reads=read_window.c.reads + reads, bytes=read_window.c.bytes + size)
        )
        return counted.rowcount > 0

    def close_windows(self, before_hour: int, limit: int) -> Iterator[tuple[str, int, int, int, int]]:
        query = select(read_window).where(read_window.c.hour < before_hour).limit(limit).with_for_update()
        for row in self._connection.execute(query).all():
            self._connection.execute(
                delete(read_window).where(
                    read_window.c.principal_uid == row.principal_uid,
                    read_window.c.version_id == row.version_id,
                    read_window.c.hour == row.hour,
                )
            )
            yield row.principal_uid, row.version_id, row.hour, row.reads, row.bytes

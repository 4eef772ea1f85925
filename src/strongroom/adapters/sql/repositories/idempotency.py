"""Remembered answers in SQL."""

from sqlalchemy import delete, select

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import idempotency
from strongroom.application.ports.audit import Remembered


class SqlIdempotency(Repository):
    """See :class:`strongroom.application.ports.audit.Idempotency`."""

    def get(self, principal_id: int, key: str) -> Remembered | None:
        query = select(idempotency).where(idempotency.c.principal_id == principal_id, idempotency.c.key == key)
        row = self._connection.execute(query).one_or_none()
        return Remembered(row.request_hash, row.status, row.headers, row.body) if row else None

    def put(self, principal_id: int, key: str, answer: Remembered) -> None:
        values = {
            "principal_id": principal_id,
            "key": key,
            "request_hash": answer.request_hash,
            "status": answer.status,
            "headers": answer.headers,
            "body": answer.body,
            "recorded_at": self._context.now(),
        }
        self._insert(idempotency, values)

    def forget(self, before: int) -> int:
        return self._connection.execute(delete(idempotency).where(idempotency.c.recorded_at < before)).rowcount

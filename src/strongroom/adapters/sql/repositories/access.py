"""Requests for access in SQL."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, delete, insert, select

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, load
from strongroom.adapters.sql.tables import access_request, principal
from strongroom.domain.identity.requests import AccessRequest, RequestStatus

_DECIDER = principal.alias("decider")
_OWN = (
    "id", "uid", "workspace_id", "asset_id", "principal_id", "status", "message", "reason", "grant_uid",
    "recorded_at", "decided_at",
)  # fmt: skip


@cache
def _select() -> Select[Any]:
    own = [access_request.c[name] for name in _OWN]
    return (
        select(*own, principal.c.uid.label("principal"), _DECIDER.c.uid.label("decided_by"))
        .join(principal, principal.c.id == access_request.c.principal_id)
        .join(_DECIDER, _DECIDER.c.id == access_request.c.decided_by, isouter=True)
    )


def _load(row: AnyRow) -> AccessRequest:
    return load(AccessRequest, row, status=RequestStatus(row.status))


class SqlAccessRequests(Repository):
    """See :class:`strongroom.application.ports.access.AccessRequests`."""

    def get(self, asset_id: int, principal_id: int) -> AccessRequest | None:
        here = (access_request.c.asset_id == asset_id, access_request.c.principal_id == principal_id)
        row = self._connection.execute(_select().where(*here)).one_or_none()
        return _load(row) if row else None

    def put(self, request: AccessRequest, decided_by: int | None) -> AccessRequest:
        values = {name: getattr(request, name) for name in _OWN if name != "id"}
        values |= {"status": request.status.value, "decided_by": decided_by}
        same = (
            access_request.c.asset_id == request.asset_id,
            access_request.c.principal_id == request.principal_id,
        )
        self._connection.execute(delete(access_request).where(*same))
        self._connection.execute(insert(access_request).values(values))
        stored = self.get(request.asset_id, request.principal_id)
        assert stored is not None  # noqa: S101 - it was written just now
        return stored

    def list(self, asset_id: int, status: str | None, after_id: int, limit: int) -> Sequence[AccessRequest]:
        query = _select().where(access_request.c.asset_id == asset_id, access_request.c.id > after_id)
        if status is not None:
            query = query.where(access_request.c.status == status)
        return [_load(row) for row in self._connection.execute(query.order_by(access_request.c.id).limit(limit))]

"""Discussions in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, load
from strongroom.adapters.sql.tables import discussion, principal
from strongroom.domain.collaboration.model import Discussion, Status

_OWN = (
    "uid", "workspace_id", "asset_id", "number", "title", "status", "branch", "etag", "recorded_at", "closed_at",
)  # fmt: skip


@cache
def _select() -> Select[Any]:
    own = [discussion.c[name] for name in _OWN]
    return select(discussion.c.id, *own, principal.c.uid.label("author")).join(
        principal, principal.c.id == discussion.c.author_id
    )


def _load(row: AnyRow) -> Discussion:
    return load(Discussion, row, status=Status(row.status))


class SqlDiscussions(Repository):
    """See :class:`strongroom.application.ports.collaboration.Discussions`."""

    def add(self, new: Discussion) -> Discussion:
        last = select(func.coalesce(func.max(discussion.c.number), 0)).where(discussion.c.asset_id == new.asset_id)
        number = self._connection.execute(last).scalar_one() + 1
        values = {name: getattr(new, name) for name in _OWN} | {"number": number, "status": new.status.value}
        values["author_id"] = select(principal.c.id).where(principal.c.uid == new.author).scalar_subquery()
        made = self._connection.execute(insert(discussion).values(values).returning(discussion.c.id)).scalar_one()
        return replace(new, id=made, number=number)

    def by_uid(self, workspace_id: int, uid: str) -> Discussion | None:
        query = _select().where(discussion.c.uid == uid, discussion.c.workspace_id == workspace_id)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def by_number(self, asset_id: int, number: int) -> Discussion | None:
        query = _select().where(discussion.c.asset_id == asset_id, discussion.c.number == number)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def by_id(self, discussion_id: int) -> Discussion:
        return _load(self._connection.execute(_select().where(discussion.c.id == discussion_id)).one())

    def lock(self, discussion_id: int) -> Discussion:
        query = _select().where(discussion.c.id == discussion_id).with_for_update(of=discussion)
        return _load(self._connection.execute(query).one())

    def update(self, old: Discussion, /, **changes: object) -> Discussion:
        values = {**changes, "etag": discussion.c.etag + 1}
        self._connection.execute(update(discussion).where(discussion.c.id == old.id).values(values))
        return self.by_id(old.id)

    def list(self, asset_id: int, status: str | None, below: int | None, limit: int) -> Sequence[Discussion]:
        query = _select().where(discussion.c.asset_id == asset_id)
        if status is not None:
            query = query.where(discussion.c.status == status)
        if below is not None:
            query = query.where(discussion.c.number < below)
        query = query.order_by(discussion.c.number.desc()).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

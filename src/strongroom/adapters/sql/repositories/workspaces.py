"""Workspaces in SQL."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import Repository, dump_json, load
from strongroom.adapters.sql.tables import namespace, workspace
from strongroom.application.paging import Key
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.registry.model import Workspace

_BY_SLUG, _BY_ID = (
    Prepared(select(workspace).where(column == bindparam("key")), Workspace, settings=json.loads)
    for column in (workspace.c.slug, workspace.c.id)
)


def _load(row: Row[Any]) -> Workspace:
    return load(Workspace, row, settings=json.loads(row.settings))


class SqlWorkspaces(Repository):
    """See :class:`strongroom.application.ports.registry.Workspaces`."""

    def by_slug(self, slug: str) -> Workspace | None:
        found: Workspace | None = _BY_SLUG.one(self._connection, key=slug)
        return found

    def by_id(self, workspace_id: int) -> Workspace:
        found: Workspace = _BY_ID.exactly_one(self._connection, key=workspace_id)
        return found

    def lock(self, workspace_id: int) -> Workspace:
        # NO KEY UPDATE: whoever refers to the workspace need not wait
        query = select(workspace).where(workspace.c.id == workspace_id).with_for_update(key_share=True)
        return _load(self._connection.execute(query).one())

    def add(self, slug: str, description: str) -> Workspace:
        now = self._context.now()
        values = {"uid": self._context.new_uid(), "slug": slug, "description": description, "recorded_at": now}
        try:
            row = self._connection.execute(insert(workspace).values(values).returning(workspace)).one()
        except IntegrityError as error:
            raise AlreadyExists(f"There is a workspace {slug!r}.") from error
        root = {
            "uid": self._context.new_uid(),
            "workspace_id": row.id,
            "path": "",
            "slug_path": "",
            "description": "",
            "recorded_at": now,
        }
        self._connection.execute(insert(namespace).values(root))
        return _load(row)

    def list(self, after: Key | None, limit: int) -> Sequence[Workspace]:
        query = select(workspace).order_by(workspace.c.slug).limit(limit)
        if after is not None:
            query = query.where(workspace.c.slug > after[0])
        return [_load(row) for row in self._connection.execute(query)]

    def update(self, workspace_: Workspace, *, description: str, settings: Mapping[str, object]) -> Workspace:
        statement = (
            update(workspace)
            .where(workspace.c.id == workspace_.id)
            .values(description=description, settings=dump_json(settings), etag=workspace.c.etag + 1)
            .returning(workspace)
        )
        return _load(self._connection.execute(statement).one())

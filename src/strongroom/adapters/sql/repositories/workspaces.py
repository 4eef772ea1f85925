"""Workspaces in SQL."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import Repository, dump_json, load
from strongroom.adapters.sql.repositories.environments import stored
from strongroom.adapters.sql.tables import (
    asset,
    automation,
    environment,
    experiment,
    handle,
    logged_model,
    namespace,
    node,
    principal,
    record_set,
    run,
    team,
    webhook,
    workspace,
)
from strongroom.application.paging import Key
from strongroom.domain.delivery.model import Environment
from strongroom.domain.delivery.rules import defaults
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.registry.model import Workspace

_BY_SLUG, _BY_ID = (
    Prepared(select(workspace).where(column == bindparam("key")), Workspace, settings=json.loads)
    for column in (workspace.c.slug, workspace.c.id)
)
_LIVE = workspace.c.deleted_at.is_(None)


def _load(row: Row[Any]) -> Workspace:
    return load(Workspace, row, settings=json.loads(row.settings))


class SqlWorkspaces(Repository):
    """See :class:`strongroom.application.ports.registry.Workspaces`."""

    def by_slug(self, slug: str) -> Workspace | None:
        found: Workspace | None = _BY_SLUG.one(self._connection, key=slug)
        return found if found is not None and found.deleted_at is None else None

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
        self._insert(environment, *(stored(one) for one in self._environments(row.id)))
        return _load(row)

    def _environments(self, workspace_id: int) -> Iterable[Environment]:
        return defaults(workspace_id, self._context.new_uid, self._context.now())

    def list(self, after: Key | None, limit: int) -> Sequence[Workspace]:
        query = select(workspace).where(_LIVE).order_by(workspace.c.slug).limit(limit)
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

    def holders(self, workspace_id: int, limit: int) -> Sequence[str]:
        counted_on = exists().where(handle.c.object_kind == "experiment", handle.c.object_id == experiment.c.id)
        used = or_(
            exists().where(run.c.experiment_id == experiment.c.id),
            exists().where(logged_model.c.experiment_id == experiment.c.id),
        )
        found: list[str] = []
        for kind, table, name, alive in (
            ("namespace", namespace, namespace.c.path, and_(namespace.c.deleted_at.is_(None), namespace.c.path != "")),
            ("asset", asset, asset.c.name, asset.c.purged_at.is_(None)),
            ("experiment", experiment, experiment.c.name, or_(~counted_on, used)),
            ("record_set", record_set, record_set.c.name, true()),
            ("webhook", webhook, webhook.c.uid, webhook.c.state != "deleted"),
            ("automation", automation, automation.c.uid, automation.c.state != "deleted"),
            ("team", team, team.c.name, team.c.deleted_at.is_(None)),
            ("node", node, node.c.uid, true()),
        ):
            query = select(name).where(table.c.workspace_id == workspace_id, alive).limit(limit)
            found += [f"{kind}:{text}" for text in self._connection.execute(query).scalars()]
        at_home = principal.c.home_workspace_id == workspace_id
        query = select(principal.c.name).where(at_home, principal.c.disabled_at.is_(None)).limit(limit)
        return [*found, *(f"principal:{text}" for text in self._connection.execute(query).scalars())][:limit]

    def delete(self, workspace_: Workspace, at: int, /) -> None:
        gone = {"slug": f"{workspace_.slug}~{workspace_.id}", "deleted_at": at, "etag": workspace.c.etag + 1}
        self._connection.execute(update(workspace).where(workspace.c.id == workspace_.id).values(gone))
        root = and_(namespace.c.workspace_id == workspace_.id, namespace.c.path == "")
        self._connection.execute(update(namespace).where(root).values(deleted_at=at))

    def lacking(self, dialect: str, kind: str, foreign: str, limit: int) -> Sequence[Workspace]:
        known = exists().where(
            handle.c.workspace_id == workspace.c.id,
            handle.c.dialect == dialect,
            handle.c.kind == kind,
            handle.c.foreign_id == foreign,
        )
        query = select(workspace).where(_LIVE, ~known).order_by(workspace.c.id).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

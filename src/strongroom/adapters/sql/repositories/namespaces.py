"""Namespaces in SQL. A subtree is a range scan on `slug_path`: from 'a/' up to 'a0'."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import Repository, dump_json, load
from strongroom.adapters.sql.tables import asset, experiment, namespace, record_set
from strongroom.application.paging import Key
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.registry.model import Namespace
from strongroom.domain.registry.names import slug_key


def in_subtree(slug_path: str) -> ColumnElement[bool]:
    """Rows of `namespace` that are at a slug path or below it; '0' is the character after '/'."""
    column = namespace.c.slug_path
    return or_(column == slug_path, and_(column >= slug_path + "/", column < slug_path + "0"))


def _prepared(*conditions: ColumnElement[bool]) -> Prepared:
    return Prepared(select(namespace).where(*conditions), Namespace, settings=json.loads)


_LIVE = namespace.c.deleted_at.is_(None)
_IN_WORKSPACE = namespace.c.workspace_id == bindparam("workspace")
_BY_PATH = _prepared(_IN_WORKSPACE, namespace.c.path == bindparam("path"), _LIVE)
_BY_SLUG_PATH = _prepared(_IN_WORKSPACE, namespace.c.slug_path == bindparam("slug_path"), _LIVE)
_BY_FOLDED = _prepared(_IN_WORKSPACE, func.lower(namespace.c.slug_path) == bindparam("slug_path"), _LIVE)
_BY_UID = _prepared(namespace.c.uid == bindparam("uid"), _IN_WORKSPACE, _LIVE)
_BY_ID = _prepared(namespace.c.id == bindparam("id"))


def _load(row: Row[Any]) -> Namespace:
    return load(Namespace, row, settings=json.loads(row.settings))


class SqlNamespaces(Repository):
    """See :class:`strongroom.application.ports.registry.Namespaces`."""

    def by_path(self, workspace_id: int, path: str) -> Namespace | None:
        facts = self._context.facts
        if facts is None:
            return self._by_path(workspace_id, path)
        key = ("namespace", workspace_id, path)
        return facts.get(self._connection, key, lambda: self._by_path(workspace_id, path))

    def _by_path(self, workspace_id: int, path: str) -> Namespace | None:
        found: Namespace | None = _BY_PATH.one(self._connection, workspace=workspace_id, path=path)
        return found

    def by_slug_path(self, workspace_id: int, slug_path: str) -> Namespace | None:
        found: Namespace | None = _BY_SLUG_PATH.one(self._connection, workspace=workspace_id, slug_path=slug_path)
        if found is None:
            found = _BY_FOLDED.one(self._connection, workspace=workspace_id, slug_path=slug_key(slug_path))
        return found

    def by_id(self, namespace_id: int) -> Namespace:
        found: Namespace = _BY_ID.exactly_one(self._connection, id=namespace_id)
        return found

    def lock(self, namespace_id: int) -> Namespace | None:
        live = (namespace.c.id == namespace_id, namespace.c.deleted_at.is_(None))
        row = self._connection.execute(select(namespace).where(*live).with_for_update()).one_or_none()
        return _load(row) if row else None

    def hold(self, namespace_id: int) -> bool:
        live = (namespace.c.id == namespace_id, namespace.c.deleted_at.is_(None))
        # KEY SHARE: many put things into a namespace at once; only `lock` stands in their way, and they in its
        holding = select(namespace.c.id).where(*live).with_for_update(read=True, key_share=True)
        return self._connection.execute(holding).first() is not None

    def by_uid(self, workspace_id: int, uid: str) -> Namespace | None:
        found: Namespace | None = _BY_UID.one(self._connection, uid=uid, workspace=workspace_id)
        return found

    def add(self, workspace_id: int, path: str, slug_path: str, description: str) -> Namespace:
        values = {
            "uid": self._context.new_uid(),
            "workspace_id": workspace_id,
            "path": path,
            "slug_path": slug_path,
            "description": description,
            "recorded_at": self._context.now(),
        }
        try:
            return _load(self._connection.execute(insert(namespace).values(values).returning(namespace)).one())
        except IntegrityError as error:
            raise AlreadyExists("There is a namespace of that path.") from error

    def slugs_in(self, parent: Namespace, /) -> AbstractSet[str]:
        below = select(namespace.c.slug_path).where(
            namespace.c.workspace_id == parent.workspace_id,
            namespace.c.deleted_at.is_(None),
            namespace.c.id != parent.id,
            *([in_subtree(parent.slug_path)] if parent.slug_path else []),
        )
        start = len(parent.slug_path) + 1 if parent.slug_path else 0
        paths = self._connection.execute(below).scalars()
        return {slug_key(path[start:].partition("/")[0]) for path in paths}

    def list(self, workspace_id: int, after: Key | None, limit: int) -> Sequence[Namespace]:
        query = (
            select(namespace)
            .where(namespace.c.workspace_id == workspace_id, namespace.c.deleted_at.is_(None), namespace.c.path != "")
            .order_by(namespace.c.path)
            .limit(limit)
        )
        if after is not None:
            query = query.where(namespace.c.path > after[0])
        return [_load(row) for row in self._connection.execute(query)]

    def update(self, namespace_: Namespace, *, description: str, settings: Mapping[str, object]) -> Namespace:
        statement = (
            update(namespace)
            .where(namespace.c.id == namespace_.id)
            .values(description=description, settings=dump_json(settings), etag=namespace.c.etag + 1)
            .returning(namespace)
        )
        return _load(self._connection.execute(statement).one())

    def delete(self, namespace_: Namespace, at: int) -> None:
        self._connection.execute(update(namespace).where(namespace.c.id == namespace_.id).values(deleted_at=at))

    def holders(self, namespace_: Namespace, limit: int) -> Sequence[str]:
        inside = select(namespace.c.id).where(
            namespace.c.workspace_id == namespace_.workspace_id, in_subtree(namespace_.slug_path)
        )
        below = select(namespace.c.path).where(
            namespace.c.workspace_id == namespace_.workspace_id,
            namespace.c.deleted_at.is_(None),
            namespace.c.id != namespace_.id,
            in_subtree(namespace_.slug_path),
        )
        assets = select(asset.c.kind, asset.c.name).where(asset.c.namespace_id.in_(inside), asset.c.purged_at.is_(None))
        experiments = select(experiment.c.name).where(experiment.c.namespace_id.in_(inside))
        found = [f"namespace:{path}" for (path,) in self._connection.execute(below.limit(limit))]
        found += [f"{kind}:{name}" for kind, name in self._connection.execute(assets.limit(limit))]
        found += [f"experiment:{name}" for (name,) in self._connection.execute(experiments.limit(limit))]
        sets = select(record_set.c.name).where(record_set.c.namespace_id.in_(inside))
        found += [f"record_set:{name}" for (name,) in self._connection.execute(sets.limit(limit))]
        return found[:limit]

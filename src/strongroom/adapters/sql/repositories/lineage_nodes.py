"""Nodes of lineage in SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Row, select, tuple_, update

from strongroom.adapters.sql.repositories.base import Repository, batches, dump_json, load
from strongroom.adapters.sql.tables import node
from strongroom.application.paging import Key
from strongroom.domain.lineage.model import Node

_NODE = [column for column in node.c if column.name != "created_by"]
_NATIVE = "native"


def _load(row: Row[Any]) -> Node:
    return load(Node, row, properties=json.loads(row.properties))


class SqlNodes(Repository):
    """See :class:`strongroom.application.ports.lineage.Nodes`."""

    def _one(self, *conditions: ColumnElement[bool]) -> Node | None:
        row = self._connection.execute(select(*_NODE).where(*conditions)).one_or_none()
        return _load(row) if row else None

    def _known(self, new: Node) -> Node | None:
        conditions = [
            node.c.workspace_id == new.workspace_id,
            node.c.dialect == new.dialect,
            node.c.foreign_id == new.foreign_id,
        ]
        if new.dialect == _NATIVE:
            return self._one(*conditions, node.c.dialect == _NATIVE, node.c.kind == new.kind)
        return self._one(*conditions, node.c.dialect != _NATIVE)

    def add_node(self, new: Node, created_by: int) -> tuple[Node, bool]:
        if known := self._known(new):
            return known, False
        row = {column.name: getattr(new, column.name) for column in _NODE if column.name != "id"}
        self._insert_ignore(node, [{**row, "properties": dump_json(new.properties), "created_by": created_by}])
        stored = self._known(new)
        assert stored is not None  # noqa: S101 - it was there or is now
        return stored, stored.uid == new.uid

    def update_node(self, old: Node, /, **changes: object) -> Node:
        values: dict[str, Any] = {**changes, "etag": node.c.etag + 1}
        if "properties" in changes:
            values["properties"] = dump_json(changes["properties"])
        self._connection.execute(update(node).where(node.c.id == old.id).values(values))
        known: dict[str, Any] = {**changes, "etag": old.etag + 1}
        return replace(old, **known)

    def lock_node(self, node_id: int) -> Node:
        return _load(self._connection.execute(select(*_NODE).where(node.c.id == node_id).with_for_update()).one())

    def node_by_uid(self, workspace_id: int, uid: str) -> Node | None:
        return self._one(node.c.uid == uid, node.c.workspace_id == workspace_id)

    def nodes(self, node_ids: Sequence[int]) -> Mapping[int, Node]:
        found = {}
        for batch in batches(node_ids):
            for row in self._connection.execute(select(*_NODE).where(node.c.id.in_(batch))):
                found[row.id] = _load(row)
        return found

    def list_nodes(
        self,
        workspace_id: int,
        *,
        wanted: Mapping[str, str],
        deleted: bool,
        after: Key | None,
        limit: int,
    ) -> Sequence[Node]:
        query = select(*_NODE).where(node.c.workspace_id == workspace_id)
        query = query.where(*(node.c[name] == value for name, value in wanted.items()))
        query = query.where(node.c.deleted_at.is_not(None) if deleted else node.c.deleted_at.is_(None))
        if after is not None:
            query = query.where(tuple_(node.c.recorded_at, node.c.id) < tuple_(*after))
        query = query.order_by(node.c.recorded_at.desc(), node.c.id.desc()).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

"""Nodes and edges in SQL."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, tuple_, update

from strongroom.adapters.sql.repositories.base import Repository, batches, dump_json, load
from strongroom.adapters.sql.tables import edge, node, workspace
from strongroom.application.paging import Key
from strongroom.application.ports.lineage import Way
from strongroom.domain.lineage.model import Edge, EdgeType, Node, Vertex

_NODE = [column for column in node.c if column.name != "created_by"]
_RAN = "run"


def _load_node(row: Row[Any]) -> Node:
    return load(Node, row, properties=json.loads(row.properties))


def _load_edge(row: Row[Any]) -> Edge:
    source, target = Vertex(row.source_kind, row.source_id), Vertex(row.target_kind, row.target_id)
    return Edge(source, EdgeType(row.type), target, json.loads(row.properties), row.recorded_at)


def _key(source: Vertex, says: EdgeType, target: Vertex) -> dict[str, Any]:
    return {
        "source_kind": source.kind,
        "source_id": source.id,
        "type": says.value,
        "target_kind": target.kind,
        "target_id": target.id,
    }


class SqlLineage(Repository):
    """See :class:`strongroom.application.ports.lineage.Lineage`."""

    def _one(self, *conditions: ColumnElement[bool]) -> Node | None:
        row = self._connection.execute(select(*_NODE).where(*conditions)).one_or_none()
        return _load_node(row) if row else None

    def _known(self, new: Node) -> Node | None:
        return self._one(
            node.c.workspace_id == new.workspace_id,
            node.c.dialect == new.dialect,
            node.c.kind == new.kind,
            node.c.foreign_id == new.foreign_id,
        )

    def add_node(self, new: Node, created_by: int) -> tuple[Node, bool]:
        if known := self._known(new):
            return known, False
        row = {column.name: getattr(new, column.name) for column in _NODE if column.name != "id"}
        self._insert_ignore(node, [{**row, "properties": dump_json(new.properties), "created_by": created_by}])
        stored = self._known(new)
        assert stored is not None  # noqa: S101 - it was there or is now
        return stored, stored.uid == new.uid

    def node_by_uid(self, workspace_id: int, uid: str) -> Node | None:
        return self._one(node.c.uid == uid, node.c.workspace_id == workspace_id)

    def nodes(self, node_ids: Sequence[int]) -> Mapping[int, Node]:
        found = {}
        for batch in batches(node_ids):
            for row in self._connection.execute(select(*_NODE).where(node.c.id.in_(batch))):
                found[row.id] = _load_node(row)
        return found

    def list_nodes(
        self, workspace_id: int, *, kind: str | None, uri: str | None, after: Key | None, limit: int
    ) -> Sequence[Node]:
        query = select(*_NODE).where(node.c.workspace_id == workspace_id)
        if kind is not None:
            query = query.where(node.c.kind == kind)
        if uri is not None:
            query = query.where(node.c.uri == uri)
        if after is not None:
            query = query.where(tuple_(node.c.recorded_at, node.c.id) < tuple_(*after))
        query = query.order_by(node.c.recorded_at.desc(), node.c.id.desc()).limit(limit)
        return [_load_node(row) for row in self._connection.execute(query)]

    def add_edge(
        self,
        workspace_id: int,
        source: Vertex,
        says: EdgeType,
        target: Vertex,
        properties: Mapping[str, object],
    ) -> bool:
        row = _key(source, says, target)
        query = select(edge.c.recorded_at).where(*(edge.c[name] == value for name, value in row.items()))
        if self._connection.execute(query).first() is not None:
            return False
        more = {"workspace_id": workspace_id, "properties": dump_json(properties), "recorded_at": self._context.now()}
        self._insert_ignore(edge, [{**row, **more}])
        return True

    def restate_edge(self, source: Vertex, says: EdgeType, target: Vertex, properties: Mapping[str, object]) -> None:
        key = _key(source, says, target)
        statement = update(edge).where(*(edge.c[name] == value for name, value in key.items()))
        self._connection.execute(statement.values(properties=dump_json(properties)))

    def edges_of(
        self, vertices: Sequence[Vertex], way: Way, limit: int, types: Sequence[EdgeType] | None = None
    ) -> Sequence[Edge]:
        kind, id_ = (edge.c.source_kind, edge.c.source_id) if way == "down" else (edge.c.target_kind, edge.c.target_id)
        found: list[Edge] = []
        for batch in batches(sorted(vertices, key=lambda vertex: (vertex.kind, vertex.id))):
            by_kind: dict[str, list[int]] = {}
            for vertex in batch:
                by_kind.setdefault(vertex.kind, []).append(vertex.id)
            query = select(edge).where(or_(*(and_(kind == name, id_.in_(ids)) for name, ids in by_kind.items())))
            if types is not None:
                query = query.where(edge.c.type.in_([type_.value for type_ in types]))
            query = query.order_by(*edge.primary_key.columns).limit(limit - len(found))
            found += [_load_edge(row) for row in self._connection.execute(query)]
            if len(found) >= limit:
                break
        return found

    def counts(self, run_ids: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        found: dict[int, tuple[int, int]] = {}
        for batch in batches(run_ids):
            into = (
                select(edge.c.target_id.label("id"), func.count().label("edges"))
                .where(edge.c.target_kind == _RAN, edge.c.target_id.in_(batch), edge.c.type == EdgeType.INPUT.value)
                .group_by(edge.c.target_id)
            )
            out = (
                select(edge.c.source_id.label("id"), func.count().label("edges"))
                .where(edge.c.source_kind == _RAN, edge.c.source_id.in_(batch))
                .where(edge.c.type.in_([EdgeType.OUTPUT.value, EdgeType.REGISTERED.value]))
                .group_by(edge.c.source_id)
            )
            inputs = {row.id: row.edges for row in self._connection.execute(into)}
            outputs = {row.id: row.edges for row in self._connection.execute(out)}
            found.update({id_: (inputs.get(id_, 0), outputs.get(id_, 0)) for id_ in batch})
        return found

    def lock_derivations(self, workspace_id: int) -> None:
        query = select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update(key_share=True)
        self._connection.execute(query)

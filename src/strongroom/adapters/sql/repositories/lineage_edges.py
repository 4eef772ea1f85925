"""Edges in SQL: added, taken back, followed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, tuple_, update

from strongroom.adapters.sql.repositories.base import Context, batches, dump_json
from strongroom.adapters.sql.repositories.lineage_consumption import SqlConsumptions
from strongroom.adapters.sql.repositories.one_of import one_of
from strongroom.adapters.sql.tables import edge, edge_removed, workspace
from strongroom.application.paging import Key
from strongroom.application.ports.lineage import Way
from strongroom.domain.lineage.model import Edge, EdgeType, RemovedEdge, Vertex

_RAN = "run"
_NOTHING: Mapping[str, object] = {}
_KEY = [column.name for column in edge.primary_key.columns]
_TYPES: Mapping[str, EdgeType] = {type_.value: type_ for type_ in EdgeType}
_READ = (
    edge.c.source_kind,
    edge.c.source_id,
    edge.c.type,
    edge.c.target_kind,
    edge.c.target_id,
    edge.c.properties,
    edge.c.recorded_at,
    edge.c.asserted_by,
)
_NEAR = {"down": (edge.c.source_kind, edge.c.source_id), "up": (edge.c.target_kind, edge.c.target_id)}
_FAR = {"down": (edge.c.target_kind, edge.c.target_id), "up": (edge.c.source_kind, edge.c.source_id)}


def _key(source: Vertex, type_: EdgeType, target: Vertex) -> dict[str, Any]:
    return dict(zip(_KEY, (*source, type_.value, *target), strict=True))


def by_kind(vertices: Sequence[Vertex]) -> Iterator[tuple[str, list[int]]]:
    """Ids by kind, in one order always."""
    ids: dict[str, list[int]] = {}
    for kind, id_ in sorted(vertices):
        ids.setdefault(kind, []).append(id_)
    yield from ids.items()


def of_types(types: Sequence[EdgeType] | None) -> list[ColumnElement[bool]]:
    """A condition on the type of edges, or none."""
    return [] if types is None else [edge.c.type.in_([type_.value for type_ in types])]


class SqlEdges(SqlConsumptions):
    """See :class:`strongroom.application.ports.lineage.Edges`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._vertices: dict[tuple[str, int], Vertex] = {}

    def _load(self, row: Sequence[Any]) -> Edge:
        """An edge; equal ends are one object, since a walk meets each vertex several times."""
        source_kind, source_id, type_, target_kind, target_id, properties, recorded_at, asserted_by = row
        return Edge(
            self._vertex(source_kind, source_id),
            _TYPES[type_],
            self._vertex(target_kind, target_id),
            _NOTHING if properties == "{}" else json.loads(properties),
            recorded_at,
            asserted_by,
        )

    def _vertex(self, kind: str, id_: int) -> Vertex:
        found = self._vertices.get((kind, id_))
        if found is None:
            found = self._vertices[kind, id_] = Vertex(kind, id_)
        return found

    def add_edges(self, workspace_id: int, edges: Sequence[Edge]) -> Sequence[bool]:
        there: set[tuple[Any, ...]] = set()
        for batch in batches(edges, 500):
            keys = [tuple(_key(e.source, e.type, e.target).values()) for e in batch]
            query = select(*edge.primary_key.columns).where(tuple_(*edge.primary_key.columns).in_(keys))
            there.update(tuple(row) for row in self._connection.execute(query))
        new = []
        rows = []
        for one in edges:
            key = _key(one.source, one.type, one.target)
            new.append(tuple(key.values()) not in there)
            if new[-1]:
                there.add(tuple(key.values()))
                more = {"properties": dump_json(one.properties), "recorded_at": one.recorded_at}
                rows.append({**key, **more, "workspace_id": workspace_id, "asserted_by": one.asserted_by})
        self._insert_ignore(edge, rows)
        return new

    def edge(self, source: Vertex, type_: EdgeType, target: Vertex) -> Edge | None:
        conditions = [edge.c[name] == value for name, value in _key(source, type_, target).items()]
        row = self._connection.execute(select(*_READ).where(*conditions).with_for_update()).one_or_none()
        return self._load(row) if row else None

    def remove_edge(self, workspace_id: int, old: Edge, removed_by: int, reason: str) -> None:
        key = _key(old.source, old.type, old.target)
        self._connection.execute(delete(edge).where(*(edge.c[name] == value for name, value in key.items())))
        self._connection.execute(
            insert(edge_removed).values(
                **key,
                workspace_id=workspace_id,
                properties=dump_json(old.properties),
                recorded_at=old.recorded_at,
                asserted_by=old.asserted_by,
                removed_at=self._context.now(),
                removed_by=removed_by,
                reason=reason,
            )
        )

    def restate_edge(self, source: Vertex, says: EdgeType, target: Vertex, properties: Mapping[str, object]) -> None:
        conditions = [edge.c[name] == value for name, value in _key(source, says, target).items()]
        self._connection.execute(update(edge).where(*conditions).values(properties=dump_json(properties)))

    def edges_of(
        self, vertices: Sequence[Vertex], way: Way, limit: int, types: Sequence[EdgeType] | None = None
    ) -> Sequence[Edge]:
        kind, id_ = _NEAR[way]
        found: list[Edge] = []
        for name, ids in by_kind(vertices):
            mine = kind == name, one_of(self._connection, id_, ids)
            query = self._ordered(way).where(*mine, *of_types(types)).limit(limit - len(found))
            found += map(self._load, self._connection.execute(query).all())
            if len(found) >= limit:
                return found
        if types is not None and EdgeType.CONSUMED_BY in types:
            found += self.consumption_edges(vertices, way, limit - len(found))
        return found

    @staticmethod
    def _ordered(way: Way) -> Select[Any]:
        """In the order of an index, so that nothing is sorted."""
        return select(*_READ).order_by(*_NEAR[way], edge.c.type, *_FAR[way])

    def list_edges(
        self, vertex: Vertex, way: Way, types: Sequence[EdgeType] | None, after: Key | None, limit: int
    ) -> Sequence[Edge]:
        kind, id_ = _NEAR[way]
        query = self._ordered(way).where(kind == vertex.kind, id_ == vertex.id, *of_types(types))
        if after is not None:
            query = query.where(tuple_(edge.c.type, *_FAR[way]) > tuple_(*after))
        return [self._load(row) for row in self._connection.execute(query.limit(limit))]

    def removed_edges(self, vertex: Vertex, after: Key | None, limit: int) -> Sequence[RemovedEdge]:
        table = edge_removed.c
        columns = [table[column.name] for column in _READ]
        query = select(*columns, table.id, table.removed_at, table.removed_by, table.reason).where(
            or_(
                and_(table.source_kind == vertex.kind, table.source_id == vertex.id),
                and_(table.target_kind == vertex.kind, table.target_id == vertex.id),
            )
        )
        if after is not None:
            query = query.where(table.id < after[0])
        rows = self._connection.execute(query.order_by(table.id.desc()).limit(limit))
        return [RemovedEdge(row[-4], self._load(row[:-4]), *row[-3:]) for row in rows]

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

"""Edges in SQL: added, taken back, followed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories import experiments
from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.repositories.base import Context, batches, dump_json
from strongroom.adapters.sql.repositories.lineage_consumption import SqlConsumptions
from strongroom.adapters.sql.repositories.one_of import one_of
from strongroom.adapters.sql.tables import (
    asset,
    edge,
    edge_removed,
    experiment,
    logged_model,
    namespace,
    run,
    version,
    workspace,
)
from strongroom.application.paging import Key
from strongroom.application.ports.lineage import Way
from strongroom.domain.identity.access import Visible
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

_COUNT_IN = Prepared(
    select(edge.c.target_id.label("id"), func.count().label("edges"))
    .where(edge.c.target_kind == _RAN, among(edge.c.target_id, "ids"), edge.c.type == EdgeType.INPUT.value)
    .group_by(edge.c.target_id)
)
_COUNT_OUT = Prepared(
    select(edge.c.source_id.label("id"), func.count().label("edges"))
    .where(edge.c.source_kind == _RAN, among(edge.c.source_id, "ids"))
    .where(or_(edge.c.type == EdgeType.OUTPUT.value, edge.c.type == EdgeType.REGISTERED.value))
    .group_by(edge.c.source_id)
)


@cache
def _near(way: Way, types: tuple[EdgeType, ...] | None) -> Prepared:
    """Edges at vertices of a kind, in the order of an index, so that nothing is sorted."""
    kind, id_ = _NEAR[way]
    said = of_types(types)
    query = select(*_READ).where(kind == bindparam("kind"), among(id_, "ids"), *said)
    return Prepared(query.order_by(*_NEAR[way], edge.c.type, *_FAR[way]).limit(bindparam("most", type_=Integer())))


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
    return [] if types is None else [or_(false(), *(edge.c.type == type_.value for type_ in types))]


def _may_be_seen(kind: ColumnElement[str], id_: ColumnElement[int], visible: Visible) -> ColumnElement[bool]:
    """Whether the vertex at an edge's end is a node, or of an asset or experiment that is visible."""
    of_asset = select(version.c.id).join(asset, asset.c.id == version.c.asset_id)
    of_asset = of_asset.join(namespace, namespace.c.id == asset.c.namespace_id)
    ways = [kind == "node", and_(kind == "version", exists(_of(of_asset, version.c.id == id_, visible_where(visible))))]
    for name, table in (("run", run), ("logged_model", logged_model)):
        of = select(table.c.id).join(experiment, experiment.c.id == table.c.experiment_id)
        of = of.join(namespace, namespace.c.id == experiment.c.namespace_id)
        ways.append(and_(kind == name, exists(_of(of, table.c.id == id_, experiments.visible_where(visible)))))
    return or_(*ways)


def _of(query: Select[Any], *conditions: ColumnElement[bool]) -> Select[Any]:
    return query.where(*conditions).correlate(edge)


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
        if len(edges) == 1:  # what is inserted tells whether it is new
            return [self._insert_ignore(edge, [self._row(workspace_id, edges[0])]) == 1]
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
                rows.append(self._row(workspace_id, one))
        self._insert_ignore(edge, rows)
        return new

    @staticmethod
    def _row(workspace_id: int, new: Edge) -> dict[str, Any]:
        return {
            **_key(new.source, new.type, new.target),
            "workspace_id": workspace_id,
            "properties": dump_json(new.properties),
            "recorded_at": new.recorded_at,
            "asserted_by": new.asserted_by,
        }

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
        near = _near(way, None if types is None else tuple(types))
        found: list[Edge] = []
        for name, ids in by_kind(vertices):
            most = limit - len(found)
            found += map(self._load, near.rows(self._connection, kind=name, ids=ids, most=most))
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

    def counts(self, run_ids: Sequence[int], visible: Visible) -> Mapping[int, tuple[int, int]]:
        if visible.everything:
            inputs = dict(_COUNT_IN.rows(self._connection, ids=run_ids)) if run_ids else {}
            outputs = dict(_COUNT_OUT.rows(self._connection, ids=run_ids)) if run_ids else {}
        else:
            inputs = self._seen("up", run_ids, (EdgeType.INPUT,), visible)
            outputs = self._seen("down", run_ids, (EdgeType.OUTPUT, EdgeType.REGISTERED), visible)
        return {id_: (inputs.get(id_, 0), outputs.get(id_, 0)) for id_ in run_ids}

    def _seen(self, way: Way, run_ids: Sequence[int], types: Sequence[EdgeType], visible: Visible) -> dict[int, int]:
        """How many edges of each run lead to what the caller may see."""
        kind, id_ = _NEAR[way]
        mine = (kind == _RAN, one_of(self._connection, id_, run_ids), *of_types(types))
        query = select(id_, func.count()).where(*mine, _may_be_seen(*_FAR[way], visible)).group_by(id_)
        return {row[0]: row[1] for row in self._connection.execute(query)} if run_ids else {}

    def lock_derivations(self, workspace_id: int) -> None:
        query = select(workspace.c.id).where(workspace.c.id == workspace_id).with_for_update(key_share=True)
        self._connection.execute(query)

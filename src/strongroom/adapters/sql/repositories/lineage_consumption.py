"""Who consumed which version, in SQL; each row is an edge of lineage too."""

from collections.abc import Sequence

from sqlalchemy import case, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.repositories.one_of import one_of
from strongroom.adapters.sql.tables import consumption, principal
from strongroom.application.paging import Key
from strongroom.application.ports.lineage import Consumption, Way
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex

HOUR_US = 3600 * 1_000_000
ANYBODY = 0
"""Stands for whoever reads without a token."""
_READ = tuple(consumption.c[name] for name in Consumption._fields)


def _edge(row: Consumption) -> Edge:
    properties = {
        "reads": row.reads,
        "bytes": row.bytes,
        "first_hour": row.first_hour,
        "last_hour": row.last_hour,
    }
    ends = Vertex("version", row.version_id), Vertex("principal", row.principal_id)
    return Edge(ends[0], EdgeType.CONSUMED_BY, ends[1], properties, row.first_hour * HOUR_US)


class SqlConsumptions(Repository):
    """See :class:`strongroom.application.ports.lineage.Consumptions`."""

    def consume(self, version_id: int, principal_uid: str, hour: int, reads: int, size: int) -> None:
        who = self._connection.execute(select(principal.c.id).where(principal.c.uid == principal_uid)).scalar()
        row = {
            "version_id": version_id,
            "principal_id": who or ANYBODY,
            "first_hour": hour,
            "last_hour": hour,
            "reads": reads,
            "bytes": size,
        }
        is_sqlite = self._connection.dialect.name == "sqlite"
        statement = (sqlite.insert if is_sqlite else postgresql.insert)(consumption).values(row)
        old, new = consumption.c, statement.excluded
        changed = {
            "first_hour": case((new.first_hour < old.first_hour, new.first_hour), else_=old.first_hour),
            "last_hour": case((new.last_hour > old.last_hour, new.last_hour), else_=old.last_hour),
            "reads": old.reads + new.reads,
            "bytes": old.bytes + new.bytes,
        }
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["version_id", "principal_id"], set_=changed)
        )

    def consumers(self, version_ids: Sequence[int], after: Key | None, limit: int) -> Sequence[Consumption]:
        order = consumption.c.last_hour, consumption.c.version_id, consumption.c.principal_id
        query = select(*_READ).where(one_of(self._connection, consumption.c.version_id, version_ids))
        if after is not None:
            query = query.where(tuple_(*order) < tuple_(*after))
        query = query.order_by(*(column.desc() for column in order)).limit(limit)
        return [Consumption(*row) for row in self._connection.execute(query)]

    def consumption_edges(self, vertices: Sequence[Vertex], way: Way, limit: int) -> list[Edge]:
        """Edges of type consumed_by away from the vertices: down from versions, up from principals."""
        near, kind = (
            (consumption.c.version_id, "version") if way == "down" else (consumption.c.principal_id, "principal")
        )
        ids = sorted(vertex.id for vertex in vertices if vertex.kind == kind)
        query = select(*_READ).where(one_of(self._connection, near, ids))
        query = query.order_by(near, *consumption.primary_key.columns).limit(max(limit, 0))
        return [_edge(Consumption(*row)) for row in self._connection.execute(query)] if ids else []

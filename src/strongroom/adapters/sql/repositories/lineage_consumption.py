"""Who consumed which version, in SQL; each row is an edge of lineage too."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.repositories.one_of import one_of
from strongroom.adapters.sql.tables import asset_reads, consumption, principal, version
from strongroom.application.paging import Key
from strongroom.application.ports.lineage import Consumption, Reads, Way
from strongroom.domain.lineage.model import Edge, EdgeType, Vertex

HOUR_US = 3600 * 1_000_000
DAY_HOURS = 24
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

    def count_days(self, reads: Mapping[tuple[int, int], int]) -> None:
        ids = sorted({version_id for version_id, _ in reads})
        query = select(version.c.id, version.c.asset_id).where(one_of(self._connection, version.c.id, ids))
        owner = {row.id: row.asset_id for row in self._connection.execute(query)}
        sums = Counter[tuple[int, int]]()
        for (version_id, hour), count in reads.items():
            sums[owner[version_id], hour // DAY_HOURS] += count
        is_sqlite = self._connection.dialect.name == "sqlite"
        added = (sqlite.insert if is_sqlite else postgresql.insert)(asset_reads)
        keys, total = ["asset_id", "day"], asset_reads.c.reads + added.excluded.reads
        # in one order for all processes, so that two that write at once do not wait for each other in a circle
        rows = [{"asset_id": key[0], "day": key[1], "reads": count} for key, count in sorted(sums.items()) if count]
        for row in rows:
            self._connection.execute(
                added.on_conflict_do_update(index_elements=keys, set_={"reads": total}).values(row)
            )

    def reads_of(self, asset_ids: Sequence[int], since_day: int) -> Mapping[int, Reads]:
        of, lately = asset_reads.c.asset_id, case((asset_reads.c.day >= since_day, asset_reads.c.reads), else_=0)
        query = select(of, func.sum(lately).label("since"), func.sum(asset_reads.c.reads).label("ever"))
        query = query.where(one_of(self._connection, of, asset_ids)).group_by(of)
        rows = self._connection.execute(query) if asset_ids else ()
        return {row.asset_id: Reads(int(row.since), int(row.ever)) for row in rows}

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

"""Lineage in SQL, one module a part: edges, nodes, flags, consumption, and vertices in short."""

from strongroom.adapters.sql.repositories.lineage_edges import SqlEdges
from strongroom.adapters.sql.repositories.lineage_flags import SqlFlags
from strongroom.adapters.sql.repositories.lineage_nodes import SqlNodes
from strongroom.adapters.sql.repositories.lineage_sketches import SqlSketches


class SqlLineage(SqlEdges, SqlNodes, SqlFlags, SqlSketches):
    """See :class:`strongroom.application.ports.lineage.Lineage`."""

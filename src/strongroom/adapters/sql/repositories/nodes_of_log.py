"""The log's hashes as they are stored: leaf rows, and one row a complete subtree of 256**level leaves."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from strongroom.adapters.sql.tables import audit_leaf, audit_tile


class StoredNodes:
    """See :class:`strongroom.domain.audit.merkle.NodeSource`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def leaves(self, start: int, count: int) -> Sequence[bytes]:
        query = (
            select(audit_leaf.c.hash)
            .where(audit_leaf.c.leaf >= start, audit_leaf.c.leaf < start + count)
            .order_by(audit_leaf.c.leaf)
        )
        return list(self._connection.execute(query).scalars())

    def tile(self, level: int, start: int, count: int) -> Sequence[bytes]:
        query = (
            select(audit_tile.c.hash)
            .where(audit_tile.c.level == level, audit_tile.c.position >= start, audit_tile.c.position < start + count)
            .order_by(audit_tile.c.position)
        )
        return list(self._connection.execute(query).scalars())

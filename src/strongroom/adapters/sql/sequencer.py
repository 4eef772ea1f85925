"""Gives committed audit records their leaf numbers, in one order, by one sequencer at a time (domain.md N15).

The caller holds the fence: SQLite's write lock, or PostgreSQL's advisory lock. Whoever updates the one row of
`audit_log` with the size it read has the right to the next leaves; a second sequencer would find another size.

Order: by the record's id. Records of one asset are written under that asset's row lock, so their ids ascend with
`event_seq`; between assets any order is true. Rows are taken from `audit_pending`, never as "ids above the last":
the gaps of an identity column may commit late.
"""

from sqlalchemy import Connection, delete, insert, select, update

from strongroom.adapters.sql.hot import Hot
from strongroom.adapters.sql.repositories.nodes_of_log import StoredNodes
from strongroom.adapters.sql.tables import audit, audit_leaf, audit_log, audit_pending, audit_tile
from strongroom.domain.audit.merkle import completed_subtrees

BATCH = 5_000

_PENDING = Hot(
    lambda _: (
        select(audit.c.id, audit.c.hash)
        .join(audit_pending, audit_pending.c.audit_id == audit.c.id)
        .order_by(audit.c.id)
        .limit(BATCH)
    )
)


def sequence_pending(connection: Connection) -> int:
    """Number all pending records (at most `BATCH`); returns how many."""
    pending = _PENDING.all(connection)
    if not pending:
        return 0
    size = connection.execute(select(audit_log.c.size).where(audit_log.c.id == 1).with_for_update()).scalar_one()
    hashes = [bytes.fromhex(record_hash) for _, record_hash in pending]
    tiles = completed_subtrees(StoredNodes(connection), size, hashes) if _crosses(size, len(hashes)) else []
    connection.execute(
        insert(audit_leaf),
        [
            {"leaf": size + n, "audit_id": audit_id, "hash": leaf}
            for n, ((audit_id, _), leaf) in enumerate(zip(pending, hashes, strict=True))
        ],
    )
    if tiles:
        rows = [{"level": tile.level, "position": tile.position, "hash": tile.hash} for tile in tiles]
        connection.execute(insert(audit_tile), rows)
    connection.execute(delete(audit_pending).where(audit_pending.c.audit_id.in_([audit_id for audit_id, _ in pending])))
    moved = connection.execute(
        update(audit_log)
        .where(audit_log.c.id == 1, audit_log.c.size == size)
        .values(size=size + len(pending), epoch=audit_log.c.epoch + 1)
    )
    if moved.rowcount != 1:
        raise RuntimeError("two sequencers ran at once")
    return len(pending)


def _crosses(size: int, count: int) -> bool:
    """Whether these leaves complete a subtree of 256: only then are tiles written and old hashes read."""
    return size // 256 != (size + count) // 256

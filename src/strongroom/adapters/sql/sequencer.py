"""Gives committed audit records their leaf numbers, in one order, by one sequencer at a time (domain.md N15).

The caller holds the fence: SQLite's write lock, or PostgreSQL's advisory lock. Whoever updates the one row of
`audit_log` with the size it read has the right to the next leaves; a second sequencer would find another size.

Order: by the record's id. Records of one asset are written under that asset's row lock, so their ids ascend with
`event_seq`; between assets any order is true. Rows are taken from `audit_pending`, never as "ids above the last":
the gaps of an identity column may commit late.
"""

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.nodes_of_log import StoredNodes
from strongroom.adapters.sql.tables import audit, audit_leaf, audit_log, audit_pending, audit_tile
from strongroom.domain.audit.merkle import completed_subtrees

BATCH = 5_000

_PENDING = Prepared(
    select(audit.c.id, audit.c.hash)
    .join(audit_pending, audit_pending.c.audit_id == audit.c.id)
    .order_by(audit.c.id)
    .limit(BATCH)
)
_SIZE = Prepared(select(audit_log.c.size).where(audit_log.c.id == 1).with_for_update())
_NUMBER = Prepared(insert(audit_leaf), columns=("leaf", "audit_id", "hash"))
_DONE = Prepared(delete(audit_pending).where(among(audit_pending.c.audit_id, "ids")))
_GROW = Prepared(
    update(audit_log)
    .where(audit_log.c.id == 1, audit_log.c.size == bindparam("old"))
    .values(size=bindparam("new"), epoch=audit_log.c.epoch + 1)
)


def sequence_pending(connection: Connection) -> int:
    """Number all pending records (at most `BATCH`); returns how many."""
    pending = _PENDING.rows(connection)
    if not pending:
        return 0
    size: int = _SIZE.exactly_one(connection).size
    hashes = [bytes.fromhex(row.hash) for row in pending]
    tiles = completed_subtrees(StoredNodes(connection), size, hashes) if _crosses(size, len(hashes)) else []
    leaves = enumerate(zip(pending, hashes, strict=True))
    _NUMBER.run_many(connection, [{"leaf": size + n, "audit_id": row.id, "hash": leaf} for n, (row, leaf) in leaves])
    if tiles:
        rows = [{"level": tile.level, "position": tile.position, "hash": tile.hash} for tile in tiles]
        connection.execute(insert(audit_tile), rows)
    _DONE.run(connection, ids=[row.id for row in pending])
    if _GROW.run(connection, old=size, new=size + len(pending)) != 1:
        raise RuntimeError("two sequencers ran at once")
    return len(pending)


def _crosses(size: int, count: int) -> bool:
    """Whether these leaves complete a subtree of 256: only then are tiles written and old hashes read."""
    return size // 256 != (size + count) // 256

"""Whose a store is: each folder or bucket belongs to one database, and says so in a mark (decision 29).

To a database, bytes that none of its rows names are orphans. Two databases on one store, such as a server and its
restored copy, would take each other's.
"""

from enum import Enum, auto
from functools import partial
from typing import Final

from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.artifacts.upkeep import Mark, UpkeepBlobs
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.application.xet.tokens import STORE_SETTING
from strongroom.domain.audit.record import AuditRecord, Subject
from strongroom.domain.errors import Conflict
from strongroom.domain.identity.model import SYSTEM

OWNER_SETTING: Final = "store_owner"
#: Before the id while the mark may not be written yet.
_PENDING: Final = "pending:"
LOOKS_MOST: Final = 10
_HELP: Final = (
    "Two databases on one store lose each other's bytes. When no other server uses this one, "
    "say so: strongroom admin store adopt"
)


_BUSY: Final = "Other servers are taking the store at this moment; start again."


class Standing(Enum):
    """What a mark means to a database."""

    OURS = auto()
    FREE = auto()
    COPY = auto()
    LOST = auto()
    MOVED = auto()
    FOREIGN = auto()


def standing(mark: Mark | None, owner: str | None, database: str) -> Standing:
    """Compare a store's mark with what the database knows.

    :param owner: the id that the database goes by; None when it has marked no store. :param database: where it lives.
    """
    if mark is None:
        return Standing.FREE if owner is None or owner.startswith(_PENDING) else Standing.LOST
    if mark.copied:
        return Standing.COPY
    if owner is None or mark.owner != owner.removeprefix(_PENDING):
        return Standing.FOREIGN
    return Standing.OURS if mark.database == database else Standing.MOVED


_REFUSED: Final = {
    Standing.LOST: "The store has lost its mark, or is another one than before: is it mounted, is it the right one? ",
    Standing.MOVED: "The store belongs to this database as it was before it was restored or moved. ",
    Standing.FOREIGN: "The store belongs to another database. ",
}


async def settle(executor: Executor, upkeep: UpkeepBlobs) -> None:
    """See that the store is this database's; one that is nobody's becomes it.

    Servers that start at once on a new store go through this side by side. Each step replaces only what it has seen,
    so that all agree on one id, and whoever was overtaken looks again.

    :raises Conflict: it is another's, or may be; the message names the command that adopts it.
    """
    for _ in range(LOOKS_MOST):
        owner, database, mark = await _seen(executor, upkeep)
        found = standing(mark, owner, database)
        if found is Standing.OURS and owner is not None and not owner.startswith(_PENDING):
            return
        if found in _REFUSED:
            raise Conflict(_REFUSED[found] + _HELP)
        # a copy may be of an older day: what clients of the Xet protocol sent since then is not here
        older = found is Standing.COPY and mark is not None and mark.database != database
        await _take(executor, upkeep, owner, database, older=older)
    raise Conflict(_BUSY)


async def _seen(executor: Executor, upkeep: UpkeepBlobs) -> tuple[str | None, str, Mark | None]:
    """What the database and the store say of each other at one moment.

    The database is asked before the mark and after it: whoever starts beside us writes there before the mark, and once
    more when the mark is there. What it writes in between would look like another database's.
    """
    for _ in range(LOOKS_MOST):
        before = await executor.read(_owner)
        mark = await upkeep.mark()
        after = await executor.read(_owner)
        if before == after:
            return *after, mark
    raise Conflict(_BUSY)


def _owner(tx: Transaction) -> tuple[str | None, str]:
    return tx.settings.get(OWNER_SETTING), tx.integrity.identity()


async def require_marked(executor: Executor, upkeep: UpkeepBlobs, store: BlobStore) -> None:
    """See that the store said before now that it is this database's, unless it is empty.

    Whoever looks for bytes that no row names would take all of a store that it was only just given.

    :raises Conflict: it says nothing, or is a copy of another's.
    """
    owner, database, mark = await _seen(executor, upkeep)
    found = standing(mark, owner, database)
    copied = found is Standing.COPY and mark is not None and owner is not None
    if found is Standing.OURS or (copied and mark is not None and mark.owner == owner):
        return
    async for _ in store.list_places():
        raise Conflict("The store holds bytes and was never said to be this database's. " + _HELP)


async def adopt(executor: Executor, upkeep: UpkeepBlobs) -> None:
    """Make the store this database's, whosever it was: after a restore, a move, or the end of another server.

    :raises Conflict: servers are starting at this moment.
    """
    owner, database = await executor.read(_owner)
    if not await _take(executor, upkeep, owner, database, older=True):
        raise Conflict(_BUSY)
    await executor.command(_record)


async def _take(executor: Executor, upkeep: UpkeepBlobs, seen: str | None, database: str, *, older: bool) -> bool:
    """Write the mark between two writes to the database; False when another was first, who is then to be asked."""
    pending = await executor.command(partial(_begin, seen=seen, older=older))
    if pending is None:
        return False
    owner = pending.removeprefix(_PENDING)
    await upkeep.set_mark(Mark(owner, database))
    return await executor.command(lambda tx: tx.settings.replace(OWNER_SETTING, pending, owner))


def _begin(tx: Transaction, *, seen: str | None, older: bool) -> str | None:
    """An id of its own for a database that has none, or may share it with the one that it is a copy of.

    One that is pending is nobody else's yet, so that all who begin at once end with the same.
    """
    if seen is not None and seen.startswith(_PENDING):
        pending = seen
    else:
        pending = _PENDING + (tx.random_bytes(16).hex() if seen is None or older else seen)
    if not tx.settings.replace(OWNER_SETTING, seen, pending):
        return None
    if older:
        tx.settings.take(STORE_SETTING)
    return pending


def _record(tx: Transaction) -> None:
    uid = tx.new_uid()
    subject = Subject("store", uid)
    tx.audit.append(AuditRecord(uid, None, tx.now(), SYSTEM, None, "store.adopt", "done", subject), None)

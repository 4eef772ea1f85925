"""What ``strongroom gc`` does and says, with the database and the store in hand."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.collection import collecting
from strongroom.application.ports.collection import Sum
from strongroom.application.ports.execution import Executor
from strongroom.bootstrap.installation import install, open_store
from strongroom.bootstrap.settings import Storage
from strongroom.domain.errors import Invalid

T = TypeVar("T")
HOURS_MOST: Final = 24.0 * 365
_HOUR_US: Final = 3600 * 1_000_000


async def _with(storage: Storage, work: Callable[[Executor, BlobStore], Awaitable[T]]) -> T:
    installation = await install(storage)
    store = open_store(storage)
    try:
        return await work(installation.database, store)
    finally:
        await store.aclose()
        installation.database.close()


def _quarantine_us(hours: float) -> int:
    if not 0 <= hours <= HOURS_MOST:
        raise Invalid(f"The quarantine is between 0 and {HOURS_MOST:.0f} hours.")
    return int(hours * _HOUR_US)


def _line(what: str, found: Sum) -> str:
    return f"{what:<28}{found.count:>12,} blobs  {found.bytes:>20,} bytes"


async def collected(storage: Storage, hours: float, *, orphans: bool) -> Sequence[str]:
    """Collect; what was done."""
    quarantine = _quarantine_us(hours)

    async def work(executor: Executor, store: BlobStore) -> collecting.Collected:
        if orphans:
            await collecting.find_orphans(executor, store, quarantine)
        return await collecting.collect(executor, store, quarantine)

    done = await _with(storage, work)
    return [
        _line("freed", done.freed),
        _line("sent again meanwhile, kept", done.kept),
        _line("condemned", done.condemned),
    ]


async def previewed(storage: Storage, hours: float) -> Sequence[str]:
    """What holds which bytes, and what would be done now."""
    quarantine = _quarantine_us(hours)

    async def look(executor: Executor, _: BlobStore) -> Sequence[str]:
        holders = await executor.read(lambda tx: tx.collection.holders())
        seen = await collecting.preview(executor, quarantine)
        return [
            *(_line(f"held by: {name}", found) for name, found in holders.items()),
            _line("held by nobody", seen.unheld),
            _line("condemned, still waiting", seen.waiting),
            _line("would be freed now", seen.due),
        ]

    return await _with(storage, look)

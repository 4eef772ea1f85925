"""What ``strongroom gc`` does and says, with the database and the store in hand."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.collection import collecting, previewing
from strongroom.application.ports.collection import Sum
from strongroom.application.ports.execution import Executor
from strongroom.bootstrap.installation import claim_store, install, open_store, require_marked, require_there
from strongroom.bootstrap.settings import Storage
from strongroom.domain.errors import Invalid

T = TypeVar("T")
HOURS_MOST: Final = 24.0 * 365
_HOUR_US: Final = 3600 * 1_000_000


async def _with(storage: Storage, work: Callable[[Executor, BlobStore], Awaitable[T]], *, marked: bool = False) -> T:
    """Do it with what is there. :param marked: only when the store said before that it is this database's."""
    require_there(storage)
    installation = await install(storage)
    store = open_store(storage)
    try:
        if marked:
            await require_marked(installation, store)
        await claim_store(installation)
        return await work(installation.database, store)
    finally:
        await store.aclose()
        installation.database.close()


def _quarantine_us(hours: float, *, stopped: bool) -> int:
    """:raises Invalid: it is no time, or work of a server that may be running could lose what it is about to name."""
    if not 0 <= hours <= HOURS_MOST:
        raise Invalid(f"The quarantine is between 0 and {HOURS_MOST:.0f} hours.")
    found = int(hours * _HOUR_US)
    if found < collecting.QUARANTINE_US and not stopped:
        raise Invalid(
            "A quarantine below 24 hours takes bytes from under uploads and publications that are on their way. "
            "Stop every server of this database, then say --servers-stopped."
        )
    return found


def _line(what: str, found: Sum) -> str:
    return f"{what:<28}{found.count:>12,} blobs  {found.bytes:>20,} bytes"


async def collected(storage: Storage, hours: float, *, orphans: bool, stopped: bool) -> Sequence[str]:
    """Collect; what was done."""
    quarantine = _quarantine_us(hours, stopped=stopped)

    async def work(executor: Executor, store: BlobStore) -> collecting.Collected:
        if orphans:
            await collecting.find_orphans(executor, store, quarantine)
        return await collecting.collect(executor, store, quarantine)

    done = await _with(storage, work, marked=orphans)
    return [
        _line("freed", done.freed),
        _line("sent again meanwhile, kept", done.kept),
        _line("condemned", done.condemned),
        *([f"could not look at what {done.failed} assets hold: see the log"] if done.failed else []),
        *([f"could not erase {done.stuck} blobs: see the log"] if done.stuck else []),
    ]


async def previewed(storage: Storage, hours: float) -> Sequence[str]:
    """What holds which bytes, and what would be done now."""
    quarantine = _quarantine_us(hours, stopped=True)

    async def look(executor: Executor, _: BlobStore) -> Sequence[str]:
        seen = await previewing.preview(executor, quarantine)
        return [
            *(_line(f"held by: {name}", found) for name, found in seen.holders.items()),
            _line("held by nobody", seen.unheld),
            _line("condemned, still waiting", seen.waiting),
            _line("would be freed now", seen.due),
        ]

    return await _with(storage, look)

"""From settings to an initialised installation: folders, schema, default workspace, the log's origin and keys.

An empty place is initialised. One with an older or newer schema is refused and named; nothing is migrated unasked.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from strongroom.adapters.sql import migrate
from strongroom.adapters.sql.engine import is_sqlite
from strongroom.adapters.sql.migrate import Standing, standing
from strongroom.adapters.sql.migrations import HEAD
from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.artifacts.upkeep import UpkeepBlobs
from strongroom.application.identity import setup
from strongroom.application.integrity import ownership
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.bootstrap import keys as key_files
from strongroom.bootstrap.clock import MachineClock
from strongroom.bootstrap.keyring import KEY_SETTING, Keyring
from strongroom.bootstrap.settings import DATABASE_FILE, Storage
from strongroom.domain.errors import Conflict, NotFound

ORIGIN_SETTING: Final = "log_origin"


class Database(Executor, Protocol):
    """An executor that can be asked whether it works, and closed."""

    def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        ...

    def close(self) -> None:
        """Finish what was accepted, then stop."""
        ...


@dataclass(frozen=True, slots=True)
class Installation:
    """A place that is initialised, with its database open.

    :param fresh: whether it was empty before.
    """

    storage: Storage
    database: Database
    keyring: Keyring
    fresh: bool


def open_database(storage: Storage) -> Database:
    """Connect to the database; its schema must be there."""
    url = storage.database_url
    if is_sqlite(url):
        from strongroom.adapters.sql.group_commit import SqliteExecutor

        return SqliteExecutor(url, MachineClock())
    from strongroom.adapters.sql.pooled import PostgresExecutor

    return PostgresExecutor(url, MachineClock())


def open_store(storage: Storage) -> BlobStore:
    """Open the folder or bucket of the bytes."""
    blobs = storage.blobs
    if isinstance(blobs, Path):
        from strongroom.adapters.blobs.local import LocalBlobStore

        return LocalBlobStore(blobs)
    from strongroom.adapters.blobs.bucket import BucketBlobStore
    from strongroom.adapters.blobs.bucket_url import open_bucket

    return BucketBlobStore(open_bucket(blobs))


def open_upkeep(at: str | Path) -> UpkeepBlobs:
    """A look at the bytes in a folder or bucket as they lie."""
    if isinstance(at, Path):
        from strongroom.adapters.blobs.folder_upkeep import FolderUpkeep

        return FolderUpkeep(at)
    from strongroom.adapters.blobs.bucket_upkeep import BucketUpkeep
    from strongroom.adapters.blobs.bucket_url import open_bucket

    return BucketUpkeep(open_bucket(at))


async def claim_store(installation: Installation) -> None:
    """See that the store is this database's; one that is nobody's becomes it.

    :raises Conflict: it is another's, or may be; the message names the command that adopts it.
    """
    upkeep = open_upkeep(installation.storage.blobs)
    try:
        await ownership.settle(installation.database, upkeep)
    finally:
        await upkeep.aclose()


async def require_marked(installation: Installation, store: BlobStore) -> None:
    """See that the store, when anything is in it, has said before whose it is; see `ownership.require_marked`."""
    upkeep = open_upkeep(installation.storage.blobs)
    try:
        await ownership.require_marked(installation.database, upkeep, store)
    finally:
        await upkeep.aclose()


def require_there(storage: Storage) -> None:
    """:raises NotFound: there is no database, which somebody who serves would be given a new one instead."""
    made = storage.database is not None or (storage.data is not None and (storage.data / DATABASE_FILE).is_file())
    if not made or standing(migrate.revision_of(storage.database_url)) is Standing.EMPTY:
        raise NotFound("There is no database of a server there.")


def require_schema(storage: Storage) -> bool:
    """See that the schema is this release's, making it in an empty database; returns whether it was empty.

    :raises Conflict: it is older (the message names the command that migrates) or newer.
    """
    _make_place(storage)
    revision = migrate.revision_of(storage.database_url)
    match standing(revision):
        case Standing.CURRENT:
            return False
        case Standing.EMPTY:
            migrate.move(storage.database_url)
            return True
        case Standing.OLDER:
            where = "--database URL" if storage.database else f"--data {storage.data}"
            raise Conflict(
                f"The database is at revision {revision}, this release needs {HEAD}. "
                f"Back it up, then run: strongroom migrate {where}"
            )
        case Standing.NEWER:
            raise Conflict(f"The database is at revision {revision}, made by a newer release; run that release.")


def _make_place(storage: Storage) -> None:
    """The data folder, and in it a database file that only its owner may read, whatever the umask says."""
    if storage.data is None:
        return
    storage.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if storage.database is None:
        os.close(os.open(storage.data / DATABASE_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


async def install(storage: Storage) -> Installation:
    """Open an installation, initialising an empty one.

    :raises Conflict: the schema is not this release's, or the keys are not this log's.
    """
    fresh = require_schema(storage)
    database = open_database(storage)
    try:
        origin, signed = await database.command(_settle)
        folder = storage.keys_folder
        if signed and not key_files.has_log_key(folder):
            raise Conflict(f"The audit log's keys are missing from {folder}; bring them back, see docs/operations.md.")
        keyring = Keyring(folder, origin)
        await database.command(keyring.agree)
    except BaseException:
        database.close()
        raise
    return Installation(storage, database, keyring, fresh)


def _settle(tx: Transaction) -> tuple[str, bool]:
    """The log's origin, made with the default workspace if it is not there; whether a key has signed for it."""
    setup.ensure_default_workspace(tx)
    origin = tx.settings.get(ORIGIN_SETTING)
    if origin is None:
        origin = f"strongroom/{tx.new_uid()}"
        tx.settings.put(ORIGIN_SETTING, origin)
    return origin, tx.settings.get(KEY_SETTING) is not None

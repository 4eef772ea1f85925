"""Backup and restore of a data folder (SQLite and local blobs), while its server runs.

The database is copied first, by SQLite's online backup: one moment's state. Then every blob that this copy names is
copied out of the folder. Each of them was on disk before the row that names it was committed, whole files never
change, and packs only grow: so what the copy needs is there, and what was written later is left out. Copied the other
way round, the database could name bytes that came after the bytes were copied. Only deleting could take a blob away in
between; one that is gone, or differs from the digests in the database, ends the backup.

A backup is laid out as a data folder, with ``backup.json`` written last; restoring is the same checked copy back.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from strongroom.adapters.blobs.disk import disk_errors
from strongroom.adapters.sql.blob_copy import BlobCopy, BlobRow
from strongroom.domain.errors import Conflict, Corrupted, Invalid, NotFound, Unavailable

_DATABASE: Final = "strongroom.db"
_BLOBS: Final = "blobs"
_KEYS: Final = "keys"
_MARK: Final = "backup.json"
_FORMAT: Final = 1
_FETCHED: Final = 1000


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup or restore holds: number and total size (bytes) of its blobs, and size of its audit log."""

    blobs: int
    bytes: int
    log_size: int


def backup(data: Path, to: Path, *, with_keys: bool = True) -> Copied:
    """Copy a data folder into a new folder.

    :raises NotFound: no SQLite database there. :raises Conflict: `to` is not empty.
    :raises Corrupted: a blob is missing or is not what was written; the unfinished copy stays, without its mark.
    :raises StorageFull, Unavailable: the disk.
    """
    copied = _copy(data, to, with_keys=with_keys)
    content = {"strongroom_backup": _FORMAT, "keys": with_keys, **asdict(copied)}
    with disk_errors():
        (to / _MARK).write_text(json.dumps(content) + "\n")
        os.sync()
    return copied


def restore(source: Path, data: Path) -> Copied:
    """Make a data folder from a backup.

    :raises Invalid: that is no finished backup. Otherwise as `backup`.
    """
    if not (source / _MARK).is_file():
        raise Invalid(f"There is no finished backup in {source}.")
    copied = _copy(source, data, with_keys=True)
    with closing(sqlite3.connect(data / _DATABASE)) as connection:
        # clients of the Xet protocol remember what they sent after the backup; of a store of another name they do not
        connection.execute("DELETE FROM setting WHERE key IN ('xet_store', 'store_owner')")
        connection.commit()
    with disk_errors():
        os.sync()
    return copied


def _copy(source: Path, to: Path, *, with_keys: bool) -> Copied:
    if not (source / _DATABASE).is_file():
        raise NotFound(f"There is no {_DATABASE} in {source}; PostgreSQL and buckets have backups of their own.")
    with disk_errors():
        if to.exists() and any(to.iterdir()):
            raise Conflict(f"{to} is not empty.")
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy_database(source / _DATABASE, to / _DATABASE)
        if with_keys and (source / _KEYS).is_dir():
            _copy_keys(source / _KEYS, to / _KEYS)
        copy = BlobCopy(source / _BLOBS, to / _BLOBS)
        with closing(sqlite3.connect(to / _DATABASE)) as connection:
            for row in _blobs(connection):
                copy.add(row)
            _check_chunked(connection)
            log_size: int = connection.execute("SELECT size FROM audit_log").fetchone()[0]
    return Copied(copy.count, copy.bytes, log_size)


def _copy_database(source: Path, to: Path) -> None:
    """One moment's state; uploads that were under way are ended in it, since their parts are not copied."""
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(to)) as copy:
            original.execute("PRAGMA busy_timeout = 15000")
            original.backup(copy)
            copy.execute("UPDATE upload SET state = 'aborted' WHERE state = 'open'")
            copy.commit()
            copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise Unavailable(f"The database cannot be copied: {error}.") from error


def _copy_keys(source: Path, to: Path) -> None:
    to.mkdir(mode=0o700)
    for path in source.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copyfile(path, to / path.name)
            (to / path.name).chmod(0o600)


def _blobs(connection: sqlite3.Connection) -> Iterator[BlobRow]:
    """All that lie in the folder. Those in chunks have no bytes of their own: the bodies of xorbs are blobs too."""
    cursor = connection.execute(
        "SELECT sha256, size, place, blocks FROM blob WHERE place NOT LIKE 'x:%' ORDER BY place, sha256"
    )
    while rows := cursor.fetchmany(_FETCHED):
        for row in rows:
            yield BlobRow(*row)


def _check_chunked(connection: sqlite3.Connection) -> None:
    """:raises Corrupted: a blob made of chunks has no reconstruction, or one that names a xorb that is not there."""
    lost = connection.execute(
        "SELECT b.sha256 FROM blob b LEFT JOIN xet_file f ON 'x:' || f.hash = b.place "
        "WHERE b.place LIKE 'x:%' AND f.id IS NULL "
        "UNION ALL SELECT b.sha256 FROM xet_file_xorb u JOIN xet_file f ON f.id = u.file_id "
        "JOIN blob b ON b.id = f.blob_id LEFT JOIN xorb x ON x.id = u.xorb_id WHERE x.id IS NULL LIMIT 1"
    ).fetchone()
    if lost is not None:
        raise Corrupted("Stored bytes are missing.", blob=lost[0], block=0, missing=True)

"""Where sound copies may be: a backup or another data folder, or a bucket; read only, whatever is missing there."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from strongroom.application.artifacts.upkeep import UpkeepBlobs

DATABASE: Final = "strongroom.db"


class BackupSource:
    """See :class:`strongroom.application.integrity.repairing.Backup`.

    :param name: as the operator wrote it. :param database: the SQLite database beside its bytes, where there is one.
    """

    def __init__(self, name: str, upkeep: UpkeepBlobs, database: Path | None) -> None:
        self.name, self.upkeep = name, upkeep
        self._database = database if database is not None and database.is_file() else None

    def place_of(self, sha256: str) -> str | None:
        found = self._one("SELECT place FROM blob WHERE sha256 = ?", sha256)
        return found if isinstance(found, str) else None

    def page(self, digest: str) -> bytes | None:
        return self._bytes("SELECT body FROM tree_page WHERE digest = ?", digest)

    def root(self, digest: str) -> bytes | None:
        return self._bytes("SELECT root FROM tree WHERE digest = ?", digest)

    def terms(self, hashed: str) -> bytes | None:
        return self._bytes("SELECT terms FROM xet_file WHERE hash = ?", hashed)

    def _bytes(self, query: str, key: str) -> bytes | None:
        found = self._one(query, key)
        return found if isinstance(found, bytes) else None

    def _one(self, query: str, key: str) -> object:
        """The value, or None: also where the backup is of a release without that table, or damaged itself."""
        if self._database is None:
            return None
        try:
            with closing(sqlite3.connect(f"{self._database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                row = connection.execute(query, [key]).fetchone()
        except sqlite3.Error:
            return None
        return row[0] if row else None

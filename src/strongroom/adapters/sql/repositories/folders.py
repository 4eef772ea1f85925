"""Folders in SQL: one row a path, clustered by folder and path."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Select, Text, and_, bindparam, column, delete, func, insert, or_, select, update, values

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import Repository, batches, load
from strongroom.adapters.sql.tables import folder, folder_entry
from strongroom.domain.artifacts.model import Folder, FolderEntry

BELOW_AT_ONCE = 500
_COLUMNS = [folder_entry.c[field.name] for field in fields(FolderEntry)]


_OF = Prepared(
    select(folder).where(folder.c.owner_kind == bindparam("kind"), folder.c.owner_id == bindparam("owner")), Folder
)
_BY_ID = Prepared(select(folder).where(folder.c.id == bindparam("id")), Folder)
_LOCK = Prepared(select(folder).where(folder.c.id == bindparam("id")).with_for_update(), Folder)
_TOUCH = Prepared(
    update(folder)
    .where(folder.c.id == bindparam("folder"))
    .values(generation=folder.c.generation + 1)
    .returning(folder.c.generation)
)
_IN_FOLDER = folder_entry.c.folder_id == bindparam("folder")
_ENTRY = Prepared(select(*_COLUMNS).where(_IN_FOLDER, folder_entry.c.path == bindparam("path")), FolderEntry)
_PRESENT = Prepared(select(folder_entry.c.path).where(_IN_FOLDER, among(folder_entry.c.path, "paths")))
_FIRST_BELOW = Prepared(
    select(func.min(folder_entry.c.path).label("first")).where(
        _IN_FOLDER, folder_entry.c.path >= bindparam("low"), folder_entry.c.path < bindparam("high")
    )
)

_ALL = Prepared(select(*_COLUMNS).where(_IN_FOLDER).order_by(folder_entry.c.path), FolderEntry)
_ALL_BELOW = Prepared(
    select(*_COLUMNS)
    .where(
        _IN_FOLDER,
        or_(
            folder_entry.c.path == bindparam("path"),
            and_(folder_entry.c.path >= bindparam("low"), folder_entry.c.path < bindparam("high")),
        ),
    )
    .order_by(folder_entry.c.path),
    FolderEntry,
)


def _select(folder_id: int) -> Select[Any]:
    return select(*_COLUMNS).where(folder_entry.c.folder_id == folder_id).order_by(folder_entry.c.path)


class SqlFolders(Repository):
    """See :class:`strongroom.application.ports.artifacts.Folders`."""

    def of(self, owner_kind: str, owner_id: int) -> Folder | None:
        found: Folder | None = _OF.one(self._connection, kind=owner_kind, owner=owner_id)
        return found

    def by_id(self, folder_id: int) -> Folder:
        found: Folder = _BY_ID.exactly_one(self._connection, id=folder_id)
        return found

    def lock(self, folder_id: int) -> Folder:
        found: Folder = _LOCK.exactly_one(self._connection, id=folder_id)
        return found

    def add(self, owner_kind: str, owner_id: int, workspace_id: int) -> Folder:
        values = {"owner_kind": owner_kind, "owner_id": owner_id, "workspace_id": workspace_id}
        return load(Folder, self._connection.execute(insert(folder).values(values).returning(folder)).one())

    def put(self, into: Folder, entries: Sequence[FolderEntry]) -> int:
        rows = [{"folder_id": into.id, **{f.name: getattr(e, f.name) for f in fields(FolderEntry)}} for e in entries]
        self._upsert(folder_entry, rows, ["folder_id", "path"])
        return self._touch(into)

    def _touch(self, changed: Folder) -> int:
        generation: int = _TOUCH.exactly_one(self._connection, folder=changed.id).generation
        return generation

    def remove(self, from_: Folder, path: str) -> bool:
        below = and_(folder_entry.c.path >= path + "/", folder_entry.c.path < path + "0")
        statement = delete(folder_entry).where(
            folder_entry.c.folder_id == from_.id, or_(folder_entry.c.path == path, below)
        )
        removed = self._connection.execute(statement).rowcount > 0
        if removed:
            self._touch(from_)
        return removed

    def get(self, folder_id: int, path: str) -> FolderEntry | None:
        found: FolderEntry | None = _ENTRY.one(self._connection, folder=folder_id, path=path)
        return found

    def present(self, folder_id: int, paths: Sequence[str]) -> Sequence[str]:
        return [row.path for row in _PRESENT.rows(self._connection, folder=folder_id, paths=paths)]

    def below(self, folder_id: int, paths: Sequence[str]) -> Mapping[str, str]:
        if len(paths) == 1:
            low, high = paths[0] + "/", paths[0] + "0"
            inside = _FIRST_BELOW.exactly_one(self._connection, folder=folder_id, low=low, high=high).first
            return {} if inside is None else {paths[0]: inside}
        found: dict[str, str] = {}
        for batch in batches(paths, BELOW_AT_ONCE):
            wanted = values(column("path", Text)).data([(path,) for path in batch]).cte("wanted")
            # one look-up in the index for each, all in one statement
            first = (
                select(func.min(folder_entry.c.path))
                .where(
                    folder_entry.c.folder_id == folder_id,
                    folder_entry.c.path >= wanted.c.path + "/",
                    folder_entry.c.path < wanted.c.path + "0",
                )
                .correlate(wanted)
                .scalar_subquery()
            )
            rows = self._connection.execute(select(wanted.c.path, first))
            found.update((path, inside) for path, inside in rows if inside is not None)
        return found

    def entries(self, folder_id: int, *, prefix: str, after: str, limit: int) -> Sequence[FolderEntry]:
        query = _select(folder_id).where(folder_entry.c.path > after)
        if prefix:
            query = query.where(folder_entry.c.path >= prefix, folder_entry.c.path < _end_of(prefix))
        return [load(FolderEntry, row) for row in self._connection.execute(query.limit(limit))]

    def all(self, folder_id: int, directory: str) -> Sequence[FolderEntry]:
        if not directory:
            return _ALL.rows(self._connection, folder=folder_id)
        low, high = directory + "/", directory + "0"
        return _ALL_BELOW.rows(self._connection, folder=folder_id, path=directory, low=low, high=high)


def _end_of(prefix: str) -> str:
    """The first key behind all that begin with `prefix` (a clean directory and its slash)."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)

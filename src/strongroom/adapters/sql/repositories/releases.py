"""Releases with their parts in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from sqlalchemy import ColumnElement, Select, func, select

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import AnyRow, Repository, load
from strongroom.adapters.sql.tables import delivery_part, delivery_release, principal
from strongroom.application.paging import Key
from strongroom.domain.delivery.model import Part, Release

_R, _P = delivery_release.c, delivery_part.c
_OWN = [_R[name] for name in ("id", "uid", "workspace_id", "line", "number", "digest", "note", "recorded_at")]
_PARTS = Prepared(
    select(_P.release_id, _P.role, _P.version_id, _P.tree)
    .where(among(_P.release_id, "ids"))
    .order_by(_P.release_id, _P.role)
)

_DIGESTS = Prepared(select(_R.id, _R.digest).where(among(_R.id, "ids")))


@cache
def _select() -> Select[tuple[object, ...]]:
    by = principal.c.uid.label("created_by")
    return select(*_OWN, by).join(principal, principal.c.id == _R.created_by)


class SqlReleases(Repository):
    """See :class:`strongroom.application.ports.delivery.Releases`."""

    def add(self, new: Release, actor_id: int) -> Release:
        greatest = select(func.max(_R.number)).where(_R.workspace_id == new.workspace_id, _R.line == new.line)
        number = (self._connection.execute(greatest).scalar_one() or 0) + 1
        row = {
            "uid": new.uid,
            "workspace_id": new.workspace_id,
            "line": new.line,
            "number": number,
            "digest": new.digest,
            "note": new.note,
            "created_by": actor_id,
            "recorded_at": new.recorded_at,
        }
        made = self._insert_one(delivery_release, row)
        parts = ({"release_id": made, "role": p.role, "version_id": p.version_id, "tree": p.tree} for p in new.parts)
        self._insert(delivery_part, *parts)
        return replace(new, id=made, number=number)

    def by_uid(self, workspace_id: int, uid: str) -> Release | None:
        return self._one(_R.workspace_id == workspace_id, _R.uid == uid)

    def by_ids(self, ids: Sequence[int]) -> Mapping[int, Release]:
        if not ids:
            return {}
        found = self._loaded(self._connection.execute(_select().where(_R.id.in_(sorted(set(ids))))))
        return {one.id: one for one in found}

    def digests(self, ids: Sequence[int]) -> Mapping[int, str]:
        return {row.id: row.digest for row in _DIGESTS.rows(self._connection, ids=sorted(set(ids)))} if ids else {}

    def of_digest(self, workspace_id: int, line: str, digest: str) -> Sequence[Release]:
        same = (_R.workspace_id == workspace_id, _R.line == line, _R.digest == digest)
        return self._loaded(self._connection.execute(_select().where(*same).order_by(_R.id.desc()).limit(100)))

    def list(self, workspace_id: int, line: str | None, after: Key | None, limit: int) -> Sequence[Release]:
        query = _select().where(_R.workspace_id == workspace_id)
        if line is not None:
            query = query.where(_R.line == line)
        if after is not None:
            query = query.where(_R.id < after[0])
        return self._loaded(self._connection.execute(query.order_by(_R.id.desc()).limit(limit)))

    def _one(self, *conditions: ColumnElement[bool]) -> Release | None:
        found = self._loaded(self._connection.execute(_select().where(*conditions)))
        return found[0] if found else None

    def _loaded(self, rows: Iterable[AnyRow]) -> Sequence[Release]:
        found = list(rows)
        parts: dict[int, list[Part]] = {row.id: [] for row in found}
        for of, role, version_id, tree in _PARTS.rows(self._connection, ids=list(parts)) if parts else ():
            parts[of].append(Part(role, version_id, tree))
        return [load(Release, row, parts=tuple(parts[row.id])) for row in found]

"""Revisions in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, literal, select

from strongroom.adapters.sql.repositories.base import Repository, batches, load
from strongroom.adapters.sql.tables import revision, revision_parent
from strongroom.domain.artifacts.revision import Revision
from strongroom.domain.registry.refs import StoredRevision

_OWN = [revision.c[name] for name in ("id", "digest", "asset_id", "tree", "author", "message", "claimed_at")]
_ALL = [*_OWN, revision.c.recorded_at]


class SqlRevisions(Repository):
    """See :class:`strongroom.application.ports.revisions.Revisions`."""

    def _where(self, conditions: Iterable[ColumnElement[bool]], limit: int | None = None) -> list[StoredRevision]:
        query = select(*_ALL).where(*conditions).order_by(revision.c.digest).limit(limit)
        rows = self._connection.execute(query).all()
        parents: dict[int, list[str]] = {}
        for batch in batches([row.id for row in rows]):
            of = (
                select(revision_parent.c.revision_id, revision_parent.c.parent)
                .where(revision_parent.c.revision_id.in_(batch))
                .order_by(revision_parent.c.revision_id, revision_parent.c.position)
            )
            for id_, parent in self._connection.execute(of):
                parents.setdefault(id_, []).append(parent)
        return [load(StoredRevision, row, parents=tuple(parents.get(row.id, ()))) for row in rows]

    def get(self, asset_id: int, digests: Sequence[str]) -> Mapping[str, StoredRevision]:
        found: dict[str, StoredRevision] = {}
        for batch in batches(dict.fromkeys(digests)):
            rows = self._where([revision.c.asset_id == asset_id, revision.c.digest.in_(batch)])
            found.update((row.digest, row) for row in rows)
        return found

    def ancestry(self, asset_id: int, digests: Sequence[str], generations: int) -> Mapping[str, StoredRevision]:
        found: dict[str, StoredRevision] = {}
        for batch in batches(dict.fromkeys(digests)):
            start = select(revision.c.id, literal(0).label("up")).where(
                revision.c.asset_id == asset_id, revision.c.digest.in_(batch)
            )
            walk = start.cte("walk", recursive=True)
            above: Any = (
                select(revision.c.id, walk.c.up + 1)
                .join(revision_parent, revision_parent.c.parent == revision.c.digest)
                .join(walk, walk.c.id == revision_parent.c.revision_id)
                .where(revision.c.asset_id == asset_id, walk.c.up < generations)
            )
            met = walk.union(above)
            rows = self._where([revision.c.id.in_(select(met.c.id))])
            found.update((row.digest, row) for row in rows)
        return found

    def by_prefix(self, asset_id: int, prefix: str) -> Sequence[StoredRevision]:
        begins = (revision.c.digest >= prefix, revision.c.digest < prefix + "g")
        return self._where([revision.c.asset_id == asset_id, *begins], 2)

    def add(self, asset_id: int, new: Revision) -> StoredRevision | None:
        digest = new.digest()
        row: dict[str, Any] = {
            "digest": digest,
            "asset_id": asset_id,
            "tree": new.tree,
            "author": new.author,
            "message": new.message,
            "claimed_at": new.claimed_at,
            "recorded_at": new.recorded_at,
        }
        added = self._insert_ignore_one(revision, row)
        if added is None:
            return self.get(asset_id, [digest]).get(digest)
        rows = [{"revision_id": added, "position": n, "parent": parent} for n, parent in enumerate(new.parents)]
        self._insert(revision_parent, *rows)
        return StoredRevision(id=added, parents=new.parents, **row)

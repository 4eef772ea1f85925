"""Marks of damage, repairs of rows, the turn of the scrub, and where the database is, in SQL."""

import os
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import func, select, text, update

from strongroom.adapters.sql.repositories.base import Repository, batches
from strongroom.adapters.sql.repositories.damage import heal_made, in_chunks, mark_made
from strongroom.adapters.sql.tables import blob, scrub, tree, tree_page, xorb
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.ports.integrity import Scrub
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.artifacts.pages import TreeRoot, encode_root
from strongroom.domain.xet.xorb import XorbIndex

_ROW = 1


class SqlUpkeep(Repository):
    """The half of :class:`strongroom.application.ports.integrity.Integrity` that writes."""

    # -- marks ---------------------------------------------------------------------------------------------------

    def mark(self, digests: Sequence[str]) -> tuple[int, bool]:
        now = self._context.now()
        fresh = update(blob).where(blob.c.sha256.in_(digests), blob.c.damaged_at.is_(None)).values(damaged_at=now)
        ids = list(self._connection.execute(fresh.returning(blob.c.id)).scalars())
        bodies = list(self._connection.execute(select(xorb.c.blob_id).where(xorb.c.blob_id.in_(ids))).scalars())
        if bodies:
            mark_made(self._connection, bodies, now)
        return len(ids), bool(bodies)

    def sound(self, blob_ids: Sequence[int]) -> int:
        marked = update(blob).where(blob.c.id.in_(blob_ids), blob.c.damaged_at.is_not(None), ~in_chunks())
        healed = list(self._connection.execute(marked.values(damaged_at=None).returning(blob.c.id)).scalars())
        if healed:
            heal_made(self._connection, healed)
        left = select(func.count()).select_from(blob).where(blob.c.damaged_at.is_not(None))
        return int(self._connection.execute(left).scalar_one())

    def damaged(self, digests: Sequence[str]) -> AbstractSet[str]:
        found: set[str] = set()
        for batch in batches(digests):
            query = select(blob.c.sha256).where(blob.c.sha256.in_(batch), blob.c.damaged_at.is_not(None))
            found |= set(self._connection.execute(query).scalars())
        return found

    def damaged_xorbs(self, xorb_ids: Sequence[int]) -> AbstractSet[int]:
        query = select(xorb.c.id).join(blob, blob.c.id == xorb.c.blob_id)
        query = query.where(xorb.c.id.in_(xorb_ids), blob.c.damaged_at.is_not(None))
        return set(self._connection.execute(query).scalars())

    # -- repairs -------------------------------------------------------------------------------------------------

    def replace(self, one: Blob, stored: StoredBlob) -> bool:
        there = update(blob).where(blob.c.id == one.id, blob.c.place == one.place)
        moved = self._connection.execute(there.values(place=stored.place, blocks=stored.blocks, damaged_at=None))
        heal_made(self._connection, [one.id])
        return moved.rowcount == 1

    def set_chunks(self, xorb_id: int, index: XorbIndex) -> None:
        values = {"chunks": index.pack(), "body_bytes": index.body_size, "raw_bytes": index.raw_size}
        self._connection.execute(update(xorb).where(xorb.c.id == xorb_id).values(**values))

    def set_page(self, digest: str, body: bytes) -> None:
        self._upsert(tree_page, [{"digest": digest, "body": body}], ["digest"])

    def set_tree(self, digest: str, root: TreeRoot) -> None:
        totals = {"files": root.files, "bytes": root.bytes, "unpinned": root.unpinned > 0}
        row = {"digest": digest, "root": encode_root(root), **totals}
        self._upsert(tree, [row], ["digest"])

    # -- the scrub -----------------------------------------------------------------------------------------------

    def take_scrub(self, until: int) -> Scrub | None:
        now = self._context.now()
        row = {"id": _ROW, "after": 0, "begun_at": now, "rounds": 0, "taken_until": 0}
        self._insert_ignore(scrub, [row])
        free = update(scrub).where(scrub.c.id == _ROW, scrub.c.taken_until <= now).values(taken_until=until)
        taken = self._connection.execute(free.returning(scrub.c.after, scrub.c.begun_at)).one_or_none()
        return Scrub(taken.after, taken.begun_at) if taken else None

    def hold_scrub(self, after: int, until: int) -> None:
        self._connection.execute(update(scrub).values(after=after, taken_until=until))

    def end_scrub(self, after: int, *, begin: bool) -> None:
        more = {"begun_at": self._context.now(), "rounds": scrub.c.rounds + 1} if begin else {}
        self._connection.execute(update(scrub).values(after=after, taken_until=0, **more))

    # -- where the database is -----------------------------------------------------------------------------------

    def identity(self) -> str:
        if self._connection.dialect.name == "sqlite":
            path = next(row[2] for row in self._connection.execute(text("PRAGMA database_list")) if row[1] == "main")
            return f"sqlite:{os.stat(path).st_ino}" if path else "sqlite"  # noqa: PTH116 - a number is asked for
        oid = self._connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar()
        allowed = text("SELECT has_function_privilege('pg_control_system()', 'execute')")
        cluster = text("SELECT system_identifier FROM pg_control_system()")
        known = self._connection.execute(allowed).scalar()
        return f"postgresql:{self._connection.execute(cluster).scalar() if known else ''}:{oid}"

"""Blobs and possession in SQL."""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, null, or_, select, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import Repository, batches
from strongroom.adapters.sql.repositories.damage import heal_made
from strongroom.adapters.sql.tables import asset_blob, blob, blob_digest, blob_leaving, blob_ledger, possession_review
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.ports.collection import SETTLING_US
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import Unavailable

_COLUMNS = (blob.c.id, blob.c.sha256, blob.c.size, blob.c.place, blob.c.blocks)


_BY_SHA256 = Prepared(select(*_COLUMNS).where(among(blob.c.sha256, "digests")), Blob)
_SOUND = Prepared(select(*_COLUMNS).where(among(blob.c.sha256, "digests"), blob.c.damaged_at.is_(None)), Blob)
_FRESH = Prepared(
    select(*_COLUMNS).where(
        among(blob.c.sha256, "digests"), blob.c.condemned_at.is_(None), blob.c.damaged_at.is_(None)
    ),
    Blob,
)
_ENTERED = Prepared(
    select(
        *_COLUMNS,
        blob.c.condemned_at,
        blob.c.damaged_at,
        exists()
        .where(
            blob_leaving.c.sha256 == blob.c.sha256,
            or_(blob_leaving.c.erased_at.is_(None), blob_leaving.c.erased_at > bindparam("settled")),
        )
        .label("leaving"),
    ).where(among(blob.c.sha256, "digests"))
)
_SPARED = Prepared(
    update(blob).where(among(blob.c.id, "ids"), blob.c.condemned_at.is_not(None)).values(condemned_at=null())
)
_TRIES = 3
_REVIEWED = Prepared(
    delete(possession_review).where(
        possession_review.c.uid == bindparam("review"), possession_review.c.until > bindparam("now")
    )
)
_BY_ID = Prepared(select(*_COLUMNS).where(blob.c.id == bindparam("id")), Blob)
_IDS = Prepared(select(blob.c.sha256, blob.c.id).where(among(blob.c.sha256, "digests")))
_SENT = Prepared(
    select(blob_ledger.c.blob_id).where(
        blob_ledger.c.principal_id == bindparam("principal"),
        among(blob_ledger.c.blob_id, "ids"),
        blob_ledger.c.until > bindparam("now"),
    )
)
_HELD = Prepared(
    select(asset_blob.c.blob_id).where(among(asset_blob.c.asset_id, "assets"), among(asset_blob.c.blob_id, "ids"))
)


class SqlBlobs(Repository):
    """See :class:`strongroom.application.ports.artifacts.Blobs`."""

    def by_sha256(self, digests: Sequence[str]) -> Mapping[str, Blob]:
        found = _BY_SHA256.rows(self._connection, digests=list(dict.fromkeys(digests))) if digests else []
        return {one.sha256: one for one in found}

    def by_id(self, blob_id: int) -> Blob:
        found: Blob = _BY_ID.exactly_one(self._connection, id=blob_id)
        return found

    def add(self, stored: Sequence[StoredBlob]) -> Mapping[str, Blob]:
        now = self._context.now()
        rows = [
            {"sha256": s.sha256, "size": s.size, "place": s.place, "blocks": s.blocks, "recorded_at": now}
            for s in stored
        ]
        found = self._entered(rows)
        digests = [
            {"blob_id": found[s.sha256].id, "algo": "git-sha1", "value": s.git_sha1} for s in stored if s.git_sha1
        ]
        self._insert_ignore(blob_digest, digests)
        return found

    def _entered(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Blob]:
        """Rows that are there when this commits; the collector, where it holds one, is met at the row (decision 21)."""
        digests, settled = [row["sha256"] for row in rows], self._context.now() - SETTLING_US
        for _ in range(_TRIES):
            self._insert_ignore(blob, rows)
            found = {row.sha256: row for row in _ENTERED.rows(self._connection, digests=digests, settled=settled)}
            condemned = [row.id for row in found.values() if row.condemned_at is not None]
            if any(row.leaving for row in found.values()) or found.keys() != set(digests):
                break
            if not condemned or _SPARED.run(self._connection, ids=condemned) == len(condemned):
                blobs = {one: Blob(row.id, row.sha256, row.size, row.place, row.blocks) for one, row in found.items()}
                damaged = [row.sha256 for row in found.values() if row.damaged_at is not None]
                return {**blobs, **self._healed(blobs, damaged, rows)} if damaged else blobs
        raise Unavailable("These bytes are being removed at this moment; send them again.")

    def _healed(
        self, blobs: Mapping[str, Blob], damaged: Sequence[str], rows: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Blob]:
        """Those that were damaged are where they were written just now, with the digests of what was written."""
        sent, healed = {row["sha256"]: row for row in rows}, {}
        for digest in damaged:
            new = {name: sent[digest][name] for name in ("place", "blocks")}
            old = blobs[digest]
            self._connection.execute(update(blob).where(blob.c.id == old.id).values(damaged_at=None, **new))
            healed[digest] = Blob(old.id, old.sha256, old.size, new["place"], new["blocks"])
        heal_made(self._connection, [one.id for one in healed.values()])
        return healed

    def fresh(self, digests: Sequence[str]) -> Mapping[str, Blob]:
        found = _FRESH.rows(self._connection, digests=list(dict.fromkeys(digests))) if digests else []
        return {one.sha256: one for one in found}

    def note_sent(self, principal_id: int, blob_ids: Sequence[int], until: int) -> None:
        rows = [{"principal_id": principal_id, "blob_id": blob_id, "until": until} for blob_id in blob_ids]
        self._upsert(blob_ledger, rows, ["principal_id", "blob_id"])

    def possessed(self, principal_id: int, asset_ids: Sequence[int], digests: Sequence[str]) -> Mapping[str, Blob]:
        mine: list[str] = []
        for batch in batches(dict.fromkeys(digests)):
            # of what others sent only ids are read: how big it is would show in the time that the rest of a row takes
            stored = {row.sha256: row.id for row in _IDS.rows(self._connection, digests=batch)}
            # the same two look-ups for every digest, stored or not: one that is not gets an id that nothing has
            ids = [stored.get(digest, -1 - n) for n, digest in enumerate(batch)]
            sent = _SENT.rows(self._connection, principal=principal_id, ids=ids, now=self._context.now())
            held = _HELD.rows(self._connection, assets=list(asset_ids) or [-1], ids=ids)
            allowed = {row.blob_id for row in (*sent, *held)}
            mine += [digest for digest in batch if stored.get(digest) in allowed]
        found = _SOUND.rows(self._connection, digests=list(dict.fromkeys(mine))) if mine else []
        return {one.sha256: one for one in found}

    def digests(self, algo: str, digests: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for batch in batches(dict.fromkeys(digests)):
            query = (
                select(blob.c.sha256, blob_digest.c.value)
                .join(blob_digest, blob_digest.c.blob_id == blob.c.id)
                .where(blob.c.sha256.in_(batch), blob_digest.c.algo == algo)
            )
            found.update((row.sha256, row.value) for row in self._connection.execute(query))
        return found

    def hold(self, asset_id: int, blob_ids: Sequence[int]) -> None:
        self._insert_ignore(asset_blob, [{"asset_id": asset_id, "blob_id": b} for b in sorted(set(blob_ids))])

    def release(self, asset_id: int, digests: Sequence[str]) -> None:
        coming = self._coming(asset_id)
        for batch in batches(digests):
            ids = [row.id for row in _IDS.rows(self._connection, digests=batch) if row.id not in coming]
            held = delete(asset_blob).where(asset_blob.c.asset_id == asset_id, asset_blob.c.blob_id.in_(ids))
            self._connection.execute(held)

    def _coming(self, asset_id: int) -> set[int]:
        """What is being published in the asset at this moment."""
        mine, now = possession_review.c.asset_id == asset_id, self._context.now()
        query = select(possession_review.c.blobs).where(mine, possession_review.c.until > now)
        found = array("q")
        for packed in self._connection.execute(query.where(possession_review.c.blobs.is_not(None))).scalars():
            found.frombytes(packed)
        return set(found)

    def review(self, asset_id: int, until: int, blob_ids: Sequence[int] = ()) -> str:
        uid = self._context.new_uid()
        packed = array("q", blob_ids).tobytes() if blob_ids else None
        self._insert(possession_review, {"uid": uid, "asset_id": asset_id, "until": until, "blobs": packed})
        return uid

    def reviewed(self, review: str, now: int) -> bool:
        return _REVIEWED.run(self._connection, review=review, now=now) == 1

    def withdraw(self, review: str, now: int) -> None:
        self._connection.execute(update(possession_review).where(possession_review.c.uid == review).values(until=now))

    def due_for_review(self, now: int, after: int, limit: int) -> Sequence[int]:
        due = and_(possession_review.c.asset_id > after, possession_review.c.until <= now)
        query = select(possession_review.c.asset_id).where(due).distinct().order_by(possession_review.c.asset_id)
        return list(self._connection.execute(query.limit(limit)).scalars())

    def end_reviews(self, asset_id: int, now: int) -> None:
        over = possession_review.c.asset_id == asset_id, possession_review.c.until <= now
        self._connection.execute(delete(possession_review).where(*over))

    def held_by(self, asset_id: int) -> Sequence[str]:
        query = select(blob.c.sha256).join(asset_blob, asset_blob.c.blob_id == blob.c.id)
        return list(self._connection.execute(query.where(asset_blob.c.asset_id == asset_id)).scalars())

    def forget_sent(self, before: int) -> int:
        return self._connection.execute(delete(blob_ledger).where(blob_ledger.c.until < before)).rowcount

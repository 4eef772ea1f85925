"""Xorbs and reconstructions in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import AnyRow, Repository, batches
from strongroom.adapters.sql.repositories.damage import heal_made
from strongroom.adapters.sql.tables import (
    asset_blob,
    blob,
    blob_digest,
    xet_file,
    xet_file_xorb,
    xorb,
    xorb_answer,
    xorb_ledger,
)
from strongroom.application.ports.xet import XetFile, Xorb
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import Unavailable
from strongroom.domain.xet.xorb import XorbIndex, unpack_index

_XORB = (
    xorb.c.id,
    xorb.c.hash,
    xorb.c.chunks,
    blob.c.id.label("blob_id"),
    blob.c.sha256,
    blob.c.size,
    blob.c.place,
    blob.c.blocks,
)
_FILE = (xet_file.c.id, xet_file.c.hash, xet_file.c.blob_id, blob.c.sha256, blob.c.size, xet_file.c.terms)

_XORBS: Select[Any] = select(*_XORB).join(blob, blob.c.id == xorb.c.blob_id)
_FILES: Select[Any] = select(*_FILE).join(blob, blob.c.id == xet_file.c.blob_id)
_BY_ID = Prepared(_XORBS.where(among(xorb.c.id, "ids")))
_BY_HASH = Prepared(_XORBS.where(among(xorb.c.hash, "hashes")))
_FILE_BY_HASH = Prepared(_FILES.where(xet_file.c.hash == bindparam("hash")), XetFile)
_HELD = Prepared(
    select(asset_blob.c.blob_id).where(
        asset_blob.c.asset_id == bindparam("asset_id"), asset_blob.c.blob_id == bindparam("blob_id")
    )
)


def _load(row: AnyRow) -> Xorb:
    body = Blob(row.blob_id, row.sha256, row.size, row.place, row.blocks)
    return Xorb(row.id, row.hash, body, unpack_index(row.chunks))


class SqlXet(Repository):
    """See :class:`strongroom.application.ports.xet.Xet`."""

    def xorbs(self, ids: Sequence[int]) -> Mapping[int, Xorb]:
        found = map(_load, _BY_ID.rows(self._connection, ids=list(dict.fromkeys(ids)))) if ids else ()
        return {one.id: one for one in found}

    def xorbs_by_hash(self, hashes: Sequence[str]) -> Mapping[str, Xorb]:
        found = map(_load, _BY_HASH.rows(self._connection, hashes=list(dict.fromkeys(hashes)))) if hashes else ()
        return {one.hash: one for one in found}

    def ids_by_hash(self, hashes: Sequence[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for batch in batches(dict.fromkeys(hashes)):
            query = select(xorb.c.hash, xorb.c.id).where(xorb.c.hash.in_(batch))
            found.update((row.hash, row.id) for row in self._connection.execute(query))
        return found

    def add_xorb(self, hashed: str, blob_id: int, index: XorbIndex, answering: Sequence[int]) -> int:
        row = {
            "hash": hashed,
            "blob_id": blob_id,
            "chunks": index.pack(),
            "body_bytes": index.body_size,
            "raw_bytes": index.raw_size,
            "recorded_at": self._context.now(),
        }
        self._insert_ignore(xorb, [row])
        spared = update(xorb).where(xorb.c.hash == hashed, xorb.c.condemned_at.is_not(None)).values(condemned_at=None)
        self._connection.execute(spared)
        xorb_id = self.ids_by_hash([hashed]).get(hashed)
        if xorb_id is None:
            raise Unavailable("This xorb is being removed at this moment; send it again.")
        self._heal(row)
        self.answer(answering, xorb_id)
        return xorb_id

    def _heal(self, row: Mapping[str, Any]) -> None:
        """The same chunks packed in another way: another body, which serves where the one on record is damaged."""
        damaged = select(blob.c.id).where(blob.c.id == xorb.c.blob_id, blob.c.damaged_at.is_not(None)).exists()
        other = update(xorb).where(xorb.c.hash == row["hash"], xorb.c.blob_id != row["blob_id"], damaged)
        new = {name: row[name] for name in ("blob_id", "chunks", "body_bytes", "raw_bytes")}
        if self._connection.execute(other.values(**new)).rowcount:
            heal_made(self._connection, [row["blob_id"]])

    def note_xorb(self, principal_id: int, xorb_id: int, until: int) -> None:
        row = {"principal_id": principal_id, "xorb_id": xorb_id, "until": until}
        self._upsert(xorb_ledger, [row], ["principal_id", "xorb_id"])

    def noted(self, principal_id: int, xorb_ids: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for batch in batches(dict.fromkeys(xorb_ids)):
            query = select(xorb_ledger.c.xorb_id).where(
                xorb_ledger.c.principal_id == principal_id,
                xorb_ledger.c.xorb_id.in_(batch),
                xorb_ledger.c.until > self._context.now(),
            )
            found.update(self._connection.execute(query).scalars())
        return found

    def forget_noted(self, before: int) -> int:
        return self._connection.execute(delete(xorb_ledger).where(xorb_ledger.c.until < before)).rowcount

    def file(self, hashed: str) -> XetFile | None:
        found: XetFile | None = _FILE_BY_HASH.one(self._connection, hash=hashed)
        return found

    def add_file(self, hashed: str, blob_id: int, terms: bytes, xorb_ids: Sequence[int]) -> None:
        row = {"hash": hashed, "blob_id": blob_id, "terms": terms, "recorded_at": self._context.now()}
        if not self._insert_ignore(xet_file, [row]):
            return
        file_id = self._connection.execute(select(xet_file.c.id).where(xet_file.c.hash == hashed)).scalar_one()
        self._insert_ignore(blob_digest, [{"blob_id": blob_id, "algo": "xet", "value": hashed}])
        self._insert_ignore(xet_file_xorb, [{"file_id": file_id, "xorb_id": one} for one in sorted(set(xorb_ids))])

    def remake_file(self, hashed: str, terms: bytes, xorb_ids: Sequence[int]) -> None:
        made = update(xet_file).where(xet_file.c.hash == hashed).values(terms=terms).returning(xet_file.c.id)
        for file_id in self._connection.execute(made).scalars().all():
            self._connection.execute(delete(xet_file_xorb).where(xet_file_xorb.c.file_id == file_id))
            self._insert_ignore(xet_file_xorb, [{"file_id": file_id, "xorb_id": one} for one in sorted(set(xorb_ids))])

    def hashes_of(self, blob_ids: Sequence[int]) -> Mapping[int, str]:
        found: dict[int, str] = {}
        for batch in batches(dict.fromkeys(blob_ids)):
            query = (
                select(xet_file.c.blob_id, xet_file.c.hash)
                .where(xet_file.c.blob_id.in_(batch))
                .order_by(xet_file.c.id.desc())
            )
            found.update((row.blob_id, row.hash) for row in self._connection.execute(query))
        return found

    def files_with(self, xorb_id: int, limit: int, assets: Sequence[int] | None = None) -> Sequence[XetFile]:
        query = _FILES.join(xet_file_xorb, xet_file_xorb.c.file_id == xet_file.c.id).where(
            xet_file_xorb.c.xorb_id == xorb_id
        )
        if assets is not None:
            held = select(asset_blob.c.blob_id).where(asset_blob.c.asset_id.in_(assets))
            query = query.where(xet_file.c.blob_id.in_(held))
        rows = self._connection.execute(query.order_by(xet_file.c.id.desc()).limit(limit))
        return [XetFile(*row) for row in rows]

    def holders(self, blob_ids: Sequence[int], limit: int) -> Mapping[int, Sequence[int]]:
        found: dict[int, list[int]] = {}
        rank = func.row_number().over(partition_by=asset_blob.c.blob_id, order_by=asset_blob.c.asset_id)
        for batch in batches(dict.fromkeys(blob_ids)):
            ranked = (
                select(asset_blob.c.blob_id, asset_blob.c.asset_id, rank.label("rank"))
                .where(asset_blob.c.blob_id.in_(batch))
                .subquery()
            )
            query = select(ranked.c.blob_id, ranked.c.asset_id).where(ranked.c.rank <= limit)
            for row in self._connection.execute(query):
                found.setdefault(row.blob_id, []).append(row.asset_id)
        return found

    def held(self, asset_id: int, blob_id: int) -> bool:
        return _HELD.one(self._connection, asset_id=asset_id, blob_id=blob_id) is not None

    def answer(self, keys: Sequence[int], xorb_id: int) -> None:
        self._insert_ignore(xorb_answer, [{"key": key, "xorb_id": xorb_id} for key in sorted(set(keys))])

    def answering(self, key: int, limit: int) -> Sequence[int]:
        query = select(xorb_answer.c.xorb_id).where(xorb_answer.c.key == key)
        newest = query.order_by(xorb_answer.c.xorb_id.desc()).limit(limit)
        return list(self._connection.execute(newest).scalars())

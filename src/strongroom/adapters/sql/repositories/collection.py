"""Collection in SQL: what nobody holds, by four look-ups a row, each by an index (decision 21)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from strongroom.adapters.sql.repositories.base import Repository, batches
from strongroom.adapters.sql.tables import (
    asset_blob,
    blob,
    blob_digest,
    blob_leaving,
    blob_ledger,
    draft,
    evaluation,
    folder_entry,
    xet_file,
    xet_file_xorb,
    xorb,
    xorb_answer,
    xorb_ledger,
)
from strongroom.application.artifacts.blobstore import ListedBlob
from strongroom.application.artifacts.spare import PLACE
from strongroom.application.ports.collection import Leaving, Part, Sum

_TABLES: Final[Mapping[Part, Table]] = {Part.BLOB: blob, Part.XORB: xorb}
_BYTES: Final = case((blob.c.place.startswith(PLACE), 0), else_=blob.c.size)
"""What is in chunks has no bytes of its own."""


class SqlCollection(Repository):
    """See :class:`strongroom.application.ports.collection.Collection`."""

    # -- who holds -----------------------------------------------------------------------------------------------

    def _holders(self, of: ColumnElement[int]) -> dict[str, ColumnElement[bool]]:
        """What may hold a blob."""
        now = self._context.now()
        return {
            "asset": exists().where(asset_blob.c.blob_id == of),
            "folder": exists().where(folder_entry.c.blob_id == of),
            "sent": exists().where(blob_ledger.c.blob_id == of, blob_ledger.c.until > now),
            "evaluation": exists().where(evaluation.c.rows_blob_id == of),
            "chunks": exists().where(xorb.c.blob_id == of),
        }

    def _held(self, part: Part) -> ColumnElement[bool]:
        if part is Part.BLOB:
            return or_(*self._holders(blob.c.id).values())
        known = exists().where(xorb_ledger.c.xorb_id == xorb.c.id, xorb_ledger.c.until > self._context.now())
        return or_(exists().where(xet_file_xorb.c.xorb_id == xorb.c.id), known)

    def holders(self) -> Mapping[str, Sum]:
        found = {}
        for name, condition in self._holders(blob.c.id).items():
            query = select(func.count(), func.coalesce(func.sum(_BYTES), 0)).select_from(blob).where(condition)
            found[name] = _sum(self._connection.execute(query).one())
        return found

    def ended_folders(self, after: int, limit: int) -> Sequence[tuple[int, int]]:
        query = select(draft.c.version_id, draft.c.folder_id).where(
            draft.c.state != "open",
            draft.c.version_id > after,
            exists().where(folder_entry.c.folder_id == draft.c.folder_id),
        )
        rows = self._connection.execute(query.order_by(draft.c.version_id).limit(limit))
        return [(row.version_id, row.folder_id) for row in rows]

    def empty_folders(self, folder_ids: Sequence[int]) -> None:
        self._connection.execute(delete(folder_entry).where(folder_entry.c.folder_id.in_(folder_ids)))

    # -- condemning ----------------------------------------------------------------------------------------------

    def highest(self, part: Part) -> int:
        return int(self._connection.execute(select(func.max(_TABLES[part].c.id))).scalar_one() or 0)

    def _unheld(self, part: Part, after: int, upto: int) -> ColumnElement[bool]:
        table = _TABLES[part]
        return and_(table.c.id > after, table.c.id <= upto, table.c.condemned_at.is_(None), not_(self._held(part)))

    def unheld(self, part: Part, after: int, upto: int) -> Sequence[int]:
        query = select(_TABLES[part].c.id).where(self._unheld(part, after, upto))
        return list(self._connection.execute(query).scalars())

    def condemn(self, part: Part, ids: Sequence[int]) -> int:
        table = _TABLES[part]
        fresh = update(table).where(table.c.condemned_at.is_(None)).values(condemned_at=self._context.now())
        return sum(self._connection.execute(fresh.where(table.c.id.in_(some))).rowcount for some in batches(ids))

    # -- taking --------------------------------------------------------------------------------------------------

    def due(self, part: Part, condemned_before: int, after: int, limit: int) -> Sequence[int]:
        table = _TABLES[part]
        query = select(table.c.id).where(table.c.condemned_at < condemned_before, table.c.id > after)
        return list(self._connection.execute(query.order_by(table.c.id).limit(limit)).scalars())

    def take(self, part: Part, ids: Sequence[int], condemned_before: int) -> int:
        table = _TABLES[part]
        over = and_(table.c.id.in_(ids), table.c.condemned_at < condemned_before)
        locked = select(table.c.id).where(over, not_(self._held(part))).with_for_update(of=table)
        taken = list(self._connection.execute(locked).scalars())  # who sends one of them again waits at its row
        if taken:
            (self._take_xorbs if part is Part.XORB else self._take_blobs)(taken)
        spared = update(table).where(table.c.id.in_(ids), table.c.condemned_at < condemned_before)
        self._connection.execute(spared.values(condemned_at=None))
        return len(taken)

    def _take_xorbs(self, ids: Sequence[int]) -> None:
        self._connection.execute(delete(xorb_answer).where(xorb_answer.c.xorb_id.in_(ids)))
        self._connection.execute(delete(xorb_ledger).where(xorb_ledger.c.xorb_id.in_(ids)))
        gone = delete(xorb).where(xorb.c.id.in_(ids)).returning(xorb.c.blob_id, xorb.c.condemned_at)
        for row in self._connection.execute(gone).all():
            body = update(blob).where(blob.c.id == row.blob_id, blob.c.condemned_at.is_(None))
            self._connection.execute(body.values(condemned_at=row.condemned_at))

    def _take_blobs(self, ids: Sequence[int]) -> None:
        """Those that are made of chunks go with how they are made."""
        files = select(xet_file.c.id).where(xet_file.c.blob_id.in_(ids))
        self._connection.execute(delete(xet_file_xorb).where(xet_file_xorb.c.file_id.in_(files)))
        self._connection.execute(delete(xet_file).where(xet_file.c.blob_id.in_(ids)))
        self._connection.execute(delete(blob_digest).where(blob_digest.c.blob_id.in_(ids)))
        self._connection.execute(delete(blob_ledger).where(blob_ledger.c.blob_id.in_(ids)))
        columns = [blob.c[name] for name in ("sha256", "size", "place", "condemned_at")]
        gone = self._connection.execute(delete(blob).where(blob.c.id.in_(ids)).returning(*columns)).all()
        self._connection.execute(insert(blob_leaving), [row._asdict() for row in gone])

    def leave(self, orphans: Sequence[ListedBlob], condemned_at: int) -> int:
        places = tuple_(blob.c.sha256, blob.c.place)
        wanted = [(one.sha256, one.place) for one in orphans]
        known = {
            tuple(row)
            for row in self._connection.execute(select(blob.c.sha256, blob.c.place).where(places.in_(wanted)))
        }
        going = tuple_(blob_leaving.c.sha256, blob_leaving.c.place)
        gone = select(blob_leaving.c.sha256, blob_leaving.c.place).where(going.in_(wanted))
        known |= {tuple(row) for row in self._connection.execute(gone)}
        rows = [
            {"sha256": one.sha256, "size": one.size, "place": one.place, "condemned_at": condemned_at}
            for one in orphans
            if (one.sha256, one.place) not in known
        ]
        if rows:
            self._connection.execute(insert(blob_leaving), rows)
        return len(rows)

    # -- leaving -------------------------------------------------------------------------------------------------

    def leaving(self, after: int, limit: int) -> Sequence[Leaving]:
        columns = [blob_leaving.c[name] for name in ("id", "sha256", "size", "place", "condemned_at")]
        query = select(*columns).where(blob_leaving.c.id > after, blob_leaving.c.erased_at.is_(None))
        return [Leaving(*row) for row in self._connection.execute(query.order_by(blob_leaving.c.id).limit(limit))]

    def erased(self, ids: Sequence[int]) -> None:
        done = update(blob_leaving).where(blob_leaving.c.id.in_(ids))
        self._connection.execute(done.values(erased_at=self._context.now()))

    def settle(self, erased_before: int) -> int:
        return self._connection.execute(delete(blob_leaving).where(blob_leaving.c.erased_at < erased_before)).rowcount

    # -- sums ----------------------------------------------------------------------------------------------------

    def _total(self, part: Part, where: ColumnElement[bool]) -> Sum:
        return _sum(self._connection.execute(self._counted(part).where(where)).one())

    def _counted(self, part: Part) -> Select[Any]:
        if part is Part.BLOB:
            return select(func.count(), func.coalesce(func.sum(_BYTES), 0)).select_from(blob)
        # the body goes with its xorb, unless somebody holds these bytes for themselves
        others = [held for name, held in self._holders(blob.c.id).items() if name != "chunks"]
        alone = case((or_(*others), 0), else_=blob.c.size)
        query = select(func.count(), func.coalesce(func.sum(alone), 0))
        return query.select_from(xorb.join(blob, blob.c.id == xorb.c.blob_id))

    def unheld_sum(self, part: Part, after: int, upto: int) -> Sum:
        return self._total(part, self._unheld(part, after, upto))

    def condemned_sum(self, part: Part, condemned_before: int | None = None) -> Sum:
        condemned = _TABLES[part].c.condemned_at
        since = condemned.is_not(None) if condemned_before is None else condemned < condemned_before
        return self._total(part, and_(since, not_(self._held(part))))

    def leaving_sum(self) -> Sum:
        size = case((blob_leaving.c.place.startswith(PLACE), 0), else_=blob_leaving.c.size)
        query = select(func.count(), func.coalesce(func.sum(size), 0)).where(blob_leaving.c.erased_at.is_(None))
        return _sum(self._connection.execute(query).one())


def _sum(row: Any) -> Sum:  # noqa: ANN401 - a row of two numbers
    return Sum(int(row[0]), int(row[1]))

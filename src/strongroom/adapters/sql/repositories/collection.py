"""Collection in SQL: what nobody holds, by four look-ups a row, each by an index (decision 21)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
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
from strongroom.adapters.sql.repositories.damage import named_places
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
from strongroom.application.ports.collection import Leaving, Part, Standing, Sum, ranges

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
        return or_(*self._xorb_holders().values())

    def _xorb_holders(self) -> dict[str, ColumnElement[bool]]:
        now = self._context.now()
        return {
            "file": exists().where(xet_file_xorb.c.xorb_id == xorb.c.id),
            "known": exists().where(xorb_ledger.c.xorb_id == xorb.c.id, xorb_ledger.c.until > now),
        }

    def highest_draft(self) -> int:
        return int(self._connection.execute(select(func.max(draft.c.version_id))).scalar_one() or 0)

    def ended_folders(self, after: int, upto: int) -> Sequence[int]:
        query = select(draft.c.folder_id).where(
            draft.c.version_id > after,
            draft.c.version_id <= upto,
            draft.c.state != "open",
            exists().where(folder_entry.c.folder_id == draft.c.folder_id),
        )
        return list(self._connection.execute(query).scalars())

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

    def due(self, part: Part, condemned_before: int, after: tuple[int, int], limit: int) -> Sequence[tuple[int, int]]:
        table = _TABLES[part]
        place = tuple_(table.c.condemned_at, table.c.id)
        query = select(table.c.condemned_at, table.c.id).where(
            table.c.condemned_at < condemned_before, place > tuple_(*after)
        )
        rows = self._connection.execute(query.order_by(table.c.condemned_at, table.c.id).limit(limit))
        return [(row.condemned_at, row.id) for row in rows]

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
        columns = [blob.c[name] for name in ("sha256", "size", "place", "condemned_at", "blocks")]
        gone = self._connection.execute(delete(blob).where(blob.c.id.in_(ids)).returning(*columns)).all()
        self._connection.execute(insert(blob_leaving), [row._asdict() for row in gone])

    def leave(self, orphans: Sequence[ListedBlob], condemned_at: int) -> int:
        known: set[tuple[str, str]] = set()
        for batch in batches([one.sha256 for one in orphans]):
            for table in (blob, blob_leaving):
                found = select(table.c.sha256, table.c.place).where(table.c.sha256.in_(batch))
                known |= {(row.sha256, row.place) for row in self._connection.execute(found)}
        unknown = [one for one in orphans if (one.sha256, one.place) not in known]
        named = named_places(self._connection, [one.place for one in unknown])
        rows = [
            {"sha256": one.sha256, "size": one.size, "place": one.place, "condemned_at": condemned_at, "orphan": True}
            for one in unknown
            if one.place not in named
        ]
        if rows:
            self._connection.execute(insert(blob_leaving), rows)
        return len(rows)

    # -- leaving -------------------------------------------------------------------------------------------------

    def leaving(self, after: int, limit: int) -> Sequence[Leaving]:
        columns = [blob_leaving.c[name] for name in ("id", "sha256", "size", "place", "condemned_at", "orphan")]
        query = select(*columns).where(blob_leaving.c.id > after, blob_leaving.c.erased_at.is_(None))
        return [Leaving(*row) for row in self._connection.execute(query.order_by(blob_leaving.c.id).limit(limit))]

    def erased(self, ids: Sequence[int]) -> Sequence[int]:
        done = update(blob_leaving).where(blob_leaving.c.id.in_(ids), blob_leaving.c.erased_at.is_(None))
        marked = done.values(erased_at=self._context.now()).returning(blob_leaving.c.id)
        return list(self._connection.execute(marked).scalars())

    def stuck(self, ids: Sequence[int], tries: int) -> int:
        now = self._context.now()
        mine = blob_leaving.c.id.in_(ids), blob_leaving.c.erased_at.is_(None)
        self._connection.execute(update(blob_leaving).where(*mine).values(tries=blob_leaving.c.tries + 1))
        # whoever looks at it at this moment may still erase it: the row stays until what was erased now is settled
        over = update(blob_leaving).where(*mine, blob_leaving.c.tries >= tries).values(erased_at=now)
        columns = [blob_leaving.c[name] for name in ("sha256", "size", "place", "blocks")]
        rows = self._connection.execute(over.returning(*columns)).mappings().all()
        again = [
            dict(row, recorded_at=now, condemned_at=now, damaged_at=now) for row in rows if row["blocks"] is not None
        ]
        self._insert_ignore(blob, again)
        return len(rows)

    def settle(self, erased_before: int, limit: int) -> int:
        over = select(blob_leaving.c.id).where(blob_leaving.c.erased_at < erased_before).limit(limit)
        return self._connection.execute(delete(blob_leaving).where(blob_leaving.c.id.in_(over))).rowcount

    # -- sums ----------------------------------------------------------------------------------------------------

    def standing(self, part: Part, after: int, upto: int, condemned_before: int) -> Standing:
        found = self._connection.execute(self._groups(part, after, upto, condemned_before)).mappings().all()
        sums = {"fresh": Sum(), "waiting": Sum(), "due": Sum()}
        holders = dict.fromkeys(self._holders(blob.c.id), Sum())
        for row in found:
            sum_ = Sum(int(row["many"]), int(row["bytes"]))
            if part is Part.BLOB:
                held = [name for name in holders if row[name]]
                for name in held:
                    holders[name] += sum_
            else:
                held = [name for name in ("file", "known") if row[name]]
                sum_ = Sum() if row["shared"] else sum_
            if not held:
                sums[row["state"]] += sum_
        return Standing(sums["fresh"], sums["waiting"], sums["due"], holders)

    def _groups(self, part: Part, after: int, upto: int, condemned_before: int) -> Select[Any]:
        """Rows of a range by what holds them and when they were condemned: each look-up is done once a row."""
        table = _TABLES[part]
        since = table.c.condemned_at
        state = case((since.is_(None), "fresh"), (since < condemned_before, "due"), else_="waiting").label("state")
        if part is Part.BLOB:
            source: FromClause = blob
            marks = [held.label(name) for name, held in self._holders(blob.c.id).items()]
            size: ColumnElement[int] = _BYTES
        else:
            source = xorb.join(blob, blob.c.id == xorb.c.blob_id)
            marks = [held.label(name) for name, held in self._xorb_holders().items()]
            # the body goes with its xorb, unless somebody holds these bytes for themselves
            others = [held for name, held in self._holders(blob.c.id).items() if name != "chunks"]
            marks.append(or_(*others).label("shared"))
            size = blob.c.size
        counted = select(state, *marks, func.count().label("many"), func.coalesce(func.sum(size), 0).label("bytes"))
        return counted.select_from(source).where(table.c.id > after, table.c.id <= upto).group_by(state, *marks)

    def leaving_sum(self) -> Sum:
        size = case((blob_leaving.c.place.startswith(PLACE), 0), else_=blob_leaving.c.size)
        found = select(func.count().label("many"), func.coalesce(func.sum(size), 0).label("bytes"))
        total, highest = Sum(), self._connection.execute(select(func.max(blob_leaving.c.id))).scalar_one() or 0
        for after, upto in ranges(highest):
            mine = blob_leaving.c.id > after, blob_leaving.c.id <= upto, blob_leaving.c.erased_at.is_(None)
            row = self._connection.execute(found.where(*mine)).one()
            total += Sum(int(row.many), int(row.bytes))
        return total

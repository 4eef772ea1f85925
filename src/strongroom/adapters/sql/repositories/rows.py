"""Rows of runs in SQL: which of them are there, and in which batch."""

from collections.abc import Sequence

from sqlalchemy import Integer, bindparam, func, select

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import block, run_row
from strongroom.application.ports.tracking import RowSpan
from strongroom.domain.tracking.model import BlockRow
from strongroom.domain.tracking.rows import ROWS_MOST

_MINE = run_row.c.run_id == bindparam("run")
_GREATEST = Prepared(select(func.max(run_row.c.last).label("last")).where(_MINE))
_FROM = (
    select(run_row.c.first, run_row.c.last, run_row.c.position)
    .where(_MINE, run_row.c.last >= bindparam("first_row"))
    .order_by(run_row.c.last)
    .limit(bindparam("most", type_=Integer()))
)
_SPANS = Prepared(_FROM, RowSpan)
# no span is longer than a batch, so nothing is read behind those that may meet
_BETWEEN = Prepared(
    _FROM.where(run_row.c.first <= bindparam("last_row"), run_row.c.last < bindparam("end_row")), RowSpan
)
_WHOLE = [block.c[name] for name in ("position", "batches", "points", "least_step", "greatest_step", "record", "body")]
_BLOCK = Prepared(
    select(*_WHOLE)
    .where(block.c.run_id == bindparam("run"), block.c.position <= bindparam("at"))
    .order_by(block.c.position.desc())
    .limit(1),
    BlockRow,
)


class SqlRows(Repository):
    """See :class:`strongroom.application.ports.tracking.Rows`."""

    def greatest_row(self, run_id: int) -> int:
        found: int | None = _GREATEST.exactly_one(self._connection, run=run_id).last
        return -1 if found is None else found

    def row_spans(self, run_id: int, first: int, last: int | None, limit: int) -> Sequence[RowSpan]:
        if last is None:
            return _SPANS.rows(self._connection, run=run_id, first_row=first, most=limit)
        end = min(last + ROWS_MOST, 2**63 - 1)
        return _BETWEEN.rows(self._connection, run=run_id, first_row=first, last_row=last, end_row=end, most=limit)

    def add_row_spans(self, run_id: int, spans: Sequence[RowSpan]) -> None:
        rows = [{"run_id": run_id, "last": s.last, "first": s.first, "position": s.position} for s in spans]
        self._insert(run_row, *rows)

    def block_of(self, run_id: int, position: int) -> BlockRow:
        found: BlockRow = _BLOCK.exactly_one(self._connection, run=run_id, at=position)
        return found

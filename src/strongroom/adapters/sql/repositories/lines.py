"""Lines of streams in SQL: rows of packed lines, and the number behind each stream's last line."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, bindparam, delete, select, update

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import line_block, name_dict, run_stream
from strongroom.application.paging import Key
from strongroom.application.ports.tracking import OfRun
from strongroom.domain.tracking.lines import LineRow, LineSize

_IS_STREAM = (
    run_stream.c.run_id == bindparam("of_run"),
    name_dict.c.workspace_id == bindparam("of_workspace"),
    name_dict.c.text == bindparam("stream"),
)
_STREAM = Prepared(
    select(run_stream.c.stream_id, run_stream.c.next, run_stream.c.blocks)
    .join(name_dict, name_dict.c.id == run_stream.c.stream_id)
    .where(*_IS_STREAM)
)
_ROW = [line_block.c[name] for name in ("first", "position", "last", "body")]
_SIZE = [line_block.c[name] for name in ("first", "position", "last", "size")]


class SqlLines(Repository):
    """See :class:`strongroom.application.ports.tracking.Streams`."""

    def next_line(self, of: OfRun, stream: str) -> int:
        row = _STREAM.one(self._connection, of_run=of.id, of_workspace=of.workspace_id, stream=stream)
        return row[1] if row else 0

    def put_lines(self, of: OfRun, stream: str, row: LineRow, following: int) -> None:
        known = _STREAM.one(self._connection, of_run=of.id, of_workspace=of.workspace_id, stream=stream)
        if known is None:
            stream_id, blocks = self._context.name_ids(of.workspace_id, [stream], create=True)[stream], 0
        else:
            stream_id, _, blocks = known
        self._put_line_row(of.id, stream_id, row)
        values = {"run_id": of.id, "stream_id": stream_id, "next": following, "blocks": blocks + 1}
        self._upsert(run_stream, [values], ["run_id", "stream_id"])

    def _put_line_row(self, run_id: int, stream_id: int, row: LineRow) -> None:
        place = {"run_id": run_id, "stream_id": stream_id, "first": row.first, "position": row.position}
        self._insert(line_block, {**place, "last": row.last, "size": len(row.body), "body": row.body})

    def line_rows(self, of: OfRun, stream: str, first: int, last: int) -> Sequence[LineRow]:
        found = _STREAM.one(self._connection, of_run=of.id, of_workspace=of.workspace_id, stream=stream)
        if found is None:
            return []
        query = select(*_ROW).where(
            line_block.c.run_id == of.id,
            line_block.c.stream_id == found[0],
            line_block.c.last >= first,
            line_block.c.first <= last,
        )
        return [LineRow(*row) for row in self._connection.execute(query)]

    def streams(self, run_id: int, after: Key | None, limit: int) -> Sequence[tuple[str, int]]:
        query = (
            select(name_dict.c.text, run_stream.c.next)
            .join(name_dict, name_dict.c.id == run_stream.c.stream_id)
            .where(run_stream.c.run_id == run_id)
            .order_by(name_dict.c.text)
            .limit(limit)
        )
        if after is not None:
            query = query.where(name_dict.c.text > after[0])
        return [(text, following) for text, following in self._connection.execute(query)]

    # -- merging -------------------------------------------------------------------------------------------------

    def stream_ids(self, run_id: int) -> Sequence[int]:
        query = select(run_stream.c.stream_id).where(run_stream.c.run_id == run_id).order_by(run_stream.c.stream_id)
        return list(self._connection.execute(query).scalars())

    def line_sizes(self, run_id: int, stream_id: int, limit: int) -> Sequence[LineSize]:
        query = (
            select(*_SIZE)
            .where(line_block.c.run_id == run_id, line_block.c.stream_id == stream_id)
            .order_by(line_block.c.last.desc(), line_block.c.first.desc(), line_block.c.position.desc())
            .limit(limit)
        )
        return [LineSize(*row) for row in self._connection.execute(query)]

    def whole_lines(self, run_id: int, stream_id: int, sizes: Sequence[LineSize]) -> Sequence[LineRow]:
        query = select(*_ROW).where(*_within(run_id, stream_id, sizes))
        wanted = {(size.first, size.position) for size in sizes}
        return [LineRow(*row) for row in self._connection.execute(query) if (row[0], row[1]) in wanted]

    def replace_lines(self, run_id: int, stream_id: int, old: Sequence[LineSize], new: LineRow) -> bool:
        within = _within(run_id, stream_id, old)
        rows = self._connection.execute(select(*_SIZE).where(*within).with_for_update()).all()
        there = {LineSize(*row) for row in rows}
        if not there >= set(old) or any(row.position < new.position for row in there - set(old)):
            return False
        keys = [(row.first, row.position) for row in old]
        for first, position in keys:
            _DELETE.run(self._connection, of_run=run_id, of_stream=stream_id, at_first=first, at_position=position)
        self._put_line_row(run_id, stream_id, new)
        fewer = len(old) - 1
        self._connection.execute(
            update(run_stream)
            .where(run_stream.c.run_id == run_id, run_stream.c.stream_id == stream_id)
            .values(blocks=run_stream.c.blocks - fewer)
        )
        return True


def _within(run_id: int, stream_id: int, sizes: Sequence[LineSize]) -> list[ColumnElement[bool]]:
    """Rows that may hold a number of some."""
    return [
        line_block.c.run_id == run_id,
        line_block.c.stream_id == stream_id,
        line_block.c.last >= min(size.first for size in sizes),
        line_block.c.first <= max(size.last for size in sizes),
    ]


_DELETE = Prepared(
    delete(line_block).where(
        line_block.c.run_id == bindparam("of_run"),
        line_block.c.stream_id == bindparam("of_stream"),
        line_block.c.first == bindparam("at_first"),
        line_block.c.position == bindparam("at_position"),
    )
)

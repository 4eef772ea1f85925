"""What runs recorded, in SQL: params and summaries by key, and which heads of chains are audited. See `blocks`.

Every writing method is called under the run's lock, so that reading, merging and writing a summary is one step.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Row, Select, bindparam, func, insert, select, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import ROWS_HELD, batches, begins, weighed, weighed_few
from strongroom.adapters.sql.repositories.blocks import SqlBlocks
from strongroom.adapters.sql.repositories.lines import SqlLines
from strongroom.adapters.sql.repositories.rows import SqlRows
from strongroom.adapters.sql.repositories.values import summary
from strongroom.adapters.sql.tables import name_dict, run_chain, run_param, run_series, run_value
from strongroom.application.paging import Key
from strongroom.application.ports.tracking import OfRun
from strongroom.domain.audit.chain import EMPTY_HEAD
from strongroom.domain.tracking.model import OtherSummary
from strongroom.domain.tracking.values import Param, ParamMode, Summary, spelled_number

#: `count` is a method of rows, so the column is read by another name.
_VALUES = [column for column in run_value.c if column.name != "count"] + [run_value.c["count"].label("points")]


def _some_of(columns: Sequence[Any]) -> Prepared:
    run_id, key_id = columns[0], columns[1]
    place = func.row_number().over(partition_by=run_id, order_by=key_id).label("place")
    total = func.count().over(partition_by=run_id).label("total")
    ranked = select(*columns, place, total).where(among(run_id, "ids")).subquery()
    return Prepared(
        select(ranked, name_dict.c.text.label("key"))
        .join(name_dict, name_dict.c.id == ranked.c.key_id)
        .where(ranked.c.place <= bindparam("most"))
        .order_by(ranked.c.run_id, name_dict.c.text)
        .limit(bindparam("rows", type_=BigInteger()))
    )


_SOME_VALUES = _some_of(_VALUES)
_SOME_PARAMS = _some_of(list(run_param.c))


def _param(row: Row[Any]) -> Param:
    return Param(row.key, row.text, ParamMode.ONCE if row.once else ParamMode.REPLACE)


def _characters(row: Row[Any]) -> int:
    return len(row.key) + len(getattr(row, "text", ""))


def _summary(row: Row[Any]) -> Summary:
    return summary((row.last, row.last_step, row.last_time, row.min, row.max, row.points))


class SqlRecords(SqlBlocks, SqlRows, SqlLines):
    """See :class:`strongroom.application.ports.tracking.Records`."""

    # -- the chain -----------------------------------------------------------------------------------------------

    def _begin_chain(self, run_id: int) -> None:
        row = {"run_id": run_id, "head": EMPTY_HEAD.hex(), "count": 0, "audited_at": self._context.now()}
        self._connection.execute(insert(run_chain).values(row))

    def mark_audited(self, run_id: int, count: int, at: int) -> None:
        statement = update(run_chain).where(run_chain.c.run_id == run_id)
        self._connection.execute(statement.values(audited_count=count, audited_at=at))

    def due(self, before: int, limit: int) -> Sequence[int]:
        query = (
            select(run_chain.c.run_id)
            .where(run_chain.c.audited_count < run_chain.c["count"], run_chain.c.audited_at <= before)
            .order_by(run_chain.c.audited_at, run_chain.c.run_id)
            .limit(limit)
        )
        return list(self._connection.execute(query).scalars())

    # -- series in short -----------------------------------------------------------------------------------------

    def summaries_of(self, run_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Mapping[str, Summary]]]:
        found: dict[int, tuple[int, dict[str, Summary]]] = {}
        for row in self._some_of(_SOME_VALUES, run_ids, most):
            found.setdefault(row.run_id, (row.total, {}))[1][row.key] = _summary(row)
        return found

    def summaries(
        self, run_id: int, *, prefix: str | None, after: Key | None, limit: int
    ) -> Sequence[tuple[str, Summary]]:
        query: Select[Any] = (
            select(*_VALUES, name_dict.c.text.label("key"))
            .join(name_dict, name_dict.c.id == run_value.c.key_id)
            .where(run_value.c.run_id == run_id)
            .order_by(name_dict.c.text)
            .limit(limit)
        )
        if prefix:
            query = query.where(begins(name_dict.c.text, prefix))
        if after is not None:
            query = query.where(name_dict.c.text > after[0])
        return [(row.key, _summary(row)) for row in self._connection.execute(query)]

    def count(self, run_id: int, key: str) -> int:
        query = (
            select(run_value.c["count"])
            .join(name_dict, name_dict.c.id == run_value.c.key_id)
            .where(run_value.c.run_id == run_id, name_dict.c.text == key)
        )
        return self._connection.execute(query).scalar() or 0

    def others(self, run_id: int, *, prefix: str | None, after: Key | None, limit: int) -> Sequence[OtherSummary]:
        named = [run_series.c[name] for name in ("kind", "last", "last_step", "last_time", "count")]
        query: Select[Any] = (
            select(name_dict.c.text, *named)
            .join(name_dict, name_dict.c.id == run_series.c.key_id)
            .where(run_series.c.run_id == run_id)
            .order_by(name_dict.c.text)
            .limit(limit)
        )
        if prefix:
            query = query.where(begins(name_dict.c.text, prefix))
        if after is not None:
            query = query.where(name_dict.c.text > after[0])
        return [OtherSummary(*row) for row in self._connection.execute(query)]

    # -- params --------------------------------------------------------------------------------------------------

    def params(self, of: OfRun, keys: Sequence[str]) -> Mapping[str, Param]:
        ids = self._context.name_ids(of.workspace_id, keys, create=False)
        query: Select[Any] = (
            select(name_dict.c.text.label("key"), run_param.c.text, run_param.c.once)
            .join(name_dict, name_dict.c.id == run_param.c.key_id)
            .where(run_param.c.run_id == of.id, run_param.c.key_id.in_(ids.values()))
        )
        return {row.key: _param(row) for row in self._connection.execute(query)}

    def put_params(self, of: OfRun, params: Sequence[Param]) -> None:
        ids = self._context.name_ids(of.workspace_id, sorted(param.key for param in params), create=True)
        rows = [
            {
                "run_id": of.id,
                "key_id": ids[param.key],
                "text": param.value,
                "number": spelled_number(param.value),
                "once": param.mode is ParamMode.ONCE,
                "experiment_id": of.experiment_id,
            }
            for param in params
        ]
        self._upsert(run_param, rows, ["run_id", "key_id"])

    def params_of(self, run_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Sequence[Param]]]:
        found: dict[int, tuple[int, list[Param]]] = {}
        for row in self._some_of(_SOME_PARAMS, run_ids, most):
            found.setdefault(row.run_id, (row.total, []))[1].append(_param(row))
        return found

    def _some_of(self, statement: Prepared, run_ids: Sequence[int], most: int) -> Iterator[Row[Any]]:
        """At most `most` rows of each run with their keys, and how many there are; by key id, so the oldest keys."""
        for batch in batches(run_ids):
            asked = {"ids": batch, "most": most, "rows": ROWS_HELD + 1}
            rows = statement.rows(self._connection, **asked)
            if len(rows) <= ROWS_HELD:
                yield from weighed_few(rows, len(batch), _characters)
                continue
            del rows
            every = {**asked, "rows": len(batch) * most}
            yield from weighed(self._connection, statement.select, len(batch), most, _characters, every)

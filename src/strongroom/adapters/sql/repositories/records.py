"""What runs recorded, in SQL: a row a batch, params and summaries by key, and the head of the chain.

Every writing method is called under the run's lock, so that reading, merging and writing a summary is one step.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, tuple_, update

from strongroom.adapters.sql.repositories.base import Repository, batches, begins, load
from strongroom.adapters.sql.tables import block, name_dict, run_chain, run_param, run_value
from strongroom.application.paging import Key
from strongroom.domain.audit.chain import EMPTY_HEAD, extend
from strongroom.domain.tracking.batches import chained
from strongroom.domain.tracking.blocks import encode_block
from strongroom.domain.tracking.model import Block, Chain, Run
from strongroom.domain.tracking.values import Param, ParamMode, Point, Summary, spelled_number

_BLOCKS_AT_ONCE = 128


def _stored(value: float) -> float | None:
    return None if math.isnan(value) else value


#: `count` is a method of rows, so the column is read by another name.
_VALUES = [column for column in run_value.c if column.name != "count"] + [run_value.c["count"].label("points")]


def _loaded(value: float | None) -> float:
    return math.nan if value is None else value


def _param(row: Row[Any]) -> Param:
    return Param(row.key, row.text, ParamMode.ONCE if row.once else ParamMode.REPLACE)


def _summary(row: Row[Any]) -> Summary:
    last = Point(row.last_step, row.last_time, _loaded(row.last))
    return Summary(last, _loaded(row.min), _loaded(row.max), row.points)


class SqlRecords(Repository):
    """See :class:`strongroom.application.ports.tracking.Records`."""

    # -- the chain -----------------------------------------------------------------------------------------------

    def _begin_chain(self, run_id: int) -> None:
        row = {"run_id": run_id, "head": EMPTY_HEAD.hex(), "count": 0, "audited_at": self._context.now()}
        self._connection.execute(insert(run_chain).values(row))

    def chain(self, run_id: int) -> Chain:
        return load(Chain, self._connection.execute(select(run_chain).where(run_chain.c.run_id == run_id)).one())

    def append(self, of: Run, record: bytes, series: Mapping[str, Sequence[Point]]) -> Chain:
        before = self.chain(of.id)
        body = encode_block(series) if series else b""
        steps = [point.step for points in series.values() for point in points]
        row = {
            "run_id": of.id,
            "position": before.count,
            "points": len(steps),
            "least_step": min(steps, default=None),
            "greatest_step": max(steps, default=None),
            "record": record,
            "body": body,
        }
        self._connection.execute(insert(block).values(row))
        self._merge(of, series)
        head = extend(bytes.fromhex(before.head), chained(record, body)).hex()
        after = Chain(of.id, head, before.count + 1, before.audited_count, before.audited_at)
        self._connection.execute(
            update(run_chain).where(run_chain.c.run_id == of.id).values(head=head, count=after.count)
        )
        return after

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

    def batches(self, run_id: int) -> Iterator[bytes]:
        position = -1
        while True:
            query = (
                select(block.c.position, block.c.record, block.c.body)
                .where(block.c.run_id == run_id, block.c.position > position)
                .order_by(block.c.position)
                .limit(_BLOCKS_AT_ONCE)
            )
            rows = self._connection.execute(query).all()
            yield from (chained(row.record, row.body) for row in rows)
            if len(rows) < _BLOCKS_AT_ONCE:
                return
            position = rows[-1].position

    # -- points and their summaries ------------------------------------------------------------------------------

    def blocks(self, run_id: int, from_step: int) -> Iterator[Block]:
        place = tuple_(block.c.least_step, block.c.position)
        query: Select[Any] = (
            select(block.c.position, block.c.least_step, block.c.record, block.c.body)
            .where(block.c.run_id == run_id, block.c.greatest_step >= from_step)
            .order_by(block.c.least_step, block.c.position)
            .limit(_BLOCKS_AT_ONCE)
        )
        following = query
        while True:
            rows = self._connection.execute(following).all()
            yield from (load(Block, row) for row in rows)
            if len(rows) < _BLOCKS_AT_ONCE:
                return
            following = query.where(place > tuple_(rows[-1].least_step, rows[-1].position))

    def _merge(self, of: Run, series: Mapping[str, Sequence[Point]]) -> None:
        new = {key: summary for key, points in series.items() if (summary := Summary.of(points))}
        ids = self._context.name_ids(of.workspace_id, sorted(new), create=True)
        old: dict[int, Summary] = {}
        for batch in batches(ids.values()):
            query = select(*_VALUES).where(run_value.c.run_id == of.id, run_value.c.key_id.in_(batch))
            old.update({row.key_id: _summary(row) for row in self._connection.execute(query)})
        rows = []
        for key, added in new.items():
            key_id = ids[key]
            whole = old[key_id].merge(added) if key_id in old else added
            rows.append(
                {
                    "run_id": of.id,
                    "key_id": key_id,
                    "experiment_id": of.experiment_id,
                    "last": _stored(whole.last.value),
                    "last_step": whole.last.step,
                    "last_time": whole.last.time_us,
                    "min": _stored(whole.least),
                    "max": _stored(whole.greatest),
                    "count": whole.count,
                }
            )
        self._upsert(run_value, rows, ["run_id", "key_id"])

    def summaries_of(self, run_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Mapping[str, Summary]]]:
        found: dict[int, tuple[int, dict[str, Summary]]] = {}
        for row in self._some_of(_VALUES, run_ids, most):
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

    # -- params --------------------------------------------------------------------------------------------------

    def params(self, of: Run, keys: Sequence[str]) -> Mapping[str, Param]:
        ids = self._context.name_ids(of.workspace_id, keys, create=False)
        query: Select[Any] = (
            select(name_dict.c.text.label("key"), run_param.c.text, run_param.c.once)
            .join(name_dict, name_dict.c.id == run_param.c.key_id)
            .where(run_param.c.run_id == of.id, run_param.c.key_id.in_(ids.values()))
        )
        return {row.key: _param(row) for row in self._connection.execute(query)}

    def put_params(self, of: Run, params: Sequence[Param]) -> None:
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
        for row in self._some_of(list(run_param.c), run_ids, most):
            found.setdefault(row.run_id, (row.total, []))[1].append(_param(row))
        return found

    def _some_of(self, columns: Sequence[Any], run_ids: Sequence[int], most: int) -> Iterator[Row[Any]]:
        """At most `most` rows of each run with their keys, and how many there are; by key id, so the oldest keys."""
        run_id, key_id = columns[0], columns[1]
        for batch in batches(run_ids):
            place = func.row_number().over(partition_by=run_id, order_by=key_id).label("place")
            total = func.count().over(partition_by=run_id).label("total")
            ranked = select(*columns, place, total).where(run_id.in_(batch)).subquery()
            query: Select[Any] = (
                select(ranked, name_dict.c.text.label("key"))
                .join(name_dict, name_dict.c.id == ranked.c.key_id)
                .where(ranked.c.place <= most)
                .order_by(ranked.c.run_id, name_dict.c.text)
            )
            yield from self._connection.execute(query)

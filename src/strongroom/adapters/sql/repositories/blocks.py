"""Blocks of points in SQL: the hot way of appending one, reading them by step, and merging small ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, select, tuple_, update

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.repositories.values import merged_values
from strongroom.adapters.sql.tables import (
    block,
    experiment,
    namespace,
    principal,
    run,
    run_chain,
    run_series,
    run_value,
)
from strongroom.application.ports.tracking import OfRun
from strongroom.domain.audit.chain import extend
from strongroom.domain.tracking.batches import chained
from strongroom.domain.tracking.blocks import encode_block
from strongroom.domain.tracking.merging import covered
from strongroom.domain.tracking.model import BlockRow, BlockSize, Chain, Experiment, HeldRun, RunState
from strongroom.domain.tracking.points import Points, canonical

_AT_ONCE = 128
DUE = 32
"""Batches of their own from which a run is worth merging; the partial index says the same number."""


def _named(prefix: str, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """Columns whose names do not clash with others'."""
    return [column.label(f"{prefix}_{number}") for number, column in enumerate(columns)]


_EXPERIMENT = _named(
    "experiment",
    *(experiment.c[name] for name in ("id", "uid", "workspace_id", "namespace_id")),
    namespace.c.path,
    namespace.c.slug_path,
    *(experiment.c[name] for name in ("name", "description", "etag")),
    principal.c.uid,
    *(experiment.c[name] for name in ("recorded_at", "deleted_at")),
)
_RUN = _named("run", *(run.c[name] for name in ("id", "uid", "workspace_id", "experiment_id", "state", "deleted_at")))
_CHAIN = [run_chain.c[name] for name in ("run_id", "head", "count", "audited_count", "audited_at")]

# both rows are locked: of a row that is not, PostgreSQL would answer what stood there before the wait
_HELD = Prepared(
    select(*_EXPERIMENT, *_RUN, *_CHAIN)
    .select_from(run)
    .join(run_chain, run_chain.c.run_id == run.c.id)
    .join(experiment, experiment.c.id == run.c.experiment_id)
    .join(namespace, namespace.c.id == experiment.c.namespace_id)
    .join(principal, principal.c.id == experiment.c.created_by)
    .where(run.c.uid == bindparam("uid"), run.c.workspace_id == bindparam("workspace"))
    .with_for_update(of=[run, run_chain], key_share=True)
)
_CHAIN_OF = Prepared(select(*_CHAIN).where(run_chain.c.run_id == bindparam("run")), Chain)
_EXTEND = Prepared(
    update(run_chain)
    .where(run_chain.c.run_id == bindparam("of_run"))
    .values(head=bindparam("new_head"), count=bindparam("new_count"), loose=run_chain.c.loose + 1)
)


class SqlBlocks(Repository):
    """See :class:`strongroom.application.ports.tracking.Records` and `Merging`."""

    def held(self, workspace_id: int, uid: str) -> tuple[Experiment, HeldRun] | None:
        row = _HELD.one(self._connection, workspace=workspace_id, uid=uid)
        if row is None:
            return None
        of, rest = row[: len(_EXPERIMENT)], row[len(_EXPERIMENT) :]
        run_id, run_uid, workspace, experiment_id, state, deleted_at, *chain = rest
        held = HeldRun(run_id, run_uid, workspace, experiment_id, RunState(state), deleted_at, Chain(*chain))
        return Experiment(*of), held

    def chain(self, run_id: int) -> Chain:
        found: Chain = _CHAIN_OF.exactly_one(self._connection, run=run_id)
        return found

    def append(self, of: OfRun, record: bytes, series: Mapping[str, Points], before: Chain | None = None) -> Chain:
        before = before or self.chain(of.id)
        body = encode_block([series]) if series else b""
        steps = [(min(points.steps), max(points.steps)) for points in series.values()]
        row = BlockRow(
            position=before.count,
            batches=1,
            points=sum(map(len, series.values())),
            least_step=min((least for least, _ in steps), default=None),
            greatest_step=max((greatest for _, greatest in steps), default=None),
            record=record,
            body=body,
        )
        self._put_block(of.id, row)
        if series:
            values, others = merged_values(self._context, of, series)
            self._upsert(run_value, values, ["run_id", "key_id"])
            self._upsert(run_series, others, ["run_id", "key_id"])
        head = extend(bytes.fromhex(before.head), chained(record, canonical(series))).hex()
        after = Chain(of.id, head, before.count + 1, before.audited_count, before.audited_at)
        _EXTEND.run(self._connection, of_run=of.id, new_head=head, new_count=after.count)
        return after

    def _put_block(self, run_id: int, row: BlockRow) -> None:
        values = {
            "run_id": run_id,
            "position": row.position,
            "points": row.points,
            "least_step": row.least_step,
            "greatest_step": row.greatest_step,
            "record": row.record,
            "body": row.body,
            "batches": row.batches,
            "size": len(row.record) + len(row.body),
        }
        self._insert(block, values)

    def batches(self, run_id: int) -> Iterator[bytes]:
        position = -1
        while True:
            query = (
                select(*_COLUMNS)
                .where(block.c.run_id == run_id, block.c.position > position)
                .order_by(block.c.position)
                .limit(_AT_ONCE)
            )
            rows = [BlockRow(*row) for row in self._connection.execute(query)]
            for row in rows:
                yield from covered(row)
            if len(rows) < _AT_ONCE:
                return
            position = rows[-1].position

    def blocks(self, run_id: int, least: int, greatest: int) -> Iterator[BlockRow]:
        place = tuple_(block.c.least_step, block.c.position)
        query = (
            select(*_BODIES)
            .where(block.c.run_id == run_id, block.c.greatest_step >= least, block.c.least_step <= greatest)
            .order_by(block.c.least_step, block.c.position)
            .limit(_AT_ONCE)
        )
        following = query
        while True:
            rows = self._connection.execute(following).all()
            for position, batches, points, least_step, greatest_step, body in rows:
                yield BlockRow(position, batches, points, least_step, greatest_step, b"", body)
            if len(rows) < _AT_ONCE:
                return
            following = query.where(place > tuple_(rows[-1].least_step, rows[-1].position))

    # -- merging -------------------------------------------------------------------------------------------------

    def loose(self, limit: int) -> Sequence[int]:
        query = select(run_chain.c.run_id).where(run_chain.c.loose >= DUE).order_by(run_chain.c.loose.desc())
        return list(self._connection.execute(query.limit(limit)).scalars())

    def over(self, run_id: int) -> None:
        several = (run_chain.c.run_id == run_id, run_chain.c["count"] > 1)
        self._connection.execute(update(run_chain).where(*several).values(loose=run_chain.c.loose + DUE))

    def block_sizes(self, run_id: int, limit: int) -> Sequence[BlockSize]:
        query = select(*_SIZES).where(block.c.run_id == run_id).order_by(block.c.position.desc()).limit(limit)
        return [BlockSize(*row) for row in reversed(self._connection.execute(query).all())]

    def block_rows(self, run_id: int, first: int, last: int) -> Sequence[BlockRow]:
        query = select(*_COLUMNS).where(block.c.run_id == run_id, block.c.position.between(first, last))
        return [BlockRow(*row) for row in self._connection.execute(query.order_by(block.c.position))]

    def replace_blocks(self, run_id: int, old: Sequence[BlockSize], new: BlockRow) -> bool:
        within = (block.c.run_id == run_id, block.c.position.between(old[0].position, old[-1].position))
        query = select(*_SIZES).where(*within).order_by(block.c.position).with_for_update()
        if [BlockSize(*row) for row in self._connection.execute(query)] != list(old):
            return False
        self._connection.execute(delete(block).where(*within))
        self._put_block(run_id, new)
        singles = sum(row.batches == 1 for row in old)
        self._connection.execute(
            update(run_chain)
            .where(run_chain.c.run_id == run_id, run_chain.c.loose >= singles)
            .values(loose=run_chain.c.loose - singles)
        )
        return True

    def settle(self, run_id: int) -> None:
        self._connection.execute(update(run_chain).where(run_chain.c.run_id == run_id).values(loose=0))


_SIZES = [block.c[name] for name in ("position", "batches", "points", "size")]
_COLUMNS = [
    block.c[name] for name in ("position", "batches", "points", "least_step", "greatest_step", "record", "body")
]
_BODIES = [block.c[name] for name in ("position", "batches", "points", "least_step", "greatest_step", "body")]

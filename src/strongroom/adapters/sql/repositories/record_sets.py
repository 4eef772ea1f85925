"""Record sets in SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, batches, dump_json, load
from strongroom.adapters.sql.repositories.experiments import visible_where
from strongroom.adapters.sql.tables import eval_record, namespace, principal, record_set, record_set_experiment
from strongroom.application.paging import Key
from strongroom.domain.identity.access import Visible
from strongroom.domain.tracking.record_sets import EvalRecord, RecordSet, Schema

_ELSEWHERE = {"id", "namespace_path", "namespace_slug_path", "created_by"}
_OWN = [field.name for field in fields(RecordSet) if field.name not in _ELSEWHERE]
_RECORD = [eval_record.c[field.name] for field in fields(EvalRecord)]
_JSON = ("inputs", "outputs", "expectations", "tags", "source")


def _select() -> Select[Any]:
    return (
        select(
            record_set.c.id,
            *(record_set.c[name] for name in _OWN),
            namespace.c.path.label("namespace_path"),
            namespace.c.slug_path.label("namespace_slug_path"),
            principal.c.uid.label("created_by"),
        )
        .join(namespace, namespace.c.id == record_set.c.namespace_id)
        .join(principal, principal.c.id == record_set.c.created_by)
    )


def _load(row: AnyRow) -> RecordSet:
    return load(RecordSet, row, schema=json.loads(row.schema))


def _record(row: AnyRow) -> EvalRecord:
    read = {name: json.loads(getattr(row, name)) if getattr(row, name) is not None else None for name in _JSON}
    return load(EvalRecord, row, **read)


class SqlRecordSets(Repository):
    """See :class:`strongroom.application.ports.record_sets.RecordSets`."""

    def add(self, new: RecordSet) -> RecordSet:
        values = {name: getattr(new, name) for name in _OWN} | {"schema": dump_json(dict(new.schema))}
        values["created_by"] = select(principal.c.id).where(principal.c.uid == new.created_by).scalar_subquery()
        made = self._connection.execute(insert(record_set).values(values).returning(record_set.c.id)).scalar_one()
        return replace(new, id=made)

    def by_uid(self, workspace_id: int, uid: str) -> RecordSet | None:
        query = _select().where(record_set.c.uid == uid, record_set.c.workspace_id == workspace_id)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def lock(self, set_id: int) -> RecordSet | None:
        query = _select().where(record_set.c.id == set_id).with_for_update(of=record_set)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def count(self, workspace_id: int) -> int:
        query = select(func.count()).select_from(record_set).where(record_set.c.workspace_id == workspace_id)
        return self._connection.execute(query).scalar_one()

    def list(self, workspace_id: int, visible: Visible, experiments: Sequence[int] | None) -> Sequence[RecordSet]:
        query = _select().where(record_set.c.workspace_id == workspace_id, visible_where(visible))
        if experiments is not None:
            theirs = select(record_set_experiment.c.set_id).where(
                record_set_experiment.c.experiment_id.in_(experiments)
            )
            query = query.where(record_set.c.id.in_(theirs))
        return [_load(row) for row in self._connection.execute(query.order_by(record_set.c.id.desc()))]

    def update(self, one: RecordSet, *, schema: Schema, records: int, bytes_: int, changed: bool) -> RecordSet:
        now = self._context.now()
        new = replace(
            one,
            schema=schema,
            records=records,
            bytes=bytes_,
            generation=one.generation + changed,
            etag=one.etag + 1,
            updated_at=now,
        )
        names = ("records", "bytes", "generation", "etag", "updated_at")
        values = {name: getattr(new, name) for name in names} | {"schema": dump_json(dict(schema))}
        self._connection.execute(update(record_set).where(record_set.c.id == one.id).values(values))
        return new

    def remove(self, one: RecordSet) -> None:
        for table in (eval_record, record_set_experiment):
            self._connection.execute(delete(table).where(table.c.set_id == one.id))
        self._connection.execute(delete(record_set).where(record_set.c.id == one.id))

    def of_keys(self, set_id: int, keys: Sequence[str]) -> Mapping[str, EvalRecord]:
        found: dict[str, EvalRecord] = {}
        for some in batches(keys):
            query = select(*_RECORD).where(eval_record.c.set_id == set_id, eval_record.c.key.in_(some))
            found.update((row.key, _record(row)) for row in self._connection.execute(query))
        return found

    def put(self, set_id: int, records: Sequence[EvalRecord]) -> None:
        rows = [_row(set_id, one) for one in records]
        self._upsert(eval_record, rows, ["set_id", "key"])

    def records(self, set_id: int, after: Key | None, limit: int) -> Sequence[EvalRecord]:
        query = select(*_RECORD).where(eval_record.c.set_id == set_id).order_by(eval_record.c.id).limit(limit)
        if after is not None:
            query = query.where(eval_record.c.id > after[0])
        return [_record(row) for row in self._connection.execute(query)]

    def drop(self, set_id: int, uids: Sequence[str]) -> tuple[int, int]:
        sizes: list[int] = []
        for some in batches(uids):
            these = (eval_record.c.set_id == set_id, eval_record.c.uid.in_(some))
            sizes += self._connection.execute(delete(eval_record).where(*these).returning(eval_record.c.size)).scalars()
        return len(sizes), sum(sizes)

    def experiments(self, set_ids: Sequence[int]) -> Mapping[int, Sequence[int]]:
        found: dict[int, list[int]] = {}
        for some in batches(set_ids):
            query = select(record_set_experiment).where(record_set_experiment.c.set_id.in_(some))
            for row in self._connection.execute(query.order_by(record_set_experiment.c.experiment_id)):
                found.setdefault(row.set_id, []).append(row.experiment_id)
        return found

    def join(self, set_id: int, experiment_ids: Sequence[int]) -> None:
        rows = [{"set_id": set_id, "experiment_id": one} for one in experiment_ids]
        self._insert_ignore(record_set_experiment, rows)

    def part(self, set_id: int, experiment_ids: Sequence[int]) -> None:
        table = record_set_experiment
        these = (table.c.set_id == set_id, table.c.experiment_id.in_(experiment_ids))
        self._connection.execute(delete(table).where(*these))


def _row(set_id: int, one: EvalRecord) -> dict[str, Any]:
    said = {name: getattr(one, name) for name in _JSON}
    plain = {name: dump_json(value) if value is not None else None for name, value in said.items()}
    kept = {name: getattr(one, name) for name in ("uid", "key", "size", "recorded_at", "updated_at")}
    return {"set_id": set_id, **kept, **plain, "tags": dump_json(dict(one.tags))}

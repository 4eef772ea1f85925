"""Runs in SQL. What they record is in `records`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, insert, select, tuple_, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories import documents
from strongroom.adapters.sql.repositories.base import batches, begins, dump_json, load, load_json
from strongroom.adapters.sql.repositories.records import SqlRecords
from strongroom.adapters.sql.tables import experiment, principal, run
from strongroom.application.paging import Key
from strongroom.application.ports.tracking import RunFilter
from strongroom.domain.tracking.model import Experiment, Run, RunState

_ELSEWHERE = {"id", "experiment_uid", "parent_uid", "created_by"}
_OWN = [field.name for field in fields(Run) if field.name not in _ELSEWHERE]
_PARENT = run.alias("parent")


@cache
def _select() -> Select[Any]:
    return (
        select(
            run.c.id,
            *(run.c[name] for name in _OWN),
            experiment.c.uid.label("experiment_uid"),
            _PARENT.c.uid.label("parent_uid"),
            principal.c.uid.label("created_by"),
        )
        .join(experiment, experiment.c.id == run.c.experiment_id)
        .join(principal, principal.c.id == run.c.created_by)
        .outerjoin(_PARENT, _PARENT.c.id == run.c.parent_id)
    )


def _load(row: Row[Any]) -> Run:
    return load(Run, row, source=load_json(row.source), state=RunState(row.state))


def _prepared(statement: Select[Any]) -> Prepared:
    return Prepared(statement, Run, source=load_json, state=RunState)


_BY_UID = _prepared(_select().where(run.c.uid == bindparam("uid"), run.c.workspace_id == bindparam("workspace")))
_BY_ID = _prepared(_select().where(run.c.id == bindparam("id")))
_BY_IDS = _prepared(_select().where(among(run.c.id, "ids")))
_IDS = Prepared(
    select(run.c.uid, run.c.id).where(among(run.c.uid, "uids"), run.c.workspace_id == bindparam("workspace"))
)
# NO KEY UPDATE: child runs may be added beside a writer
_LOCK = _prepared(_select().where(run.c.id == bindparam("id")).with_for_update(of=run, key_share=True))


class SqlRuns(SqlRecords):
    """See :class:`strongroom.application.ports.tracking.Runs`."""

    def by_uid(self, workspace_id: int, uid: str) -> Run | None:
        found: Run | None = _BY_UID.one(self._connection, uid=uid, workspace=workspace_id)
        return found

    def by_id(self, run_id: int) -> Run:
        found: Run = _BY_ID.exactly_one(self._connection, id=run_id)
        return found

    def by_ids(self, run_ids: Sequence[int]) -> Mapping[int, Run]:
        found = _BY_IDS.rows(self._connection, ids=run_ids) if run_ids else []
        return {one.id: one for one in found}

    def ids(self, workspace_id: int, uids: Sequence[str]) -> Mapping[str, int]:
        return dict(_IDS.rows(self._connection, uids=uids, workspace=workspace_id)) if uids else {}

    def environment(self, run_id: int) -> str:
        text: str = self._connection.execute(select(run.c.environment).where(run.c.id == run_id)).scalar_one()
        return text

    def add(self, new: Run, parent: Run | None, environment: str) -> Run:
        values = {name: getattr(new, name) for name in _OWN}
        values["source"] = dump_json(new.source)
        values["environment"] = environment
        values["parent_id"] = parent.id if parent else None
        values["created_by"] = select(principal.c.id).where(principal.c.uid == new.created_by).scalar_subquery()
        run_id = self._connection.execute(insert(run).values(values).returning(run.c.id)).scalar_one()
        self._begin_chain(run_id)
        documents.note_new(self._connection, "run", new.workspace_id, run_id, new)
        return replace(new, id=run_id)

    def lock(self, run_id: int) -> Run:
        found: Run = _LOCK.exactly_one(self._connection, id=run_id)
        return found

    def update(self, old: Run, /, **changes: object) -> Run:
        values: dict[str, Any] = {**changes, "etag": run.c.etag + 1}
        if "source" in changes:
            values["source"] = dump_json(changes["source"])
        self._connection.execute(update(run).where(run.c.id == old.id).values(values))
        documents.note(self._connection, "run", old.id, changes)
        known: dict[str, Any] = {**changes, "etag": old.etag + 1}
        if "state" in changes:
            known["state"] = RunState(str(changes["state"]))
        return replace(old, **known)

    def depth(self, run_id: int) -> int:
        above = select(run.c.id, run.c.parent_id).where(run.c.id == run_id).cte("above", recursive=True)
        parents = run.alias("parents")
        above = above.union_all(select(parents.c.id, parents.c.parent_id).where(parents.c.id == above.c.parent_id))
        found: int = self._connection.execute(select(func.count()).select_from(above)).scalar_one()
        return found

    def children(self, run_ids: Sequence[int], limit: int) -> Sequence[Run]:
        found: list[Run] = []
        for batch in batches(run_ids):
            query = _select().where(run.c.parent_id.in_(batch), run.c.deleted_at.is_(None))
            rows = self._connection.execute(query.order_by(run.c.id).limit(limit - len(found)))
            found += [_load(row) for row in rows]
            if len(found) >= limit:
                break
        return found

    def list(self, of: Experiment, wanted: RunFilter, after: Key | None, limit: int) -> Sequence[Run]:
        trashed = run.c.deleted_at.is_not(None) if wanted.trashed else run.c.deleted_at.is_(None)
        query = _select().where(run.c.experiment_id == of.id, trashed)
        same = {"state": wanted.state, "kind": wanted.kind, "parent_id": wanted.parent_id}
        query = query.where(*(run.c[name] == value for name, value in same.items() if value is not None))
        if wanted.name_prefix:
            query = query.where(begins(run.c.name, wanted.name_prefix))
        if after is not None:
            query = query.where(tuple_(run.c.started_at, run.c.id) < tuple_(*after))
        query = query.order_by(run.c.started_at.desc(), run.c.id.desc()).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

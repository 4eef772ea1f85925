"""Logged models in SQL, with their params and measurements. Writers hold the model's lock."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, tuple_, update

from strongroom.adapters.sql.repositories.base import Repository, batches, load, weighed
from strongroom.adapters.sql.tables import (
    experiment,
    logged_model,
    logged_model_param,
    logged_model_point,
    logged_model_value,
    name_dict,
    principal,
    run,
)
from strongroom.application.paging import Key
from strongroom.application.ports.logged_models import LoggedModelFilter
from strongroom.domain.tracking.logged_models import Latest, LoggedModel, Measurement, ModelStatus
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.values import Param, Point, point_rank, spelled_number

_OWN = [
    "uid", "workspace_id", "experiment_id", "run_id", "name", "type", "status", "etag", "recorded_at", "updated_at",
    "deleted_at", "claimed_at",
]  # fmt: skip
NO_DATASET = 0
_POINT = [column for column in logged_model_point.c if column.name != "position"]


@cache
def _select() -> Select[Any]:
    return (
        select(
            logged_model.c.id,
            *(logged_model.c[name] for name in _OWN),
            experiment.c.uid.label("experiment_uid"),
            run.c.uid.label("run_uid"),
            principal.c.uid.label("created_by"),
        )
        .join(experiment, experiment.c.id == logged_model.c.experiment_id)
        .join(principal, principal.c.id == logged_model.c.created_by)
        .outerjoin(run, run.c.id == logged_model.c.run_id)
    )


def _load(row: Row[Any]) -> LoggedModel:
    return load(LoggedModel, row, status=ModelStatus(row.status))


def _characters(row: Row[Any]) -> int:
    return len(row.key) + len(getattr(row, "text", ""))


def _param(row: Row[Any]) -> Param:
    return Param(row.key, row.text)


def _measurement(row: Row[Any], key: str, step: int, time_us: int, value: float | None) -> Measurement:
    point = Point(step, time_us, math.nan if value is None else value)
    return Measurement(key, point, row.run_id, row.dataset_id or None)


def _latest(row: Row[Any]) -> Latest:
    return Latest(_measurement(row, row.key, row.last_step, row.last_time, row.last), row.run_uid, row.points)


class SqlLoggedModels(Repository):
    """See :class:`strongroom.application.ports.logged_models.LoggedModels`."""

    def by_uid(self, workspace_id: int, uid: str) -> LoggedModel | None:
        query = _select().where(logged_model.c.uid == uid, logged_model.c.workspace_id == workspace_id)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def by_id(self, model_id: int) -> LoggedModel:
        return _load(self._connection.execute(_select().where(logged_model.c.id == model_id)).one())

    def by_ids(self, model_ids: Sequence[int]) -> Mapping[int, LoggedModel]:
        found = {}
        for batch in batches(model_ids):
            for row in self._connection.execute(_select().where(logged_model.c.id.in_(batch))):
                found[row.id] = _load(row)
        return found

    def add(self, new: LoggedModel) -> LoggedModel:
        values: dict[str, Any] = {name: getattr(new, name) for name in _OWN}
        values["status"] = new.status.value
        values["created_by"] = select(principal.c.id).where(principal.c.uid == new.created_by).scalar_subquery()
        statement = insert(logged_model).values(values).returning(logged_model.c.id)
        return replace(new, id=self._connection.execute(statement).scalar_one())

    def lock(self, model_id: int) -> LoggedModel:
        statement = _select().where(logged_model.c.id == model_id).with_for_update(of=logged_model, key_share=True)
        return _load(self._connection.execute(statement).one())

    def update(self, old: LoggedModel, /, **changes: object) -> LoggedModel:
        now = self._context.now()
        values: dict[str, Any] = {**changes, "updated_at": now, "etag": logged_model.c.etag + 1}
        self._connection.execute(update(logged_model).where(logged_model.c.id == old.id).values(values))
        known: dict[str, Any] = {**changes, "updated_at": now, "etag": old.etag + 1}
        if "status" in changes:
            known["status"] = ModelStatus(str(changes["status"]))
        return replace(old, **known)

    def touch(self, of: LoggedModel) -> None:
        statement = update(logged_model).where(logged_model.c.id == of.id)
        self._connection.execute(statement.values(updated_at=self._context.now()))

    def list(self, of: Experiment, wanted: LoggedModelFilter, after: Key | None, limit: int) -> Sequence[LoggedModel]:
        trashed = logged_model.c.deleted_at.is_not(None) if wanted.trashed else logged_model.c.deleted_at.is_(None)
        same = {"status": wanted.status, "type": wanted.type, "name": wanted.name, "run_id": wanted.run_id}
        mine = [logged_model.c[name] == value for name, value in same.items() if value is not None]
        query = _select().where(logged_model.c.experiment_id == of.id, trashed, *mine)
        if after is not None:
            query = query.where(tuple_(logged_model.c.recorded_at, logged_model.c.id) < tuple_(*after))
        query = query.order_by(logged_model.c.recorded_at.desc(), logged_model.c.id.desc()).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

    # -- params --------------------------------------------------------------------------------------------------

    def params(self, of: LoggedModel, keys: Sequence[str]) -> Mapping[str, Param]:
        ids = self._context.name_ids(of.workspace_id, keys, create=False)
        mine = (logged_model_param.c.model_id == of.id, logged_model_param.c.key_id.in_(ids.values()))
        query: Select[Any] = select(name_dict.c.text.label("key"), logged_model_param.c.text).where(*mine)
        query = query.join(name_dict, name_dict.c.id == logged_model_param.c.key_id)
        return {row.key: _param(row) for row in self._connection.execute(query)}

    def put_params(self, of: LoggedModel, params: Sequence[Param]) -> None:
        ids = self._context.name_ids(of.workspace_id, sorted(param.key for param in params), create=True)
        rows = [
            {
                "model_id": of.id,
                "key_id": ids[param.key],
                "text": param.value,
                "number": spelled_number(param.value),
                "experiment_id": of.experiment_id,
            }
            for param in params
        ]
        if rows:
            self._connection.execute(insert(logged_model_param), rows)

    def params_of(self, model_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Sequence[Param]]]:
        found: dict[int, tuple[int, list[Param]]] = {}
        for row in self._some_of(list(logged_model_param.c), model_ids, most):
            found.setdefault(row.model_id, (row.total, []))[1].append(_param(row))
        return found

    # -- measurements --------------------------------------------------------------------------------------------

    def count_points(self, model_id: int) -> int:
        query = select(func.max(logged_model_point.c.position)).where(logged_model_point.c.model_id == model_id)
        last: int | None = self._connection.execute(query).scalar_one()
        return 0 if last is None else last + 1

    def measure(self, of: LoggedModel, points: Sequence[Measurement]) -> None:
        if not points:
            return
        ids = self._context.name_ids(of.workspace_id, sorted({point.key for point in points}), create=True)
        first = self.count_points(of.id)
        rows = [
            {
                "model_id": of.id,
                "position": first + number,
                "key_id": ids[one.key],
                "dataset_id": one.dataset_id or NO_DATASET,
                "run_id": one.run_id,
                "step": one.point.step,
                "time": one.point.time_us,
                "value": None if math.isnan(one.point.value) else one.point.value,
            }
            for number, one in enumerate(points)
        ]
        self._connection.execute(insert(logged_model_point), rows)
        self._keep_latest(of, points, ids)

    def _keep_latest(self, of: LoggedModel, points: Sequence[Measurement], ids: Mapping[str, int]) -> None:
        table = logged_model_value
        query = select(*_VALUES).where(table.c.model_id == of.id, table.c.key_id.in_(set(ids.values())))
        known: dict[tuple[int, int], tuple[Measurement, int]] = {}
        for row in self._connection.execute(query):
            measured = _measurement(row, "", row.last_step, row.last_time, row.last)
            known[row.key_id, row.dataset_id] = measured, row.points
        changed = set()
        for one in points:
            place = ids[one.key], one.dataset_id or NO_DATASET
            latest, count = known.get(place, (one, 0))
            later = point_rank(one.point) > point_rank(latest.point)
            known[place] = (one if later else latest), count + 1
            changed.add(place)
        rows = [self._value_row(of, place, *known[place]) for place in sorted(changed)]
        self._upsert(table, rows, ["model_id", "key_id", "dataset_id"])

    def _value_row(self, of: LoggedModel, place: tuple[int, int], latest: Measurement, count: int) -> dict[str, Any]:
        return {
            "model_id": of.id,
            "key_id": place[0],
            "dataset_id": place[1],
            "experiment_id": of.experiment_id,
            "run_id": latest.run_id,
            "last": None if math.isnan(latest.point.value) else latest.point.value,
            "last_step": latest.point.step,
            "last_time": latest.point.time_us,
            "count": count,
        }

    def latest_of(self, model_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Sequence[Latest]]]:
        found: dict[int, tuple[int, list[Latest]]] = {}
        for row in self._some_of(_VALUES, model_ids, most, logged_model_value.c.dataset_id):
            found.setdefault(row.model_id, (row.total, []))[1].append(_latest(row))
        return found

    def points(
        self, model_id: int, key: str, after: Key | None, limit: int
    ) -> Sequence[tuple[Key, Measurement, str | None]]:
        table = logged_model_point
        place = (table.c.step, table.c.time, table.c.position)
        query: Select[Any] = (
            select(*_POINT, table.c.position, run.c.uid.label("run_uid"))
            .join(name_dict, name_dict.c.id == table.c.key_id)
            .outerjoin(run, run.c.id == table.c.run_id)
            .where(table.c.model_id == model_id, name_dict.c.text == key)
            .order_by(*place)
            .limit(limit)
        )
        if after is not None:
            query = query.where(tuple_(*place) > tuple_(*after))
        return [
            ((row.step, row.time, row.position), _measurement(row, key, row.step, row.time, row.value), row.run_uid)
            for row in self._connection.execute(query)
        ]

    def _some_of(
        self, columns: Sequence[Any], model_ids: Sequence[int], most: int, *more: ColumnElement[Any]
    ) -> Iterator[Row[Any]]:
        """At most `most` rows of each logged model with their keys, and how many there are; oldest keys first."""
        model_id, key_id = columns[0], columns[1]
        for batch in batches(model_ids):
            place = func.row_number().over(partition_by=model_id, order_by=(key_id, *more)).label("place")
            total = func.count().over(partition_by=model_id).label("total")
            ranked = select(*columns, place, total).where(model_id.in_(batch)).subquery()
            query: Select[Any] = (
                select(ranked, name_dict.c.text.label("key"))
                .join(name_dict, name_dict.c.id == ranked.c.key_id)
                .where(ranked.c.place <= most)
                .order_by(ranked.c.model_id, name_dict.c.text, ranked.c.place)
            )
            if "run_id" in ranked.c:
                # asked row by row: joined, PostgreSQL reads all runs there are for a page of models
                uid = select(run.c.uid).where(run.c.id == ranked.c.run_id).scalar_subquery()
                query = query.add_columns(uid.label("run_uid"))
            yield from weighed(self._connection, query, len(batch), most, _characters)


#: `count` is a method of rows, so the column is read by another name.
_VALUES = [column for column in logged_model_value.c if column.name != "count"]
_VALUES.append(logged_model_value.c["count"].label("points"))  # type: ignore[arg-type]

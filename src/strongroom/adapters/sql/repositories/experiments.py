"""Experiments in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, false, insert, or_, select, true, tuple_, update
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories import documents
from strongroom.adapters.sql.repositories.base import Repository, begins, load
from strongroom.adapters.sql.repositories.namespaces import in_subtree
from strongroom.adapters.sql.tables import experiment, namespace, principal
from strongroom.application.paging import Key
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.identity.access import Visible
from strongroom.domain.registry.model import Namespace
from strongroom.domain.tracking.model import Experiment

_ELSEWHERE = {"id", "namespace_path", "namespace_slug_path", "created_by"}
_OWN = [field.name for field in fields(Experiment) if field.name not in _ELSEWHERE]


@cache
def _select() -> Select[Any]:
    return (
        select(
            experiment.c.id,
            *(experiment.c[name] for name in _OWN),
            namespace.c.path.label("namespace_path"),
            namespace.c.slug_path.label("namespace_slug_path"),
            principal.c.uid.label("created_by"),
        )
        .join(namespace, namespace.c.id == experiment.c.namespace_id)
        .join(principal, principal.c.id == experiment.c.created_by)
    )


def visible_where(visible: Visible) -> ColumnElement[bool]:
    """A grant on an asset, or public reading, shows no experiment: those need a grant on their namespace or above."""
    if visible.whole_workspace:
        return true()
    return or_(*(in_subtree(path) for path in visible.namespaces)) if visible.namespaces else false()


_STATES: dict[str, list[ColumnElement[bool]]] = {
    "active": [experiment.c.deleted_at.is_(None)],
    "trashed": [experiment.c.deleted_at.is_not(None)],
    "all": [],
}


_BY_UID = Prepared(
    _select().where(experiment.c.uid == bindparam("uid"), experiment.c.workspace_id == bindparam("workspace")),
    Experiment,
)
_BY_ID = Prepared(_select().where(experiment.c.id == bindparam("id")), Experiment)
_BY_IDS = Prepared(_select().where(among(experiment.c.id, "ids")), Experiment)
_BY_NAME = Prepared(
    _select().where(experiment.c.namespace_id == bindparam("namespace"), experiment.c.name == bindparam("name")),
    Experiment,
)


class SqlExperiments(Repository):
    """See :class:`strongroom.application.ports.tracking.Experiments`."""

    def by_uid(self, workspace_id: int, uid: str) -> Experiment | None:
        found: Experiment | None = _BY_UID.one(self._connection, uid=uid, workspace=workspace_id)
        return found

    def by_id(self, experiment_id: int) -> Experiment:
        found: Experiment = _BY_ID.exactly_one(self._connection, id=experiment_id)
        return found

    def by_ids(self, experiment_ids: Sequence[int]) -> Mapping[int, Experiment]:
        found = _BY_IDS.rows(self._connection, ids=experiment_ids) if experiment_ids else []
        return {one.id: one for one in found}

    def by_name(self, namespace_id: int, name: str) -> Experiment | None:
        found: Experiment | None = _BY_NAME.one(self._connection, namespace=namespace_id, name=name)
        return found

    def add(self, new: Experiment) -> Experiment:
        new = replace(new, updated_at=new.recorded_at)
        values = {name: getattr(new, name) for name in _OWN}
        values["created_by"] = select(principal.c.id).where(principal.c.uid == new.created_by).scalar_subquery()
        try:
            found = self._connection.execute(insert(experiment).values(values).returning(experiment.c.id)).scalar_one()
        except IntegrityError as error:
            raise AlreadyExists("There is an experiment of that name, maybe in the trash.") from error
        documents.note_new(self._connection, "experiment", new.workspace_id, found, new)
        return replace(new, id=found)

    def lock(self, experiment_id: int) -> Experiment:
        statement = _select().where(experiment.c.id == experiment_id).with_for_update(of=experiment, key_share=True)
        return load(Experiment, self._connection.execute(statement).one())

    def hold(self, experiment_id: int) -> Experiment:
        statement = _select().where(experiment.c.id == experiment_id).with_for_update(of=experiment, read=True)
        return load(Experiment, self._connection.execute(statement).one())

    def update(self, old: Experiment, /, **changes: object) -> Experiment:
        changes = {**changes, "updated_at": self._context.now()}
        values: dict[str, Any] = {**changes, "etag": experiment.c.etag + 1}
        self._connection.execute(update(experiment).where(experiment.c.id == old.id).values(values))
        documents.note(self._connection, "experiment", old.id, changes)
        known: dict[str, Any] = {**changes, "etag": old.etag + 1}
        return replace(old, **known)

    def move(self, old: Experiment, to: Namespace, name: str, /) -> Experiment:
        try:
            moved = self.update(old, namespace_id=to.id, name=name)
        except IntegrityError as error:
            raise AlreadyExists("There is an experiment of that name, maybe in the trash.") from error
        return replace(moved, namespace_path=to.path, namespace_slug_path=to.slug_path)

    def list(
        self,
        workspace_id: int,
        visible: Visible,
        *,
        namespace: str | None,
        name_prefix: str | None,
        state: str,
        after: Key | None,
        limit: int,
    ) -> Sequence[Experiment]:
        query = _select().where(experiment.c.workspace_id == workspace_id, visible_where(visible), *_STATES[state])
        if namespace:
            query = query.where(in_subtree(namespace))
        if name_prefix:
            query = query.where(begins(experiment.c.name, name_prefix))
        if after is not None:
            query = query.where(tuple_(experiment.c.recorded_at, experiment.c.id) < tuple_(*after))
        query = query.order_by(experiment.c.recorded_at.desc(), experiment.c.id.desc()).limit(limit)
        return [load(Experiment, row) for row in self._connection.execute(query)]

"""Automations and their runs in SQL."""

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json, load
from strongroom.adapters.sql.tables import audit, audit_leaf, automation, automation_run, principal
from strongroom.application.ports.automations import LoggedRun
from strongroom.domain.automations.model import Action, Automation, AutomationRun, AutomationState, RunState
from strongroom.domain.search.schema import Entity

_OWN = [field.name for field in fields(Automation) if field.name not in {"id", "owner"}]
_RUN = [automation_run.c[field.name] for field in fields(AutomationRun)]
_ENABLED = automation.c.state == AutomationState.ENABLED.value
_LIVE = automation.c.state != AutomationState.DELETED.value
_PENDING = automation_run.c.state == RunState.PENDING.value


@cache
def _select() -> Select[Any]:
    own = [automation.c[name] for name in _OWN]
    return select(automation.c.id, *own, principal.c.uid.label("owner")).join(
        principal, principal.c.id == automation.c.owner_id
    )


def _load(row: AnyRow) -> Automation:
    changed = {"types": tuple(json.loads(row.types)), "action": Action.load(json.loads(row.action))}
    return load(Automation, row, about=Entity(row.about), state=AutomationState(row.state), **changed)


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    if "types" in values:
        values["types"] = dump_json(list(values["types"]))
    if "action" in values:
        values["action"] = dump_json(values["action"].stored())
    return {name: getattr(value, "value", value) for name, value in values.items()}


def _load_run(row: AnyRow) -> AutomationRun:
    values = {column.name: getattr(row, column.name) for column in _RUN}
    return AutomationRun(**{**values, "state": RunState(row.state)})


class SqlAutomations(Repository):
    """See :class:`strongroom.application.ports.automations.Automations`."""

    def add(self, new: Automation) -> Automation:
        values = _stored({name: getattr(new, name) for name in _OWN})
        made = self._connection.execute(insert(automation).values(values).returning(automation.c.id)).scalar_one()
        return replace(new, id=made)

    def by_uid(self, workspace_id: int, uid: str) -> Automation | None:
        query = _select().where(automation.c.uid == uid, automation.c.workspace_id == workspace_id, _LIVE)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def by_id(self, automation_id: int) -> Automation:
        return _load(self._connection.execute(_select().where(automation.c.id == automation_id)).one())

    def lock(self, automation_id: int) -> Automation:
        query = _select().where(automation.c.id == automation_id).with_for_update(of=automation)
        return _load(self._connection.execute(query).one())

    def count(self, workspace_id: int) -> int:
        query = select(func.count()).select_from(automation).where(automation.c.workspace_id == workspace_id, _LIVE)
        return self._connection.execute(query).scalar_one()

    def list(self, workspace_id: int, after_id: int, limit: int) -> Sequence[Automation]:
        query = _select().where(automation.c.workspace_id == workspace_id, automation.c.id > after_id, _LIVE)
        return [_load(row) for row in self._connection.execute(query.order_by(automation.c.id).limit(limit))]

    def update(self, old: Automation, /, **changes: object) -> Automation:
        values = _stored({**changes}) | {"etag": automation.c.etag + 1}
        self._connection.execute(update(automation).where(automation.c.id == old.id).values(values))
        return self.by_id(old.id)

    def behind(self, head: int, limit: int) -> Sequence[int]:
        query = select(automation.c.id).where(_ENABLED, automation.c.after < head)
        return self._connection.execute(query.order_by(automation.c.after).limit(limit)).scalars().all()

    def claim(self, automation_id: int) -> Automation | None:
        mine = _select().where(automation.c.id == automation_id, _ENABLED)
        row = self._connection.execute(mine.with_for_update(of=automation, skip_locked=True)).one_or_none()
        return _load(row) if row else None

    def move(self, automation_id: int, after: int) -> None:
        self._connection.execute(update(automation).where(automation.c.id == automation_id).values(after=after))

    def expect(self, automation_id: int, leaves: Sequence[int], now: int) -> None:
        fresh = {"automation_id": automation_id, "state": RunState.PENDING.value, "code": "", "effect": None}
        times = {"tries": 0, "next_at": now, "recorded_at": now, "ended_at": None}
        self._insert_ignore(automation_run, [{**fresh, **times, "leaf": leaf} for leaf in leaves])

    def due(self, now: int, limit: int) -> Sequence[tuple[int, int]]:
        query = (
            select(automation_run.c.automation_id, automation_run.c.leaf)
            .join(automation, automation.c.id == automation_run.c.automation_id)
            .where(_PENDING, automation_run.c.next_at <= now, _ENABLED)
            .order_by(automation_run.c.leaf)
            .limit(limit)
        )
        return [(row.automation_id, row.leaf) for row in self._connection.execute(query)]

    def take(self, automation_id: int, leaf: int, now: int) -> AutomationRun | None:
        mine = (automation_run.c.automation_id == automation_id, automation_run.c.leaf == leaf)
        query = select(*_RUN).where(*mine, _PENDING, automation_run.c.next_at <= now)
        row = self._connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
        return _load_run(row) if row else None

    def end(self, run: AutomationRun, state: RunState, code: str, effect: str | None, next_at: int) -> None:
        mine = (automation_run.c.automation_id == run.automation_id, automation_run.c.leaf == run.leaf)
        ended = None if state is RunState.PENDING else self._context.now()
        values = {"state": state.value, "code": code, "effect": effect, "next_at": next_at, "ended_at": ended}
        self._connection.execute(update(automation_run).where(*mine).values(values | {"tries": run.tries + 1}))

    def cancel(self, automation_id: int) -> None:
        mine = (automation_run.c.automation_id == automation_id, _PENDING)
        values = {"state": RunState.CANCELLED.value, "ended_at": self._context.now()}
        self._connection.execute(update(automation_run).where(*mine).values(values))

    def runs(self, automation_id: int, state: str | None, below: int | None, limit: int) -> Sequence[LoggedRun]:
        query = (
            select(*_RUN, audit.c.uid.label("event_uid"), audit.c.action)
            .join(audit_leaf, audit_leaf.c.leaf == automation_run.c.leaf)
            .join(audit, audit.c.id == audit_leaf.c.audit_id)
            .where(automation_run.c.automation_id == automation_id)
        )
        if state is not None:
            query = query.where(automation_run.c.state == state)
        if below is not None:
            query = query.where(automation_run.c.leaf < below)
        rows = self._connection.execute(query.order_by(automation_run.c.leaf.desc()).limit(limit))
        return [LoggedRun(_load_run(row), row.event_uid, row.action) for row in rows]

    def forget(self, before: int) -> int:
        statement = delete(automation_run).where(automation_run.c.recorded_at < before, ~_PENDING)
        return self._connection.execute(statement).rowcount

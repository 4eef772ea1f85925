"""Deliveries in SQL: leased by moving `next_at` ahead, one of a lane at a time."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json
from strongroom.adapters.sql.tables import audit, audit_leaf, delivery, webhook
from strongroom.application.ports.events import LoggedDelivery
from strongroom.domain.events.model import Attempt, Delivery, DeliveryState, Outcome, WebhookState

LOGGED_MOST = 20
_PENDING = delivery.c.state == DeliveryState.PENDING.value
_before = delivery.alias("before")


def _load(row: AnyRow) -> Delivery:
    log = [Attempt(one["at"], Outcome(one["outcome"]), one["status"], one["ms"]) for one in json.loads(row.log)]
    values = {column.name: getattr(row, column.name) for column in delivery.c}
    return Delivery(**{**values, "state": DeliveryState(row.state), "log": log})


class SqlDeliveries(Repository):
    """See :class:`strongroom.application.ports.events.Deliveries`."""

    def add(self, webhook_id: int, events: Sequence[tuple[int, str]], now: int) -> None:
        fresh = {
            "webhook_id": webhook_id,
            "state": DeliveryState.PENDING.value,
            "tries": 0,
            "next_at": now,
            "first_at": None,
            "last_status": None,
            "log": "[]",
            "recorded_at": now,
        }
        self._insert_ignore(delivery, [{**fresh, "leaf": leaf, "lane": lane} for leaf, lane in events])

    def due(self, now: int, limit: int) -> Sequence[int]:
        waiting = exists().where(delivery.c.webhook_id == webhook.c.id, _PENDING, delivery.c.next_at <= now)
        query = select(webhook.c.id).where(webhook.c.state == WebhookState.ACTIVE.value, waiting).limit(limit)
        return list(self._connection.execute(query).scalars())

    def claim(self, webhook_id: int, now: int, until: int, limit: int) -> Sequence[Delivery]:
        earlier = exists().where(
            _before.c.webhook_id == delivery.c.webhook_id,
            _before.c.lane == delivery.c.lane,
            _before.c.state == DeliveryState.PENDING.value,
            _before.c.leaf < delivery.c.leaf,
        )
        query = (
            select(delivery)
            .where(delivery.c.webhook_id == webhook_id, _PENDING, delivery.c.next_at <= now, ~earlier)
            .order_by(delivery.c.next_at, delivery.c.leaf)
            .limit(limit)
            .with_for_update(of=delivery, skip_locked=True)
        )
        found = [_load(row) for row in self._connection.execute(query)]
        if found:
            mine = (delivery.c.webhook_id == webhook_id, delivery.c.leaf.in_([one.leaf for one in found]))
            self._connection.execute(update(delivery).where(*mine).values(next_at=until))
        return [replace(one, next_at=until) for one in found]

    def finish(self, claimed: Delivery, attempt: Attempt, *, state: DeliveryState, next_at: int, first_at: int) -> bool:
        log = [*claimed.log, attempt][-LOGGED_MOST:]
        values = {
            "state": state.value,
            "tries": delivery.c.tries + 1,
            "next_at": next_at,
            "first_at": first_at,
            "last_status": attempt.status,
            "log": dump_json([asdict(one) for one in log]),
        }
        mine = and_(*_is(claimed.webhook_id, claimed.leaf), _PENDING, delivery.c.next_at == claimed.next_at)
        if self._connection.execute(update(delivery).where(mine).values(values)).rowcount == 0:
            return False
        lane = (delivery.c.webhook_id == claimed.webhook_id, delivery.c.lane == claimed.lane, _PENDING)
        behind = (*lane, delivery.c.leaf > claimed.leaf)
        if state is DeliveryState.PENDING:  # those behind it need not be looked at before
            waiting = (*behind, delivery.c.next_at < next_at)
            self._connection.execute(update(delivery).where(*waiting).values(next_at=next_at))
        elif claimed.log:  # they were put off with it; now they may go
            self._connection.execute(update(delivery).where(*behind).values(next_at=next_at))
        return True

    def get(self, webhook_id: int, leaf: int) -> Delivery | None:
        row = self._connection.execute(select(delivery).where(*_is(webhook_id, leaf))).one_or_none()
        return _load(row) if row else None

    def again(self, webhook_id: int, leaf: int, now: int) -> None:
        values = {"state": DeliveryState.PENDING.value, "tries": 0, "next_at": now, "first_at": None}
        self._connection.execute(update(delivery).where(*_is(webhook_id, leaf)).values(values))

    def list(self, webhook_id: int, state: str | None, below: int | None, limit: int) -> Sequence[LoggedDelivery]:
        query = (
            select(delivery, audit.c.uid, audit.c.action)
            .join(audit_leaf, audit_leaf.c.leaf == delivery.c.leaf)
            .join(audit, audit.c.id == audit_leaf.c.audit_id)
            .where(delivery.c.webhook_id == webhook_id)
        )
        if state is not None:
            query = query.where(delivery.c.state == state)
        if below is not None:
            query = query.where(delivery.c.leaf < below)
        rows = self._connection.execute(query.order_by(delivery.c.leaf.desc()).limit(limit))
        return [LoggedDelivery(_load(row), row.uid, row.action) for row in rows]

    def forget(self, before: int) -> int:
        deleted = select(webhook.c.id).where(webhook.c.state == WebhookState.DELETED.value)
        over = or_(delivery.c.state != DeliveryState.PENDING.value, delivery.c.webhook_id.in_(deleted))
        statement = delete(delivery).where(delivery.c.recorded_at < before, over)
        return self._connection.execute(statement).rowcount


def _is(webhook_id: int, leaf: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return delivery.c.webhook_id == webhook_id, delivery.c.leaf == leaf

"""Webhooks in SQL."""

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json, load
from strongroom.adapters.sql.tables import principal, webhook
from strongroom.domain.events.model import Signing, Webhook, WebhookState

_OWN = [field.name for field in fields(Webhook) if field.name not in {"id", "created_by"}]
_ACTIVE = webhook.c.state == WebhookState.ACTIVE.value
_LIVE = webhook.c.state != WebhookState.DELETED.value


def _select() -> Select[Any]:
    own = [webhook.c[name] for name in _OWN]
    return select(webhook.c.id, *own, principal.c.uid.label("created_by")).join(
        principal, principal.c.id == webhook.c.created_by
    )


def _load(row: AnyRow) -> Webhook:
    return load(
        Webhook,
        row,
        types=tuple(json.loads(row.types)),
        words=tuple(json.loads(row.words)),
        state=WebhookState(row.state),
        signing=Signing(row.signing),
        updated_at=row.updated_at or row.recorded_at,
    )


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    lists = {name: dump_json(list(values[name])) for name in ("types", "words") if name in values}
    return values | lists


class SqlWebhooks(Repository):
    """See :class:`strongroom.application.ports.events.Webhooks`."""

    def add(self, new: Webhook) -> Webhook:
        values = _stored({name: getattr(new, name) for name in _OWN})
        values["created_by"] = select(principal.c.id).where(principal.c.uid == new.created_by).scalar_subquery()
        made = self._connection.execute(insert(webhook).values(values).returning(webhook.c.id)).scalar_one()
        return replace(new, id=made)

    def by_uid(self, workspace_id: int, uid: str) -> Webhook | None:
        query = _select().where(webhook.c.uid == uid, webhook.c.workspace_id == workspace_id, _LIVE)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def by_id(self, webhook_id: int) -> Webhook:
        return _load(self._connection.execute(_select().where(webhook.c.id == webhook_id)).one())

    def list(self, workspace_id: int, after_id: int, limit: int, spelling: str | None = None) -> Sequence[Webhook]:
        query = _select().where(webhook.c.workspace_id == workspace_id, webhook.c.id > after_id, _LIVE)
        if spelling is not None:
            query = query.where(webhook.c.spelling == spelling)
        return [_load(row) for row in self._connection.execute(query.order_by(webhook.c.id).limit(limit))]

    def count(self, workspace_id: int) -> int:
        query = select(func.count()).select_from(webhook).where(webhook.c.workspace_id == workspace_id, _LIVE)
        return self._connection.execute(query).scalar_one()

    def lock(self, webhook_id: int) -> Webhook:
        query = _select().where(webhook.c.id == webhook_id).with_for_update(of=webhook)
        return _load(self._connection.execute(query).one())

    def update(self, old: Webhook, /, **changes: object) -> Webhook:
        values = _stored({**changes, "etag": webhook.c.etag + 1, "updated_at": self._context.now()})
        self._connection.execute(update(webhook).where(webhook.c.id == old.id).values(values))
        return self.by_id(old.id)

    def any(self) -> bool:
        return self._connection.execute(select(webhook.c.id).where(_LIVE).limit(1)).first() is not None

    def pause_all(self) -> Sequence[tuple[int, str]]:
        given = webhook.c.signing == Signing.GIVEN.value
        self._connection.execute(update(webhook).where(given).values(signing=Signing.DERIVED.value, sealed=None))
        values = {"state": WebhookState.PAUSED.value, "etag": webhook.c.etag + 1}
        statement = update(webhook).where(_ACTIVE).values(values).returning(webhook.c.workspace_id, webhook.c.uid)
        return [(row.workspace_id, row.uid) for row in self._connection.execute(statement)]

    def behind(self, head: int, limit: int) -> Sequence[int]:
        query = select(webhook.c.id).where(_ACTIVE, webhook.c.after < head).order_by(webhook.c.after).limit(limit)
        return list(self._connection.execute(query).scalars())

    def claim(self, webhook_id: int) -> Webhook | None:
        query = _select().where(webhook.c.id == webhook_id, _ACTIVE).with_for_update(of=webhook, skip_locked=True)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def move(self, webhook_id: int, after: int) -> None:
        self._connection.execute(update(webhook).where(webhook.c.id == webhook_id).values(after=after))

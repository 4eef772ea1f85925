"""Waivers in SQL."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, select, update

from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.repositories.base import AnyRow, Repository
from strongroom.adapters.sql.tables import asset, namespace, principal, version, waiver
from strongroom.domain.approvals.model import Waiver, WaiverState
from strongroom.domain.identity.access import Visible

_OWN: Final = (
    "id", "uid", "workspace_id", "asset_id", "version_id", "tree", "policy_name", "rule", "rule_digest", "reason",
    "etag", "recorded_at", "ends_at", "decided_at", "decision_note", "revoked_at", "revoked_reason",
)  # fmt: skip
_DECIDER, _REVOKER = principal.alias("decider"), principal.alias("revoker")


@cache
def _waivers() -> Select[Any]:
    return (
        select(
            *(waiver.c[name] for name in (*_OWN, "state")),
            waiver.c.policy_uid.label("policy"),
            principal.c.uid.label("asked_by"),
            version.c.uid.label("version_uid"),
            _DECIDER.c.uid.label("decided_by"),
            _DECIDER.c.disabled_at.label("disabled_at"),
            _REVOKER.c.uid.label("revoked_by"),
        )
        .join(principal, principal.c.id == waiver.c.asked_by)
        .outerjoin(version, version.c.id == waiver.c.version_id)
        .outerjoin(_DECIDER, _DECIDER.c.id == waiver.c.decided_by)
        .outerjoin(_REVOKER, _REVOKER.c.id == waiver.c.revoked_by)
    )


def _waiver(row: AnyRow) -> Waiver:
    more = ("policy", "asked_by", "version_uid", "decided_by", "revoked_by")
    own = {name: getattr(row, name) for name in (*_OWN, *more)}
    return Waiver(**own, state=WaiverState(row.state), disabled=row.disabled_at is not None)


class SqlWaivers(Repository):
    """See :class:`strongroom.application.ports.approvals.Waivers`."""

    def add(self, new: Waiver, by: int) -> Waiver:
        row: dict[str, Any] = {name: getattr(new, name) for name in _OWN if name != "id"}
        row |= {"policy_uid": new.policy, "state": new.state.value, "asked_by": by}
        return replace(new, id=self._insert_one(waiver, row))

    def by_uid(self, workspace_id: int, uid: str) -> Waiver | None:
        query = _waivers().where(waiver.c.uid == uid, waiver.c.workspace_id == workspace_id)
        row = self._connection.execute(query).one_or_none()
        return _waiver(row) if row else None

    def update(self, old: Waiver, /, **changes: object) -> Waiver:
        statement = update(waiver).where(waiver.c.id == old.id).values(etag=old.etag + 1, **changes)
        self._connection.execute(statement)
        return _waiver(self._connection.execute(_waivers().where(waiver.c.id == old.id)).one())

    def list(
        self,
        workspace_id: int,
        visible: Visible,
        asset_id: int | None,
        state: str | None,
        below: int | None,
        limit: int,
    ) -> Sequence[Waiver]:
        query = _waivers().join(asset, asset.c.id == waiver.c.asset_id)
        query = query.join(namespace, namespace.c.id == asset.c.namespace_id)
        query = query.where(waiver.c.workspace_id == workspace_id, visible_where(visible))
        if asset_id is not None:
            query = query.where(waiver.c.asset_id == asset_id)
        if state is not None:
            query = query.where(waiver.c.state == state)
        if below is not None:
            query = query.where(waiver.c.id < below)
        return self._all(query.order_by(waiver.c.id.desc()).limit(limit))

    def current(self, asset_id: int, now: int, limit: int) -> Sequence[Waiver]:
        waiting = (WaiverState.ASKED.value, WaiverState.GRANTED.value)
        query = _waivers().where(waiver.c.asset_id == asset_id, waiver.c.state.in_(waiting), waiver.c.ends_at > now)
        return self._all(query.order_by(waiver.c.id).limit(limit))

    def _all(self, query: Select[Any]) -> Sequence[Waiver]:
        return [_waiver(row) for row in self._connection.execute(query)]

"""What passed gates and stands there, in SQL."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, tuple_, update

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json
from strongroom.adapters.sql.repositories.decisions import aliased_in, placed_in, staged_in
from strongroom.adapters.sql.tables import flag, gate_standing, policy, version
from strongroom.application.paging import Key
from strongroom.application.ports.gates import Look, Standing

_KEYS = ("version_id", "kind", "target")
_PLACES = {"environment": placed_in, "alias": aliased_in, "stage": staged_in}


def _load(row: AnyRow) -> Standing:
    return Standing(
        row.workspace_id,
        row.version_id,
        row.kind,
        row.target,
        row.decision_id,
        row.risk_since,
        tuple(json.loads(row.reasons)),
    )


def _is(standing: Standing) -> ColumnElement[bool]:
    return and_(*(gate_standing.c[name] == getattr(standing, name) for name in _KEYS))


def _at_risk(*wanted: ColumnElement[bool]) -> Select[Any]:
    key = (gate_standing.c[name] for name in _KEYS)
    return select(gate_standing).where(gate_standing.c.risk_since.is_not(None), *wanted).order_by(*key)


class SqlStandings(Repository):
    """See :class:`strongroom.application.ports.gates.Standings`."""

    def stand(self, standing: Standing) -> None:
        row = {name: getattr(standing, name) for name in ("workspace_id", *_KEYS, "decision_id")}
        fresh = {"epoch": -1, "mark": "", "checked_at": 0, "risk_since": None, "reasons": "[]"}
        self._upsert(gate_standing, [row | fresh], _KEYS)

    def workspaces(self) -> Sequence[int]:
        one = gate_standing.c.workspace_id
        return list(self._connection.execute(select(one).distinct().order_by(one)).scalars())

    def mark(self, workspace_id: int) -> str:
        policies = select(policy.c.id, policy.c.number, policy.c.retired_at).where(
            policy.c.workspace_id == workspace_id
        )
        flags = select(func.max(flag.c.id), func.max(flag.c.removed_at)).where(flag.c.workspace_id == workspace_id)
        seen = [tuple(row) for row in self._connection.execute(policies.order_by(policy.c.id))]
        return sha256(repr((seen, tuple(self._connection.execute(flags).one()))).encode()).hexdigest()

    def due(self, workspace_id: int, mark: str, before: int, risky_before: int, limit: int) -> Sequence[Standing]:
        mine = gate_standing.c.workspace_id == workspace_id
        risky = and_(gate_standing.c.risk_since.is_not(None), gate_standing.c.checked_at < risky_before)
        changed = gate_standing.c.mark != mark, gate_standing.c.epoch != version.c.evidence_epoch, risky
        query = select(gate_standing).join(version, version.c.id == gate_standing.c.version_id)
        query = query.where(mine, or_(*changed, gate_standing.c.checked_at < before))
        return list(map(_load, self._connection.execute(query.order_by(gate_standing.c.checked_at).limit(limit))))

    def get(self, version_id: int, kind: str, target: str) -> Standing | None:
        wanted = _is(Standing(0, version_id, kind, target, 0))
        row = self._connection.execute(select(gate_standing).where(wanted).with_for_update()).one_or_none()
        return _load(row) if row else None

    def there(self, standing: Standing) -> bool:
        place = _PLACES[standing.kind](standing.workspace_id).subquery()
        query = select(place.c.version_id).where(
            place.c.version_id == standing.version_id, place.c.target == standing.target
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def looked(self, standing: Standing, look: Look) -> None:
        values = {"mark": look.mark, "epoch": look.epoch, "checked_at": look.at, "risk_since": standing.risk_since}
        self._connection.execute(
            update(gate_standing).where(_is(standing)).values(values | {"reasons": dump_json(list(standing.reasons))})
        )

    def drop(self, standing: Standing) -> None:
        self._connection.execute(delete(gate_standing).where(_is(standing)))

    def at_risk(self, version_id: int) -> Sequence[Standing]:
        return list(map(_load, self._connection.execute(_at_risk(gate_standing.c.version_id == version_id))))

    def list_at_risk(
        self, workspace_id: int, version_id: int | None, after: Key | None, limit: int
    ) -> Sequence[Standing]:
        wanted = [gate_standing.c.workspace_id == workspace_id]
        if version_id is not None:
            wanted.append(gate_standing.c.version_id == version_id)
        if after is not None:
            wanted.append(tuple_(*(gate_standing.c[name] for name in _KEYS)) > tuple_(*after))
        return list(map(_load, self._connection.execute(_at_risk(*wanted).limit(limit))))

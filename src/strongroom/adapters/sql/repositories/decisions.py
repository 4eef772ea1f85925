"""What gates said, in SQL."""

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Select, literal, select

from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json, load
from strongroom.adapters.sql.tables import (
    alias,
    asset,
    delivery_part,
    delivery_placement,
    environment,
    gate_decision,
    gate_evidence,
    principal,
    stage,
)
from strongroom.application.paging import Key
from strongroom.application.ports.gates import Position, StoredDecision

_NAMES = [field.name for field in fields(StoredDecision) if field.name != "decided_by"]


def _select() -> Select[Any]:
    columns = (gate_decision.c[name] for name in _NAMES)
    return select(*columns, principal.c.uid.label("decided_by")).join(
        principal, principal.c.id == gate_decision.c.decided_by
    )


def _load(row: AnyRow) -> StoredDecision:
    return load(StoredDecision, row, body=json.loads(row.body))


def placed_in(workspace_id: int) -> Select[Any]:
    """Versions of what environments run now: `kind`, `target`, `version_id`, `guarded`."""
    placed, part = delivery_placement, delivery_part
    found = select(
        literal("environment").label("kind"),
        environment.c.name.label("target"),
        part.c.version_id,
        literal(1).label("guarded"),
    ).distinct()
    found = found.join_from(environment, placed, placed.c.environment_id == environment.c.id)
    found = found.join(part, part.c.release_id == placed.c.release_id)
    present = environment.c.workspace_id == workspace_id, placed.c.valid_to.is_(None)
    return found.where(*present).order_by(part.c.version_id, environment.c.name)


def aliased_in(workspace_id: int) -> Select[Any]:
    """The same of aliases."""
    found = select(
        literal("alias").label("kind"),
        alias.c.name.label("target"),
        alias.c.version_id,
        alias.c.protected.label("guarded"),
    )
    found = found.join(asset, asset.c.id == alias.c.asset_id)
    present = asset.c.workspace_id == workspace_id, asset.c.deleted_at.is_(None), alias.c.valid_to.is_(None)
    return found.where(*present).order_by(alias.c.id)


def staged_in(workspace_id: int) -> Select[Any]:
    """The same of stages."""
    found = select(
        literal("stage").label("kind"), stage.c.name.label("target"), stage.c.version_id, literal(1).label("guarded")
    )
    found = found.join(asset, asset.c.id == stage.c.asset_id)
    present = asset.c.workspace_id == workspace_id, asset.c.deleted_at.is_(None), stage.c.valid_to.is_(None)
    return found.where(*present).order_by(stage.c.id)


class SqlDecisions(Repository):
    """See :class:`strongroom.application.ports.gates.Decisions`."""

    def add(self, decision: StoredDecision, evidence: str, actor_id: int) -> int:
        self._insert_ignore(gate_evidence, [{"digest": decision.evidence, "document": evidence}])
        row = {name: getattr(decision, name) for name in _NAMES if name != "id"}
        return self._insert_one(gate_decision, row | {"body": dump_json(decision.body), "decided_by": actor_id})

    def by_uid(self, workspace_id: int, uid: str) -> StoredDecision | None:
        query = _select().where(gate_decision.c.uid == uid, gate_decision.c.workspace_id == workspace_id)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def by_id(self, id_: int) -> StoredDecision:
        return _load(self._connection.execute(_select().where(gate_decision.c.id == id_)).one())

    def evidence(self, digest: str) -> str:
        query = select(gate_evidence.c.document).where(gate_evidence.c.digest == digest)
        return str(self._connection.execute(query).scalar_one())

    def positions(self, workspace_id: int, limit: int) -> Sequence[Position]:
        found: list[Position] = []
        for query in (placed_in(workspace_id), aliased_in(workspace_id), staged_in(workspace_id)):
            rows = self._connection.execute(query.limit(limit - len(found)))
            found += [Position(row.kind, row.target, row.version_id, bool(row.guarded)) for row in rows]
            if len(found) >= limit:
                break
        return found

    def list(self, version_id: int, after: Key | None, limit: int) -> Sequence[StoredDecision]:
        query = _select().where(gate_decision.c.version_id == version_id)
        if after is not None:
            query = query.where(gate_decision.c.id < after[0])
        return [_load(row) for row in self._connection.execute(query.order_by(gate_decision.c.id.desc()).limit(limit))]

"""Policies in SQL."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.base import AnyRow, Repository
from strongroom.adapters.sql.tables import policy, policy_version, principal
from strongroom.application.paging import Key
from strongroom.domain.errors import AlreadyExists
from strongroom.domain.gates.policy import Policy, parse
from strongroom.domain.gates.question import StoredPolicy, spelled

_PRESENT = policy_version.c.number == policy.c.number


def _select(*wanted: Any) -> Select[Any]:
    columns = policy.c.id, policy.c.uid, policy.c.workspace_id, policy.c.retired_at
    of_version = (policy_version.c[name] for name in ("number", "digest", "document", "recorded_at"))
    found = select(*columns, *of_version, principal.c.uid.label("created_by"))
    found = found.join(policy_version, policy_version.c.policy_id == policy.c.id)
    return found.join(principal, principal.c.id == policy_version.c.created_by).where(*wanted)


@cache
def _standing() -> Prepared:
    mine = policy.c.workspace_id == bindparam("workspace_id"), policy.c.retired_at.is_(None), _PRESENT
    return Prepared(_select(*mine).order_by(policy.c.name))


@lru_cache(256)
def _parsed(document: str) -> tuple[Policy, dict[str, Any]]:
    """What is asked at every transition is read once; the text never changes."""
    found = json.loads(document)
    return parse(found), found


def _load(row: AnyRow) -> StoredPolicy:
    of, document = _parsed(row.document)
    return StoredPolicy(
        id=row.id,
        uid=row.uid,
        workspace_id=row.workspace_id,
        number=row.number,
        digest=row.digest,
        policy=of,
        document=document,
        created_by=row.created_by,
        recorded_at=row.recorded_at,
        retired_at=row.retired_at,
    )


class SqlPolicies(Repository):
    """See :class:`strongroom.application.ports.gates.Policies`."""

    def standing(self, workspace_id: int) -> Sequence[StoredPolicy]:
        return [_load(row) for row in _standing().rows(self._connection, workspace_id=workspace_id)]

    def lock(self, workspace_id: int, name: str) -> StoredPolicy | None:
        held = select(policy.c.id).where(policy.c.workspace_id == workspace_id, policy.c.name == name)
        id_ = self._connection.execute(held.with_for_update()).scalar_one_or_none()
        return None if id_ is None else self._one(policy.c.id == id_, _PRESENT)

    def by_uid(self, workspace_id: int, uid: str, number: int | None = None) -> StoredPolicy | None:
        which = _PRESENT if number is None else policy_version.c.number == number
        return self._one(policy.c.workspace_id == workspace_id, policy.c.uid == uid, which)

    def _one(self, *wanted: Any) -> StoredPolicy | None:
        row = self._connection.execute(_select(*wanted)).one_or_none()
        return _load(row) if row else None

    def put(self, new: StoredPolicy, actor_id: int) -> StoredPolicy:
        if new.id:
            present = {"number": new.number, "retired_at": None}
            self._connection.execute(update(policy).where(policy.c.id == new.id).values(present))
            id_ = new.id
        else:
            row = {"uid": new.uid, "workspace_id": new.workspace_id, "name": new.policy.name, "number": new.number}
            try:
                with self._connection.begin_nested():
                    id_ = self._connection.execute(insert(policy).values(row).returning(policy.c.id)).scalar_one()
            except IntegrityError as error:
                raise AlreadyExists(f"There is a policy {new.policy.name!r}.") from error
        version = {"policy_id": id_, "number": new.number, "digest": new.digest, "document": spelled(new.document)}
        self._insert(policy_version, version | {"created_by": actor_id, "recorded_at": new.recorded_at})
        return replace(new, id=id_, retired_at=None)

    def retire(self, old: StoredPolicy, at: int) -> StoredPolicy:
        self._connection.execute(update(policy).where(policy.c.id == old.id).values(retired_at=at))
        return replace(old, retired_at=at)

    def count(self, workspace_id: int) -> int:
        query = select(func.count()).where(policy.c.workspace_id == workspace_id)
        return int(self._connection.execute(query).scalar_one())

    def list(self, workspace_id: int, after: Key | None, limit: int) -> Sequence[StoredPolicy]:
        beyond = [policy.c.id > after[0]] if after else []
        query = _select(policy.c.workspace_id == workspace_id, _PRESENT, *beyond).order_by(policy.c.id).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

    def versions(self, policy_id: int, after: Key | None, limit: int) -> Sequence[StoredPolicy]:
        beyond = [policy_version.c.number < after[0]] if after else []
        query = _select(policy.c.id == policy_id, *beyond).order_by(policy_version.c.number.desc()).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

"""Tags (temporal rows) and typed properties in SQL."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, or_, select, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.aliases import valid_at
from strongroom.adapters.sql.repositories.base import Repository
from strongroom.adapters.sql.tables import name_dict, object_property, principal, tag
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.registry.model import Tag

_CURRENT = tag.c.valid_to.is_(None)


@cache
def _select() -> Select[Any]:
    return (
        select(
            tag.c.owner_id,
            name_dict.c.text.label("key"),
            tag.c.value,
            principal.c.uid.label("set_by"),
            tag.c.valid_from,
            tag.c.valid_to,
        )
        .join(name_dict, name_dict.c.id == tag.c.key_id)
        .join(principal, principal.c.id == tag.c.set_by)
    )


_OF_OWNERS = Prepared(_select().where(tag.c.owner_kind == bindparam("kind"), among(tag.c.owner_id, "ids"), _CURRENT))
_PROPERTIES = Prepared(
    select(*(object_property.c[name] for name in ("owner_id", "type", "text", "number")), name_dict.c.text.label("key"))
    .join(name_dict, name_dict.c.id == object_property.c.key_id)
    .where(object_property.c.owner_kind == bindparam("kind"), among(object_property.c.owner_id, "ids"))
)


def _encode(value: Scalar) -> dict[str, Any]:
    match value:
        case bool():
            return {"type": "bool", "text": None, "number": float(value)}
        case int():
            # kept as text too: a float holds integers only up to 2**53
            return {"type": "int", "text": str(value), "number": float(value)}
        case float():
            return {"type": "float", "text": None, "number": value}
        case _:
            return {"type": "str", "text": value, "number": None}


def _decode(kind: str, text: str | None, number: float | None) -> Scalar:
    match kind:
        case "bool":
            return bool(number)
        case "int":
            return int(text or 0)
        case "float":
            return number
        case _:
            return text


class SqlTags(Repository):
    """See :class:`strongroom.application.ports.registry.Tags`."""

    def current(self, owner_kind: str, owner_ids: Sequence[int]) -> Mapping[int, Sequence[Tag]]:
        found: dict[int, list[Tag]] = {}
        for owner, *said in _OF_OWNERS.rows(self._connection, kind=owner_kind, ids=owner_ids) if owner_ids else ():
            found.setdefault(owner, []).append(Tag(*said))
        return found

    def at(self, owner_kind: str, owner_id: int, time_us: int) -> Sequence[Tag]:
        then = valid_at(tag.c.valid_from, tag.c.valid_to, time_us)
        query = _select().where(tag.c.owner_kind == owner_kind, tag.c.owner_id == owner_id, *then)
        return [Tag(r.key, r.value, r.set_by, r.valid_from, r.valid_to) for r in self._connection.execute(query)]

    def changed(self, owner_kind: str, owner_id: int, time_us: int) -> Sequence[Tag]:
        then = or_(tag.c.valid_from == time_us, tag.c.valid_to == time_us)
        query = _select().where(tag.c.owner_kind == owner_kind, tag.c.owner_id == owner_id, then).order_by(tag.c.id)
        return [Tag(r.key, r.value, r.set_by, r.valid_from, r.valid_to) for r in self._connection.execute(query)]

    def set(
        self, workspace_id: int, owner_kind: str, owner_id: int, tags: Mapping[str, str | None], actor_id: int
    ) -> None:
        if not tags:
            return
        ids = self._context.name_ids(workspace_id, tags, create=True)
        ended = self._ended(owner_kind, owner_id, list(ids.values()))
        rows = [
            {
                "workspace_id": workspace_id,
                "owner_kind": owner_kind,
                "owner_id": owner_id,
                "key_id": ids[key],
                "value": value,
                "set_by": actor_id,
                "valid_from": max(self._context.now(), ended.get(ids[key], 0)),
            }
            for key, value in tags.items()
        ]
        self._insert(tag, *rows)

    def _ended(self, owner_kind: str, owner_id: int, key_ids: Sequence[int]) -> dict[int, int]:
        """End present values; key id -> when the last one ended, now or before: the next begins no earlier."""
        self._end(owner_kind, owner_id, key_ids)
        query = (
            select(tag.c.key_id, func.max(tag.c.valid_to).label("ended"))
            .where(tag.c.owner_kind == owner_kind, tag.c.owner_id == owner_id, tag.c.key_id.in_(key_ids))
            .group_by(tag.c.key_id)
        )
        return {row.key_id: row.ended for row in self._connection.execute(query)}

    def _end(self, owner_kind: str, owner_id: int, key_ids: Sequence[int]) -> frozenset[int]:
        """End present values; the ids of the keys that had one. A value never ends before it began."""
        mine = (tag.c.owner_kind == owner_kind, tag.c.owner_id == owner_id, tag.c.key_id.in_(key_ids), _CURRENT)
        present = self._connection.execute(select(tag.c.id, tag.c.key_id, tag.c.valid_from).where(*mine)).all()
        for row in present:
            end = max(self._context.now(), row.valid_from + 1)
            self._connection.execute(update(tag).where(tag.c.id == row.id).values(valid_to=end))
        return frozenset(row.key_id for row in present)

    def remove(self, workspace_id: int, owner_kind: str, owner_id: int, keys: Sequence[str]) -> Sequence[str]:
        ids = self._context.name_ids(workspace_id, keys, create=False)
        ended = self._end(owner_kind, owner_id, list(ids.values()))
        return [key for key, key_id in ids.items() if key_id in ended]

    def properties(self, owner_kind: str, owner_ids: Sequence[int]) -> Mapping[int, Mapping[str, Scalar]]:
        found: dict[int, dict[str, Scalar]] = {}
        for row in _PROPERTIES.rows(self._connection, kind=owner_kind, ids=owner_ids) if owner_ids else ():
            found.setdefault(row.owner_id, {})[row.key] = _decode(row.type, row.text, row.number)
        return {owner_id: dict(sorted(values.items())) for owner_id, values in found.items()}

    def set_properties(self, workspace_id: int, owner_kind: str, owner_id: int, values: Mapping[str, Scalar]) -> None:
        if not values:
            return
        ids = self._context.name_ids(workspace_id, values, create=True)
        mine = (object_property.c.owner_kind == owner_kind, object_property.c.owner_id == owner_id)
        self._connection.execute(delete(object_property).where(*mine, object_property.c.key_id.in_(ids.values())))
        rows = [
            {"owner_kind": owner_kind, "owner_id": owner_id, "key_id": ids[key], **_encode(value)}
            for key, value in values.items()
            if value is not None
        ]
        self._insert(object_property, *rows)

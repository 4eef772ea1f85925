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


_OF_KIND = _select().where(tag.c.owner_kind == bindparam("kind"), _CURRENT)
_OF_OWNERS = Prepared(_OF_KIND.where(among(tag.c.owner_id, "ids")))
_OF_OWNER = Prepared(_OF_KIND.where(tag.c.owner_id == bindparam("id")))
_OWN = (tag.c.owner_kind == bindparam("kind"), tag.c.owner_id == bindparam("owner"), among(tag.c.key_id, "keys"))
_PRESENT = Prepared(select(tag.c.id, tag.c.key_id, tag.c.valid_from).where(*_OWN, _CURRENT))
_ENDED = Prepared(select(tag.c.key_id, func.max(tag.c.valid_to).label("ended")).where(*_OWN).group_by(tag.c.key_id))
_END = Prepared(update(tag).where(tag.c.id == bindparam("tag")).values(valid_to=bindparam("end")))
_SAID = (
    select(*(object_property.c[name] for name in ("owner_id", "type", "text", "number")), name_dict.c.text.label("key"))
    .join(name_dict, name_dict.c.id == object_property.c.key_id)
    .where(object_property.c.owner_kind == bindparam("kind"))
)
_PROPERTIES = Prepared(_SAID.where(among(object_property.c.owner_id, "ids")))
_PROPERTIES_OF = Prepared(_SAID.where(object_property.c.owner_id == bindparam("id")))


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
        for owner, *said in self._of(_OF_OWNER, _OF_OWNERS, owner_kind, owner_ids):
            found.setdefault(owner, []).append(Tag(*said))
        return found

    def _of(self, one: Prepared, many: Prepared, owner_kind: str, owner_ids: Sequence[int]) -> Sequence[Any]:
        """Rows of owners; of a single one without the detour of a list as one parameter."""
        if len(owner_ids) == 1:
            return one.rows(self._connection, kind=owner_kind, id=owner_ids[0])
        return many.rows(self._connection, kind=owner_kind, ids=owner_ids) if owner_ids else ()

    def at(self, owner_kind: str, owner_id: int, time_us: int) -> Sequence[Tag]:
        then = valid_at(tag.c.valid_from, tag.c.valid_to, time_us)
        query = _select().where(tag.c.owner_kind == owner_kind, tag.c.owner_id == owner_id, *then)
        return [Tag(r.key, r.value, r.set_by, r.valid_from, r.valid_to) for r in self._connection.execute(query)]

    def changed(self, owner_kind: str, owner_id: int, time_us: int) -> Sequence[Tag]:
        then = or_(tag.c.valid_from == time_us, tag.c.valid_to == time_us)
        query = _select().where(tag.c.owner_kind == owner_kind, tag.c.owner_id == owner_id, then).order_by(tag.c.id)
        return [Tag(r.key, r.value, r.set_by, r.valid_from, r.valid_to) for r in self._connection.execute(query)]

    def set(
        self,
        workspace_id: int,
        owner_kind: str,
        owner_id: int,
        tags: Mapping[str, str | None],
        actor_id: int,
        *,
        fresh: bool = False,
    ) -> None:
        if not tags:
            return
        ids = self._context.name_ids(workspace_id, tags, create=True)
        ended = {} if fresh else self._ended(owner_kind, owner_id, list(ids.values()))
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
        rows = _ENDED.rows(self._connection, kind=owner_kind, owner=owner_id, keys=key_ids)
        return {row.key_id: row.ended for row in rows}

    def _end(self, owner_kind: str, owner_id: int, key_ids: Sequence[int]) -> frozenset[int]:
        """End present values; the ids of the keys that had one. A value never ends before it began."""
        present = _PRESENT.rows(self._connection, kind=owner_kind, owner=owner_id, keys=key_ids)
        for row in present:
            _END.run(self._connection, tag=row.id, end=max(self._context.now(), row.valid_from + 1))
        return frozenset(row.key_id for row in present)

    def remove(self, workspace_id: int, owner_kind: str, owner_id: int, keys: Sequence[str]) -> Sequence[str]:
        ids = self._context.name_ids(workspace_id, keys, create=False)
        ended = self._end(owner_kind, owner_id, list(ids.values()))
        return [key for key, key_id in ids.items() if key_id in ended]

    def properties(self, owner_kind: str, owner_ids: Sequence[int]) -> Mapping[int, Mapping[str, Scalar]]:
        found: dict[int, dict[str, Scalar]] = {}
        for row in self._of(_PROPERTIES_OF, _PROPERTIES, owner_kind, owner_ids):
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

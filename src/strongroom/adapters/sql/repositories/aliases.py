"""Aliases in SQL: rows with valid_from and valid_to; the row without an end is the present one."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, tuple_, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import Repository, load
from strongroom.adapters.sql.tables import alias, principal, version
from strongroom.application.paging import Key
from strongroom.domain.registry.model import Alias, Asset, Version


@cache
def _select() -> Select[Any]:
    own = (
        alias.c[name]
        for name in ("asset_id", "name", "version_id", "etag", "protected", "from_seq", "valid_from", "valid_to")
    )
    return (
        select(
            *own,
            version.c.uid.label("version_uid"),
            version.c.number.label("version_number"),
            principal.c.uid.label("set_by"),
        )
        .join(version, version.c.id == alias.c.version_id)
        .join(principal, principal.c.id == alias.c.set_by)
    )


_CURRENT = alias.c.valid_to.is_(None)
_OF_ASSET = alias.c.asset_id == bindparam("asset")
_ALL = Prepared(_select().where(_OF_ASSET, _CURRENT).order_by(alias.c.name), Alias)
_ONE = Prepared(_select().where(_OF_ASSET, alias.c.name == bindparam("name"), _CURRENT), Alias)
_MINE = (_OF_ASSET, alias.c.name == bindparam("alias_name"))
_ENDED = Prepared(select(func.max(alias.c.valid_to).label("ended")).where(*_MINE))
_END = Prepared(update(alias).where(*_MINE, _CURRENT).values(valid_to=bindparam("end"), to_seq=bindparam("seq")))
_OF_VERSIONS = Prepared(_select().where(among(alias.c.version_id, "ids"), _CURRENT), Alias)
_OF_ASSETS = Prepared(_select().where(among(alias.c.asset_id, "ids"), _CURRENT), Alias)


def valid_at(valid_from: ColumnElement[int], valid_to: ColumnElement[int | None], time_us: int) -> list[Any]:
    """Conditions for the rows of a temporal table that were true at a time."""
    return [valid_from <= time_us, or_(valid_to.is_(None), valid_to > time_us)]


class SqlAliases(Repository):
    """See :class:`strongroom.application.ports.registry.Aliases`."""

    def _all(self, query: Select[Any]) -> list[Alias]:
        return [load(Alias, row) for row in self._connection.execute(query)]

    def current(self, asset_id: int) -> Sequence[Alias]:
        return _ALL.rows(self._connection, asset=asset_id)

    def get(self, asset_id: int, name: str) -> Alias | None:
        found: Alias | None = _ONE.one(self._connection, asset=asset_id, name=name)
        return found

    def at(self, asset_id: int, time_us: int) -> Sequence[Alias]:
        then = valid_at(alias.c.valid_from, alias.c.valid_to, time_us)
        return self._all(_select().where(alias.c.asset_id == asset_id, *then).order_by(alias.c.name))

    def history(self, asset_id: int, name: str | None, after: Key | None, limit: int) -> Sequence[Alias]:
        query = _select().where(alias.c.asset_id == asset_id)
        if name is not None:
            query = query.where(alias.c.name == name)
        if after is not None:
            query = query.where(tuple_(alias.c.valid_from, alias.c.name) < tuple_(*after))
        return self._all(query.order_by(alias.c.valid_from.desc(), alias.c.name.desc()).limit(limit))

    def of_versions(self, version_ids: Sequence[int]) -> Mapping[int, Sequence[Alias]]:
        found: dict[int, list[Alias]] = {}
        for item in _OF_VERSIONS.rows(self._connection, ids=version_ids) if version_ids else ():
            found.setdefault(item.version_id, []).append(item)
        return found

    def of_assets(self, asset_ids: Sequence[int]) -> Mapping[int, Sequence[Alias]]:
        found: dict[int, list[Alias]] = {}
        for item in _OF_ASSETS.rows(self._connection, ids=asset_ids) if asset_ids else ():
            found.setdefault(item.asset_id, []).append(item)
        return found

    def move(self, asset: Asset, name: str, to: Version | None, actor_id: int) -> Alias | None:
        before = self.get(asset.id, name)
        now = self._context.now()
        mine = {"asset": asset.id, "alias_name": name}
        if before is None:
            # a transaction that waited for the asset's row is older than the one it waited for
            now = max(now, _ENDED.exactly_one(self._connection, **mine).ended or 0)
        else:
            # two servers' clocks may differ: a placement never ends before it began
            now = max(now, before.valid_from + 1)
            _END.run(self._connection, **mine, end=now, seq=asset.event_seq)
        if to is None:
            return None
        values = {
            "asset_id": asset.id,
            "name": name,
            "version_id": to.id,
            # the asset's event_seq: never the same twice, so an alias that was removed and made again is another
            "etag": asset.event_seq,
            "protected": before.protected if before else False,
            "set_by": actor_id,
            "from_seq": asset.event_seq,
            "valid_from": now,
        }
        self._insert(alias, values)
        return self.get(asset.id, name)

    def protect(self, asset: Asset, name: str, *, protected: bool) -> Alias:
        mine = alias.c.asset_id == asset.id, alias.c.name == name, _CURRENT
        self._connection.execute(update(alias).where(*mine).values(protected=protected, etag=asset.event_seq))
        found: Alias = _ONE.exactly_one(self._connection, asset=asset.id, name=name)
        return found

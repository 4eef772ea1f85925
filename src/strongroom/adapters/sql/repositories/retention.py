"""Retention rules, facts of versions, and holds, in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, insert, literal_column, or_, select

from strongroom.adapters.sql.repositories.base import Repository, load
from strongroom.adapters.sql.tables import (
    asset,
    name_dict,
    namespace,
    principal,
    retention_rule,
    revision,
    run_value,
    version,
    version_hold,
)
from strongroom.application.ports.retention import Candidate, Hold
from strongroom.domain.registry.model import Asset, Version

_LIVE = version.c.state == "live"


class SqlRetention(Repository):
    """See :class:`strongroom.application.ports.retention.Retention`."""

    def _owner(self, kind: str, id_: int) -> list[ColumnElement[bool]]:
        return [retention_rule.c.owner_kind == kind, retention_rule.c.owner_id == id_]

    def rule(self, owner_kind: str, owner_id: int) -> str | None:
        query = select(retention_rule.c.rule).where(*self._owner(owner_kind, owner_id))
        found: str | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def set_rule(self, owner_kind: str, owner_id: int, rule: str | None) -> None:
        if rule is None:
            self._connection.execute(delete(retention_rule).where(*self._owner(owner_kind, owner_id)))
            return
        row = {"owner_kind": owner_kind, "owner_id": owner_id, "rule": rule}
        self._upsert(retention_rule, [row], ["owner_kind", "owner_id"])

    def highest_asset(self) -> int:
        return int(self._connection.execute(select(func.max(asset.c.id))).scalar_one() or 0)

    def assets(self, after: int, upto: int, now: int) -> Sequence[int]:
        mine, above = namespace.alias("mine"), namespace.alias("above")
        below = or_(
            above.c.path == "",
            mine.c.path == above.c.path,
            func.substr(mine.c.path, 1, func.length(above.c.path) + 1) == above.c.path + "/",
        )
        of_namespaces = (
            select(mine.c.id)
            .join(above, and_(above.c.workspace_id == mine.c.workspace_id, below))
            .join(
                retention_rule,
                and_(retention_rule.c.owner_kind == "namespace", retention_rule.c.owner_id == above.c.id),
            )
        )
        own = exists().where(*self._owner("asset", 0)[:1], retention_rule.c.owner_id == asset.c.id)
        expired = select(version.c.asset_id).where(version.c.expires_at <= now, _LIVE)
        query = select(asset.c.id).where(
            asset.c.id > after,
            asset.c.id <= upto,
            asset.c.deleted_at.is_(None),
            or_(own, asset.c.namespace_id.in_(of_namespaces), asset.c.id.in_(expired)),
        )
        return list(self._connection.execute(query.order_by(asset.c.id)).scalars())

    def candidates(self, asset_id: int, limit: int) -> Sequence[Candidate]:
        own = (version.c[name] for name in ("id", "uid", "number", "recorded_at", "bytes", "expires_at"))
        query = (
            select(*own, revision.c.digest.label("revision"))
            .outerjoin(revision, revision.c.id == version.c.revision_id)
            .where(version.c.asset_id == asset_id, _LIVE)
            .order_by(version.c.number.desc())
        )
        return [load(Candidate, row) for row in self._connection.execute(query.limit(limit))]

    def linked(self, asset_id: int) -> Sequence[int]:
        link = version.alias("link")
        indexed = link.c.state != literal_column("'purged'")  # said in words, for only then SQLite sees the index
        shown = exists().where(link.c.source_id == version.c.id, indexed, link.c.state == "live")
        query = select(version.c.id).where(version.c.asset_id == asset_id, _LIVE, shown)
        return list(self._connection.execute(query).scalars())

    def metrics(self, asset: Asset, keys: Sequence[str]) -> Mapping[int, Mapping[str, float]]:
        query = (
            select(version.c.id, name_dict.c.text, run_value.c.last)
            .join(run_value, run_value.c.run_id == version.c.run_id)
            .join(name_dict, name_dict.c.id == run_value.c.key_id)
            .where(version.c.asset_id == asset.id, _LIVE, run_value.c.last.is_not(None))
            .where(name_dict.c.workspace_id == asset.workspace_id, name_dict.c.text.in_(list(keys)))
        )
        found: dict[int, dict[str, float]] = {}
        for row in self._connection.execute(query):
            found.setdefault(row.id, {})[row.text] = float(row.last)
        return found

    def trashed(self, asset_id: int, before: int, after: int, limit: int) -> Sequence[tuple[int, str]]:
        free = ~exists().where(version_hold.c.version_id == version.c.id)
        gone = version.c.state == "trashed", version.c.deleted_at < before
        query = select(version.c.id, version.c.uid).where(
            version.c.asset_id == asset_id, version.c.id > after, *gone, free
        )
        return [(row.id, row.uid) for row in self._connection.execute(query.order_by(version.c.id).limit(limit))]


def _holds() -> Select[Any]:
    own = (version_hold.c[name] for name in ("uid", "asset_id", "version_id", "reason", "placed_at"))
    return (
        select(
            *own,
            version.c.uid.label("version_uid"),
            version.c.number.label("version_number"),
            principal.c.uid.label("placed_by"),
        )
        .join(version, version.c.id == version_hold.c.version_id)
        .join(principal, principal.c.id == version_hold.c.placed_by)
    )


class SqlHolds(Repository):
    """See :class:`strongroom.application.ports.retention.Holds`."""

    def _all(self, query: Select[Any]) -> list[Hold]:
        return [load(Hold, row) for row in self._connection.execute(query)]

    def add(self, of: Version, reason: str, actor_id: int) -> Hold:
        uid = self._context.new_uid()
        row = {"uid": uid, "asset_id": of.asset_id, "version_id": of.id, "reason": reason, "placed_by": actor_id}
        self._connection.execute(insert(version_hold).values(**row, placed_at=self._context.now()))
        return self._all(_holds().where(version_hold.c.uid == uid))[0]

    def by_uid(self, workspace_id: int, uid: str) -> Hold | None:
        found = self._all(_holds().where(version_hold.c.uid == uid, version.c.workspace_id == workspace_id))
        return found[0] if found else None

    def remove(self, uid: str) -> None:
        self._connection.execute(delete(version_hold).where(version_hold.c.uid == uid))

    def of_version(self, version_id: int, limit: int) -> Sequence[Hold]:
        query = _holds().where(version_hold.c.version_id == version_id)
        return self._all(query.order_by(version_hold.c.id).limit(limit))

    def list(self, asset_id: int, after: str | None, limit: int) -> Sequence[Hold]:
        query = _holds().where(version_hold.c.asset_id == asset_id)
        if after is not None:
            query = query.where(version_hold.c.uid > after)
        return self._all(query.order_by(version_hold.c.uid).limit(limit))

    def held(self, asset_id: int) -> Mapping[int, Sequence[str]]:
        query = select(version_hold.c.version_id, version_hold.c.uid).where(version_hold.c.asset_id == asset_id)
        found: dict[int, list[str]] = {}
        for row in self._connection.execute(query.order_by(version_hold.c.id)):
            found.setdefault(row.version_id, []).append(row.uid)
        return found

"""Stage placements in SQL: rows with valid_from and valid_to, like aliases."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from strongroom.adapters.sql.repositories.aliases import valid_at
from strongroom.adapters.sql.repositories.base import Repository, load
from strongroom.adapters.sql.tables import principal, stage, version
from strongroom.domain.registry.model import Asset, StagePlacement, Version

_CURRENT = stage.c.valid_to.is_(None)


@cache
def _select() -> Select[Any]:
    own = (stage.c[name] for name in ("version_id", "name", "note", "valid_from", "valid_to"))
    return (
        select(
            *own,
            version.c.uid.label("version_uid"),
            version.c.number.label("version_number"),
            principal.c.uid.label("set_by"),
        )
        .join(version, version.c.id == stage.c.version_id)
        .join(principal, principal.c.id == stage.c.set_by)
    )


class SqlStages(Repository):
    """See :class:`strongroom.application.ports.registry.Stages`."""

    def place(self, asset: Asset, placed: Version, name: str | None, note: str, actor_id: int) -> None:
        now = self._context.now()
        mine = (stage.c.version_id == placed.id, _CURRENT)
        before = self._connection.execute(select(stage.c.valid_from).where(*mine)).scalar_one_or_none()
        if before is None:
            past = select(func.max(stage.c.valid_to)).where(stage.c.version_id == placed.id)
            now = max(now, self._connection.execute(past).scalar_one() or 0)
        else:
            now = max(now, before + 1)
            self._connection.execute(update(stage).where(*mine).values(valid_to=now, to_seq=asset.event_seq))
        if name is not None:
            values = {
                "asset_id": asset.id,
                "version_id": placed.id,
                "name": name,
                "note": note,
                "set_by": actor_id,
                "from_seq": asset.event_seq,
                "valid_from": now,
            }
            self._connection.execute(insert(stage).values(values))

    def at_stage(self, asset_id: int, name: str) -> Sequence[int]:
        query = (
            select(stage.c.version_id)
            .join(version, version.c.id == stage.c.version_id)
            .where(stage.c.asset_id == asset_id, stage.c.name == name, _CURRENT, version.c.state == "live")
            .order_by(stage.c.version_id)
        )
        return list(self._connection.execute(query).scalars())

    def at(self, version_id: int, time_us: int) -> StagePlacement | None:
        then = valid_at(stage.c.valid_from, stage.c.valid_to, time_us)
        row = self._connection.execute(_select().where(stage.c.version_id == version_id, *then)).one_or_none()
        return load(StagePlacement, row) if row else None

    def history(self, version_id: int) -> Sequence[StagePlacement]:
        query = _select().where(stage.c.version_id == version_id).order_by(stage.c.valid_from.desc())
        return [load(StagePlacement, row) for row in self._connection.execute(query)]

"""Placements in SQL: rows with valid_from and valid_to, like aliases."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, literal, select, update

from strongroom.adapters.sql.prepared import Prepared
from strongroom.adapters.sql.repositories.aliases import valid_at
from strongroom.adapters.sql.repositories.base import AnyRow, Repository, dump_json
from strongroom.adapters.sql.repositories.grants import end_of
from strongroom.adapters.sql.tables import (
    delivery_part,
    delivery_placement,
    delivery_release,
    environment,
    principal,
    version,
)
from strongroom.application.paging import Key
from strongroom.domain.delivery.model import Action, End, Ended, Guard, Mode, Placement
from strongroom.domain.delivery.rules import BACK_MOST

_C = delivery_placement.c
_PRESENT = _C.valid_to.is_(None)
_LIVE = Mode.LIVE.value
_ENDED = ("ended_by", "ended_how", "ended_note", "ended_cause")
_OWN = [column for column in _C if column.name not in {"placed_by", "ended_by"}]
_ender = principal.alias("ender")
_MARK = Prepared(
    select(_C.id)
    .where(_C.environment_id == bindparam("environment_id"), _C.line == bindparam("line"), _PRESENT)
    .order_by(_C.id)
)


@cache
def _select() -> Select[tuple[object, ...]]:
    by, ended_by = principal.c.uid.label("placed_by"), _ender.c.uid.label("ended_by")
    query = select(*_OWN, by, ended_by).join(principal, principal.c.id == _C.placed_by)
    return query.join(_ender, _ender.c.id == _C.ended_by, isouter=True)


def _load(row: AnyRow) -> Placement:
    values = {name: value for name, value in row._asdict().items() if name not in _ENDED}
    values["guard"] = Guard(**json.loads(row.guard)) if row.guard else None
    values |= {"mode": Mode(row.mode), "action": Action(row.action), "cause": json.loads(row.cause)}
    if row.ended_how is not None:
        values["ended"] = Ended(row.ended_by, End(row.ended_how), row.ended_note, json.loads(row.ended_cause))
    return Placement(**values)


def _chain(*mine: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """What rollbacks lead to, one after the other, from what is live on a line."""
    back = select(_C.release_id, _C.previous_id, literal(0).label("steps"))
    back_ = back.where(*mine, _PRESENT, _C.mode == _LIVE).cte("back", recursive=True)
    step = select(_C.release_id, _C.previous_id, back_.c.steps + 1)
    step = step.join(back_, _C.id == back_.c.previous_id).where(back_.c.steps < BACK_MOST)
    chain = back_.union_all(step)
    return select(chain.c.release_id).order_by(chain.c.steps)


class SqlPlacements(Repository):
    """See :class:`strongroom.application.ports.delivery.Placements`."""

    def current(self, environment_ids: Sequence[int], lines: Sequence[str] | None = None) -> Sequence[Placement]:
        query = _select().where(_C.environment_id.in_(environment_ids), _PRESENT)
        if lines is not None:
            query = query.where(_C.line.in_(lines))
        return self._loaded(query.order_by(_C.environment_id, _C.line, _C.id))

    def board(
        self, environment_ids: Sequence[int], line: str | None, time: int | None, limit: int
    ) -> Sequence[Placement]:
        then = [_PRESENT] if time is None else valid_at(_C.valid_from, _C.valid_to, time)
        query = _select().join(environment, environment.c.id == _C.environment_id)
        query = query.where(_C.environment_id.in_(environment_ids), *then)
        if line is not None:
            query = query.where(_C.line == line)
        order = (environment.c.position, environment.c.id, _C.line, _C.id)
        return self._loaded(query.order_by(*order).limit(limit))

    def mark(self, environment_id: int, line: str) -> Sequence[int]:
        return [row.id for row in _MARK.rows(self._connection, environment_id=environment_id, line=line)]

    def by_id(self, placement_id: int) -> Placement | None:
        found = self._loaded(_select().where(_C.id == placement_id))
        return found[0] if found else None

    def place(self, new: Placement, actor_id: int) -> Placement:
        row = {
            "environment_id": new.environment_id,
            "line": new.line,
            "release_id": new.release_id,
            "mode": new.mode.value,
            "share": new.share,
            "action": new.action.value,
            "note": new.note,
            "cause": dump_json(new.cause),
            "guard": dump_json(asdict(new.guard)) if new.guard else None,
            "previous_id": new.previous_id,
            "placed_by": actor_id,
            "valid_from": new.valid_from,
            "valid_to": None,
        }
        return replace(new, id=self._insert_one(delivery_placement, row))

    def end(self, placed: Sequence[Placement], ended: Ended, actor_id: int, now: int) -> None:
        values = {
            "valid_to": end_of(_C.valid_from, now),
            "ended_by": actor_id,
            "ended_how": ended.how.value,
            "ended_note": ended.note,
            "ended_cause": dump_json(ended.cause),
        }
        mine = _C.id.in_([one.id for one in placed])
        self._connection.execute(update(delivery_placement).where(mine, _PRESENT).values(values))

    def stood_in(self, release_id: int, environment_ids: Sequence[int]) -> bool:
        lived = (_C.release_id == release_id, _C.environment_id.in_(environment_ids), _C.mode == _LIVE)
        return bool(self._connection.execute(select(exists().where(*lived))).scalar_one())

    def changed_at(self, environment_ids: Sequence[int], lines: Sequence[str]) -> Mapping[tuple[int, str], int]:
        latest = func.max(func.coalesce(_C.valid_to, _C.valid_from)).label("latest")
        query = select(_C.environment_id, _C.line, latest)
        query = query.where(_C.environment_id.in_(environment_ids), _C.line.in_(lines))
        rows = self._connection.execute(query.group_by(_C.environment_id, _C.line))
        return {(row.environment_id, row.line): row.latest for row in rows}

    def history(self, environment_id: int, line: str | None, after: Key | None, limit: int) -> Sequence[Placement]:
        query = _select().where(_C.environment_id == environment_id)
        if line is not None:
            query = query.where(_C.line == line)
        if after is not None:
            query = query.where(_C.id < after[0])
        return self._loaded(query.order_by(_C.id.desc()).limit(limit))

    def held(self, *, version_id: int | None = None, asset_id: int | None = None) -> Mapping[int, Sequence[str]]:
        found: dict[int, list[str]] = {}
        ready: dict[tuple[int, str], set[int]] = {}
        for place in self._places(version_id, asset_id):
            key = place.environment_id, place.line
            if key not in ready:
                ready[key] = self._ready(*key, place.keep)
            if place.release_id in ready[key]:
                found.setdefault(place.version_id, []).append(f"release:{place.name}/{place.line}#{place.number}")
        return found

    def _ready(self, environment_id: int, line: str, keep: int) -> set[int]:
        """Releases that run on a line, the `keep` that rollbacks lead to, and the latest `keep` others that were live.

        After rollbacks these differ: what was rolled back is later than what the next rollback goes to.
        """
        mine = (_C.environment_id == environment_id, _C.line == line)
        running = set(self._connection.execute(select(_C.release_id).where(*mine, _PRESENT)).scalars())
        latest = select(_C.release_id, func.max(_C.id).label("last")).where(*mine, _C.mode == _LIVE)
        latest = latest.group_by(_C.release_id).order_by(func.max(_C.id).desc()).limit(keep + len(running))
        found = set(running)
        for ways in (self._connection.execute(latest), self._connection.execute(_chain(*mine))):
            others = dict.fromkeys(row.release_id for row in ways if row.release_id not in running)
            found.update(list(others)[:keep])
        return found

    def _places(self, version_id: int | None, asset_id: int | None) -> Iterable[AnyRow]:
        """Where releases with the version, or one of the asset, are or were placed, with how many stay ready there."""
        of: ColumnElement[bool] = delivery_part.c.version_id == version_id
        own = (_C.environment_id, _C.line, _C.release_id, delivery_part.c.version_id)
        query = select(*own, environment.c.keep, environment.c.name, delivery_release.c.number)
        query = query.join(delivery_part, delivery_part.c.release_id == _C.release_id)
        if asset_id is not None:
            query = query.join(version, version.c.id == delivery_part.c.version_id)
            of = version.c.asset_id == asset_id
        query = query.join(environment, environment.c.id == _C.environment_id)
        query = query.join(delivery_release, delivery_release.c.id == _C.release_id)
        query = query.where(of, environment.c.removed_at.is_(None)).distinct()
        return self._connection.execute(query.order_by(*own)).all()

    def _loaded(self, query: Select[tuple[object, ...]]) -> Sequence[Placement]:
        return [_load(row) for row in self._connection.execute(query)]

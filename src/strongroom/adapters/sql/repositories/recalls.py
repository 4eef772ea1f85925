"""Recalls in SQL: themselves, how far they reach, and what is still to be done about them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, or_, select, tuple_, union, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import AnyRow, load
from strongroom.adapters.sql.repositories.lineage_edges import by_kind
from strongroom.adapters.sql.repositories.recall_exemptions import SqlRecallExemptions
from strongroom.adapters.sql.repositories.recall_subjects import SqlRecallSubjects
from strongroom.adapters.sql.tables import asset, flag, principal, recall, recall_reach, recall_work, revision, version
from strongroom.application.paging import Key
from strongroom.application.ports.recalls import AGAIN, Reached, Standing, Work
from strongroom.domain.lineage.flags import FlagCause
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.recalls.model import Bars, Recall, SubjectKind

_STANDS = recall.c.lifted_at.is_(None)
_creator, _lifter = principal.alias("creator"), principal.alias("lifter")
_OWN = [column for column in recall.c if column.name not in {"created_by", "lifted_by"}]
_REACH = (
    recall_reach.c.recall_id,
    recall_reach.c.vertex_kind,
    recall_reach.c.vertex_id,
    recall_reach.c.distance,
    recall_reach.c.bars,
    recall_reach.c.walked,
)
_STANDING = Prepared(
    select(*(recall.c[name] for name in Standing._fields))
    .where(recall.c.workspace_id == bindparam("workspace"), _STANDS)
    .order_by(recall.c.id)
)
_WORK = [recall_work.c[name] for name in Work._fields]
_OF_VERTICES = (
    select(*_REACH)
    .join(recall, recall.c.id == recall_reach.c.recall_id)
    .where(recall_reach.c.vertex_kind == bindparam("kind"), among(recall_reach.c.vertex_id, "ids"), _STANDS)
)
_CARRYING = Prepared(_OF_VERTICES)
_BARRING = Prepared(_OF_VERTICES.where(recall_reach.c.bars != Bars.NOTHING.value))


def _select() -> Select[Any]:
    query = select(*_OWN, _creator.c.uid.label("created_by"), _lifter.c.uid.label("lifted_by"))
    query = query.join(_creator, _creator.c.id == recall.c.created_by)
    return query.outerjoin(_lifter, _lifter.c.id == recall.c.lifted_by)


def _load(row: AnyRow) -> Recall:
    return load(Recall, row, kind=SubjectKind(row.kind))


def _reached(row: Sequence[Any]) -> Reached:
    recall_id, kind, id_, distance, bars, walked = row
    return Reached(recall_id, Vertex(kind, id_), distance, Bars(bars), bool(walked))


class SqlRecalls(SqlRecallExemptions, SqlRecallSubjects):
    """See :class:`strongroom.application.ports.recalls.Recalls`."""

    def standing(self, workspace_id: int) -> tuple[Standing, ...]:
        """Those that stand, for `SqlAdmission`, which remembers them."""
        return tuple(Standing(*row) for row in _STANDING.rows(self._connection, workspace=workspace_id))

    def add(self, new: Recall, actor_id: int) -> Recall:
        own = ("uid", "workspace_id", "subject", "digest", "downstream", "reason", "recorded_at")
        row = {name: getattr(new, name) for name in own} | {"kind": new.kind.value, "created_by": actor_id}
        return replace(new, id=self._insert_one(recall, row))

    def by_uid(self, workspace_id: int, uid: str) -> Recall | None:
        return self._recall(recall.c.workspace_id == workspace_id, recall.c.uid == uid)

    def by_id(self, recall_id: int) -> Recall:
        found = self._recall(recall.c.id == recall_id)
        assert found is not None  # noqa: S101 - none is ever deleted
        return found

    def lock(self, recall_id: int) -> Recall:
        self._connection.execute(select(recall.c.id).where(recall.c.id == recall_id).with_for_update()).all()
        return self.by_id(recall_id)

    def _recall(self, *conditions: ColumnElement[bool]) -> Recall | None:
        row = self._connection.execute(_select().where(*conditions)).one_or_none()
        return _load(row) if row else None

    def count_standing(self, workspace_id: int) -> int:
        query = select(func.count()).select_from(recall).where(recall.c.workspace_id == workspace_id, _STANDS)
        return int(self._connection.execute(query).scalar_one())

    def lift(self, one: Recall, at: int, actor_id: int, reason: str) -> None:
        changes = {"lifted_at": at, "lifted_by": actor_id, "lifted_reason": reason}
        self._connection.execute(update(recall).where(recall.c.id == one.id).values(changes))

    def list(self, workspace_id: int, *, lifted: bool, after: Key | None, limit: int) -> Sequence[Recall]:
        query = _select().where(recall.c.workspace_id == workspace_id)
        query = query if lifted else query.where(_STANDS)
        if after is not None:
            query = query.where(recall.c.id < after[0])
        return [_load(row) for row in self._connection.execute(query.order_by(recall.c.id.desc()).limit(limit))]

    # -- how far they reach --------------------------------------------------------------------------------------

    def reach(self, found: Sequence[Reached]) -> int:
        rows = [
            {
                "recall_id": one.recall_id,
                "vertex_kind": one.vertex.kind,
                "vertex_id": one.vertex.id,
                "distance": one.distance,
                "bars": one.bars.value,
                "walked": one.walked,
            }
            for one in found
        ]
        return self._insert_ignore(recall_reach, rows)

    def barring(self, vertices: Sequence[Vertex]) -> Sequence[Reached]:
        return self._of(_BARRING, vertices)

    def carrying(self, vertices: Sequence[Vertex]) -> Sequence[Reached]:
        return self._of(_CARRYING, vertices)

    def _of(self, statement: Prepared, vertices: Sequence[Vertex]) -> Sequence[Reached]:
        return [
            _reached(row)
            for kind, ids in by_kind(vertices)
            for row in statement.rows(self._connection, kind=kind, ids=list(ids))
        ]

    def unwalked(self, recall_id: int, limit: int) -> Sequence[Reached]:
        query = select(*_REACH).where(recall_reach.c.recall_id == recall_id, recall_reach.c.walked.is_(False))
        query = query.order_by(recall_reach.c.distance).limit(limit)
        return [_reached(row) for row in self._connection.execute(query)]

    def walked(self, found: Sequence[Reached]) -> None:
        if found:
            keys = [(one.recall_id, one.vertex.kind, one.vertex.id) for one in found]
            mine = tuple_(recall_reach.c.recall_id, recall_reach.c.vertex_kind, recall_reach.c.vertex_id).in_(keys)
            self._connection.execute(update(recall_reach).where(mine).values(walked=True))

    def reached(self, recall_id: int, after: Key | None, limit: int) -> Sequence[Reached]:
        order = (recall_reach.c.distance, recall_reach.c.vertex_kind, recall_reach.c.vertex_id)
        query = select(*_REACH).where(recall_reach.c.recall_id == recall_id)
        if after is not None:
            query = query.where(tuple_(*order) > tuple_(*after))
        return [_reached(row) for row in self._connection.execute(query.order_by(*order).limit(limit))]

    def count(self, recall_id: int) -> int:
        query = select(func.count()).select_from(recall_reach).where(recall_reach.c.recall_id == recall_id)
        return int(self._connection.execute(query).scalar_one())

    def trees_in(self, asset_id: int) -> Sequence[str]:
        standing = select(recall.c.id).where(_STANDS, recall.c.workspace_id == asset.c.workspace_id)
        reached = select(version.c.tree).join(asset, asset.c.id == version.c.asset_id)
        reached = reached.join(recall_reach, recall_reach.c.vertex_id == version.c.id).where(
            version.c.asset_id == asset_id,
            version.c.tree.is_not(None),
            recall_reach.c.vertex_kind == "version",
            recall_reach.c.bars == Bars.ALL.value,
            recall_reach.c.recall_id.in_(standing),
        )
        named = select(revision.c.tree).join(asset, asset.c.id == revision.c.asset_id)
        named = named.join(recall, and_(recall.c.digest == revision.c.tree, _STANDS))
        named = named.where(revision.c.asset_id == asset_id, recall.c.workspace_id == asset.c.workspace_id)
        return self._connection.execute(union(reached, named)).scalars().all()

    def stir(self, version_ids: Sequence[int]) -> None:
        if version_ids:
            changed = {"evidence_epoch": version.c.evidence_epoch + 1, "etag": version.c.etag + 1}
            self._connection.execute(update(version).where(version.c.id.in_(sorted(version_ids))).values(changed))

    def reached_versions(self, recall_id: int, after: int, limit: int) -> Sequence[int]:
        mine = (recall_reach.c.recall_id == recall_id, recall_reach.c.vertex_kind == "version")
        query = select(recall_reach.c.vertex_id).where(*mine, recall_reach.c.vertex_id > after)
        return self._connection.execute(query.order_by(recall_reach.c.vertex_id).limit(limit)).scalars().all()

    def mark(self, one: Recall, vertices: Sequence[Vertex], actor_id: int) -> None:
        mine = select(flag.c.vertex_kind, flag.c.vertex_id).where(flag.c.recall_id == one.id)
        marked = {Vertex(*row) for row in self._connection.execute(mine)}
        own = {"workspace_id": one.workspace_id, "cause": FlagCause.RECALL.value, "reason": one.reason}
        own |= {"set_by": actor_id, "recorded_at": self._context.now(), "recall_id": one.id}
        rows = [
            {**own, "uid": self._context.new_uid(), "vertex_kind": vertex.kind, "vertex_id": vertex.id}
            for vertex in dict.fromkeys(vertices)
            if vertex not in marked
        ]
        self._insert(flag, *rows)

    def unmark(self, one: Recall, at: int, actor_id: int, reason: str) -> None:
        changes = {"removed_at": at, "removed_by": actor_id, "removed_reason": reason}
        mine = (flag.c.recall_id == one.id, flag.c.removed_at.is_(None))
        self._connection.execute(update(flag).where(*mine).values(changes))

    # -- work to do ----------------------------------------------------------------------------------------------

    def plan(self, recall_id: int, phase: str) -> None:
        self._upsert(recall_work, [{"recall_id": recall_id, "phase": phase, "cursor": 0}], ["recall_id"])

    def due(self, now: int) -> int | None:
        ripe = or_(recall_work.c.phase != AGAIN, recall_work.c.cursor <= now)
        query = select(recall_work.c.recall_id).where(ripe).order_by(recall_work.c.recall_id).limit(1)
        found: int | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def work(self, recall_id: int) -> Work | None:
        return self._work(select(*_WORK).where(recall_work.c.recall_id == recall_id))

    def work_locked(self, recall_id: int) -> Work | None:
        return self._work(select(*_WORK).where(recall_work.c.recall_id == recall_id).with_for_update())

    def _work(self, query: Select[Any]) -> Work | None:
        row = self._connection.execute(query).one_or_none()
        return Work(*row) if row else None

    def forget_walk(self, recall_id: int) -> None:
        mine = (recall_reach.c.recall_id == recall_id, recall_reach.c.bars != Bars.TREE.value)
        self._connection.execute(update(recall_reach).where(*mine).values(walked=False))

    def go_on(self, work: Work) -> None:
        mine = recall_work.c.recall_id == work.recall_id
        self._connection.execute(update(recall_work).where(mine).values(phase=work.phase, cursor=work.cursor))

    def finish(self, recall_id: int) -> None:
        self._connection.execute(delete(recall_work).where(recall_work.c.recall_id == recall_id))

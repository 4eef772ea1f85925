"""Evaluations in SQL."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    except_,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from strongroom.adapters.sql.repositories import data_sets
from strongroom.adapters.sql.repositories.assets import visible_where
from strongroom.adapters.sql.repositories.base import AnyRow, Repository, batches, dump_json, load
from strongroom.adapters.sql.tables import (
    asset,
    blob,
    comparison,
    edge,
    edge_removed,
    evaluation,
    evaluation_holder,
    evaluation_metric,
    evaluation_value,
    name_dict,
    namespace,
    version,
)
from strongroom.application.paging import Key
from strongroom.application.ports.evaluations import Head, Place, Standing
from strongroom.domain.evaluations.comparing import Comparison, Outcome, Plan, Verdict
from strongroom.domain.evaluations.model import (
    Code,
    Data,
    Direction,
    Evaluation,
    Judge,
    Measure,
    MetricKind,
    Rows,
    SliceMeasure,
)
from strongroom.domain.identity.access import Visible

_PLAIN: Final = (
    "id", "uid", "workspace_id", "version_id", "name", "recorded_by", "recorded_at", "evaluated_at", "supersedes_id",
    "superseded_by_id", "reason", "retracted_at", "retracted_by", "retracted_reason", "origin_uid",
)  # fmt: skip
_ROOT: Final = func.coalesce(evaluation.c.root_id, evaluation.c.id)
ROWS_AT_ONCE: Final = 20
"""Bodies of evaluations that are fetched at a time where many are read."""
_STANDS: Final = and_(evaluation.c.superseded_by_id.is_(None), evaluation.c.retracted_at.is_(None))


_HELD: Final = exists().where(evaluation_holder.c.evaluation_id == evaluation.c.id)
BLANK: Final[Mapping[str, Any]] = {
    "body": '{"code":{},"judge":null,"measures":[],"note":"","properties":{},"rows":null,"slices":[]}',
    **dict.fromkeys(("name", "dataset_name", "reason", "retracted_reason"), ""),
    "rows_blob_id": None,
}
"""What is left of an evaluation that no version has any more: who recorded it when, and its place in a chain."""


def _select() -> Select[Any]:
    columns = [evaluation.c[name] for name in (*_PLAIN, "body", "dataset_digest", "dataset_name", "dataset_version_id")]
    found = select(*columns, _ROOT.label("root_id"), blob.c.sha256, blob.c.size, *data_sets.PLACE)
    found = found.outerjoin(blob, blob.c.id == evaluation.c.rows_blob_id)
    return data_sets.with_data_set(found)


def _data(row: AnyRow) -> Data:
    """A data set of ours is called what the registry calls it now."""
    if row.dataset_version_id is None:
        return Data(row.dataset_digest, row.dataset_name)
    path, name = row.data_path, row.data_asset_name
    return Data(row.dataset_digest, f"{path}/{name}" if path else name, row.dataset_version_id)


def _load(row: AnyRow, *, slices: bool = True) -> Evaluation:
    body = json.loads(row.body)
    rows = body["rows"] if row.sha256 else None
    measures = (
        {**one, "better": Direction(one["better"]), "kind": MetricKind(one["kind"])} for one in body["measures"]
    )
    return Evaluation(
        **{name: getattr(row, name) for name in _PLAIN},
        measures=tuple(Measure(**one) for one in measures),
        slices=tuple(SliceMeasure(**one) for one in body["slices"]) if slices else (),
        data=_data(row),
        code=Code(**body["code"]),
        judge=Judge(**body["judge"]) if body["judge"] else None,
        rows=rows and Rows(**{**rows, "columns": tuple(rows["columns"]), "slices": tuple(rows["slices"])}),
        note=body["note"],
        properties=body["properties"],
        root_id=row.root_id,
    )


def _body(new: Evaluation) -> str:
    said: dict[str, Any] = {"note": new.note, "properties": dict(new.properties), "code": asdict(new.code)}
    said |= {"judge": asdict(new.judge) if new.judge else None, "rows": asdict(new.rows) if new.rows else None}
    said |= {"measures": [asdict(one) for one in new.measures], "slices": [asdict(one) for one in new.slices]}
    return dump_json(said)


class SqlEvaluations(Repository):
    """See :class:`strongroom.application.ports.evaluations.Evaluations`."""

    def add(self, new: Evaluation, holders: Sequence[int]) -> Evaluation:
        row: dict[str, Any] = {name: getattr(new, name) for name in _PLAIN if name != "id"} | {"body": _body(new)}
        row |= {"dataset_digest": new.data.digest, "dataset_version_id": new.data.version_id}
        row |= {"dataset_name": "" if new.data.resolved else new.data.name, "root_id": new.root_id or None}
        row["rows_blob_id"] = self._connection.execute(
            select(blob.c.id).where(blob.c.sha256 == (new.rows.sha256 if new.rows else ""))
        ).scalar()
        id_ = self._insert_one(evaluation, row)
        names = [one.name for one in new.measures]
        keys = self._context.name_ids(new.workspace_id, names, create=True)
        values = [{"evaluation_id": id_, "key_id": keys[one.name], "value": one.value} for one in new.measures]
        self._insert(evaluation_metric, *values)
        self._insert(evaluation_holder, *({"version_id": one, "evaluation_id": id_} for one in holders))
        return replace(new, id=id_, root_id=new.root_id or id_)

    def by_uid(self, workspace_id: int, uid: str) -> Evaluation | None:
        query = _select().where(evaluation.c.uid == uid, evaluation.c.workspace_id == workspace_id, _HELD)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def by_ids(self, ids: Sequence[int]) -> Mapping[int, Evaluation]:
        found: dict[int, Evaluation] = {}
        for batch in batches(ids):
            rows = self._connection.execute(_select().where(evaluation.c.id.in_(batch), _HELD))
            found.update((row.id, _load(row)) for row in rows)
        return found

    def heads(self, ids: Sequence[int]) -> Mapping[int, Head]:
        found: dict[int, Head] = {}
        for batch in batches(sorted(set(ids))):
            query = select(evaluation.c.id, evaluation.c.uid, case((_STANDS, 1), else_=0))
            rows = self._connection.execute(query.where(evaluation.c.id.in_(batch)))
            found.update((id_, Head(uid, stands == 1)) for id_, uid, stands in rows)
        return found

    def lock(self, evaluation_id: int) -> Evaluation:
        query = _select().where(evaluation.c.id == evaluation_id).with_for_update(of=evaluation)
        return _load(self._connection.execute(query).one())

    def list(
        self,
        version_id: int,
        *,
        name: str | None,
        metric: str | None,
        standing: bool,
        after: Key | None,
        limit: int,
        slices: bool = True,
    ) -> Sequence[Evaluation]:
        where = _listed(version_id, name, metric, standing=standing, after=after)
        # an option of the statement: one of the connection would hold for all that follows on it
        options = {"yield_per": ROWS_AT_ONCE}
        rows = self._connection.execute(_in_order(_select(), where, limit), execution_options=options)
        return [_load(row, slices=slices) for row in rows]

    def places(
        self, version_id: int, *, name: str | None, metric: str | None, standing: bool, after: Key | None, limit: int
    ) -> Sequence[Place]:
        where = _listed(version_id, name, metric, standing=standing, after=after)
        query = _in_order(select(evaluation.c.id, func.length(evaluation.c.body), _ROOT), where, limit)
        return [Place(*row) for row in self._connection.execute(query)]

    def count(self, version_id: int) -> int:
        query = select(func.count()).where(evaluation_holder.c.version_id == version_id)
        return int(self._connection.execute(query).scalar_one())

    # -- who holds -----------------------------------------------------------------------------------------------

    def holders(self, evaluation_id: int) -> Sequence[int]:
        query = select(evaluation_holder.c.version_id).where(evaluation_holder.c.evaluation_id == evaluation_id)
        return list(self._connection.execute(query.order_by(evaluation_holder.c.version_id)).scalars())

    def holder_assets(self, evaluation_id: int, visible: Visible, after: int, limit: int) -> Sequence[int]:
        query = _held(select(asset.c.id).distinct(), visible).where(evaluation_holder.c.evaluation_id == evaluation_id)
        query = query.where(asset.c.id > after).order_by(asset.c.id).limit(limit)
        return list(self._connection.execute(query).scalars())

    def live_holders(self, evaluation_id: int, visible: Visible, after: int, limit: int) -> Sequence[int]:
        query = _held(select(version.c.id), visible).where(evaluation_holder.c.evaluation_id == evaluation_id)
        query = query.where(version.c.state == "live", version.c.source_id.is_(None), asset.c.deleted_at.is_(None))
        query = query.where(version.c.id > after).order_by(version.c.id).limit(limit)
        return list(self._connection.execute(query).scalars())

    def seen(self, ids: Sequence[int], visible: Visible) -> AbstractSet[int]:
        found: set[int] = set()
        for batch in batches(sorted(set(ids))):
            mine = _held(select(literal(1)), visible).where(evaluation_holder.c.evaluation_id == evaluation.c.id)
            query = select(evaluation.c.id).where(evaluation.c.id.in_(batch), mine.correlate(evaluation).exists())
            found.update(self._connection.execute(query).scalars())
        return found

    def lock_versions(self, version_ids: Sequence[int]) -> None:
        for batch in batches(sorted(version_ids)):
            query = select(version.c.id).where(version.c.id.in_(batch)).order_by(version.c.id)
            self._connection.execute(query.with_for_update()).all()

    def most_held(self, version_id: int) -> int:
        held, all_ = evaluation_holder.c, evaluation_holder.alias("all").c
        counted = select(func.count()).where(all_.evaluation_id == held.evaluation_id).correlate(evaluation_holder)
        most = select(func.max(counted.scalar_subquery())).where(held.version_id == version_id)
        return int(self._connection.execute(most).scalar() or 0)

    def share(self, source_id: int, target_id: int) -> int:
        held = select(literal(target_id), evaluation_holder.c.evaluation_id)
        held = held.where(evaluation_holder.c.version_id == source_id)
        columns = ["version_id", "evaluation_id"]
        shared = self._connection.execute(insert(evaluation_holder).from_select(columns, held)).rowcount
        names = [column.name for column in evaluation_value.c if column.name != "version_id"]
        seen = select(literal(target_id), *(evaluation_value.c[name] for name in names))
        seen = seen.where(evaluation_value.c.version_id == source_id)
        self._connection.execute(insert(evaluation_value).from_select(["version_id", *names], seen))
        return shared

    def forget(self, version_id: int, by: int) -> None:
        self._forget(select(version.c.id).where(version.c.id == version_id), by)

    def forget_of(self, asset_id: int, by: int) -> None:
        self._forget(select(version.c.id).where(version.c.asset_id == asset_id), by)

    def _forget(self, ids: Select[Any], by: int) -> None:
        held = select(evaluation_holder.c.evaluation_id).where(evaluation_holder.c.version_id.in_(ids))
        here, other = evaluation_holder.c, evaluation_holder.alias("other").c
        others = exists().where(other.evaluation_id == evaluation.c.id, other.version_id.not_in(ids))
        alone = select(evaluation.c.id).where(evaluation.c.id.in_(held), ~others)
        self._unlink(held, others, by)
        self._connection.execute(delete(evaluation_metric).where(evaluation_metric.c.evaluation_id.in_(alone)))
        compared = or_(comparison.c.champion_id.in_(alone), comparison.c.challenger_id.in_(alone))
        self._connection.execute(delete(comparison).where(compared))
        self._connection.execute(update(evaluation).where(evaluation.c.id.in_(held), ~others).values(BLANK))
        self._connection.execute(delete(evaluation_value).where(evaluation_value.c.version_id.in_(ids)))
        self._connection.execute(delete(evaluation_holder).where(here.version_id.in_(ids)))

    def _unlink(self, held: Select[Any], others: ColumnElement[bool], by: int) -> None:
        """Take back the edges from data sets to what was evaluated, where no evaluation on these stays elsewhere."""
        rests = evaluation.c.version_id == edge.c.target_id, evaluation.c.dataset_version_id == edge.c.source_id
        said, stays = (
            exists().where(*rests, evaluation.c.id.in_(held)).correlate(edge),
            exists().where(*rests, _STANDS, others).correlate(edge),
        )
        between = edge.c.type == "evaluation", edge.c.source_kind == "version", edge.c.target_kind == "version"
        homes = select(evaluation.c.version_id).where(evaluation.c.id.in_(held))
        mine = *between, edge.c.target_id.in_(homes), said, ~stays
        removed = {"removed_at": self._context.now(), "removed_by": by, "reason": "The version was purged."}
        columns = [column for column in edge.c if column.name in edge_removed.c]
        past = select(*columns, *(literal(value) for value in removed.values())).where(*mine)
        names = [column.name for column in columns]
        self._connection.execute(insert(edge_removed).from_select([*names, *removed], past))
        self._connection.execute(delete(edge).where(*mine))

    # -- what changes --------------------------------------------------------------------------------------------

    def supersede(self, old: Evaluation, by_id: int) -> None:
        self._connection.execute(update(evaluation).where(evaluation.c.id == old.id).values(superseded_by_id=by_id))

    def retract(self, old: Evaluation, at: int, by: int, reason: str) -> Evaluation:
        changes: dict[str, Any] = {"retracted_at": at, "retracted_by": by, "retracted_reason": reason}
        self._connection.execute(update(evaluation).where(evaluation.c.id == old.id).values(changes))
        return replace(old, **changes)

    def bump(self, version_ids: Sequence[int]) -> None:
        changes = {"evidence_epoch": version.c.evidence_epoch + 1, "etag": version.c.etag + 1}
        for batch in batches(version_ids):
            raised = update(version).where(version.c.id.in_(batch))
            self._connection.execute(raised.values(**changes, updated_at=self._context.now()))

    def refresh(self, version_ids: Sequence[int], digests: Sequence[str]) -> None:
        bound = sorted(set(digests) - {""})
        for batch in batches(version_ids) if bound else ():
            gone = evaluation_value.c.version_id.in_(batch), evaluation_value.c.dataset_digest.in_(bound)
            self._connection.execute(delete(evaluation_value).where(*gone))
            newest = _newest(evaluation_holder.c.version_id.in_(batch), evaluation.c.dataset_digest.in_(bound))
            self._connection.execute(insert(evaluation_value).from_select(list(newest.selected_columns.keys()), newest))

    # -- what search sees ----------------------------------------------------------------------------------------

    def standing(self, version_id: int, limit: int) -> Sequence[Standing]:
        seen = evaluation_value.c
        data = seen.dataset_digest, seen.dataset_name, seen.dataset_asset_id
        query = select(name_dict.c.text, *data, seen.value, seen.rank, seen.newest)
        query = query.join(name_dict, name_dict.c.id == seen.key_id).where(seen.version_id == version_id)
        return [Standing(*row) for row in self._connection.execute(query.order_by(seen.rank.desc()).limit(limit))]

    def data_sets(self, workspace_id: int, name: str, visible: Visible) -> Sequence[int]:
        return list(self._connection.execute(data_sets.called(workspace_id, name, visible)).scalars())

    def holding(self, after: int, limit: int) -> Sequence[int]:
        query = select(evaluation_holder.c.version_id).where(evaluation_holder.c.version_id > after).distinct()
        return list(self._connection.execute(query.order_by(evaluation_holder.c.version_id).limit(limit)).scalars())

    def first_held(self, version_id: int) -> Sequence[int]:
        held, other = evaluation_holder.c, evaluation_holder.alias("other").c
        before = exists().where(other.evaluation_id == held.evaluation_id, other.version_id < version_id)
        query = select(held.evaluation_id).where(held.version_id == version_id, ~before)
        return list(self._connection.execute(query.order_by(held.evaluation_id)).scalars())

    def metrics(self, evaluation_id: int) -> Mapping[str, float]:
        query = select(name_dict.c.text, evaluation_metric.c.value)
        query = query.join(evaluation_metric, evaluation_metric.c.key_id == name_dict.c.id)
        rows = self._connection.execute(query.where(evaluation_metric.c.evaluation_id == evaluation_id))
        return {row.text: row.value for row in rows}

    def stale(self, version_id: int) -> bool:
        follows = _newest(evaluation_holder.c.version_id == version_id, evaluation.c.dataset_digest != "")
        there = select(*(evaluation_value.c[name] for name in tuple(follows.selected_columns.keys())))
        there = there.where(evaluation_value.c.version_id == version_id)
        both = (except_(follows, there), except_(there, follows))
        return any(self._connection.execute(one.limit(1)).first() for one in both)

    def rests_on(self, version_id: int, dataset_version_id: int) -> bool:
        mine = evaluation.c.version_id == version_id, evaluation.c.dataset_version_id == dataset_version_id
        return self._connection.execute(select(evaluation.c.id).where(*mine, _STANDS).limit(1)).scalar() is not None

    # -- comparisons ---------------------------------------------------------------------------------------------

    def add_comparison(self, new: Comparison) -> Comparison:
        row = {column.name: getattr(new, column.name) for column in comparison.c if column.name != "id"}
        row |= {name: dump_json(asdict(row[name])) for name in ("plan", "outcome")}
        return replace(new, id=self._insert_one(comparison, row))

    def comparison(self, workspace_id: int, uid: str) -> Comparison | None:
        query = select(comparison).where(comparison.c.uid == uid, comparison.c.workspace_id == workspace_id)
        row = self._connection.execute(query).one_or_none()
        return _compared(row) if row else None

    def comparisons(self, evaluation_id: int, after: Key | None, limit: int) -> Sequence[Comparison]:
        query = select(comparison).where(
            or_(comparison.c.champion_id == evaluation_id, comparison.c.challenger_id == evaluation_id)
        )
        if after is not None:
            query = query.where(comparison.c.id < after[0])
        rows = self._connection.execute(query.order_by(comparison.c.id.desc()).limit(limit))
        return [_compared(row) for row in rows]


def _compared(row: AnyRow) -> Comparison:
    plan, outcome = json.loads(row.plan), json.loads(row.outcome)
    return load(
        Comparison,
        row,
        plan=Plan(**{**plan, "better": Direction(plan["better"])}),
        outcome=Outcome(**{**outcome, "verdict": Verdict(outcome["verdict"])}),
    )


def _listed(
    version_id: int, name: str | None, metric: str | None, *, standing: bool, after: Key | None
) -> list[ColumnElement[bool]]:
    """Which evaluations of a version are meant."""
    where = [evaluation_holder.c.version_id == version_id]
    if name is not None:
        where.append(evaluation.c.name == name)
    if metric is not None:
        mine = evaluation_metric.join(name_dict, name_dict.c.id == evaluation_metric.c.key_id)
        named = evaluation_metric.c.evaluation_id == evaluation.c.id, name_dict.c.text == metric
        where.append(exists(select(literal(1)).select_from(mine).where(*named)))
    if standing:
        where.append(_STANDS)
    if after is not None:
        where.append(evaluation.c.id < after[0])
    return where


def _in_order(query: Select[Any], where: Sequence[ColumnElement[bool]], limit: int) -> Select[Any]:
    held = query.join(evaluation_holder, evaluation_holder.c.evaluation_id == evaluation.c.id)
    return held.where(*where).order_by(evaluation.c.id.desc()).limit(limit)


def _held(query: Select[Any], visible: Visible) -> Select[Any]:
    """A query of versions that hold evaluations, in assets that are visible."""
    joined = query.select_from(evaluation_holder).join(version, version.c.id == evaluation_holder.c.version_id)
    joined = joined.join(asset, asset.c.id == version.c.asset_id)
    return joined.join(namespace, namespace.c.id == asset.c.namespace_id).where(visible_where(visible))


def _newest(*where: ColumnElement[bool]) -> Select[Any]:
    """Of each version, metric, data set and name of it the value recorded last, of those that stand."""
    of = (evaluation_holder.c.version_id, evaluation_metric.c.key_id, evaluation.c.dataset_digest)
    ours = func.coalesce(data_sets.ASSET_ID, 0)
    claimed = case((data_sets.ASSET_ID.is_(None), evaluation.c.dataset_name), else_="")
    columns = [ours.label("dataset_asset_id"), claimed.label("dataset_name"), evaluation_metric.c.value]
    columns += [evaluation.c.id.label("evaluation_id"), _ROOT.label("rank")]
    newest = (func.row_number().over(partition_by=of, order_by=_ROOT.desc()) == 1).label("newest")
    place = func.row_number().over(partition_by=(*of, ours, claimed), order_by=_ROOT.desc()).label("place")
    all_ = select(*of, *columns, newest, place).select_from(evaluation_holder)
    all_ = all_.join(evaluation, evaluation.c.id == evaluation_holder.c.evaluation_id)
    all_ = all_.join(evaluation_metric, evaluation_metric.c.evaluation_id == evaluation.c.id).where(*where, _STANDS)
    ranked = data_sets.with_data_set(all_).subquery()
    return select(*(column for column in ranked.c if column.name != "place")).where(ranked.c.place == 1)

"""Evaluations as callers see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.registry import versions
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.evaluations.model import Code, Data, Evaluation, Judge, Measure, Rows, SliceMeasure


@dataclass(frozen=True, slots=True)
class DataView:
    """What was evaluated on. `bound`: its digest is known. `resolved`: it is a version of ours, and not only claimed.

    `version_uid` and `name` are of such a version where you may see it; else `name` is what somebody calls it.
    """

    bound: bool
    resolved: bool
    digest: str
    name: str
    version_uid: str | None


@dataclass(frozen=True, slots=True)
class EvaluationView:
    """An evaluation. `version_uid` is the version that was evaluated, where you may see it; links and copies share it.

    It stands (`standing`) until it is corrected (`superseded_by`) or retracted.
    """

    uid: str
    version_uid: str | None
    name: str
    metrics: Sequence[Measure]
    slices: Sequence[SliceMeasure]
    data: DataView
    code: Code
    judge: Judge | None
    rows: Rows | None
    note: str
    properties: Mapping[str, object]
    recorded_by: str | None
    recorded_at: datetime
    evaluated_at: datetime | None
    standing: bool
    supersedes: str | None
    superseded_by: str | None
    reason: str
    retracted_at: datetime | None
    retracted_by: str | None
    retracted_reason: str
    origin_uid: str | None


def evaluation_views(call: Call, found: Sequence[Evaluation]) -> list[EvaluationView]:
    """Views of evaluations that the caller may see."""
    who = call.tx.lineage.uids_of(sorted({by for one in found for by in (one.recorded_by, one.retracted_by) if by}))
    chain = call.tx.evaluations.heads(
        [id_ for one in found for id_ in (one.supersedes_id, one.superseded_by_id) if id_]
    )
    seen = seen_versions(call, [id_ for one in found for id_ in (one.version_id, one.data.version_id) if id_])
    return [_view(one, who, {id_: head.uid for id_, head in chain.items()}, seen) for one in found]


def seen_versions(call: Call, ids: Sequence[int]) -> Mapping[int, str]:
    """Uids of those versions that the caller may know of."""
    there = call.tx.versions.by_ids(sorted(set(ids)))
    owners = call.tx.assets.by_ids(sorted({one.asset_id for one in there.values()}))
    return {one.id: one.uid for one in there.values() if versions.can_see(call, owners[one.asset_id])}


def _data(data: Data, seen: Mapping[int, str]) -> DataView:
    uid = seen.get(data.version_id or 0)
    name = "" if data.resolved and uid is None else data.name
    return DataView(data.bound, data.resolved, data.digest, name, uid)


def _view(one: Evaluation, who: Mapping[int, str], chain: Mapping[int, str], seen: Mapping[int, str]) -> EvaluationView:
    return EvaluationView(
        one.uid,
        seen.get(one.version_id),
        one.name,
        one.measures,
        one.slices,
        _data(one.data, seen),
        one.code,
        one.judge,
        one.rows,
        one.note,
        one.properties,
        who.get(one.recorded_by),
        time_of(one.recorded_at),
        maybe_time(one.evaluated_at),
        one.current,
        chain.get(one.supersedes_id or 0),
        chain.get(one.superseded_by_id or 0),
        one.reason,
        maybe_time(one.retracted_at),
        who.get(one.retracted_by or 0),
        one.retracted_reason,
        one.origin_uid,
    )


def weight(view: EvaluationView) -> int:
    """About how many bytes it is as JSON."""
    said = sum(len(str(value)) for value in view.properties.values()) + len(view.note)
    slices = sum(100 + len(one.slice) + len(one.metric) for one in view.slices)
    return 2_000 + said + 400 * len(view.metrics) + slices

"""Traces and their spans in SQL. Writers hold the traces' locks."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, or_, select, tuple_, update

from strongroom.adapters.sql.prepared import Prepared, among
from strongroom.adapters.sql.repositories.base import Repository, batches, load
from strongroom.adapters.sql.tables import (
    assessment,
    experiment,
    folder,
    folder_entry,
    object_property,
    principal,
    run,
    span,
    tag,
    trace,
    trace_link,
)
from strongroom.application.paging import Key
from strongroom.application.ports.traces import StoredSpan, TraceFilter
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.spans import Span, decode_span
from strongroom.domain.tracking.traces import Trace, TraceState

_ELSEWHERE = {"id", "experiment_uid", "run_uid", "created_by"}
_OWN = [field.name for field in fields(Trace) if field.name not in _ELSEWHERE]


@cache
def _select() -> Select[Any]:
    return (
        select(
            trace.c.id,
            *(trace.c[name] for name in _OWN),
            experiment.c.uid.label("experiment_uid"),
            run.c.uid.label("run_uid"),
            principal.c.uid.label("created_by"),
        )
        .join(experiment, experiment.c.id == trace.c.experiment_id)
        .join(principal, principal.c.id == trace.c.created_by)
        .outerjoin(run, run.c.id == trace.c.run_id)
    )


_MINE = (trace.c.workspace_id == bindparam("workspace"), among(trace.c.trace_id, "trace_ids"))
_BY_UID = Prepared(
    _select().where(trace.c.uid == bindparam("uid"), trace.c.workspace_id == bindparam("workspace")),
    Trace,
    state=TraceState,
)
_BY_TRACE_IDS = Prepared(_select().where(*_MINE), Trace, state=TraceState)
_LOCK = Prepared(
    _select().where(*_MINE).order_by(trace.c.id).with_for_update(of=trace, key_share=True), Trace, state=TraceState
)
_SIZES = Prepared(
    select(span.c.span_id, span.c.size).where(span.c.trace_id == bindparam("trace"), among(span.c.span_id, "span_ids"))
)
_SPANS = Prepared(
    select(span)
    .where(span.c.trace_id == bindparam("trace"), among(span.c.span_id, "span_ids"))
    .order_by(span.c.start_ns, span.c.span_id)
)


def _load(row: Row[Any]) -> Trace:
    return load(Trace, row, state=TraceState(row.state))


def _span(row: Row[Any]) -> Span:
    return decode_span(
        row.body,
        span_id=row.span_id,
        parent_id=row.parent_id,
        type_=row.type,
        status=row.status,
        start_ns=row.start_ns,
        end_ns=row.end_ns,
    )


class SqlTraces(Repository):
    """See :class:`strongroom.application.ports.traces.Traces`."""

    def by_uid(self, workspace_id: int, uid: str) -> Trace | None:
        found: Trace | None = _BY_UID.one(self._connection, uid=uid, workspace=workspace_id)
        return found

    def by_trace_ids(self, workspace_id: int, trace_ids: Sequence[str]) -> Mapping[str, Trace]:
        found: list[Trace] = _BY_TRACE_IDS.rows(self._connection, workspace=workspace_id, trace_ids=list(trace_ids))
        return {one.trace_id: one for one in found}

    def by_ids(self, ids: Sequence[int]) -> Mapping[int, Trace]:
        found = {}
        for batch in batches(ids):
            for row in self._connection.execute(_select().where(trace.c.id.in_(batch))):
                found[row.id] = _load(row)
        return found

    def add_missing(self, traces: Sequence[Trace], actor_id: int) -> None:
        rows = [
            {**{name: getattr(one, name) for name in _OWN}, "state": one.state.value, "created_by": actor_id}
            for one in traces
        ]
        self._insert_ignore(trace, [{**row, "run_id": one.run_id} for row, one in zip(rows, traces, strict=True)])

    def lock(self, workspace_id: int, trace_ids: Sequence[str]) -> Mapping[str, Trace]:
        found: list[Trace] = _LOCK.rows(self._connection, workspace=workspace_id, trace_ids=list(trace_ids))
        return {one.trace_id: one for one in found}

    def update(self, old: Trace, /, **changes: object) -> Trace:
        now = self._context.now()
        values: dict[str, Any] = {**changes, "updated_at": now, "etag": trace.c.etag + 1}
        run_uid = values.pop("run_uid", old.run_uid)
        self._connection.execute(update(trace).where(trace.c.id == old.id).values(values))
        known: dict[str, Any] = {**changes, "run_uid": run_uid, "updated_at": now, "etag": old.etag + 1}
        if "state" in changes:
            known["state"] = TraceState(str(changes["state"]))
        return replace(old, **known)

    def list(self, of: Experiment, wanted: TraceFilter, after: Key | None, limit: int) -> Sequence[Trace]:
        query = _select().where(trace.c.experiment_id == of.id)
        same = {"state": wanted.state, "session": wanted.session}
        query = query.where(*(trace.c[name] == value for name, value in same.items() if value is not None))
        if wanted.run_id is not None:
            linked = select(trace_link.c.trace_id).where(
                trace_link.c.kind == "run", trace_link.c.target_id == wanted.run_id
            )
            query = query.where(or_(trace.c.run_id == wanted.run_id, trace.c.id.in_(linked)))
        if after is not None:
            query = query.where(tuple_(trace.c.started_at, trace.c.id) < tuple_(*after))
        query = query.order_by(trace.c.started_at.desc(), trace.c.id.desc()).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

    def oldest(self, of: Experiment, until: int, limit: int) -> Sequence[Trace]:
        query = _select().where(trace.c.experiment_id == of.id, trace.c.started_at <= until)
        query = query.order_by(trace.c.started_at, trace.c.id).limit(limit)
        return [_load(row) for row in self._connection.execute(query)]

    def delete(self, ids: Sequence[int]) -> None:
        for batch in batches(ids):
            mine_folders = folder.c.owner_kind == "trace", folder.c.owner_id.in_(batch)
            entries = folder_entry.c.folder_id.in_(select(folder.c.id).where(*mine_folders))
            self._connection.execute(delete(folder_entry).where(entries))
            self._connection.execute(delete(folder).where(*mine_folders))
            for table in (span, trace_link, assessment):
                self._connection.execute(delete(table).where(table.c.trace_id.in_(batch)))
            for owned in (tag, object_property):
                mine = (owned.c.owner_kind == "trace", owned.c.owner_id.in_(batch))
                self._connection.execute(delete(owned).where(*mine))
            self._connection.execute(delete(trace).where(trace.c.id.in_(batch)))

    # -- spans ---------------------------------------------------------------------------------------------------

    def sizes(self, trace_id: int, span_ids: Sequence[str]) -> Mapping[str, int]:
        return dict(_SIZES.rows(self._connection, trace=trace_id, span_ids=list(span_ids)))

    def put_spans(self, of: Trace, spans: Sequence[StoredSpan]) -> None:
        rows = [
            {
                "trace_id": of.id,
                "span_id": one.span.span_id,
                "experiment_id": of.experiment_id,
                "parent_id": one.span.parent_id,
                "name": one.span.name,
                "type": one.span.type,
                "status": one.span.status.value,
                "start_ns": one.span.start_ns,
                "end_ns": one.span.end_ns,
                "size": one.size,
                "body": one.body,
            }
            for one in spans
        ]
        self._upsert(span, rows, ["trace_id", "span_id"])

    def spans(self, trace_id: int, after: Key | None, limit: int, largest: int) -> tuple[Sequence[Span], bool]:
        place = (span.c.start_ns, span.c.span_id)
        query = select(*place, span.c.size).where(span.c.trace_id == trace_id).order_by(*place).limit(limit + 1)
        if after is not None:
            query = query.where(tuple_(*place) > tuple_(*after))
        wanted: list[str] = []
        total = 0
        found = self._connection.execute(query).all()
        for row in found[:limit]:
            total += row.size
            if wanted and total > largest:
                break
            wanted.append(row.span_id)
        rows = _SPANS.rows(self._connection, trace=trace_id, span_ids=wanted)
        return [_span(row) for row in rows], len(wanted) < len(found)

    # -- links ---------------------------------------------------------------------------------------------------

    def link(self, trace_ids: Sequence[int], kind: str, target_id: int) -> int:
        now = self._context.now()
        said = {"kind": kind, "target_id": target_id, "recorded_at": now}
        return self._insert_ignore(trace_link, [{"trace_id": one, **said} for one in trace_ids])

    def links(self, ids: Sequence[int]) -> Mapping[int, Sequence[tuple[str, int]]]:
        found: dict[int, list[tuple[str, int]]] = {}
        for batch in batches(ids):
            query = select(trace_link).where(trace_link.c.trace_id.in_(batch))
            for row in self._connection.execute(query.order_by(trace_link.c.recorded_at, trace_link.c.target_id)):
                found.setdefault(row.trace_id, []).append((row.kind, row.target_id))
        return found

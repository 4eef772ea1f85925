"""What is said of traces, in SQL. Writers hold the trace's lock."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update

from strongroom.adapters.sql.repositories.base import Repository, batches, dump_json
from strongroom.adapters.sql.tables import assessment, principal, trace
from strongroom.domain.tracking.assessments import (
    Assessment,
    AssessmentKind,
    Failure,
    SourceKind,
    value_json,
    value_number,
    value_text,
)
from strongroom.domain.tracking.traces import Trace


@cache
def _select() -> Select[Any]:
    return (
        select(assessment, trace.c.uid.label("trace_uid"), principal.c.uid.label("written_by"))
        .join(trace, trace.c.id == assessment.c.trace_id)
        .join(principal, principal.c.id == assessment.c.created_by)
    )


def _load(row: Row[Any]) -> Assessment:
    return Assessment(
        id=row.id,
        uid=row.uid,
        trace_id=row.trace_id,
        trace_uid=row.trace_uid,
        kind=AssessmentKind(row.kind),
        name=row.name,
        value=json.loads(row.value),
        failure=Failure(**json.loads(row.failure)) if row.failure else None,
        source=SourceKind(row.source),
        source_id=row.source_id,
        rationale=row.rationale,
        span_id=row.span_id,
        metadata=json.loads(row.metadata),
        valid=row.valid,
        overrides=row.overrides,
        created_by=row.written_by,
        recorded_at=row.recorded_at,
        updated_at=row.updated_at,
    )


def _said(one: Assessment) -> dict[str, Any]:
    """The columns that may change."""
    return {
        "name": one.name,
        "value": value_json(one.value),
        "text": value_text(one.value),
        "number": value_number(one.value),
        "failure": dump_json(asdict(one.failure)) if one.failure else None,
        "source": one.source.value,
        "source_id": one.source_id,
        "rationale": one.rationale,
        "span_id": one.span_id,
        "metadata": dump_json(one.metadata),
        "valid": one.valid,
        "updated_at": one.updated_at,
    }


class SqlAssessments(Repository):
    """See :class:`strongroom.application.ports.traces.Assessments`."""

    def by_uid(self, workspace_id: int, uid: str) -> Assessment | None:
        query = _select().where(assessment.c.uid == uid, trace.c.workspace_id == workspace_id)
        row = self._connection.execute(query).one_or_none()
        return _load(row) if row else None

    def add(self, new: Assessment, of: Trace, actor_id: int) -> Assessment:
        row = {
            **_said(new),
            "uid": new.uid,
            "trace_id": of.id,
            "experiment_id": of.experiment_id,
            "kind": new.kind.value,
            "overrides": new.overrides,
            "created_by": actor_id,
            "recorded_at": new.recorded_at,
        }
        return replace(new, id=self._insert_one(assessment, row))

    def replace(self, changed: Assessment) -> None:
        statement = update(assessment).where(assessment.c.id == changed.id)
        self._connection.execute(statement.values(_said(changed)))

    def remove(self, assessment_id: int) -> None:
        self._connection.execute(delete(assessment).where(assessment.c.id == assessment_id))

    def of_traces(self, ids: Sequence[int]) -> Mapping[int, Sequence[Assessment]]:
        found: dict[int, list[Assessment]] = {}
        for batch in batches(ids):
            query = _select().where(assessment.c.trace_id.in_(batch)).order_by(assessment.c.id)
            for row in self._connection.execute(query):
                found.setdefault(row.trace_id, []).append(_load(row))
        return found

    def count(self, trace_id: int) -> int:
        query = select(func.count()).select_from(assessment).where(assessment.c.trace_id == trace_id)
        found: int = self._connection.execute(query).scalar_one()
        return found

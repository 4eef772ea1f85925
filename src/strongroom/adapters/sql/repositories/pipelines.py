"""Pipelines in SQL."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from strongroom.adapters.sql.repositories.base import Repository, batches, dump_json
from strongroom.adapters.sql.tables import pipeline_step, run, step_attempt
from strongroom.domain.tracking.model import Run, RunState
from strongroom.domain.tracking.pipelines import Attempt, Step

NAMED_MOST = 10


def _step(row: Row[Any]) -> Step:
    return Step(row.name, tuple(json.loads(row.depends_on)), row.run_id, row.attempts)


class SqlPipelines(Repository):
    """See :class:`strongroom.application.ports.pipelines.Pipelines`."""

    def steps(self, pipeline_id: int) -> Sequence[Step]:
        query = select(pipeline_step).where(pipeline_step.c.pipeline_id == pipeline_id)
        return [_step(row) for row in self._connection.execute(query.order_by(pipeline_step.c.position))]

    def add(self, pipeline_id: int, steps: Sequence[Step]) -> None:
        query = select(func.max(pipeline_step.c.position)).where(pipeline_step.c.pipeline_id == pipeline_id)
        last = self._connection.execute(query).scalar_one()
        first = 0 if last is None else last + 1
        rows = [
            {
                "pipeline_id": pipeline_id,
                "position": first + number,
                "name": step.name,
                "depends_on": dump_json(step.depends_on),
                "attempts": 0,
            }
            for number, step in enumerate(steps)
        ]
        if rows:
            self._connection.execute(insert(pipeline_step), rows)

    def begin(self, pipeline: Run, attempt: Attempt) -> None:
        row = {
            "run_id": attempt.run_id,
            "pipeline_id": pipeline.id,
            "step": attempt.step,
            "experiment_id": pipeline.experiment_id,
            "cache_key": attempt.cache_key,
            "answered_by": attempt.answered_by,
        }
        self._connection.execute(insert(step_attempt).values(row))
        mine = (pipeline_step.c.pipeline_id == pipeline.id, pipeline_step.c.name == attempt.step)
        changed = {"run_id": attempt.run_id, "attempts": pipeline_step.c.attempts + 1}
        self._connection.execute(update(pipeline_step).where(*mine).values(changed))

    def attempts(self, run_ids: Sequence[int]) -> Mapping[int, Attempt]:
        found = {}
        for batch in batches(run_ids):
            for row in self._connection.execute(select(step_attempt).where(step_attempt.c.run_id.in_(batch))):
                found[row.run_id] = Attempt(row.run_id, row.step, row.cache_key, row.answered_by)
        return found

    def finished_with(self, experiment_id: int, cache_key: str) -> int | None:
        query = (
            select(step_attempt.c.run_id)
            .join(run, run.c.id == step_attempt.c.run_id)
            .where(
                step_attempt.c.experiment_id == experiment_id,
                step_attempt.c.cache_key == cache_key,
                step_attempt.c.answered_by.is_(None),
                run.c.state == RunState.FINISHED.value,
                run.c.deleted_at.is_(None),
            )
            .order_by(step_attempt.c.run_id.desc())
            .limit(1)
        )
        return self._connection.execute(query).scalar_one_or_none()

    def begun_after(self, run_id: int) -> Sequence[str]:
        of = select(step_attempt.c.pipeline_id, step_attempt.c.step).where(step_attempt.c.run_id == run_id)
        row = self._connection.execute(of).one_or_none()
        if row is None:
            return []
        steps = self.steps(row.pipeline_id)
        if not any(step.run_id == run_id for step in steps):
            return []  # another attempt took its place: nothing rests on this one
        return [one.name for one in steps if row.step in one.depends_on and one.run_id is not None][:NAMED_MOST]

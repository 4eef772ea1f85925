"""Pipelines: steps defined, begun, answered from finished ones, and shown as one graph with their statuses.

A pipeline is a run with steps; an attempt at a step is a run below it, recorded and ended like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.lineage import graph
from strongroom.application.tracking import recording, runs
from strongroom.application.tracking.recording import Batch, LogParam
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.tracking.model import Run, RunState
from strongroom.domain.tracking.pipelines import (
    Attempt,
    Step,
    StepStatus,
    cache_key,
    clean_step_name,
    clean_steps,
    statuses,
)
from strongroom.domain.tracking.source import Source

OUTPUTS_MOST = 10_000
CACHING = ("use", "refresh", "off")


@dataclass(frozen=True, slots=True)
class DefineStep:
    """A step from outside: its name, and the names of the steps it depends on."""

    name: str
    depends_on: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class BeginStep:
    """An attempt at a step.

    :param code: digest or commit of its code. :param inputs: digests of what it reads.
    :param params: set once on its run.
    :param cache: ``use`` answers from a finished step of the same experiment with the same name, code, inputs and
        params, when there is one; ``refresh`` runs it and keeps it for others; ``off`` does neither.
    """

    code: str = ""
    inputs: Sequence[str] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    cache: str = "use"
    source: Source = field(default_factory=Source)


@dataclass(frozen=True, slots=True)
class StepView:
    """A step. `run_uid` is its latest attempt; when `cached`, `answered_by` is the finished run that it rests on.

    `status` is waiting, ready or blocked before it is begun, then that of its run.
    """

    name: str
    depends_on: Sequence[str]
    status: str
    run_uid: str | None
    attempts: int
    cached: bool
    cache_key: str | None
    answered_by: str | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PipelineView:
    """A pipeline: its run and its steps, each after those it depends on. `counts` says how many stand how."""

    run_uid: str
    state: str
    counts: Mapping[str, int]
    steps: Sequence[StepView]


def define(call: Call, run_uid: str, steps: Sequence[DefineStep]) -> PipelineView:
    """Add steps to a running run, all or none, which makes it a pipeline. What a step depends on never changes.

    :raises Invalid: a step twice, an unknown dependency, a circle (`circle` names it), above 1,000 steps.
    """
    _, run = runs.locked(call, run_uid, Permission.RUN_WRITE)
    runs.must_run(run)
    known = [step.name for step in call.tx.pipelines.steps(run.id)]
    new = clean_steps(known, [(step.name, step.depends_on) for step in steps])
    if new:
        call.tx.pipelines.add(run.id, new)
        call.record("pipeline.define", Subject("run", run_uid), {"steps": len(known) + len(new)})
    return _view(call, run)


def begin(call: Call, run_uid: str, name: str, command: BeginStep) -> StepView:
    """Begin a step: a run below the pipeline's, or a finished one when another answers for it.

    A failed or killed step may be begun again.

    :raises NotFound: no such step. :raises Conflict: it is running or finished, or one it depends on is not finished.
    """
    if command.cache not in CACHING:
        raise Invalid(f"Caching is one of {', '.join(CACHING)}.")
    _, pipeline = runs.locked(call, run_uid, Permission.RUN_WRITE)
    runs.must_run(pipeline)
    step = _may_begin(call, pipeline, clean_step_name(name))
    wanted = command.cache != "off" and command.code
    key = cache_key(step.name, command.code, command.inputs, command.params) if wanted else None
    answering = call.tx.pipelines.finished_with(pipeline.experiment_id, key) if key and command.cache == "use" else None
    made = runs.CreateRun(pipeline.experiment_uid, step.name, "step", parent_uid=pipeline.uid, source=command.source)
    run = call.tx.runs.by_uid(call.workspace.id, runs.create(call, made).uid)
    assert run is not None  # noqa: S101 - it was made above
    call.tx.pipelines.begin(pipeline, Attempt(run.id, step.name, key, answering))
    params = [LogParam(key_, value) for key_, value in command.params.items()]
    recording.log(call, run.uid, Batch(params))
    if answering is not None:
        _answer(call, run, call.tx.runs.by_id(answering))
    return next(view for view in _view(call, pipeline).steps if view.name == step.name)


def _may_begin(call: Call, pipeline: Run, name: str) -> Step:
    steps = call.tx.pipelines.steps(pipeline.id)
    step = next((one for one in steps if one.name == name), None)
    if step is None:
        raise NotFound("The pipeline has no such step.")
    status = statuses(steps, _states(call, steps))
    if status[name] in {StepStatus.RUNNING, StepStatus.FINISHED}:
        raise Conflict("The step is begun already.", status=status[name].value)
    if late := [one for one in step.depends_on if status[one] is not StepStatus.FINISHED]:
        raise Conflict("Steps that this one depends on are not finished.", steps=late[:10])
    return step


def _states(call: Call, steps: Sequence[Step]) -> dict[int, RunState]:
    found = call.tx.runs.by_ids([step.run_id for step in steps if step.run_id is not None])
    return {run.id: run.state for run in found.values()}


def _answer(call: Call, run: Run, by: Run) -> None:
    """End an attempt at once: it put out what the run that answers for it put out."""
    here = Vertex("run", run.id)
    edges = call.tx.lineage.edges_of([Vertex("run", by.id)], "down", OUTPUTS_MOST, [EdgeType.OUTPUT])
    for edge in edges:
        graph.link(call, here, EdgeType.OUTPUT, edge.target, {**edge.properties, "cached": True})
    runs.end(call, run.uid, RunState.FINISHED.value)
    call.record("step.answer", Subject("run", run.uid), {"by": by.uid, "outputs": len(edges)}, event=False)


def get(call: Call, run_uid: str) -> PipelineView:
    """A pipeline's graph with the status of each step; of a run without steps, an empty one."""
    return _view(call, runs.by_uid(call, run_uid, Permission.RUN_READ)[1])


def _view(call: Call, pipeline: Run) -> PipelineView:
    steps = call.tx.pipelines.steps(pipeline.id)
    attempts = call.tx.pipelines.attempts([step.run_id for step in steps if step.run_id is not None])
    answering = [one.answered_by for one in attempts.values() if one.answered_by is not None]
    found = call.tx.runs.by_ids([*attempts, *answering])
    status = statuses(steps, {run.id: run.state for run in found.values()})
    views = [_step_view(step, status[step.name], attempts, found) for step in steps]
    counts = {one.value: 0 for one in StepStatus}
    for one in status.values():
        counts[one.value] += 1
    return PipelineView(pipeline.uid, pipeline.state.value, counts, views)


def _step_view(step: Step, status: StepStatus, attempts: Mapping[int, Attempt], found: Mapping[int, Run]) -> StepView:
    run = found[step.run_id] if step.run_id is not None else None
    attempt = attempts[step.run_id] if step.run_id is not None else None
    by = found[attempt.answered_by] if attempt and attempt.answered_by is not None else None
    return StepView(
        name=step.name,
        depends_on=list(step.depends_on),
        status=status.value,
        run_uid=run.uid if run else None,
        attempts=step.attempts,
        cached=by is not None,
        cache_key=attempt.cache_key if attempt else None,
        answered_by=by.uid if by else None,
        started_at=time_of(run.started_at) if run else None,
        ended_at=maybe_time(run.ended_at) if run else None,
    )

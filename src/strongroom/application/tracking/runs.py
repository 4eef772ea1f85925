"""Runs: begun, found, described, ended, resumed, deleted and restored. `recording` takes what they record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from strongroom.application.call import Call, check_etag
from strongroom.application.paging import Key, Page, PageRequest, within_bytes
from strongroom.application.ports.tracking import RunFilter
from strongroom.application.registry.assets import clean_tags
from strongroom.application.tracking import experiments
from strongroom.application.tracking.sealing import seal_chain
from strongroom.application.tracking.views import VALUES_SHOWN, RunView, run_view, run_views, run_weight
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description
from strongroom.domain.registry.text import clean_line
from strongroom.domain.tracking.model import Experiment, HeldRun, Run, RunState
from strongroom.domain.tracking.pipelines import StepStatus, statuses
from strongroom.domain.tracking.source import (
    Source,
    clean_environment,
    clean_run_kind,
    clean_time,
    environment_digest,
)

NAME_LONGEST = 255
DEEPEST = 30
"""Levels of nested runs."""
IN_TRASH = "The run is in the trash; restore it first."
ENDINGS = (RunState.FINISHED, RunState.FAILED, RunState.KILLED)


@dataclass(frozen=True, slots=True)
class CreateRun:
    """A new run of an experiment.

    :param parent_uid: a run of the same workspace, maybe of another experiment.
    :param environment: lock text of what is installed, up to 1 MiB.
    :param started_at: as claimed, microseconds since 1970 in UTC; None for now.
    """

    experiment_uid: str
    name: str = ""
    kind: str = "training"
    parent_uid: str | None = None
    note: str = ""
    source: Source = field(default_factory=Source)
    environment: str = ""
    started_at: int | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpdateRun:
    """Changes to what is said of a run; what is None stays."""

    name: str | None = None
    note: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class ListRuns:
    """Which runs of an experiment to list; `application.search` finds them by anything else."""

    state: str | None = None
    kind: str | None = None
    name_prefix: str | None = None
    parent_uid: str | None = None
    trashed: bool = False


def _clean_name(text: str) -> str:
    """A run need not have a name; frameworks make up names with line ends, which go."""
    bare = text.strip()
    return clean_line(bare, what="run's name", longest=NAME_LONGEST) if bare else ""


def create(call: Call, command: CreateRun) -> RunView:
    """Begin a run with a folder of its own.

    :raises NotFound: no such experiment or parent. :raises Conflict: the experiment is in the trash.
    """
    found = experiments.by_uid(call, command.experiment_uid, Permission.RUN_WRITE)
    experiment = call.tx.experiments.hold(found.id)
    experiments.must_live(experiment)
    parent = _parent(call, command.parent_uid) if command.parent_uid else None
    environment = clean_environment(command.environment)
    run = Run(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        experiment_id=experiment.id,
        experiment_uid=experiment.uid,
        parent_uid=parent.uid if parent else None,
        name=_clean_name(command.name),
        kind=clean_run_kind(command.kind),
        state=RunState.RUNNING,
        note=clean_description(command.note),
        source=command.source.stored(),
        environment_digest=environment_digest(environment),
        etag=1,
        created_by=call.actor.uid,
        started_at=call.now if command.started_at is None else clean_time(command.started_at),
        ended_at=None,
        recorded_at=call.now,
        deleted_at=None,
    )
    run = call.tx.runs.add(run, parent, environment)
    call.tx.folders.add("run", run.id, call.workspace.id)
    call.tx.tags.set(call.workspace.id, "run", run.id, clean_tags(command.tags), call.actor.id)
    details = {"experiment": experiment.uid, "parent": run.parent_uid, "environment": run.environment_digest}
    call.record("run.create", Subject("run", run.uid), details)
    return run_view(call, experiment, run)


def _parent(call: Call, uid: str) -> Run:
    """The run that another is nested in, ended or not.

    :raises Conflict: it is in the trash, or nested as deeply as a run may be.
    """
    _, parent = by_uid(call, uid, Permission.RUN_READ)
    if parent.deleted_at is not None:
        raise Conflict("The parent run is in the trash; restore it first.")
    if call.tx.runs.depth(parent.id) >= DEEPEST:
        raise Conflict(f"Runs are nested at most {DEEPEST} levels deep.", limit=DEEPEST)
    return parent


def by_uid(call: Call, uid: str, permission: Permission) -> tuple[Experiment, Run]:
    """A run with its experiment, when the caller may do this to it; either may be in the trash.

    :raises NotFound: none, or not visible.
    """
    run = call.tx.runs.by_uid(call.workspace.id, uid)
    experiment = call.tx.experiments.by_id(run.experiment_id) if run else None
    experiment = call.require_experiment(permission, experiment)
    assert run is not None  # noqa: S101 - require_experiment refused None
    return experiment, run


def locked(call: Call, uid: str, permission: Permission, *, live: bool = True) -> tuple[Experiment, Run]:
    """The same, with the run's row locked until the end of the transaction.

    :param live: refuse a run that is in the trash, or whose experiment is.
    """
    experiment, run = by_uid(call, uid, permission)
    run = call.tx.runs.lock(run.id)
    if live:
        experiments.must_live(experiment)
        if run.deleted_at is not None:
            raise Conflict(IN_TRASH)
    return experiment, run


def held(call: Call, uid: str) -> HeldRun:
    """A run for a batch to be recorded, locked until the end of the transaction; one query.

    :raises Conflict: the run, or its experiment, is in the trash.
    """
    found = call.tx.runs.held(call.workspace.id, uid)
    experiment = call.require_experiment(Permission.RUN_WRITE, found[0] if found else None)
    assert found is not None  # noqa: S101 - require_experiment refused None
    experiments.must_live(experiment)
    if found[1].deleted_at is not None:
        raise Conflict(IN_TRASH)
    return found[1]


def must_run(run: Run | HeldRun) -> None:
    """:raises Conflict: the run is ended."""
    if run.state is not RunState.RUNNING:
        raise Conflict("The run is ended; resume it first.", state=run.state.value)


def get(call: Call, uid: str, most: int = VALUES_SHOWN) -> RunView:
    """One run. :param most: params, and series, that are shown."""
    return run_view(call, *by_uid(call, uid, Permission.RUN_READ), most)


def environment(call: Call, uid: str) -> str:
    """The lock text of a run's environment. :raises NotFound: it has none."""
    _, run = by_uid(call, uid, Permission.RUN_READ)
    if run.environment_digest is None:
        raise NotFound("The run has no environment.")
    return call.tx.runs.environment(run.id)


def listed(call: Call, experiment_uid: str, query: ListRuns, page: PageRequest) -> Page[RunView]:
    """Runs of an experiment, latest claimed start first."""
    experiment = experiments.by_uid(call, experiment_uid, Permission.RUN_READ)
    if query.state is not None and query.state not in tuple(RunState):
        raise Invalid(f"State is one of {', '.join(RunState)}.")
    parent = by_uid(call, query.parent_uid, Permission.RUN_READ)[1] if query.parent_uid else None
    wanted = RunFilter(
        state=query.state,
        kind=query.kind,
        name_prefix=query.name_prefix,
        parent_id=parent.id if parent else None,
        trashed=query.trashed,
    )
    listing = f"runs/{experiment.id}/{wanted}"
    rows = call.tx.runs.list(experiment, wanted, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, _place)
    build = partial(run_views, call, experiment)
    return within_bytes(kept, build, run_weight, lambda row: call.sealer.seal(listing, _place(row)))


def _place(run: Run) -> Key:
    return run.started_at, run.id


def update(call: Call, uid: str, command: UpdateRun, etag: int | None = None) -> RunView:
    """Change what is said of a run, ended or not."""
    experiment, run = locked(call, uid, Permission.RUN_WRITE)
    check_etag(etag, run.etag)
    changes: dict[str, object] = {}
    if command.name is not None:
        changes["name"] = _clean_name(command.name)
    if command.note is not None:
        changes["note"] = clean_description(command.note)
    if command.source is not None:
        changes["source"] = command.source.stored()
    changed = call.tx.runs.update(run, **changes)
    call.record("run.update", Subject("run", uid), {"changed": tuple(sorted(changes))})
    return run_view(call, experiment, changed)


def end(call: Call, uid: str, state: str, ended_at: int | None = None, *, again: bool = False) -> RunView:
    """End a run; the head of its chain goes into the audit log. The same end again changes nothing.

    :param state: finished, failed or killed.
    :param ended_at: as claimed, microseconds since 1970 in UTC; None for now.
    :param again: one that is ended otherwise is opened and ended again, for clients that know no resuming.
    :raises Conflict: it is ended otherwise; resume it first.
    """
    if state not in ENDINGS:
        raise Invalid(f"A run ends {', '.join(ENDINGS)}.")
    experiment, run = locked(call, uid, Permission.RUN_WRITE)
    if run.state.value == state:
        return run_view(call, experiment, run)
    if again and run.state is not RunState.RUNNING:
        run = _resumed(call, run)
    must_run(run)
    _must_be_done(call, run, state)
    at = call.now if ended_at is None else clean_time(ended_at)
    changed = call.tx.runs.update(run, state=RunState(state).value, ended_at=at)
    call.record("run.end", Subject("run", uid), {"state": state})
    seal_chain(call, changed)
    call.tx.runs.over(run.id)
    return run_view(call, experiment, changed)


def _must_be_done(call: Call, run: Run, state: str) -> None:
    """:raises Conflict: a pipeline is to end as finished, and not all its steps have."""
    if state != RunState.FINISHED.value:
        return
    steps = call.tx.pipelines.steps(run.id)
    found = call.tx.runs.by_ids([step.run_id for step in steps if step.run_id is not None])
    states = {one.id: one.state for one in found.values()}
    late = [name for name, status in statuses(steps, states).items() if status is not StepStatus.FINISHED]
    if late:
        raise Conflict("Not all steps of the pipeline are finished.", steps=late[:10])


def resume(call: Call, uid: str) -> RunView:
    """Open an ended run for writing again; of a running one nothing changes.

    :raises Conflict: it is a step that was answered from another run, or that later steps rest on.
    """
    experiment, run = locked(call, uid, Permission.RUN_WRITE)
    if run.state is RunState.RUNNING:
        return run_view(call, experiment, run)
    return run_view(call, experiment, _resumed(call, run))


def _resumed(call: Call, run: Run) -> Run:
    attempt = call.tx.pipelines.attempts([run.id]).get(run.id)
    if attempt is not None and attempt.answered_by is not None:
        raise Conflict("The step was answered from another run; begin it again without the cache.")
    if attempt is not None and (resting := call.tx.pipelines.begun_after(run.id)):
        raise Conflict("Later steps of the pipeline rest on this one.", steps=resting)
    changed = call.tx.runs.update(run, state=RunState.RUNNING.value, ended_at=None)
    call.record("run.resume", Subject("run", run.uid), {"from": run.state.value})
    return changed


def delete(call: Call, uid: str, etag: int | None = None) -> RunView:
    """Move a run to the trash; it takes no writes there."""
    experiment, run = locked(call, uid, Permission.RUN_DELETE)
    check_etag(etag, run.etag)
    changed = call.tx.runs.update(run, deleted_at=call.now)
    call.record("run.delete", Subject("run", uid))
    return run_view(call, experiment, changed)


def restore(call: Call, uid: str) -> RunView:
    """Take a run out of the trash."""
    experiment, run = locked(call, uid, Permission.RUN_DELETE, live=False)
    if run.deleted_at is None:
        raise Conflict("The run is not in the trash.")
    changed = call.tx.runs.update(run, deleted_at=None)
    call.record("run.restore", Subject("run", uid))
    return run_view(call, experiment, changed)

"""Traces found by uid or by OpenTelemetry's id, with their experiment's rights: who may write runs may write them."""

from collections.abc import Sequence

from strongroom.application.call import Call
from strongroom.application.tracking import experiments
from strongroom.domain.errors import NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.spans import TRACE_ID
from strongroom.domain.tracking.traces import Trace


def by_ref(call: Call, ref: str, permission: Permission) -> tuple[Experiment, Trace]:
    """A trace with its experiment, when the caller may do this to it.

    :param ref: its uid, or its trace id of 32 hex digits.
    :raises NotFound: none, or not visible.
    """
    if TRACE_ID.fullmatch(ref):
        trace = call.tx.traces.by_trace_ids(call.workspace.id, [ref]).get(ref)
    else:
        trace = call.tx.traces.by_uid(call.workspace.id, ref)
    return _allowed(call, trace, permission)


def _allowed(call: Call, trace: Trace | None, permission: Permission) -> tuple[Experiment, Trace]:
    found = call.tx.experiments.by_id(trace.experiment_id) if trace else None
    try:
        experiment = call.require_experiment(permission, found)
    except NotFound:
        raise NotFound("There is no such trace.") from None
    assert trace is not None  # noqa: S101 - require_experiment refused None
    return experiment, trace


def locked(call: Call, ref: str, permission: Permission) -> tuple[Experiment, Trace]:
    """The same, locked until the end of the transaction. :raises Conflict: its experiment is in the trash."""
    experiment, found = by_ref(call, ref, permission)
    experiments.must_live(experiment)
    trace = call.tx.traces.lock(call.workspace.id, [found.trace_id]).get(found.trace_id)
    if trace is None or trace.id != found.id:
        raise NotFound("There is no such trace.")
    return experiment, trace


def visible(call: Call, trace_ids: Sequence[str]) -> list[tuple[Experiment, Trace]]:
    """Those of the traces, by trace id, that are there and that the caller may read, in the order asked for."""
    call.ask(Permission.RUN_READ)
    found = call.tx.traces.by_trace_ids(call.workspace.id, trace_ids)
    owners = call.tx.experiments.by_ids(sorted({trace.experiment_id for trace in found.values()}))
    seen = {id_ for id_, experiment in owners.items() if experiments.allows(call, Permission.RUN_READ, experiment)}
    shown = [found[trace_id] for trace_id in dict.fromkeys(trace_ids) if trace_id in found]
    return [(owners[trace.experiment_id], trace) for trace in shown if trace.experiment_id in seen]

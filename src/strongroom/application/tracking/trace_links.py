"""Traces linked with runs, and with the versions (of prompts, mostly) that they used.

A link is no edge of lineage: a prompt in use has millions of traces, and a walk would end among them. That a run used
a version is one, and is noted when a trace that was made in the run is linked.
"""

from collections.abc import Sequence

from strongroom.application.call import Call
from strongroom.application.lineage import graph
from strongroom.application.registry import versions
from strongroom.application.tracking import experiments, runs, trace_lookup
from strongroom.application.tracking.trace_views import TraceView, trace_view
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex

LINKED_MOST = 100
"""Traces that one request links."""


def link_run(call: Call, refs: Sequence[str], run_uid: str) -> int:
    """Link traces with a run; returns how many links are new. :raises NotFound: a trace or the run is not there."""
    if len(refs) > LINKED_MOST:
        raise Invalid(f"At most {LINKED_MOST} traces at a time.", limit=LINKED_MOST)
    _, run = runs.by_uid(call, run_uid, Permission.RUN_WRITE)
    found = [trace_lookup.by_ref(call, ref, Permission.RUN_WRITE)[1] for ref in refs]
    new = call.tx.traces.link(sorted(trace.id for trace in found), "run", run.id)
    if new:
        linked = tuple(sorted(trace.uid for trace in found))
        call.record("trace.link", Subject("run", run.uid), {"traces": linked})
    return new


def link_version(call: Call, ref: str, version_uid: str) -> TraceView:
    """Link a trace with a version that it used. :raises NotFound: one of them is not there."""
    experiment, trace = trace_lookup.locked(call, ref, Permission.RUN_WRITE)
    _, version = versions.by_uid(call, version_uid, Permission.ASSET_READ)
    if call.tx.traces.link([trace.id], "version", version.id):
        if trace.run_id is not None and _may_write(call, trace.run_id):
            graph.link(call, Vertex("version", version.id), EdgeType.INPUT, Vertex("run", trace.run_id))
        call.record("trace.link", Subject("trace", trace.uid), {"version": version.uid})
    return trace_view(call, experiment, trace)


def _may_write(call: Call, run_id: int) -> bool:
    """Whether the caller may say something of the run that the trace was made in."""
    experiment = call.tx.experiments.by_id(call.tx.runs.by_id(run_id).experiment_id)
    return experiments.allows(call, Permission.RUN_WRITE, experiment)

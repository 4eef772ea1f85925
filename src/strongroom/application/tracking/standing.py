"""Experiments that a client counts on without having made them: known by a handle, made when first needed."""

from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.tracking import experiments
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.domain.audit.record import Subject
from strongroom.domain.registry.handles import Handle

KIND = "experiment"


@dataclass(frozen=True, slots=True)
class Standing:
    """The handle by which a dialect's clients know it, and the name that it is made with."""

    dialect: str
    foreign: str
    name: str


def find(call: Call, standing: Standing) -> str | None:
    """The uid of the experiment, None as long as it is not made; whether the caller may see it is not asked."""
    found = call.tx.handles.get(call.workspace.id, standing.dialect, KIND, [standing.foreign]).get(standing.foreign)
    return call.tx.experiments.by_id(found.object_id).uid if found else None


def ensure(call: Call, standing: Standing) -> str:
    """The uid of the experiment, which is made if it is not there: in the root namespace, by whoever needs it first.

    One that has the name already becomes it. Needs what making an experiment needs.
    """
    uid = find(call, standing)
    if uid is not None:
        return uid
    root = call.tx.namespaces.by_path(call.workspace.id, "")
    named = call.tx.experiments.by_name(root.id, standing.name) if root else None
    uid = named.uid if named else experiments.create(call, CreateExperiment(standing.name)).uid
    experiment = call.tx.experiments.by_uid(call.workspace.id, uid)
    assert experiment is not None  # noqa: S101 - it was just found or made
    handle = Handle(
        call.workspace.id, standing.dialect, KIND, standing.foreign, "experiment", experiment.id, call.now
    )
    call.tx.handles.add(handle, call.actor.id)
    call.record("handle.set", Subject("experiment", uid), {"dialect": standing.dialect}, event=False)
    return uid

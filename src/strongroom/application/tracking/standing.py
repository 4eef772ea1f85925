"""Experiments that a client counts on without having made them: known by a handle, made when first needed."""

from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.registry import handles
from strongroom.application.tracking import experiments
from strongroom.application.tracking.experiments import CreateExperiment

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
    handles.put(call, standing.dialect, KIND, standing.foreign, "experiment", uid)
    return uid

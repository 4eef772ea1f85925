"""Experiments that a client counts on without having made them: known by a handle, made with their workspace.

Workspaces of releases that did not are given theirs when the server starts, or when somebody first needs one.
"""

from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call
from strongroom.application.identity.authority import as_system
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import handles
from strongroom.application.tracking import experiments
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.handles import Handle
from strongroom.domain.registry.model import Workspace

KIND = "experiment"


@dataclass(frozen=True, slots=True)
class Standing:
    """The handle by which a dialect's clients know it, and the name that it is made with."""

    dialect: str
    foreign: str
    name: str


STANDING: Final = (Standing("mlflow", "0", "Default"),)
"""Those of every workspace."""
WORKSPACES_AT_ONCE: Final = 100


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


def make(tx: Transaction, workspace: Workspace) -> None:
    """Make those of a workspace that are not there, as the server itself; of several that would, one does."""
    tx.workspaces.lock(workspace.id)
    system = as_system(tx, workspace)
    for one in STANDING:
        ensure(system, one)


def furnish(tx: Transaction, workspace: Workspace) -> list[str]:
    """Those of a workspace that is being made; their uids, which the record of its making names."""
    system, root = as_system(tx, workspace), tx.namespaces.by_path(workspace.id, "")
    assert root is not None  # noqa: S101 - a workspace is made with its root
    made = []
    for one in STANDING:
        experiment = tx.experiments.add(experiments.new(system, root, one.name, ""))
        handle = Handle(workspace.id, one.dialect, KIND, one.foreign, "experiment", experiment.id, tx.now())
        tx.handles.add(handle, system.actor.id)
        made.append(experiment.uid)
    return made


def make_for(call: Call) -> None:
    """The same on behalf of somebody who may read runs there and found one missing."""
    call.require(Permission.RUN_READ)
    make(call.tx, call.workspace)


def make_missing(tx: Transaction) -> bool:
    """Make what some workspaces lack; whether others may lack it still."""
    lacking = {
        workspace.id: workspace
        for one in STANDING
        for workspace in tx.workspaces.lacking(one.dialect, KIND, one.foreign, WORKSPACES_AT_ONCE)
    }
    for workspace in lacking.values():
        make(tx, workspace)
    return len(lacking) >= WORKSPACES_AT_ONCE

"""A running run of the contributor, and what the audit log says of an object."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from strongroom.application.tracking import experiments, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.views import ExperimentView, RunView
from strongroom.domain.identity.roles import Scope
from tests.application.conftest import World

Audited = Callable[[str], list[tuple[str, dict[str, Any]]]]


@pytest.fixture
def experiment(world: World) -> ExperimentView:
    return world.command("contributor", lambda c: experiments.create(c, CreateExperiment("baseline", "vision/resnet")))


@pytest.fixture
def run(world: World, experiment: ExperimentView) -> RunView:
    return world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid, "first")))


@pytest.fixture
def audited(world: World) -> Audited:
    """The actions on an object with their details, oldest first."""

    def find(uid: str) -> list[tuple[str, dict[str, Any]]]:
        found = world.read_tx(
            lambda tx: tx.audit.list(
                None, actor=None, action=None, subject_uid=uid, since=None, until=None, after=None, limit=1_000
            )
        )
        bodies = [json.loads(record.body) for record in reversed(found)]
        return [(body["action"], body["details"]) for body in bodies]

    return find


@pytest.fixture
def grant(world: World) -> Callable[[str, str, str], None]:
    """Give a principal a role in a namespace, by its slug path."""

    def give(who: str, slug_path: str, role: str) -> None:
        scope = Scope.namespace_at(world.workspace.id, slug_path)
        admin = world.principals["admin"]
        world.command_tx(lambda tx: tx.grants.add("principal", world.uid(who), scope, role, admin.id))

    return give

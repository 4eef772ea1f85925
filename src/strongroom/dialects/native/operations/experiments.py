"""Experiments."""

from typing import Any

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.tracking import experiments
from strongroom.application.tracking.views import (
    ExperimentView,
)
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.operations.imports import ImportedBody, claimed, keep
from strongroom.dialects.native.operations.workspaces import Describe
from strongroom.dialects.native.wire import ByUid, Name, Paged, Path
from strongroom.domain.identity.roles import Permission


class ListExperiments(Paged, frozen=True, kw_only=True):
    """Which experiments to list; a namespace means those below it too. `state` is `active`, `trashed` or `all`."""

    namespace: Path | None = None
    name_prefix: Name | None = None
    state: str = "active"


class FindExperiment(Struct, frozen=True, kw_only=True):
    """An experiment by its namespace and name."""

    name: Name
    namespace: Path = ""


class CreateExperiment(Struct, frozen=True, kw_only=True):
    """A new experiment; missing namespaces are made. `imported` says where it came from."""

    name: Name
    namespace: Path = ""
    description: str = ""
    tags: dict[str, str | None] = {}
    imported: ImportedBody | None = None


@read(
    "experiment.list",
    "/experiments",
    Permission.RUN_READ,
    "Experiments that you may see, newest first",
    params=ListExperiments,
    answer=Page[ExperimentView],
)
def list_experiments(call: Call, request: Request[ListExperiments, Any]) -> Page[ExperimentView]:
    p = request.params
    return experiments.listed(call, experiments.ListExperiments(p.namespace, p.name_prefix, p.state), p.page())


@command(
    "experiment.create",
    "POST",
    "/experiments",
    Permission.RUN_WRITE,
    "Create an experiment",
    body=CreateExperiment,
    answer=ExperimentView,
    status=201,
)
def create_experiment(call: Call, request: Request[Any, CreateExperiment]) -> ExperimentView:
    b = request.body
    made = experiments.CreateExperiment(b.name, b.namespace, b.description, b.tags, claimed(b.imported))
    view = experiments.create(call, made)
    keep(call, "experiment", view.uid, b.imported)
    return view


@read(
    "experiment.find",
    "/experiments/by-name",
    Permission.RUN_READ,
    "The experiment of that name, in the trash too",
    params=FindExperiment,
    answer=ExperimentView,
    brief=True,
)
def find_experiment(call: Call, request: Request[FindExperiment, Any]) -> ExperimentView:
    return experiments.by_name(call, request.params.namespace, request.params.name)


@read(
    "experiment.get",
    "/experiments/{uid}",
    Permission.RUN_READ,
    "One experiment",
    params=ByUid,
    answer=ExperimentView,
    brief=True,
)
def get_experiment(call: Call, request: Request[ByUid, Any]) -> ExperimentView:
    return experiments.get(call, request.params.uid)


@command(
    "experiment.update",
    "PATCH",
    "/experiments/{uid}",
    Permission.RUN_WRITE,
    "Describe an experiment",
    params=ByUid,
    body=Describe,
    answer=ExperimentView,
)
def update_experiment(call: Call, request: Request[ByUid, Describe]) -> ExperimentView:
    return experiments.update(call, request.params.uid, request.body.description, request.etag)


@command(
    "experiment.delete",
    "DELETE",
    "/experiments/{uid}",
    Permission.RUN_DELETE,
    "Move an experiment to the trash; its name stays taken",
    params=ByUid,
    answer=ExperimentView,
)
def delete_experiment(call: Call, request: Request[ByUid, Any]) -> ExperimentView:
    return experiments.delete(call, request.params.uid, request.etag)


@command(
    "experiment.restore",
    "POST",
    "/experiments/{uid}/restore",
    Permission.RUN_DELETE,
    "Take an experiment out of the trash",
    params=ByUid,
    answer=ExperimentView,
)
def restore_experiment(call: Call, request: Request[ByUid, Any]) -> ExperimentView:
    return experiments.restore(call, request.params.uid)


OPERATIONS = (
    list_experiments,
    create_experiment,
    find_experiment,
    get_experiment,
    update_experiment,
    delete_experiment,
    restore_experiment,
)

"""Experiments: made, found, described, deleted and restored. A trashed one keeps its name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from strongroom.application.call import Call, check_etag
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import namespaces
from strongroom.application.registry.assets import clean_tags
from strongroom.application.tracking.views import ExperimentView, experiment_view, experiment_views
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description
from strongroom.domain.registry.model import Namespace
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.names import clean_experiment_name, place_of_experiment
from strongroom.domain.tracking.source import maybe_claimed

STATES = ("active", "trashed", "all")


@dataclass(frozen=True, slots=True)
class CreateExperiment:
    """A new experiment; missing namespaces are made.

    :param claimed_at: when it was made elsewhere, microseconds since 1970 in UTC.
    """

    name: str
    namespace: str = ""
    description: str = ""
    tags: Mapping[str, str | None] = field(default_factory=dict)
    claimed_at: int | None = None


@dataclass(frozen=True, slots=True)
class ListExperiments:
    """Which experiments to list; a namespace means those below it too."""

    namespace: str | None = None
    name_prefix: str | None = None
    state: str = "active"


def create(call: Call, command: CreateExperiment) -> ExperimentView:
    """Make an experiment.

    :raises AlreadyExists: the namespace has one of that name, maybe in the trash.
    """
    name, description = clean_experiment_name(command.name), clean_description(command.description)
    tags = clean_tags(command.tags)
    namespace = namespaces.ensure(call, command.namespace, Permission.RUN_WRITE)
    call.require_namespace(Permission.RUN_WRITE, namespace)
    experiment = call.tx.experiments.add(
        replace(new(call, namespace, name, description), claimed_at=maybe_claimed(command.claimed_at))
    )
    call.tx.tags.set(call.workspace.id, "experiment", experiment.id, tags, call.actor.id)
    call.record("experiment.create", Subject("experiment", experiment.uid), {"namespace": namespace.uid})
    return experiment_view(call, experiment)


def new(call: Call, namespace: Namespace, name: str, description: str) -> Experiment:
    """An experiment that is about to be added."""
    return Experiment(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        namespace_id=namespace.id,
        namespace_path=namespace.path,
        namespace_slug_path=namespace.slug_path,
        name=name,
        description=description,
        etag=1,
        created_by=call.actor.uid,
        recorded_at=call.now,
        deleted_at=None,
    )


def by_uid(call: Call, uid: str, permission: Permission) -> Experiment:
    """The experiment of that uid, in the trash too, when the caller may do this to it.

    :raises NotFound: none, or not visible.
    """
    return call.require_experiment(permission, call.tx.experiments.by_uid(call.workspace.id, uid))


def allows(call: Call, permission: Permission, experiment: Experiment) -> bool:
    """Whether the caller may do this to the experiment's runs and traces."""
    target = Target(workspace_id=experiment.workspace_id, namespace=experiment.namespace_slug_path)
    return call.allows(permission, target)


def locked(call: Call, uid: str, permission: Permission, *, live: bool = True) -> Experiment:
    """The same, with its row locked until the end of the transaction.

    :param live: refuse an experiment that is in the trash.
    """
    experiment = call.tx.experiments.lock(by_uid(call, uid, permission).id)
    if live:
        must_live(experiment)
    return experiment


def must_live(experiment: Experiment) -> None:
    """:raises Conflict: the experiment is in the trash."""
    if experiment.deleted_at is not None:
        raise Conflict("The experiment is in the trash; restore it first.")


def get(call: Call, uid: str) -> ExperimentView:
    """One experiment."""
    return experiment_view(call, by_uid(call, uid, Permission.RUN_READ))


def by_name(call: Call, namespace: str, name: str) -> ExperimentView:
    """The experiment of that name, in the trash too: nothing else can have the name."""
    found = namespaces.find(call, namespace)
    experiment = call.tx.experiments.by_name(found.id, clean_experiment_name(name)) if found else None
    return experiment_view(call, call.require_experiment(Permission.RUN_READ, experiment))


def by_path(call: Call, path: str) -> ExperimentView:
    """The experiment that a client without namespaces writes so; see `domain.tracking.names`."""
    return by_name(call, *place_of_experiment(path))


def listed(call: Call, query: ListExperiments, page: PageRequest) -> Page[ExperimentView]:
    """The experiments in namespaces that the caller may see, newest first."""
    call.ask(Permission.RUN_READ)
    if query.state not in STATES:
        raise Invalid(f"State is one of {', '.join(STATES)}.")
    namespace = None
    if query.namespace is not None:
        found = namespaces.find(call, query.namespace)
        if found is None:
            return Page([], None)
        namespace = found.slug_path
    listing = f"experiments/{call.workspace.id}/{query}"
    rows = call.tx.experiments.list(
        call.workspace.id,
        call.caller.access.visible(call.workspace.id),
        namespace=namespace,
        name_prefix=query.name_prefix,
        state=query.state,
        after=call.sealer.open(listing, page.token),
        limit=page.size + 1,
    )
    kept = call.sealer.page(listing, rows, page.size, lambda e: (e.recorded_at, e.id))
    return Page(experiment_views(call, kept.items), kept.next_page_token)


def update(call: Call, uid: str, description: str, etag: int | None) -> ExperimentView:
    """Change the description."""
    experiment = locked(call, uid, Permission.RUN_WRITE)
    check_etag(etag, experiment.etag)
    changed = call.tx.experiments.update(experiment, description=clean_description(description))
    call.record("experiment.update", Subject("experiment", uid), {"changed": ("description",)})
    return experiment_view(call, changed)


def rename(call: Call, uid: str, path: str) -> ExperimentView:
    """Give an experiment another name, and with it maybe another namespace, which is made when it is missing.

    :raises AlreadyExists: one of that name is there, maybe in the trash. Needs the right at both ends.
    """
    experiment = locked(call, uid, Permission.RUN_WRITE)
    place, name = place_of_experiment(path)
    namespace = namespaces.ensure(call, place, Permission.RUN_WRITE)
    call.require_namespace(Permission.RUN_WRITE, namespace)
    name = clean_experiment_name(name)
    if (namespace.id, name) == (experiment.namespace_id, experiment.name):
        return experiment_view(call, experiment)
    changed = call.tx.experiments.move(experiment, namespace, name)
    call.record("experiment.rename", Subject("experiment", uid), {"namespace": namespace.uid})
    return experiment_view(call, changed)


def delete(call: Call, uid: str, etag: int | None = None) -> ExperimentView:
    """Move an experiment to the trash with its runs, which then take no writes; its name stays taken."""
    experiment = locked(call, uid, Permission.RUN_DELETE)
    check_etag(etag, experiment.etag)
    changed = call.tx.experiments.update(experiment, deleted_at=call.now)
    call.record("experiment.delete", Subject("experiment", uid))
    return experiment_view(call, changed)


def restore(call: Call, uid: str) -> ExperimentView:
    """Take an experiment out of the trash."""
    experiment = locked(call, uid, Permission.RUN_DELETE, live=False)
    if experiment.deleted_at is None:
        raise Conflict("The experiment is not in the trash.")
    changed = call.tx.experiments.update(experiment, deleted_at=None)
    call.record("experiment.restore", Subject("experiment", uid))
    return experiment_view(call, changed)

"""Logged models found by uid, with the rights of their experiment: who may write runs there may write them."""

from strongroom.application.call import Call
from strongroom.application.tracking import experiments
from strongroom.domain.errors import Conflict
from strongroom.domain.identity.roles import Permission
from strongroom.domain.tracking.logged_models import LoggedModel
from strongroom.domain.tracking.model import Experiment


def by_uid(call: Call, uid: str, permission: Permission) -> tuple[Experiment, LoggedModel]:
    """A logged model with its experiment, when the caller may do this to it; either may be in the trash.

    :raises NotFound: none, or not visible.
    """
    model = call.tx.logged_models.by_uid(call.workspace.id, uid)
    experiment = call.tx.experiments.by_id(model.experiment_id) if model else None
    experiment = call.require_experiment(permission, experiment)
    assert model is not None  # noqa: S101 - require_experiment refused None
    return experiment, model


def locked(call: Call, uid: str, permission: Permission, *, live: bool = True) -> tuple[Experiment, LoggedModel]:
    """The same, with the model's row locked until the end of the transaction.

    :param live: refuse a model that is in the trash, or whose experiment is.
    """
    experiment, model = by_uid(call, uid, permission)
    model = call.tx.logged_models.lock(model.id)
    if live:
        must_live(experiment, model)
    return experiment, model


def must_live(experiment: Experiment, model: LoggedModel) -> None:
    """:raises Conflict: the model is in the trash, or its experiment is."""
    experiments.must_live(experiment)
    if model.deleted_at is not None:
        raise Conflict("The logged model is in the trash; restore it first.")

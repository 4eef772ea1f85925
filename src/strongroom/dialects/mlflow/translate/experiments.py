"""Experiments, from MLflow's words to ours and back."""

from strongroom.application.tracking.views import ExperimentView
from strongroom.dialects.mlflow.translate.common import milliseconds, tag_list
from strongroom.dialects.mlflow.translate.ids import DEFAULT_EXPERIMENT, hex_of
from strongroom.dialects.mlflow.translate.places import experiment_root
from strongroom.dialects.mlflow.wire.experiments import Experiment, Tag
from strongroom.domain.errors import Invalid

NOTE = "mlflow.note.content"
"""The tag in which MLflow's pages keep what is said of an experiment or run; to us it is its description or note."""


def experiment_id(uid: str, default_uid: str | None) -> str:
    """The id of an experiment, of which one is the default."""
    return DEFAULT_EXPERIMENT if uid == default_uid else hex_of(uid)


def experiment(view: ExperimentView, default_uid: str | None) -> Experiment:
    """An experiment for a client; its name is its whole path."""
    id_ = experiment_id(view.uid, default_uid)
    note = [Tag(key=NOTE, value=view.description)] if view.description else []
    return Experiment(
        experiment_id=id_,
        name=view.path,
        artifact_location=experiment_root(id_),
        lifecycle_stage="deleted" if view.deleted_at else "active",
        last_update_time=milliseconds(view.updated_at),
        creation_time=milliseconds(view.claimed_at or view.created_at),
        tags=[*tag_list(view.tags), *note],
    )


def check_location(location: str | None) -> None:
    """A location of one's own for artifacts is not taken: what a version rests on has to lie where we can freeze it.

    :raises Invalid: one was named.
    """
    if location:
        raise Invalid(
            f"Invalid value '{location[:200]}' for parameter 'artifact_location' supplied. "
            "This server keeps artifacts itself; create the experiment without it."
        )

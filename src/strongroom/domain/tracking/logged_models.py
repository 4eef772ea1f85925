"""Logged models as values: what a run put out, before anybody registers it (domain.md N9)."""

from dataclasses import dataclass
from enum import StrEnum

from strongroom.domain.errors import Conflict, Invalid
from strongroom.domain.registry.text import clean_line
from strongroom.domain.tracking.values import Point

NAME_LONGEST = 255
POINTS_OF_MODEL_MOST = 1_000_000
"""Points that one logged model takes over its whole life."""


class ModelStatus(StrEnum):
    """A logged model is pending while its files are written; then it is ready, or failed."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A model that a run put out: a folder, params, measurements and tags of its own.

    `type` is the maker's own word for what it is, such as ``sklearn`` or ``agent``; it may be empty.
    """

    id: int
    uid: str
    workspace_id: int
    experiment_id: int
    experiment_uid: str
    run_id: int | None
    run_uid: str | None
    name: str
    type: str
    status: ModelStatus
    etag: int
    created_by: str
    recorded_at: int
    updated_at: int
    deleted_at: int | None
    claimed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One point of a metric of a logged model: the run that measured it, and on which data set (a node's id)."""

    key: str
    point: Point
    run_id: int | None = None
    dataset_id: int | None = None


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest measurement of one key on one data set, the uid of its run, and how many there are."""

    measured: Measurement
    run_uid: str | None
    count: int


def clean_model_name(text: str) -> str:
    """Name of a logged model in NFC, 1 to 255 characters; not unique. :raises Invalid: another form."""
    return clean_line(text, what="logged model's name", longest=NAME_LONGEST, error=Invalid)


def clean_model_type(text: str) -> str:
    """The maker's word for what it is; may be empty. :raises Invalid: more than a line, or too long."""
    return clean_line(text, what="logged model's type", longest=NAME_LONGEST, error=Invalid) if text else ""


def status_of(text: str) -> ModelStatus:
    """The status of that name. :raises Invalid: none."""
    try:
        return ModelStatus(text)
    except ValueError:
        raise Invalid(f"A logged model is {', '.join(ModelStatus)}.") from None


def finalised(old: ModelStatus, new: ModelStatus) -> ModelStatus:
    """The status after finalising. A failed one may be made ready by a second try; a ready one stays ready.

    :raises Invalid: to pending. :raises Conflict: a ready one as failed.
    """
    if new is ModelStatus.PENDING:
        raise Invalid("A logged model is finalised as ready or failed.")
    if old is ModelStatus.READY and new is ModelStatus.FAILED:
        raise Conflict("The logged model is ready; others may rest on it.", status=old.value)
    return new

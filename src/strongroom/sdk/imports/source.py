"""What the importer asks of an MLflow, wherever it lies."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from strongroom.sdk.errors import StrongroomError
from strongroom.sdk.imports.model import (
    Experiment,
    LoggedModel,
    Measured,
    ModelVersion,
    Points,
    RegisteredModel,
    Run,
    Wrong,
)
from strongroom.sdk.imports.places import Place

POINTS_AT_ONCE = 10_000
MEASURED_AT_ONCE = 1_000


class SourceError(StrongroomError):
    """The source cannot be read: it is not there, is no MLflow, or does not answer as one."""

    default_code = "bad_source"


class Source(Protocol):
    """An MLflow that is read. Whatever it gives may be hostile: every reader bounds and checks what it reads.

    :ivar shown: how the source is called in the report; without a password.
    """

    shown: str

    def experiments(self) -> Iterator[Experiment | Wrong]:
        """All experiments, those in the trash too."""
        ...

    def runs(self, experiment: Experiment) -> Iterator[Run | Wrong]:
        """All runs of an experiment, those in the trash too."""
        ...

    def run(self, run_id: str) -> Run | None:
        """One run; None when there is none."""
        ...

    def points(self, run: Run, key: str) -> Iterator[Points]:
        """The points of one series, some at a time, each time in the same order. :raises SourceError: unreadable."""
        ...

    def logged_models(self, experiment: Experiment) -> Iterator[LoggedModel | Wrong]:
        """All logged models of an experiment that the source shows."""
        ...

    def logged_model(self, model_id: str) -> LoggedModel | None:
        """One logged model; None when there is none."""
        ...

    def measured(self, model: LoggedModel) -> Iterator[list[Measured]]:
        """What was measured of a logged model, some at a time, each time in the same order."""
        ...

    def models(self) -> Iterator[RegisteredModel | Wrong]:
        """Registered models and prompts."""
        ...

    def versions(self, model: RegisteredModel) -> Iterator[ModelVersion | Wrong]:
        """Versions of a registered model, the lowest number first; deleted ones are left out."""
        ...

    def place(self, location: str, *, run: Run | None = None, model: LoggedModel | None = None) -> Place | None:
        """Where artifacts can be read: those of a run, of a logged model or at an address; None when they cannot."""
        ...

    def others(self) -> Mapping[str, int | None]:
        """What is in the source and is not imported, by its kind; None where it cannot be counted."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...

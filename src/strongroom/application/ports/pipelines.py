"""What the application asks of the database for pipelines. Writers hold the lock of the pipeline's run."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from strongroom.domain.tracking.model import Run
from strongroom.domain.tracking.pipelines import Attempt, Step


class Pipelines(Protocol):
    """Steps of pipelines, and the runs that are attempts at them."""

    def steps(self, pipeline_id: int) -> Sequence[Step]:
        """The steps of a pipeline, each after those it depends on."""
        ...

    def add(self, pipeline_id: int, steps: Sequence[Step]) -> None:
        """Store new steps behind those that are there."""
        ...

    def begin(self, pipeline: Run, attempt: Attempt) -> None:
        """Let a run be the latest attempt at a step."""
        ...

    def attempts(self, run_ids: Sequence[int]) -> Mapping[int, Attempt]:
        """Those of the runs that are attempts at steps."""
        ...

    def finished_with(self, experiment_id: int, cache_key: str) -> int | None:
        """The latest finished run outside the trash, in that experiment, that was cached under the key itself."""
        ...

    def begun_after(self, run_id: int) -> Sequence[str]:
        """Names of steps that were begun and depend on the step whose latest attempt the run is; at most 10."""
        ...

"""What the application asks of the database for logged models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.tracking.logged_models import Latest, LoggedModel, Measurement
from strongroom.domain.tracking.model import Experiment
from strongroom.domain.tracking.values import Param


@dataclass(frozen=True, slots=True)
class LoggedModelFilter:
    """Which logged models of an experiment; what is None does not matter."""

    status: str | None = None
    type: str | None = None
    name: str | None = None
    run_id: int | None = None
    trashed: bool = False


class LoggedModels(Protocol):
    """Models that runs put out, and what was said and measured of them. Writers hold the model's lock."""

    def by_uid(self, workspace_id: int, uid: str) -> LoggedModel | None:
        """The one of that uid in the workspace, in the trash too."""
        ...

    def by_id(self, model_id: int) -> LoggedModel:
        """The one of an id that is known to exist."""
        ...

    def by_ids(self, model_ids: Sequence[int]) -> Mapping[int, LoggedModel]:
        """Those of the ids that exist, by id."""
        ...

    def add(self, model: LoggedModel) -> LoggedModel:
        """Store a new logged model (its `id` is ignored)."""
        ...

    def lock(self, model_id: int) -> LoggedModel:
        """Lock the row until the end of the transaction. Take it after assets and before runs."""
        ...

    def update(self, model: LoggedModel, /, **changes: object) -> LoggedModel:
        """Apply column changes to a locked one; `etag` goes up by one, `updated_at` is now."""
        ...

    def touch(self, model: LoggedModel, /) -> None:
        """Note that something was recorded: `updated_at` is now."""
        ...

    def list(
        self, experiment: Experiment, wanted: LoggedModelFilter, after: Key | None, limit: int
    ) -> Sequence[LoggedModel]:
        """Logged models of an experiment, newest first (recorded_at, id)."""
        ...

    def params(self, model: LoggedModel, keys: Sequence[str]) -> Mapping[str, Param]:
        """Those of the params that are set."""
        ...

    def put_params(self, model: LoggedModel, params: Sequence[Param]) -> None:
        """Store params that are not set yet."""
        ...

    def params_of(self, model_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Sequence[Param]]]:
        """Logged model -> how many params it has, and at most `most` of them."""
        ...

    def count_points(self, model_id: int) -> int:
        """How many points it has."""
        ...

    def measure(self, model: LoggedModel, points: Sequence[Measurement]) -> None:
        """Store points and keep the latest of each key and data set."""
        ...

    def latest_of(self, model_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Sequence[Latest]]]:
        """Logged model -> on how many (key, data set) it was measured, and the latest of at most `most` of them."""
        ...

    def points(
        self, model_id: int, key: str, after: Key | None, limit: int
    ) -> Sequence[tuple[Key, Measurement, str | None]]:
        """Points of one key by step, time and arrival, each with its place and the uid of its run."""
        ...

"""What the application asks of the database for evaluations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.evaluations.comparing import Comparison
from strongroom.domain.evaluations.model import Evaluation


@dataclass(frozen=True, slots=True)
class Standing:
    """What search sees of a metric on one data set: the newest value that stands. `rank` orders data sets by age."""

    metric: str
    digest: str
    dataset: str
    value: float
    rank: int


class Evaluations(Protocol):
    """Evaluations, and the versions that hold them: the one evaluated, its links and copies in the workspace."""

    def add(self, new: Evaluation, holders: Sequence[int], /) -> Evaluation:
        """Store an evaluation (its `id` is ignored); `holders` are ids of versions."""
        ...

    def by_uid(self, workspace_id: int, uid: str) -> Evaluation | None: ...
    def by_ids(self, ids: Sequence[int]) -> Mapping[int, Evaluation]: ...
    def lock(self, evaluation_id: int) -> Evaluation: ...
    def list(
        self,
        version_id: int,
        *,
        name: str | None,
        metric: str | None,
        standing: bool,
        after: Key | None,
        limit: int,
    ) -> Sequence[Evaluation]:
        """Of a version, the one recorded last first. :param standing: without those corrected or retracted."""
        ...

    def count(self, version_id: int) -> int: ...
    def holders(self, evaluation_id: int, limit: int) -> Sequence[int]:
        """Versions that hold it, the one evaluated first."""
        ...

    def lock_versions(self, version_ids: Sequence[int]) -> None:
        """Lock their rows in the order of their ids."""
        ...

    def share(self, source_id: int, target_id: int) -> int:
        """Let a version hold all that another holds, in one workspace; returns how many."""
        ...

    def supersede(self, old: Evaluation, by_id: int, /) -> None: ...
    def retract(self, old: Evaluation, at: int, by: int, reason: str, /) -> Evaluation: ...
    def refresh(self, version_ids: Sequence[int], digests: Sequence[str]) -> None:
        """Bring what search sees of these versions on these data sets up to date."""
        ...

    def bump(self, version_ids: Sequence[int]) -> None:
        """Raise the `evidence_epoch` of versions by one: what was decided on their evidence is to be decided again."""
        ...

    def standing(self, version_id: int, limit: int) -> Sequence[Standing]:
        """What search sees of a version."""
        ...

    def rests_on(self, version_id: int, dataset_version_id: int) -> bool:
        """Whether an evaluation of the version that stands is on that data set."""
        ...

    def forget(self, version_id: int) -> None:
        """Let a purged version hold none; a file of rows that no version is left for is nobody's."""
        ...

    def forget_of(self, asset_id: int) -> None:
        """The same of all versions of an asset."""
        ...

    def add_comparison(self, new: Comparison, /) -> Comparison: ...
    def comparison(self, workspace_id: int, uid: str) -> Comparison | None: ...
    def comparisons(self, evaluation_id: int, after: Key | None, limit: int) -> Sequence[Comparison]:
        """Those in which it is champion or challenger, the latest first."""
        ...

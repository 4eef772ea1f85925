"""What the application asks of the database for evaluations."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.evaluations.comparing import Comparison
from strongroom.domain.evaluations.model import Evaluation
from strongroom.domain.identity.access import Visible


@dataclass(frozen=True, slots=True)
class Standing:
    """What search sees of a metric on one data set, by one of its names: the newest value that stands.

    :param dataset: what somebody called it; empty for an asset of ours, `asset_id`, which is else 0.
    :param rank: orders values by age. :param newest: whether it is that of the digest, under whatever name.
    """

    metric: str
    digest: str
    dataset: str
    asset_id: int
    value: float
    rank: int
    newest: bool


@dataclass(frozen=True, slots=True)
class Place:
    """An evaluation in a list, and how many characters it has: what is read of it can be bounded."""

    id: int
    size: int
    root_id: int


@dataclass(frozen=True, slots=True)
class Head:
    """Just enough of an evaluation to name it."""

    uid: str
    current: bool


class Evaluations(Protocol):
    """Evaluations, and the versions that hold them: the one evaluated, its links and copies in the workspace."""

    def add(self, new: Evaluation, holders: Sequence[int], /) -> Evaluation:
        """Store an evaluation (its `id` is ignored); `holders` are ids of versions."""
        ...

    def by_uid(self, workspace_id: int, uid: str) -> Evaluation | None:
        """The evaluation, as long as any version has it."""
        ...

    def by_ids(self, ids: Sequence[int]) -> Mapping[int, Evaluation]: ...
    def heads(self, ids: Sequence[int]) -> Mapping[int, Head]: ...
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
        slices: bool = True,
    ) -> Sequence[Evaluation]:
        """Of a version, the one recorded last first.

        :param standing: without those corrected or retracted. :param slices: with the values of slices, which are
            most of an evaluation; who reads many can do without.
        """
        ...

    def places(
        self, version_id: int, *, name: str | None, metric: str | None, standing: bool, after: Key | None, limit: int
    ) -> Sequence[Place]:
        """The same ones, of each only what it takes to read it."""
        ...

    def count(self, version_id: int) -> int: ...
    def holders(self, evaluation_id: int) -> Sequence[int]:
        """Versions that hold it."""
        ...

    def holder_assets(self, evaluation_id: int, visible: Visible, after: int, limit: int) -> Sequence[int]:
        """Assets of these that are visible, behind an id."""
        ...

    def live_holders(self, evaluation_id: int, visible: Visible, after: int, limit: int) -> Sequence[int]:
        """Those that are live, in a visible asset outside the trash and no links, behind an id."""
        ...

    def seen(self, ids: Sequence[int], visible: Visible) -> AbstractSet[int]:
        """Those of evaluations that a version in a visible asset holds."""
        ...

    def lock_versions(self, version_ids: Sequence[int]) -> None:
        """Lock their rows in the order of their ids."""
        ...

    def share(self, source_id: int, target_id: int) -> int:
        """Let a version hold all that another holds, in one workspace; returns how many."""
        ...

    def most_held(self, version_id: int) -> int:
        """How many versions share that of a version's evaluations that most share."""
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

    def data_sets(self, workspace_id: int, name: str, visible: Visible) -> Sequence[int]:
        """The assets that a reference of this name means to somebody who sees these; their ids."""
        ...

    def holding(self, after: int, limit: int) -> Sequence[int]:
        """Versions that hold any, behind an id."""
        ...

    def first_held(self, version_id: int) -> Sequence[int]:
        """Those of a version's evaluations that no version before it holds."""
        ...

    def metrics(self, evaluation_id: int) -> Mapping[str, float]:
        """What the table of metrics has of it."""
        ...

    def stale(self, version_id: int) -> bool:
        """Whether search sees something else of the version than its evaluations say."""
        ...

    def rests_on(self, version_id: int, dataset_version_id: int) -> bool:
        """Whether an evaluation of the version that stands is on that data set."""
        ...

    def forget(self, version_id: int, by: int) -> None:
        """Let a purged version hold none.

        What no version is left for says nothing any more: its words, numbers, file of rows, comparisons and the edge
        from its data set go.

        :param by: the principal that purges.
        """
        ...

    def forget_of(self, asset_id: int, by: int) -> None:
        """The same of all versions of an asset."""
        ...

    def add_comparison(self, new: Comparison, /) -> Comparison: ...
    def comparison(self, workspace_id: int, uid: str) -> Comparison | None: ...
    def comparisons(self, evaluation_id: int, after: Key | None, limit: int) -> Sequence[Comparison]:
        """Those in which it is champion or challenger, the latest first."""
        ...

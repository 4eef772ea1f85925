"""What the application asks of the database for experiments and runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.identity.access import Visible
from strongroom.domain.registry.model import Namespace
from strongroom.domain.tracking.lines import LineRow, LineSize
from strongroom.domain.tracking.model import BlockRow, BlockSize, Chain, Experiment, HeldRun, OtherSummary, Run
from strongroom.domain.tracking.points import Points
from strongroom.domain.tracking.values import Param, Summary


class Experiments(Protocol):
    """Runs that belong together."""

    def by_uid(self, workspace_id: int, uid: str) -> Experiment | None:
        """The one of that uid in the workspace, in the trash too."""
        ...

    def by_id(self, experiment_id: int) -> Experiment:
        """The one of an id that is known to exist."""
        ...

    def by_ids(self, experiment_ids: Sequence[int]) -> Mapping[int, Experiment]:
        """Those of the ids that exist, by id."""
        ...

    def by_name(self, namespace_id: int, name: str) -> Experiment | None:
        """The experiment of that name, in the trash too: it keeps its name."""
        ...

    def add(self, experiment: Experiment) -> Experiment:
        """Store a new experiment (its `id` is ignored).

        :raises AlreadyExists: the namespace has one of that name, maybe in the trash.
        """
        ...

    def lock(self, experiment_id: int) -> Experiment:
        """Lock the row until the end of the transaction."""
        ...

    def hold(self, experiment_id: int) -> Experiment:
        """Keep others from changing the row until the end of the transaction; any number may hold it at once."""
        ...

    def update(self, experiment: Experiment, /, **changes: object) -> Experiment:
        """Apply column changes to a locked experiment; `etag` goes up by one."""
        ...

    def move(self, experiment: Experiment, namespace: Namespace, name: str, /) -> Experiment:
        """Give a locked experiment another namespace or name.

        :raises AlreadyExists: the namespace has one of that name, maybe in the trash.
        """
        ...

    def list(
        self,
        workspace_id: int,
        visible: Visible,
        *,
        namespace: str | None,
        name_prefix: str | None,
        state: str,
        after: Key | None,
        limit: int,
    ) -> Sequence[Experiment]:
        """Experiments in visible namespaces, newest first (recorded_at, id). `state` is active, trashed or all."""
        ...


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs of an experiment; what is None does not matter."""

    state: str | None = None
    kind: str | None = None
    name_prefix: str | None = None
    parent_id: int | None = None
    trashed: bool = False


@dataclass(frozen=True, slots=True)
class RowSpan:
    """Rows `first` to `last`, each of them, stand in the batch of that position."""

    first: int
    last: int
    position: int


class OfRun(Protocol):
    """A run as its records are stored under it."""

    @property
    def id(self) -> int: ...
    @property
    def workspace_id(self) -> int: ...
    @property
    def experiment_id(self) -> int: ...


class Records(Protocol):
    """What runs recorded, batch after batch. Writers hold the run's lock."""

    def held(self, workspace_id: int, uid: str) -> tuple[Experiment, HeldRun] | None:
        """The run of that uid, locked until the end of the transaction, as a writer needs it; in the trash too."""
        ...

    def chain(self, run_id: int) -> Chain:
        """The run's chain as it stands."""
        ...

    def append(self, run: OfRun, record: bytes, series: Mapping[str, Points], before: Chain | None = None) -> Chain:
        """Store a batch: its points as one packed block, their summaries merged, the chain extended.

        :param before: the chain as it stands, when the caller read it under the lock.
        :raises Conflict: a series has points of another kind; `details` has `key`.
        """
        ...

    def mark_audited(self, run_id: int, count: int, at: int) -> None:
        """Remember that the chain's head after `count` batches stands in an audit record."""
        ...

    def due(self, before: int, limit: int) -> Sequence[int]:
        """Ids of runs with batches after the last audited head, which is older than `before`."""
        ...

    def batches(self, run_id: int) -> Iterator[bytes]:
        """The bytes of every batch, from the first, as the chain covers them."""
        ...

    def blocks(self, run_id: int, least: int, greatest: int) -> Iterator[BlockRow]:
        """Blocks that may have points from one step to another, by their least step, then position; piece by piece.

        Their records are left out.
        """
        ...

    def params(self, run: OfRun, keys: Sequence[str]) -> Mapping[str, Param]:
        """Those of the params that are set."""
        ...

    def put_params(self, run: OfRun, params: Sequence[Param]) -> None:
        """Store params, replacing those of the same keys."""
        ...

    def params_of(self, run_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Sequence[Param]]]:
        """Run id -> how many params it has, and at most `most` of them."""
        ...

    def summaries_of(self, run_ids: Sequence[int], most: int) -> Mapping[int, tuple[int, Mapping[str, Summary]]]:
        """Run id -> how many series it has, and the summaries of at most `most` of them."""
        ...

    def summaries(
        self, run_id: int, *, prefix: str | None, after: Key | None, limit: int
    ) -> Sequence[tuple[str, Summary]]:
        """Summaries of one run, by key."""
        ...

    def count(self, run_id: int, key: str) -> int:
        """How many points a series of numbers has; 0 of one that is not there."""
        ...

    def others(self, run_id: int, *, prefix: str | None, after: Key | None, limit: int) -> Sequence[OtherSummary]:
        """The same of series whose values are no numbers."""
        ...


class Rows(Protocol):
    """In which batches the rows of a run stand. Writers hold the run's lock."""

    def greatest_row(self, run_id: int) -> int:
        """The greatest number of a row; -1 when there is none."""
        ...

    def row_spans(self, run_id: int, first: int, last: int | None, limit: int) -> Sequence[RowSpan]:
        """Spans that have a number from one to another, in order; None is to the end."""
        ...

    def add_row_spans(self, run_id: int, spans: Sequence[RowSpan]) -> None:
        """Store spans of rows that the run had not."""
        ...

    def block_of(self, run_id: int, position: int) -> BlockRow:
        """The whole block with the batch of a position."""
        ...


class Merging(Protocol):
    """Blocks that become fewer and larger in the background."""

    def loose(self, limit: int) -> Sequence[int]:
        """Ids of runs with so many batches of their own that they are worth merging, those with most first."""
        ...

    def over(self, run_id: int) -> None:
        """The run is ended: what it has is to be merged, however little."""
        ...

    def block_sizes(self, run_id: int, limit: int) -> Sequence[BlockSize]:
        """The last blocks of a run, by position."""
        ...

    def block_rows(self, run_id: int, first: int, last: int) -> Sequence[BlockRow]:
        """Whole blocks from one position to another."""
        ...

    def replace_blocks(self, run_id: int, old: Sequence[BlockSize], new: BlockRow) -> bool:
        """Put one block in the place of some; False, and nothing changed, when another was faster."""
        ...

    def settle(self, run_id: int) -> None:
        """Nothing of the run is worth merging until more comes."""
        ...


class Streams(Protocol):
    """Numbered lines of runs. Writers hold the run's lock."""

    def next_line(self, run: OfRun, stream: str) -> int:
        """The number behind a stream's last line; 0 of one that is not there."""
        ...

    def put_lines(self, run: OfRun, stream: str, row: LineRow, following: int) -> None:
        """Store lines. :param following: the number behind the stream's last line, with these."""
        ...

    def line_rows(self, run: OfRun, stream: str, first: int, last: int) -> Sequence[LineRow]:
        """Rows that may hold a number from one to another."""
        ...

    def streams(self, run_id: int, after: Key | None, limit: int) -> Sequence[tuple[str, int]]:
        """The streams of a run by name, each with the number behind its last line."""
        ...

    def stream_ids(self, run_id: int) -> Sequence[int]:
        """The streams of a run, for merging."""
        ...

    def line_sizes(self, run_id: int, stream_id: int, limit: int) -> Sequence[LineSize]:
        """The rows of a stream with the greatest `last`, those first."""
        ...

    def whole_lines(self, run_id: int, stream_id: int, sizes: Sequence[LineSize]) -> Sequence[LineRow]:
        """Those of some rows that are still there, whole."""
        ...

    def replace_lines(self, run_id: int, stream_id: int, old: Sequence[LineSize], new: LineRow) -> bool:
        """Put one row in the place of some; False, and nothing changed, when another was faster."""
        ...


class Runs(Records, Rows, Merging, Streams, Protocol):
    """Executions and what they recorded."""

    def by_uid(self, workspace_id: int, uid: str) -> Run | None:
        """The one of that uid in the workspace, in the trash too."""
        ...

    def by_id(self, run_id: int) -> Run:
        """The one of an id that is known to exist."""
        ...

    def by_ids(self, run_ids: Sequence[int]) -> Mapping[int, Run]:
        """Those of the ids that exist, by id."""
        ...

    def ids(self, workspace_id: int, uids: Sequence[str]) -> Mapping[str, int]:
        """Uid -> id of those that exist."""
        ...

    def environment(self, run_id: int) -> str:
        """The environment's lock text."""
        ...

    def add(self, run: Run, parent: Run | None, environment: str) -> Run:
        """Store a new run (its `id` is ignored) with an empty chain."""
        ...

    def lock(self, run_id: int) -> Run:
        """Lock the row until the end of the transaction: writers on one run come in order. Take it after assets."""
        ...

    def update(self, run: Run, /, **changes: object) -> Run:
        """Apply column changes to a locked run; `etag` goes up by one."""
        ...

    def depth(self, run_id: int) -> int:
        """How many runs a run is nested in, itself included; from 1."""
        ...

    def children(self, run_ids: Sequence[int], limit: int) -> Sequence[Run]:
        """Runs nested in any of these, outside the trash, in the order they were made; at most `limit`."""
        ...

    def list(self, experiment: Experiment, wanted: RunFilter, after: Key | None, limit: int) -> Sequence[Run]:
        """Runs of an experiment, latest claimed start first (started_at, id)."""
        ...

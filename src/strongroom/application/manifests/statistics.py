"""Statistics of data sets: shown, compared, asked for again, and made behind the commit that asked for them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from strongroom.application.artifacts.reading import stored
from strongroom.application.artifacts.trees import StoredPages
from strongroom.application.call import Call
from strongroom.application.manifests.kept import of_version
from strongroom.application.manifests.sealing import DATASET, splits_of
from strongroom.application.manifests.views import FieldChange, change_view
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.manifests import StatisticsState, StoredStatistics
from strongroom.application.ports.statistics import DataFile, Examine, UnreadableError
from strongroom.application.ports.transaction import Transaction
from strongroom.application.recalls.standing import Content, refuse_recalled
from strongroom.application.registry import versions
from strongroom.application.views import time_of
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.pages import decode_root
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, DomainError, NotFound, Unavailable
from strongroom.domain.identity.roles import Permission
from strongroom.domain.manifests.dataset import split_of
from strongroom.domain.manifests.statistics import SplitStatistics, between, parse
from strongroom.domain.registry.model import Version

LEASE_US: Final = 5 * 60 * 1_000_000
TRIES_MOST: Final = 3
ENTRIES_MOST: Final = 100_000
"""Entries of a tree that are looked at for data files."""
FORMATS: Final[Mapping[str, str]] = {
    "parquet": "parquet", "pq": "parquet", "arrow": "arrow_ipc", "feather": "arrow_ipc", "ipc": "arrow_ipc",
    "csv": "csv", "tsv": "csv", "tab": "csv",
}  # fmt: skip
"""Which files are read, by what their names end in, and as what."""


@dataclass(frozen=True, slots=True)
class StatisticsView:
    """What is known of a data set. `state` is pending, ready, or unavailable, which `reason` explains."""

    version_uid: str
    state: str
    reason: str | None
    splits: Sequence[SplitStatistics]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class StatisticsDiff:
    """What differs between the statistics of two versions; `truncated` when there is more than could be listed."""

    changes: Sequence[FieldChange]
    truncated: bool


def show(call: Call, uid: str) -> StatisticsView:
    """The statistics of a version of a data set.

    :raises NotFound: none were asked for.
    """
    _asset, version = versions.readable(call, uid)
    refuse_recalled(call, Content(version.tree, None, version))
    return _view(version, _kept(call, version))


def _kept(call: Call, version: Version) -> StoredStatistics:
    found = call.tx.manifests.statistics(version.tree or "")
    if found is None:
        raise NotFound("There are no statistics of this version; ask for them with dataset.scan.")
    return found


def _view(version: Version, found: StoredStatistics) -> StatisticsView:
    ready = found.state is StatisticsState.READY
    return StatisticsView(
        version.uid,
        found.state.value,
        json.loads(found.body).get("reason") if found.state is StatisticsState.UNAVAILABLE else None,
        parse(found.body.encode()) if ready else (),
        time_of(found.recorded_at),
    )


def scan(call: Call, uid: str) -> StatisticsView:
    """Let the statistics of a version be made, again where there are some.

    :raises Conflict: it is no data set.
    """
    asset, version = versions.by_uid(call, uid, Permission.VERSION_REGISTER)
    if asset.kind != DATASET:
        raise Conflict("Only a data set has statistics.")
    asset, version = versions.readable(call, uid)
    asset = call.tx.assets.lock(asset.id)
    splits = json.dumps(splits_of(of_version(call, asset, version)))
    call.tx.manifests.request(version.tree or "", splits, call.now, again=True)
    call.record("dataset.scan", Subject("version", uid), {"tree": version.tree}, asset=call.tx.assets.advance(asset))
    return _view(version, _kept(call, version))


def compare(call: Call, before_uid: str, after_uid: str) -> StatisticsDiff:
    """What differs between the statistics of two versions.

    :raises Conflict: those of one are not ready.
    """
    found = []
    for uid in (before_uid, after_uid):
        _asset, version = versions.readable(call, uid)
        refuse_recalled(call, Content(version.tree, None, version))
        kept = _kept(call, version)
        if kept.state is not StatisticsState.READY:
            raise Conflict(f"The statistics of one version are {kept.state.value}.", state=kept.state.value)
        found.append(parse(kept.body.encode()))
    differing = between(found[0], found[1])
    return StatisticsDiff([change_view(change) for change in differing.changes], differing.truncated)


class Examiner:
    """Makes the statistics that were asked for, one data set after the other."""

    def __init__(self, executor: Executor, examine: Examine) -> None:
        self._executor, self._examine = executor, examine

    async def run(self) -> None:
        """Work until nothing is due."""
        while await self._executor.read(lambda tx: tx.manifests.is_due(tx.now())):
            due = await self._executor.command(lambda tx: tx.manifests.claim(tx.now(), tx.now() + LEASE_US))
            if due is not None:
                state, body = await self._made(due)
                await self._executor.command(partial(_finish, tree=due.tree, state=state, body=body))

    async def _made(self, due: StoredStatistics) -> tuple[StatisticsState, str]:
        if due.tries >= TRIES_MOST:
            return _unavailable(f"it was tried {TRIES_MOST} times, and the server ended each time")
        try:
            files = await self._executor.read(lambda tx: _files(tx, due))
            if not files:
                return _unavailable("there are no Parquet, Arrow or CSV files in it")
            splits = await asyncio.to_thread(parse, await self._examine.examine(files))
        except Unavailable:
            raise  # the store may answer later, and the lease ends
        except (UnreadableError, DomainError) as error:
            return _unavailable(str(error))
        return StatisticsState.READY, json.dumps({"splits": [asdict(split) for split in splits]}, ensure_ascii=False)


def _finish(tx: Transaction, tree: str, state: StatisticsState, body: str) -> None:
    tx.manifests.finish(tree, state, body, tx.now())


def _unavailable(reason: str) -> tuple[StatisticsState, str]:
    return StatisticsState.UNAVAILABLE, json.dumps({"reason": reason[:1_000]})


def _files(tx: Transaction, due: StoredStatistics) -> list[DataFile]:
    """The data files of a tree, those of no declared split left out."""
    root = tx.trees.root(due.tree)
    if root is None:
        return []
    declared = json.loads(due.splits)
    found: list[tuple[FileEntry, str, str]] = []
    for entry in islice(iterate(decode_root(root), StoredPages(tx.trees)), ENTRIES_MOST):
        format_ = FORMATS.get(entry.path.lower().rpartition(".")[2])
        split = split_of(entry.path, declared) if format_ else None
        if isinstance(entry, FileEntry) and format_ and split is not None:
            found.append((entry, format_, split))
    blobs = tx.blobs.by_sha256(sorted({entry.sha256 for entry, _, _ in found}))
    return [
        DataFile(entry.path, split, format_, stored(blobs[entry.sha256]))
        for entry, format_, split in found
        if entry.sha256 in blobs
    ]

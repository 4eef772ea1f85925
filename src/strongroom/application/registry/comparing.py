"""What differs between two versions, or two revisions: files, card, and params and metrics of their runs."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import cast

from strongroom.application.artifacts.folders import EntryView
from strongroom.application.artifacts.reading import stored
from strongroom.application.artifacts.trees import StoredPages, entry_view, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.manifests import packaging
from strongroom.application.manifests.views import FieldChange, change_view
from strongroom.application.recalls.standing import Content, is_recalled
from strongroom.application.registry import locate, versions
from strongroom.application.tracking import runs
from strongroom.domain.artifacts.cards import BYTES_MOST, CARD_PATH, Rename, card_lines, with_renames
from strongroom.domain.artifacts.changes import Change, diff
from strongroom.domain.artifacts.lookup import find
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.artifacts.pages import TreeRoot
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.errors import DomainError
from strongroom.domain.manifests.changes import of_values
from strongroom.domain.manifests.document import Plain
from strongroom.domain.manifests.packaging import comparable
from strongroom.domain.registry.model import Asset

CHANGES_MOST = 10_000


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One path that differs: change is added, removed, changed or renamed.

    `before` is null when it was added, `after` when it was removed; of a rename both are there, with their paths.
    """

    path: str
    change: str
    before: EntryView | None
    after: EntryView | None


@dataclass(frozen=True, slots=True)
class ParamChange:
    """A param of the runs that differs; null where the run has none."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class MetricChange:
    """The last value of a metric of the runs that differs; null where the run has none."""

    key: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class DiffView:
    """What differs; `truncated` when there are more paths than could be listed.

    `card` is a unified diff of README.md at the root (or, where a tree has none, of the asset's card); null when a card
    is too long, recalled or no text. `params` and `metrics` are those of the runs that the versions came from, where
    you may read both runs. `packaging` is what differs in flavors, signature (that of MLmodel, and the stated one),
    requirements and the versions of Python and MLflow.
    """

    changes: Sequence[ChangeView]
    truncated: bool
    card: Sequence[str] | None
    params: Sequence[ParamChange]
    metrics: Sequence[MetricChange]
    packaging: Sequence[FieldChange]


@dataclass(frozen=True, slots=True)
class _Side:
    recalled: bool
    asset: Asset
    tree: str
    run_uid: str | None
    signature: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a run recorded, as far as it is compared."""

    params: Mapping[str, str]
    metrics: Mapping[str, float]


async def of_versions(edge: Edge, before_uid: str, after_uid: str) -> DiffView:
    """What differs between two versions, of whatever assets; pages that both share are not opened."""

    def sides(call: Call) -> tuple[_Side, _Side]:
        return _version(call, before_uid), _version(call, after_uid)

    return await _compare(edge, sides)


async def of_revisions(edge: Edge, asset_uid: str, before: str, after: str) -> DiffView:
    """What differs between two revisions of an asset, named as `locate.parse_revision` says."""

    def sides(call: Call) -> tuple[_Side, _Side]:
        return _revision(call, asset_uid, before), _revision(call, asset_uid, after)

    return await _compare(edge, sides)


def _version(call: Call, uid: str) -> _Side:
    asset, version = versions.readable(call, uid)
    hidden = is_recalled(call, Content(version.tree, None, version))
    return _Side(hidden, asset, version.tree or "", version.run_uid, version.signature)


def _revision(call: Call, asset_uid: str, name: str) -> _Side:
    asset, revision = locate.content_of(call, asset_uid, name)
    version = call.tx.versions.by_revision(asset.id, revision.digest)
    hidden = is_recalled(call, Content(revision.tree, None, version))
    run_uid, signature = (version.run_uid, version.signature) if version else (None, {})
    return _Side(hidden, asset, revision.tree, run_uid, signature)


async def _compare(edge: Edge, sides: Callable[[Call], tuple[_Side, _Side]]) -> DiffView:
    def look(call: Call) -> tuple[DiffView, list[Blob | str | None]]:
        before, after = sides(call)
        old, new = load_root(call, before.tree), load_root(call, after.tree)
        changes = list(islice(diff(old, new, StoredPages(call.tx.trees)), CHANGES_MOST + 1))
        shown = [_view(change) for change in with_renames(changes[:CHANGES_MOST])]
        params, metrics = _said(call, before, after)
        cards = [_card(call, old, before), _card(call, new, after)]
        packaged = _packaging(call, before, after)
        return DiffView(shown, len(changes) > CHANGES_MOST, None, params, metrics, packaged), cards

    found, cards = await edge.read(look)
    texts = [await _text(edge, card) for card in cards]
    lines = None
    if texts[0] is not None and texts[1] is not None:
        lines = await asyncio.to_thread(card_lines, texts[0], texts[1])
    return replace(found, card=lines)


def _packaging(call: Call, before: _Side, after: _Side) -> list[FieldChange]:
    """What differs in how the models are packaged."""

    def told(side: _Side) -> dict[str, Plain]:
        packaged = packaging.of_tree(call, side.tree)
        stated = cast("Mapping[str, Plain]", side.signature)  # it was JSON
        return {**comparable(packaged.packaging if packaged else None), "stated_signature": stated}

    old, new = told(before), told(after)
    return [change_view(change) for change in of_values(old, new).changes]


def _view(change: Change | Rename) -> ChangeView:
    before = entry_view(change.before) if change.before else None
    after = entry_view(change.after) if change.after else None
    if isinstance(change, Rename):
        return ChangeView(change.after.path, "renamed", before, after)
    return ChangeView(change.path, "added" if not before else "changed" if after else "removed", before, after)


def _card(call: Call, root: TreeRoot, side: _Side) -> Blob | str | None:
    """Where the card is: a file, or the text itself; None when it is too long, or recalled."""
    entry = find(root, StoredPages(call.tx.trees), CARD_PATH)
    if not isinstance(entry, FileEntry):
        return side.asset.card if len(side.asset.card) <= BYTES_MOST else None
    if side.recalled or is_recalled(call, Content(sha256=entry.sha256)):
        return None
    return call.tx.blobs.by_sha256([entry.sha256]).get(entry.sha256) if entry.size <= BYTES_MOST else None


async def _text(edge: Edge, card: Blob | str | None) -> str | None:
    if card is None or isinstance(card, str):
        return card
    data = b"".join([chunk async for chunk in edge.store.read(stored(card))])
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _said(call: Call, before: _Side, after: _Side) -> tuple[list[ParamChange], list[MetricChange]]:
    """What the runs of both sides recorded differently."""
    if before.run_uid is None or after.run_uid is None or before.run_uid == after.run_uid:
        return [], []
    old, new = _run(call, before.run_uid), _run(call, after.run_uid)
    if old is None or new is None:
        return [], []
    params = [ParamChange(key, old.params.get(key), new.params.get(key)) for key in sorted({*old.params, *new.params})]
    keys = sorted({*old.metrics, *new.metrics})
    metrics = [MetricChange(key, old.metrics.get(key), new.metrics.get(key)) for key in keys]
    return (
        [one for one in params if one.before != one.after],
        [one for one in metrics if one.before != one.after and not (_is_nan(one.before) and _is_nan(one.after))],
    )


def _is_nan(value: float | None) -> bool:
    return value is not None and value != value  # noqa: PLR0124 - what NaN is


def _run(call: Call, uid: str) -> _Said | None:
    """Params and last values of a run that the caller may read; None of one that it may not."""
    try:
        run = runs.get(call, uid)
    except DomainError:
        call.refusal, call.absent = None, False  # nobody asked for the run: it is left out, not refused
        return None
    return _Said(run.params, {key: metric.last for key, metric in run.metrics.items()})

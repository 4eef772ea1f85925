"""What stands in a version of its content: how its model is packaged, that it has a manifest, how many rows it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call, asset_target
from strongroom.application.manifests import kept, packaging
from strongroom.application.manifests.packaging_views import PackagingView, packaging_view
from strongroom.application.ports.manifests import StatisticsState
from strongroom.domain.identity.roles import Permission
from strongroom.domain.manifests.statistics import parse
from strongroom.domain.registry.model import Asset, Version, VersionState

SPLITS_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class ManifestSummary:
    """That a version has a manifest: its digest, and how many members it names. `manifest.get` has the rest."""

    kind: str
    digest: str
    members: int


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """How much there is in a split of a data set; `rows` is null when nobody knows, `columns` are how many."""

    name: str
    files: int
    bytes: int
    rows: int | None
    columns: int


@dataclass(frozen=True, slots=True)
class StatisticsSummary:
    """How far the statistics of a data set are, and its splits. `dataset.statistics` has the rest."""

    state: str
    splits: Sequence[SplitSummary]


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of the content of a version; None where there is nothing to know, or not for this caller."""

    packaging: PackagingView | None = None
    manifest: ManifestSummary | None = None
    statistics: StatisticsSummary | None = None


def content_of(call: Call, asset: Asset, version: Version) -> Content:
    """What is known of the content of a version; nothing of drafts, and of what is in the trash."""
    readable = version.state is VersionState.LIVE and asset.deleted_at is None and version.tree is not None
    if not readable or not call.caller.access.allows(Permission.VERSION_BYTES, asset_target(asset)):
        return Content()
    packaged = packaging.of_tree(call, version.tree)
    return Content(
        packaging_view(packaged, brief=True) if packaged else None,
        _manifest(call, asset, version),
        _statistics(call, version) if asset.kind == "dataset" else None,
    )


def _manifest(call: Call, asset: Asset, version: Version) -> ManifestSummary | None:
    found = kept.of_version(call, asset, version)
    return ManifestSummary(found.kind, found.digest, len(found.members)) if found else None


def _statistics(call: Call, version: Version) -> StatisticsSummary | None:
    found = call.tx.manifests.statistics(version.tree or "")
    if found is None:
        return None
    splits = parse(found.body.encode()) if found.state is StatisticsState.READY else ()
    shown = [SplitSummary(one.name, one.files, one.bytes, one.rows, one.columns_total) for one in splits[:SPLITS_SHOWN]]
    return StatisticsSummary(found.state.value, shown)

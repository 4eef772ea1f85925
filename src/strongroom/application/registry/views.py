"""What callers see of namespaces, assets and versions. The native API sends these as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.manifests.packaging_views import PackagingView
from strongroom.application.manifests.summaries import ManifestSummary, StatisticsSummary
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.registry.model import Alias, Asset, Namespace, StagePlacement, Tag, Version, Workspace
from strongroom.domain.registry.refs import Ref, StoredRevision


@dataclass(frozen=True, slots=True)
class WorkspaceView:
    """A workspace."""

    uid: str
    slug: str
    description: str
    etag: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NamespaceView:
    """A namespace; the root has the empty path."""

    uid: str
    path: str
    slug_path: str
    description: str
    etag: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag; a bare word has no value."""

    key: str
    value: str | None


@dataclass(frozen=True, slots=True)
class AliasView:
    """An alias and the version it points at, from `valid_from` until `valid_to` (null: still)."""

    name: str
    version: int
    version_uid: str
    etag: int
    protected: bool
    set_by: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class AssetView:
    """An asset with what is said of it. `card` is null in lists: read the asset for it.

    `gated` is auto or manual when its files are for those who asked for access, else empty.
    `claimed_at` is when it was made elsewhere, of one that was imported.
    """

    uid: str
    namespace: str
    kind: str
    type: str
    name: str
    path: str
    slug: str
    display_name: str
    description: str
    card: str | None
    visibility: str
    gated: str
    latest: int | None
    aliases: Mapping[str, int]
    tags: Sequence[TagView]
    properties: Mapping[str, Scalar]
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    deleted_at: datetime | None
    purged_at: datetime | None
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version (or draft) with what is said of it. `tree` is the digest that its content answers to.

    `signature` is what the publisher stated, and is null in lists: read the version for it. `origin` is the content's
    address as the publisher named it, `source_uid` the version that a link shows. `claimed_at` is when it was made
    elsewhere, of one that was imported.
    `packaging`, `manifest` and `statistics` are what its content says, and stand only in the answer of `version.get`.
    """

    uid: str
    asset_uid: str
    asset: str
    kind: str
    number: int | None
    label: str | None
    revision: str | None
    tree: str | None
    files: int
    bytes: int
    unpinned: bool
    state: str
    stage: str | None
    aliases: Sequence[str]
    tags: Sequence[TagView]
    properties: Mapping[str, Scalar]
    description: str
    signature: Mapping[str, object] | None
    run_uid: str | None
    origin: str | None
    source_uid: str | None
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    deleted_at: datetime | None
    claimed_at: datetime | None = None
    packaging: PackagingView | None = None
    manifest: ManifestSummary | None = None
    statistics: StatisticsSummary | None = None


@dataclass(frozen=True, slots=True)
class StageView:
    """A version's placement at a stage, from `valid_from` until `valid_to` (null: still)."""

    stage: str
    note: str
    version: int
    version_uid: str
    set_by: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class RevisionView:
    """A revision of an asset: a tree, what it came from, who made it and why.

    `claimed_at` is what the client said. `version` is the number of the live version that it was published as.
    """

    digest: str
    tree: str
    parents: Sequence[str]
    author: str
    message: str
    version: int | None
    claimed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RefView:
    """A branch or pin and the revision that it leads to."""

    kind: str
    name: str
    revision: str
    protected: bool
    etag: int
    set_by: str
    created_at: datetime
    moved_at: datetime


def revision_views(call: Call, asset_id: int, revisions: Sequence[StoredRevision]) -> list[RevisionView]:
    """Revisions with the versions they were published as, in one query more."""
    numbers = call.tx.versions.numbers_of(asset_id, [revision.digest for revision in revisions])
    return [
        RevisionView(
            one.digest,
            one.tree,
            one.parents,
            one.author,
            one.message,
            numbers.get(one.digest),
            maybe_time(one.claimed_at),
            time_of(one.recorded_at),
        )
        for one in revisions
    ]


def ref_view(ref: Ref) -> RefView:
    """A branch or pin."""
    return RefView(
        ref.kind.value,
        ref.name,
        ref.revision,
        ref.protected,
        ref.etag,
        ref.set_by,
        time_of(ref.recorded_at),
        time_of(ref.moved_at),
    )


def workspace_view(workspace: Workspace) -> WorkspaceView:
    """A workspace for its members."""
    return WorkspaceView(
        workspace.uid, workspace.slug, workspace.description, workspace.etag, time_of(workspace.recorded_at)
    )


def namespace_view(namespace: Namespace) -> NamespaceView:
    """A namespace."""
    return NamespaceView(
        namespace.uid,
        namespace.path,
        namespace.slug_path,
        namespace.description,
        namespace.etag,
        time_of(namespace.recorded_at),
    )


def tag_views(tags: Sequence[Tag]) -> list[TagView]:
    """Tags in the order of their keys."""
    return [TagView(tag.key, tag.value) for tag in sorted(tags, key=lambda tag: tag.key)]


def alias_view(alias: Alias) -> AliasView:
    """An alias, present or past."""
    return AliasView(
        alias.name,
        alias.version_number,
        alias.version_uid,
        alias.etag,
        alias.protected,
        alias.set_by,
        time_of(alias.valid_from),
        maybe_time(alias.valid_to),
    )


def stage_view(placement: StagePlacement) -> StageView:
    """A stage placement, present or past."""
    return StageView(
        placement.name,
        placement.note,
        placement.version_number,
        placement.version_uid,
        placement.set_by,
        time_of(placement.valid_from),
        maybe_time(placement.valid_to),
    )


def asset_views(call: Call, assets: Sequence[Asset], *, brief: bool = True) -> list[AssetView]:
    """Assets with tags, properties, aliases and latest numbers, in a constant number of queries."""
    ids = [asset.id for asset in assets]
    tags = call.tx.tags.current("asset", ids)
    properties = call.tx.tags.properties("asset", ids)
    aliases = call.tx.aliases.of_assets(ids)
    latest = [asset.latest_version_id for asset in assets if asset.latest_version_id is not None]
    numbers = {id_: version.number for id_, version in call.tx.versions.by_ids(latest).items()}
    return [
        AssetView(
            uid=asset.uid,
            namespace=asset.namespace_path,
            kind=asset.kind,
            type=asset.type,
            name=asset.name,
            path=asset.path,
            slug=asset.slug,
            display_name=asset.display_name,
            description=asset.description,
            card=None if brief else asset.card,
            visibility=asset.visibility,
            gated=asset.gated,
            latest=numbers.get(asset.latest_version_id or 0),
            aliases={alias.name: alias.version_number for alias in aliases.get(asset.id, ())},
            tags=tag_views(tags.get(asset.id, ())),
            properties=properties.get(asset.id, {}),
            etag=asset.etag,
            created_by=asset.created_by,
            created_at=time_of(asset.recorded_at),
            updated_at=time_of(asset.updated_at or asset.recorded_at),
            archived_at=maybe_time(asset.archived_at),
            deleted_at=maybe_time(asset.deleted_at),
            purged_at=maybe_time(asset.purged_at),
            claimed_at=maybe_time(asset.claimed_at),
        )
        for asset in assets
    ]


def tag_weight(tags: Sequence[TagView]) -> int:
    """About how many bytes tags have."""
    return sum(len(tag.key) + len(tag.value or "") for tag in tags)


def weight(view: AssetView | VersionView) -> int:
    """About how many bytes a view of a list has, from what callers may make long."""
    properties = sum(len(key) + (len(value) if isinstance(value, str) else 8) for key, value in view.properties.items())
    return 500 + len(view.description) + tag_weight(view.tags) + properties


def asset_view(call: Call, asset: Asset) -> AssetView:
    """One asset with what is said of it."""
    return asset_views(call, [asset], brief=False)[0]


def version_views(
    call: Call, assets: Asset | Mapping[int, Asset], versions: Sequence[Version], *, brief: bool = True
) -> list[VersionView]:
    """Versions with aliases, tags and properties, in a constant number of queries.

    :param assets: whose they are: one asset, or several by their ids.
    """
    owners = {assets.id: assets} if isinstance(assets, Asset) else assets
    ids = [version.id for version in versions]
    tags = call.tx.tags.current("version", ids)
    properties = call.tx.tags.properties("version", ids)
    aliases = call.tx.aliases.of_versions(ids)
    shown = sorted({version.source_id for version in versions if version.source_id is not None})
    sources = call.tx.versions.by_ids(shown) if shown else {}
    return [
        VersionView(
            uid=version.uid,
            asset_uid=owners[version.asset_id].uid,
            asset=owners[version.asset_id].path,
            kind=owners[version.asset_id].kind,
            number=version.number,
            label=version.label,
            revision=version.revision,
            tree=version.tree,
            files=version.files,
            bytes=version.bytes,
            unpinned=version.unpinned,
            state=version.state.value,
            stage=version.stage,
            aliases=sorted(alias.name for alias in aliases.get(version.id, ())),
            tags=tag_views(tags.get(version.id, ())),
            properties=properties.get(version.id, {}),
            description=version.description,
            signature=None if brief else version.signature,
            run_uid=version.run_uid,
            origin=version.origin,
            source_uid=sources[version.source_id].uid if version.source_id is not None else None,
            etag=version.etag,
            created_by=version.created_by,
            created_at=time_of(version.recorded_at),
            updated_at=time_of(version.updated_at or version.recorded_at),
            archived_at=maybe_time(version.archived_at),
            deleted_at=maybe_time(version.deleted_at),
            claimed_at=maybe_time(version.claimed_at),
        )
        for version in versions
    ]


def version_view(call: Call, asset: Asset, version: Version) -> VersionView:
    """One version with what is said of it."""
    return version_views(call, asset, [version], brief=False)[0]

"""What the application asks of the database for workspaces, namespaces, assets, versions and what is said of them."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from strongroom.application.paging import Key
from strongroom.domain.identity.access import Visible
from strongroom.domain.registry.fields import Scalar
from strongroom.domain.registry.model import (
    Alias,
    Asset,
    Draft,
    Namespace,
    StagePlacement,
    Tag,
    Version,
    Workspace,
)


class Workspaces(Protocol):
    """Tenants."""

    def by_slug(self, slug: str) -> Workspace | None:
        """A live one."""
        ...

    def by_id(self, workspace_id: int) -> Workspace: ...
    def add(self, slug: str, description: str) -> Workspace:
        """Add a workspace with its root namespace.

        :raises AlreadyExists: the slug is taken.
        """
        ...

    def lock(self, workspace_id: int) -> Workspace:
        """Lock the row until the end of the transaction."""
        ...

    def list(self, after: Key | None, limit: int) -> Sequence[Workspace]: ...
    def update(self, workspace: Workspace, /, *, description: str, settings: Mapping[str, object]) -> Workspace: ...
    def holders(self, workspace_id: int, limit: int) -> Sequence[str]:
        """What lives in it, as ``kind:name``; an experiment that a handle counts on does not while it has no runs."""
        ...

    def delete(self, workspace: Workspace, at: int, /) -> None:
        """Leave a tombstone of it and of its root namespace."""
        ...

    def lacking(self, dialect: str, kind: str, foreign: str, limit: int) -> Sequence[Workspace]:
        """Live ones without this handle."""
        ...


class Namespaces(Protocol):
    """Paths of names inside a workspace."""

    def by_path(self, workspace_id: int, path: str) -> Namespace | None: ...
    def by_slug_path(self, workspace_id: int, slug_path: str) -> Namespace | None:
        """The live one of these slugs joined with `/`, in whatever case."""
        ...

    def by_id(self, namespace_id: int) -> Namespace: ...
    def lock(self, namespace_id: int) -> Namespace | None:
        """Lock a live one until the end of the transaction; None when it was deleted meanwhile."""
        ...

    def hold(self, namespace_id: int) -> bool:
        """Keep one from being deleted until the end of the transaction; False when it was deleted meanwhile.

        Whoever puts something into a namespace holds it: what lives in it then cannot be overlooked.
        """
        ...

    def by_uid(self, workspace_id: int, uid: str) -> Namespace | None: ...
    def add(self, workspace_id: int, path: str, slug_path: str, description: str) -> Namespace:
        """:raises AlreadyExists: path or slug path is taken."""
        ...

    def slugs_in(self, parent: Namespace, /) -> AbstractSet[str]:
        """Last segments of the slug paths directly below, folded (`slug_key`)."""
        ...

    def list(self, workspace_id: int, after: Key | None, limit: int) -> Sequence[Namespace]:
        """All live ones but the root, by path."""
        ...

    def update(self, namespace: Namespace, /, *, description: str, settings: Mapping[str, object]) -> Namespace: ...
    def delete(self, namespace: Namespace, at: int, /) -> None: ...
    def holders(self, namespace: Namespace, limit: int, /) -> Sequence[str]:
        """What lives in it or below it, as `kind:path`, at most `limit`."""
        ...


class Assets(Protocol):
    """Named things with a history."""

    def by_uid(self, workspace_id: int, uid: str) -> Asset | None: ...
    def by_id(self, asset_id: int) -> Asset: ...
    def by_ids(self, asset_ids: Sequence[int]) -> Mapping[int, Asset]: ...
    def by_name(self, namespace_id: int, name: str, kinds: Sequence[str] | None) -> Sequence[Asset]:
        """Live assets of that name, redirects followed; any kind when `kinds` is None."""
        ...

    def by_slug(self, namespace_id: int, slug: str, kind: str) -> Asset | None:
        """The live asset of that slug and kind, in whatever case, redirects followed."""
        ...

    def slugs_like(self, namespace_id: int, kind: str, prefix: str, except_asset_id: int | None) -> AbstractSet[str]:
        """Slug keys in use that begin so, but that of one asset."""
        ...

    def add(self, asset: Asset, /) -> Asset:
        """Store a new asset (its `id` is ignored) and its name, taking over redirects of that name.

        :raises AlreadyExists: a live asset of that kind has the name.
        """
        ...

    def lock(self, asset_id: int) -> Asset:
        """Lock the row until the end of the transaction, so that everything of this asset happens in one order."""
        ...

    def tick(self, asset: Asset, /) -> Asset:
        """Count an event of an asset that does not change it, such as a comment; its ETag stays."""
        ...

    def advance(self, asset: Asset, /, **changes: object) -> Asset:
        """Apply column changes to a locked asset; `event_seq` and `etag` go up by one."""
        ...

    def rename(self, asset: Asset, namespace: Namespace, name: str, slug: str, /) -> Asset:
        """Change the name (or namespace) of a locked asset; the old name becomes a redirect.

        :raises AlreadyExists: a live asset of that kind has the name.
        """
        ...

    def release_name(self, asset: Asset, /) -> None:
        """Free the name of a deleted asset."""
        ...

    def claim_name(self, asset: Asset, /) -> None:
        """Take the name back for a restored asset.

        :raises AlreadyExists: it was taken meanwhile.
        """
        ...

    def list(
        self,
        workspace_id: int,
        visible: Visible,
        *,
        kind: str | None,
        namespace: str | None,
        name_prefix: str | None,
        state: str,
        tag: tuple[str, str | None] | None,
        after: Key | None,
        limit: int,
    ) -> Sequence[Asset]:
        """Visible assets, newest first (recorded_at, id). `state` is active, archived, trashed or all."""
        ...


class Versions(Protocol):
    """Numbered revisions of assets, and drafts of them."""

    def by_uid(self, workspace_id: int, uid: str) -> Version | None: ...
    def by_id(self, version_id: int) -> Version: ...
    def by_ids(self, version_ids: Sequence[int]) -> Mapping[int, Version]: ...
    def by_uids(self, workspace_id: int, uids: Sequence[str]) -> Mapping[str, Version]: ...
    def by_number(self, asset_id: int, number: int) -> Version | None: ...
    def by_label(self, asset_id: int, label: str) -> Version | None: ...
    def by_revision(self, asset_id: int, digest: str) -> Version | None:
        """The live version of that revision; of several, the one published last."""
        ...

    def numbers_of(self, asset_id: int, digests: Sequence[str]) -> Mapping[str, int]:
        """Numbers of the live versions of these revisions; of several, the greatest."""
        ...

    def by_tree_prefix(self, asset_id: int, prefix: str) -> Sequence[Version]:
        """Live versions whose tree digest begins so, at most two."""
        ...

    def lock(self, version_id: int) -> Version:
        """Lock the row; take it after the asset's (lock order: namespace, asset, version, alias)."""
        ...

    def add(self, version: Version, asset: Asset, /) -> Version:
        """Store a version or draft (its `id` is ignored).

        :raises AlreadyExists: the number or label was issued before.
        """
        ...

    def update(self, version: Version, /, **changes: object) -> Version:
        """Apply column changes; `etag` goes up by one.

        :raises AlreadyExists: the number or label was issued before.
        """
        ...

    def links(self, version_id: int) -> Sequence[Version]:
        """The links that show a version, in the trash too, the first made first."""
        ...

    def links_elsewhere(self, asset_id: int) -> Sequence[Version]:
        """Live links of other assets that show live versions of this one, at most 100."""
        ...

    def latest_live(self, asset_id: int) -> Version | None:
        """The live version with the greatest number."""
        ...

    def newest_at_stages(self, workspace_id: int, asset_uids: Sequence[str]) -> Sequence[Version]:
        """Of each asset, the live version with the greatest number at every stage (and at none); newest first."""
        ...

    def list(
        self,
        asset_id: int,
        *,
        state: str,
        stage: str | None,
        tag: tuple[str, str | None] | None,
        after: Key | None,
        limit: int,
    ) -> Sequence[Version]:
        """Versions, newest number first. `state` is active, archived, trashed, purged, draft or all."""
        ...

    def purge(self, version: Version, at: int, reason: str, /) -> Version:
        """Turn one version into its tombstone: number, label, digests and the reason (as its description) stay."""
        ...

    def trees_beside(self, asset_id: int, version_id: int) -> Sequence[str]:
        """Distinct trees of the live and trashed versions of an asset but one."""
        ...

    def purge_of(self, asset_id: int, at: int, reason: str) -> None:
        """Turn every version of an asset into its tombstone: content and metadata go, possession rows too."""
        ...

    def of_run(self, run_id: int, limit: int) -> Sequence[Version]: ...
    def add_draft(self, draft: Draft, /) -> None: ...
    def draft(self, version_id: int) -> Draft | None: ...
    def end_draft(self, version_id: int, state: str) -> None: ...
    def expired_drafts(self, now: int, limit: int) -> Sequence[int]: ...


class Aliases(Protocol):
    """Names that point at versions, now and at any time."""

    def current(self, asset_id: int) -> Sequence[Alias]: ...
    def get(self, asset_id: int, name: str) -> Alias | None: ...
    def at(self, asset_id: int, time_us: int) -> Sequence[Alias]: ...
    def history(self, asset_id: int, name: str | None, after: Key | None, limit: int) -> Sequence[Alias]:
        """Every placement that ever was, newest first."""
        ...

    def of_versions(self, version_ids: Sequence[int]) -> Mapping[int, Sequence[Alias]]: ...
    def of_assets(self, asset_ids: Sequence[int]) -> Mapping[int, Sequence[Alias]]: ...
    def move(self, asset: Asset, name: str, version: Version | None, actor_id: int, /) -> Alias | None:
        """End the present placement of `name` and, unless `version` is None, begin a new one. The asset is locked."""
        ...

    def protect(self, asset: Asset, name: str, /, *, protected: bool) -> Alias:
        """Protect the present placement, and those after it, or end that. The asset is locked."""
        ...


class Stages(Protocol):
    """Where versions stand, now and at any time."""

    def place(self, asset: Asset, version: Version, name: str | None, note: str, actor_id: int, /) -> None:
        """End the present placement of the version and, unless `name` is None, begin a new one."""
        ...

    def at_stage(self, asset_id: int, name: str) -> Sequence[int]:
        """Ids of the live versions that stand there now."""
        ...

    def at(self, version_id: int, time_us: int) -> StagePlacement | None: ...
    def history(self, version_id: int) -> Sequence[StagePlacement]: ...


class Tags(Protocol):
    """Tags and typed properties of any object."""

    def current(self, owner_kind: str, owner_ids: Sequence[int]) -> Mapping[int, Sequence[Tag]]: ...
    def at(self, owner_kind: str, owner_id: int, time_us: int) -> Sequence[Tag]: ...
    def changed(self, owner_kind: str, owner_id: int, time_us: int) -> Sequence[Tag]:
        """Values that began or ended at this very time."""
        ...

    def set(
        self,
        workspace_id: int,
        owner_kind: str,
        owner_id: int,
        tags: Mapping[str, str | None],
        actor_id: int,
        *,
        fresh: bool = False,
    ) -> None:
        """Set tags, ending their present values. :param fresh: the owner was added just now and has none."""
        ...

    def remove(self, workspace_id: int, owner_kind: str, owner_id: int, keys: Sequence[str]) -> Sequence[str]:
        """End the present values of these keys; returns the keys that had one."""
        ...

    def properties(self, owner_kind: str, owner_ids: Sequence[int]) -> Mapping[int, Mapping[str, Scalar]]: ...
    def set_properties(self, workspace_id: int, owner_kind: str, owner_id: int, values: Mapping[str, Scalar]) -> None:
        """Set typed properties; a value of None removes the key."""
        ...

"""Workspaces, namespaces, assets, versions, aliases and stages as values.

`id` is the database's and stays inside, `uid` is shown outside. Times are microseconds since 1970 in UTC as the server
recorded them (domain.md N17).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class VersionState(StrEnum):
    """Where a version is in its life (domain.md N12); the other five axes are fields of their own."""

    DRAFT = "draft"
    LIVE = "live"
    TRASHED = "trashed"
    PURGED = "purged"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant: everything else belongs to exactly one."""

    id: int
    uid: str
    slug: str
    description: str
    settings: Mapping[str, object]
    etag: int
    recorded_at: int
    deleted_at: int | None = None


@dataclass(frozen=True, slots=True)
class Namespace:
    """A path of names inside a workspace; the root has the empty path."""

    id: int
    uid: str
    workspace_id: int
    path: str
    slug_path: str
    description: str
    settings: Mapping[str, object]
    etag: int
    recorded_at: int
    deleted_at: int | None


@dataclass(frozen=True, slots=True)
class Asset:
    """A named thing with a history, unique by (namespace, kind, name)."""

    id: int
    uid: str
    workspace_id: int
    namespace_id: int
    namespace_path: str
    namespace_slug_path: str
    kind: str
    type: str
    name: str
    slug: str
    display_name: str
    description: str
    card: str
    visibility: str
    next_number: int
    latest_version_id: int | None
    event_seq: int
    etag: int
    created_by: str
    recorded_at: int
    archived_at: int | None
    deleted_at: int | None
    purged_at: int | None
    updated_at: int = 0
    gated: str = ""
    claimed_at: int | None = None

    @property
    def path(self) -> str:
        """Namespace and name, as references write them."""
        return f"{self.namespace_path}/{self.name}" if self.namespace_path else self.name


@dataclass(frozen=True, slots=True)
class Version:
    """One published revision of an asset, or a draft of one. `number` and `tree` are set when it is sealed.

    `origin` is the address of the content as the publisher named it: data, never followed. A link has the id of the
    version that it shows in `source_id`; what is said of it is what is said of that.
    """

    id: int
    uid: str
    asset_id: int
    number: int | None
    label: str | None
    revision: str | None
    tree: str | None
    files: int
    bytes: int
    unpinned: bool
    state: VersionState
    run_id: int | None
    run_uid: str | None
    description: str
    signature: Mapping[str, object]
    stage: str | None
    locked: bool
    evidence_epoch: int
    etag: int
    created_by: str
    recorded_at: int
    archived_at: int | None
    expires_at: int | None
    deleted_at: int | None
    origin: str | None = None
    updated_at: int = 0
    source_id: int | None = None
    claimed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that points at exactly one version of an asset, from `valid_from` until `valid_to`."""

    asset_id: int
    name: str
    version_id: int
    version_uid: str
    version_number: int
    etag: int
    protected: bool
    set_by: str
    from_seq: int
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class StagePlacement:
    """A version standing at a stage, from `valid_from` until `valid_to`."""

    version_id: int
    version_uid: str
    version_number: int
    name: str
    note: str
    set_by: str
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Tag:
    """A key with an optional value on any object; a bare word is a key without value."""

    key: str
    value: str | None
    set_by: str
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A version in the making (domain.md N4): its folder, the tree it started from, and until when it may be sealed."""

    version_id: int
    folder_id: int
    base_tree: str | None
    state: str
    expires_at: int

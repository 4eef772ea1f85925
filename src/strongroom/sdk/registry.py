"""Assets and versions: what is said of them, found, archived, deleted and restored."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from strongroom.sdk.api import Api
from strongroom.sdk.lookup import AssetRef, VersionRef, asset_uid, owner_of, plain_name, version_uid
from strongroom.sdk.models import Asset, Diff, Entry, Origin, ReferenceCheck, Scalar, Stage, Tag, Version
from strongroom.sdk.packaging import Packaging


class Assets:
    """``client.assets``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(
        self,
        name: str,
        kind: str = "model",
        *,
        type: str = "",  # noqa: A002 - the API's word
        display_name: str = "",
        description: str = "",
        card: str = "",
        visibility: str = "workspace",
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, Scalar] | None = None,
    ) -> Asset:
        """Create an asset by ``namespace/name``; missing namespaces are made.

        :raises AlreadyExists: there is one. :raises BadName: a name that breaks the rules.
        """
        namespace, bare = plain_name(name)
        return self._api.call(
            "asset.create",
            Asset,
            kind=kind,
            name=bare,
            namespace=namespace,
            type=type,
            display_name=display_name,
            description=description,
            card=card,
            visibility=visibility,
            tags=dict(tags or {}),
            properties=dict(properties or {}),
        )

    def get(self, asset: AssetRef, kind: str | None = None) -> Asset:
        """One asset as it is now. :raises NotFound: none, or not visible."""
        return self._api.call("asset.get", Asset, uid=asset_uid(self._api, asset, kind))

    def list(
        self,
        *,
        kind: str | None = None,
        namespace: str | None = None,
        name_prefix: str | None = None,
        tag: str | None = None,
        state: str = "active",
    ) -> Iterator[Asset]:
        """Assets that you may see, newest first. `tag` is ``key`` or ``key=value``."""
        return self._api.every(
            "asset.list", Asset, kind=kind, namespace=namespace, name_prefix=name_prefix, tag=tag, state=state
        )

    def update(self, asset: AssetRef, *, etag: int | None = None, **changes: Any) -> Asset:
        """Change display_name, description, card, type, visibility or gated; what is left out stays.

        :raises PreconditionFailed: the asset is not at `etag` any more.
        """
        return self._api.call("asset.update", Asset, etag=etag, uid=asset_uid(self._api, asset), **changes)

    def rename(self, asset: AssetRef, new: str, *, etag: int | None = None) -> Asset:
        """Give it another ``namespace/name``; the old name leads to it."""
        namespace, name = plain_name(new)
        uid = asset_uid(self._api, asset)
        return self._api.call("asset.rename", Asset, etag=etag, uid=uid, namespace=namespace, name=name)

    def archive(self, asset: AssetRef, *, archived: bool = True) -> Asset:
        """Hide it from default lists, or show it again."""
        operation = "asset.archive" if archived else "asset.unarchive"
        return self._api.call(operation, Asset, uid=asset_uid(self._api, asset))

    def delete(self, asset: AssetRef, *, release_aliases: bool = False, etag: int | None = None) -> Asset:
        """Move it to the trash. :raises Held: something depends on it."""
        uid = asset_uid(self._api, asset)
        return self._api.call("asset.delete", Asset, etag=etag, uid=uid, release_aliases=release_aliases)

    def restore(self, uid: str) -> Asset:
        """Take it out of the trash; by uid, since names of trashed assets do not resolve."""
        return self._api.call("asset.restore", Asset, uid=uid)

    def purge(self, uid: str, reason: str) -> Asset:
        """Remove a trashed asset for good; its tombstone stays."""
        return self._api.call("asset.purge", Asset, uid=uid, reason=reason)


class Versions:
    """``client.versions``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get(self, version: VersionRef) -> Version:
        """One version as it is now, with what its content says: packaging, manifest, statistics."""
        return self._api.call("version.get", Version, uid=version_uid(self._api, version))

    def by_uid(self, uid: str) -> Version:
        """The version of that uid."""
        return self._api.call("version.get", Version, uid=uid)

    def packaging(self, version: VersionRef) -> Packaging:
        """How a model is packaged, every column of it. :raises NotFound: it has no MLmodel file."""
        return self._api.call("version.packaging", Packaging, uid=version_uid(self._api, version))

    def list(
        self, asset: AssetRef, *, state: str = "active", stage: str | None = None, tag: str | None = None
    ) -> Iterator[Version]:
        """Versions of an asset, newest first."""
        uid = asset_uid(self._api, asset)
        return self._api.every("version.list", Version, uid=uid, state=state, stage=stage, tag=tag)

    def update(
        self,
        version: VersionRef,
        *,
        description: str | None = None,
        signature: Mapping[str, object] | None = None,
        etag: int | None = None,
    ) -> Version:
        """Change what is said of it; what is left out stays."""
        uid = version_uid(self._api, version)
        return self._api.call(
            "version.update", Version, etag=etag, uid=uid, description=description, signature=signature
        )

    def archive(self, version: VersionRef, *, archived: bool = True) -> Version:
        """Hide it from default lists, or show it again."""
        operation = "version.archive" if archived else "version.unarchive"
        return self._api.call(operation, Version, uid=version_uid(self._api, version))

    def delete(
        self,
        version: VersionRef,
        *,
        release_aliases: bool = False,
        release_links: bool = False,
        etag: int | None = None,
    ) -> Version:
        """Move it to the trash. :raises Held: an alias, a link or something else depends on it."""
        released: dict[str, Any] = {"release_aliases": release_aliases, "release_links": release_links}
        return self._api.call("version.delete", Version, etag=etag, uid=version_uid(self._api, version), **released)

    def restore(self, uid: str) -> Version:
        """Take it out of the trash."""
        return self._api.call("version.restore", Version, uid=uid)

    def purge(self, uid: str, reason: str) -> Version:
        """Remove a trashed version for good; its tombstone stays and its number is never given again."""
        return self._api.call("version.purge", Version, uid=uid, reason=reason)

    def set_stage(
        self, version: VersionRef, stage: str, *, note: str = "", move_others: bool = False, etag: int | None = None
    ) -> Version:
        """Place it at a stage; `move_others` archives those that stand there.

        :raises StageEdgeNotAllowed: the workspace has no such edge.
        """
        uid = version_uid(self._api, version)
        return self._api.call("stage.set", Version, etag=etag, uid=uid, stage=stage, note=note, move_others=move_others)

    def stage_history(self, version: VersionRef) -> Sequence[Stage]:
        """Every stage it ever stood at, newest first."""
        return self._api.call("stage.history", tuple[Stage, ...], uid=version_uid(self._api, version))

    def files(self, version: VersionRef, path: str = "", *, recursive: bool = False) -> Iterator[Entry]:
        """What lies in a directory of it, by path; everything below when `recursive`."""
        uid = version_uid(self._api, version)
        return self._api.every("file.list", Entry, uid=uid, path=path, recursive=recursive)

    def diff(self, before: VersionRef, after: VersionRef) -> Diff:
        """What differs between two versions: files, card, signature, params and metrics of their runs."""
        ends = version_uid(self._api, before), version_uid(self._api, after)
        return self._api.call("version.diff", Diff, uid=ends[0], other=ends[1])

    def copy(
        self,
        version: VersionRef,
        to: str,
        *,
        workspace: str | None = None,
        create: bool = True,
        keep: Sequence[str] | None = None,
        label: str | None = None,
        aliases: Sequence[str] = (),
    ) -> Version:
        """Copy (promote) it to another asset, maybe of another workspace; no bytes move, the digest stays.

        :param to: ``namespace/name``; the asset is made when `create`.
        :param keep: what goes along: all of tags, properties, description, signature and card unless told otherwise.
        """
        namespace, name = plain_name(to)
        return self._api.call(
            "version.copy",
            Version,
            uid=version_uid(self._api, version),
            namespace=namespace,
            name=name,
            workspace=workspace,
            create=create,
            keep=None if keep is None else list(keep),
            label=label,
            aliases=list(aliases),
        )

    def link(self, version: VersionRef, asset: AssetRef, *, aliases: Sequence[str] = ()) -> Version:
        """Show it in another asset of the workspace: its own number and aliases there, all else is this version's.

        Who may read that asset reads it there. It is held against deletion while a link shows it.
        """
        return self._api.call(
            "version.link",
            Version,
            uid=version_uid(self._api, version),
            asset_uid=asset_uid(self._api, asset),
            aliases=list(aliases),
        )

    def links(self, version: VersionRef) -> Iterator[Version]:
        """The links that show it."""
        return self._api.every("version.links", Version, uid=version_uid(self._api, version))

    def verify_references(self, version: VersionRef) -> Iterator[ReferenceCheck]:
        """Have the server look at what it refers to elsewhere: ok, drifted, unreachable, unpinned or unknown."""
        uid = version_uid(self._api, version)
        return self._api.every("version.verify_references", ReferenceCheck, page_size=50, uid=uid)

    def origin(self, version: VersionRef) -> Origin:
        """Where a copy came from. :raises NotFound: it is no copy."""
        return self._api.call("version.origin", Origin, uid=version_uid(self._api, version))


class Labels:
    """Tags and properties of assets (reference without a selector) and versions (reference with one)."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def tags(self, reference: str | Asset | Version, *, at: object = None) -> dict[str, str | None]:
        """Tags, now or as of a time."""
        kind, uid = owner_of(self._api, reference)
        return _as_dict(self._api.call("tag.list", list[Tag], kind=kind, uid=uid, at=at))

    def set_tags(self, reference: str | Asset | Version, tags: Mapping[str, str | None]) -> dict[str, str | None]:
        """Set tags; others stay."""
        kind, uid = owner_of(self._api, reference)
        return _as_dict(self._api.call("tag.set", list[Tag], kind=kind, uid=uid, tags=dict(tags)))

    def remove_tags(self, reference: str | Asset | Version, *keys: str) -> dict[str, str | None]:
        """Remove tags."""
        kind, uid = owner_of(self._api, reference)
        return _as_dict(self._api.call("tag.remove", list[Tag], kind=kind, uid=uid, keys=list(keys)))

    def set_properties(self, reference: str | Asset | Version, properties: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Set typed properties; None removes one."""
        kind, uid = owner_of(self._api, reference)
        return self._api.call("property.set", dict[str, Scalar], kind=kind, uid=uid, properties=dict(properties))


def _as_dict(tags: list[Tag]) -> dict[str, str | None]:
    return {tag.key: tag.value for tag in tags}

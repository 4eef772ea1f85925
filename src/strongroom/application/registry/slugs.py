"""Assets by their slugs, for clients whose names are narrower than ours and do not tell case apart (domain.md N2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Asset, Namespace
from strongroom.domain.registry.names import is_slug, slug_for, slug_key


@dataclass(frozen=True, slots=True)
class Found:
    """An asset by its slug. :param moved: the name asked for is an old one that leads to it."""

    asset: Asset
    moved: bool


def namespace_of(call: Call, slug_path: str) -> Namespace | None:
    """A live namespace by its slugs joined with ``/``, without any check; the root answers to the workspace's name."""
    if slug_key(slug_path) == call.workspace.slug:
        return call.tx.namespaces.by_path(call.workspace.id, "")
    if not all(is_slug(level, namespace=True) for level in slug_path.split("/")):
        return None
    return call.tx.namespaces.by_slug_path(call.workspace.id, slug_path)


def asset_of(call: Call, slug_path: str, slug: str, kind: str, permission: Permission) -> Found:
    """The live asset of that slug, when the caller may do this to it.

    :raises NotFound: none, or none that the caller may see.
    """
    namespace = namespace_of(call, slug_path) if is_slug(slug) else None
    found = call.tx.assets.by_slug(namespace.id, slug, kind) if namespace else None
    asset = call.require_asset(permission, found)
    assert namespace is not None  # noqa: S101 - without one there was no asset
    moved = asset.namespace_id != namespace.id or slug_key(asset.slug) != slug_key(slug)
    return Found(asset, moved)


def home_slug(call: Call) -> str:
    """The slug of the caller's own namespace, which is made when it is first needed."""
    home = call.tx.namespaces.by_path(call.workspace.id, call.actor.name)
    return home.slug_path if home else slug_for(call.actor.name, namespace=True)


def path_for(call: Call, slug_path: str) -> str:
    """The path of the namespace of these slugs, to create something in; one that is missing is named like its slug."""
    found = namespace_of(call, slug_path)
    if found is not None:
        return found.path
    return call.actor.name if slug_key(slug_path) == slug_key(home_slug(call)) else slug_path


def spoken_namespace(call: Call, asset: Asset) -> str:
    """The slug path of an asset's namespace; the workspace's name for the root."""
    return asset.namespace_slug_path or call.workspace.slug


def spoken_of(call: Call, paths: Sequence[str]) -> Mapping[str, str]:
    """The same by the paths of namespaces whose assets the caller was shown already."""
    found = {path: call.tx.namespaces.by_path(call.workspace.id, path) for path in set(paths)}
    return {path: (space.slug_path if space else "") or call.workspace.slug for path, space in found.items()}

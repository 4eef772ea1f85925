"""From a reference such as `prod/churn@champion` to the asset and version it means."""

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.registry import assets
from strongroom.application.registry.views import AssetView, VersionView, asset_view, version_view
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.kinds import Kind
from strongroom.domain.registry.model import Asset, Version, VersionState
from strongroom.domain.registry.references import (
    AliasName,
    DigestPrefix,
    Label,
    Latest,
    Number,
    Reference,
    RefName,
    parse_reference,
)

DEFAULT_ALIAS = "default"


@dataclass(frozen=True, slots=True)
class Located:
    """What a reference means: the asset, and the version unless the asset has none yet."""

    asset: AssetView
    version: VersionView | None


def asset_of(call: Call, reference: Reference, kinds: Sequence[str] | None) -> Asset:
    """The live asset that a reference names; of several kinds with the name, the first kind asked for.

    :raises NotFound: none, or none that the caller may see.
    """
    call.ask(Permission.ASSET_READ)
    namespace = call.tx.namespaces.by_path(call.workspace.id, "/".join(reference.namespace))
    found = list(call.tx.assets.by_name(namespace.id, reference.name, kinds)) if namespace else []
    order = list(kinds or [kind.value for kind in Kind])
    found.sort(key=lambda asset: order.index(asset.kind))
    for asset in found[:-1]:
        try:
            return call.require_asset(Permission.ASSET_READ, asset)
        except NotFound:
            continue
    return call.require_asset(Permission.ASSET_READ, found[-1] if found else None)


def version_of(call: Call, asset: Asset, reference: Reference, at: int | None) -> Version:
    """The live version that a reference selects, for an alias also as of a time (microseconds UTC).

    :raises NotFound: no such version. :raises Conflict: a digest prefix that fits several trees.
    """
    version: Version | None = None
    match reference.selector:
        case Latest():
            version = call.tx.versions.by_id(asset.latest_version_id) if asset.latest_version_id else None
        case Number(number):
            version = call.tx.versions.by_number(asset.id, number)
        case Label(label):
            version = call.tx.versions.by_label(asset.id, label)
        case AliasName(name):
            version = _by_alias(call, asset, name, at)
        case DigestPrefix(prefix):
            fitting = call.tx.versions.by_tree_prefix(asset.id, prefix)
            if len({candidate.tree for candidate in fitting}) > 1:
                raise Conflict("Several versions begin with this digest; give more of it.")
            version = fitting[0] if fitting else None
        case RefName():
            raise NotFound("This asset has no branches or pins yet.")
    if version is None or version.state is VersionState.DRAFT:
        raise NotFound(f"There is no version {str(reference)[:128]!r}.")
    return version


def numbered(call: Call, path: str, kinds: Sequence[str], number: int, permission: Permission) -> tuple[Asset, Version]:
    """The published version of that number, for clients that know neither uids nor references.

    :param path: see `assets.named`. :raises NotFound: no such asset or version, or not visible.
    """
    asset = assets.named(call, path, kinds, permission)
    version = call.tx.versions.by_number(asset.id, number)
    if version is None or version.state is not VersionState.LIVE:
        raise NotFound(f"There is no version {number}.")
    return asset, version


def aliased(call: Call, asset: Asset, name: str) -> Version:
    """The version that an alias of an asset points at. :raises NotFound: there is no such alias."""
    alias = call.tx.aliases.get(asset.id, name)
    if alias is None:
        raise NotFound(f"There is no alias {name[:64]!r}.")
    return call.tx.versions.by_id(alias.version_id)


def _by_alias(call: Call, asset: Asset, name: str, at: int | None) -> Version | None:
    if at is not None:
        past = [alias for alias in call.tx.aliases.at(asset.id, at) if alias.name == name]
        return call.tx.versions.by_id(past[0].version_id) if past else None
    alias = call.tx.aliases.get(asset.id, name)
    if alias is None and name == DEFAULT_ALIAS and asset.latest_version_id:
        return call.tx.versions.by_id(asset.latest_version_id)
    return call.tx.versions.by_id(alias.version_id) if alias else None


def resolve(call: Call, text: str, kind: str | None, at: int | None) -> Located:
    """What a reference means, now or as of a time.

    An asset without any version resolves, with `version` null, when the reference asks for no particular one.
    """
    reference = parse_reference(text)
    asset = asset_of(call, reference, [Kind.parse(kind).value] if kind else None)
    try:
        version = version_of(call, asset, reference, at)
    except NotFound:
        if not isinstance(reference.selector, Latest):
            raise
        return Located(asset_view(call, asset), None)
    return Located(asset_view(call, asset), version_view(call, asset, version))

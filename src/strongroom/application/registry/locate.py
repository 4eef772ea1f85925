"""From a reference such as `prod/churn@champion` to the asset, version and revision it means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call
from strongroom.application.registry import assets, revisions
from strongroom.application.registry.views import AssetView, VersionView, asset_view, version_view
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.kinds import Kind
from strongroom.domain.registry.model import Asset, Version, VersionState
from strongroom.domain.registry.names import clean_ref_name
from strongroom.domain.registry.references import (
    AliasName,
    DigestPrefix,
    Label,
    Latest,
    Number,
    Reference,
    RefName,
    Selector,
    parse_reference,
    parse_selector,
)
from strongroom.domain.registry.refs import MAIN, StoredRevision

DEFAULT_ALIAS = "default"
SELECTOR_LONGEST: Final = 1_024
_DIGEST: Final = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Located:
    """What a reference means: the asset, and the version unless the asset has none yet.

    `revision` is what it leads to, also where that is no version: the head of a branch, a commit by its digest.
    """

    asset: AssetView
    version: VersionView | None
    revision: str | None


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


def version_of(call: Call, asset: Asset, selector: Selector, at: int | None = None) -> Version:
    """The live version that a selector means, for an alias also as of a time (microseconds UTC).

    :raises NotFound: no such version. :raises Conflict: a digest prefix that fits several trees.
    """
    version: Version | None = None
    match selector:
        case Latest():
            version = call.tx.versions.by_id(asset.latest_version_id) if asset.latest_version_id else None
        case Number(number):
            version = call.tx.versions.by_number(asset.id, number)
        case Label(label):
            version = call.tx.versions.by_label(asset.id, label)
        case AliasName(name):
            version = _by_alias(call, asset, name, at)
        case DigestPrefix(prefix):
            version = _by_digest(call, asset, prefix)
        case RefName(ref):
            revision = revisions.head(call, asset, ref)
            if revision is None:
                raise NotFound(f"There is no branch or pin {ref[:128]!r}.")
            version = call.tx.versions.by_revision(asset.id, revision.digest)
    if version is None or version.state is VersionState.DRAFT:
        raise NotFound("There is no such version.")
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


def _by_digest(call: Call, asset: Asset, prefix: str) -> Version | None:
    """The version whose tree or revision begins so."""
    fitting = call.tx.versions.by_tree_prefix(asset.id, prefix)
    if len({candidate.tree for candidate in fitting}) > 1:
        raise Conflict("Several versions begin with this digest; give more of it.")
    if fitting:
        return fitting[0]
    found = call.tx.revisions.by_prefix(asset.id, prefix)
    return call.tx.versions.by_revision(asset.id, found[0].digest) if len(found) == 1 else None


def revision_of(call: Call, asset: Asset, selector: Selector) -> StoredRevision:
    """The revision that a selector means: of a branch or pin, by digest, or of a version.

    :raises NotFound: none, or nothing leads to it any more. :raises Conflict: in the trash, or an unclear digest.
    """
    match selector:
        case RefName(ref):
            found = revisions.head(call, asset, ref)
            if found is None:
                raise NotFound(f"There is no branch or pin {ref[:128]!r}.")
            return found
        case DigestPrefix(prefix) if not call.tx.versions.by_tree_prefix(asset.id, prefix):
            return revisions.by_digest(call, asset, prefix)
    version = version_of(call, asset, selector)
    if version.state is not VersionState.LIVE or version.revision is None:
        raise Conflict("Only a published version outside the trash can be read.", state=version.state.value)
    return call.tx.revisions.get(asset.id, [version.revision])[version.revision]


def parse_revision(text: str) -> Selector:
    """Which revision of an asset: a branch or pin, 8 or more digits of a digest, or a selector with its sign.

    Empty is `main`. A name of digits only that may be a digest (`deadbeef`) is a branch or pin when it is written
    with its sign, `^deadbeef`.
    """
    if len(text) > SELECTOR_LONGEST:
        raise Invalid(f"A revision is named by at most {SELECTOR_LONGEST} characters.", limit=SELECTOR_LONGEST)
    if not text:
        return RefName(MAIN)
    if text[0] in ":@^~":
        return parse_selector(text)
    return DigestPrefix(text) if _DIGEST.fullmatch(text) else RefName(clean_ref_name(text))


def content_of(call: Call, asset_uid: str, revision: str) -> tuple[Asset, StoredRevision]:
    """A revision whose files the caller may read, by its name (see `parse_revision`)."""
    asset = assets.by_uid(call, asset_uid, Permission.VERSION_BYTES)
    if asset.deleted_at is not None:
        raise Conflict("The asset is in the trash; restore it first.")
    return asset, revision_of(call, asset, parse_revision(revision))


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

    An asset without any version resolves, with `version` null, when the reference asks for no particular one. So does
    a branch, pin or digest that leads to a revision which was not published.
    """
    reference = parse_reference(text)
    asset = asset_of(call, reference, [Kind.parse(kind).value] if kind else None)
    try:
        version = version_of(call, asset, reference.selector, at)
    except NotFound:
        if isinstance(reference.selector, Latest):
            return Located(asset_view(call, asset), None, None)
        if not isinstance(reference.selector, RefName | DigestPrefix):
            raise
        return Located(asset_view(call, asset), None, revision_of(call, asset, reference.selector).digest)
    return Located(asset_view(call, asset), version_view(call, asset, version), version.revision)

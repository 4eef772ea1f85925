"""Assets for clients that commit and know no publishing: begun with a branch, and a rule that publishes for them."""

from typing import Final

from strongroom.application.call import Call
from strongroom.application.registry import assets, namespaces, publication, refs, revisions
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import EMPTY_TREE
from strongroom.application.registry.views import AssetView, asset_view
from strongroom.domain.artifacts.merging import EMPTY
from strongroom.domain.artifacts.pages import encode_root
from strongroom.domain.errors import AlreadyExists, BadName, Conflict
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import Namespace
from strongroom.domain.registry.names import is_slug, slug_for, slug_key
from strongroom.domain.registry.refs import MAIN, RefKind

RULE: Final = "pin+quiet(60)"
"""What publishes where neither the asset nor a namespace above it says otherwise (domain.md N6)."""


def create(call: Call, command: CreateAsset) -> AssetView:
    """Make an asset whose `main` holds one revision of nothing; no reader finds it without a head.

    Its name is its slug: clients that do not tell case apart must find it by what they called it.

    :raises BadName: the name is no slug. :raises AlreadyExists: an asset of that kind has the slug.
    """
    namespace = namespaces.ensure(call, command.namespace, Permission.ASSET_CREATE)
    call.require_namespace(Permission.ASSET_CREATE, namespace)
    _must_be_free(call, namespace, command.name, command.kind)
    view = assets.create(call, command)
    # not by its uid: the grant on a private one is not among those that the caller's access was made of
    made = call.tx.assets.by_uid(call.workspace.id, view.uid)
    assert made is not None  # noqa: S101 - it was made in this transaction
    asset = call.tx.assets.lock(made.id)
    call.tx.trees.add(EMPTY_TREE, encode_root(EMPTY), 0, 0, unpinned=False)
    first = revisions.store(call, asset, EMPTY_TREE, (), "initial commit")
    refs.move(call, asset, RefKind.BRANCH, MAIN, first, "revision.commit", {"paths": 0}, follow=False)
    if not publication.has_rule(call, asset):
        call.tx.publication.set_rule("asset", asset.id, RULE)
    return asset_view(call, call.tx.assets.by_id(asset.id))


def withdraw(call: Call, uid: str) -> None:
    """Move an asset to the trash that was made for content which did not come: whoever made it may do that.

    :raises Conflict: it has a version, so it is no such asset any more.
    """
    asset = assets.by_uid(call, uid, Permission.VERSION_REGISTER)
    if asset.latest_version_id is not None:
        raise Conflict("The asset has versions.")
    assets.delete(call, uid, release_aliases=False, etag=None, permission=Permission.VERSION_REGISTER)


def rename(call: Call, uid: str, namespace: str, name: str) -> AssetView:
    """Give an asset another namespace and name, under the same rules; the old name leads to it.

    :raises AlreadyExists: another asset of that kind has the slug.
    """
    asset = assets.by_uid(call, uid, Permission.ASSET_RENAME)
    to = namespaces.ensure(call, namespace, Permission.ASSET_CREATE)
    call.require_namespace(Permission.ASSET_CREATE, to)
    _must_be_free(call, to, name, asset.kind, asset.id)
    return assets.rename(call, uid, namespace, name, None)


def _must_be_free(call: Call, namespace: Namespace, name: str, kind: str, except_asset_id: int | None = None) -> None:
    if not is_slug(name) or slug_for(name) != name:
        raise BadName("A name has 1 to 96 letters, digits, '.', '_' and '-', and begins with a letter or digit.")
    if slug_key(name) in call.tx.assets.slugs_like(namespace.id, kind, slug_key(name), except_asset_id):
        raise AlreadyExists(f"There is a {kind} of that name already.")

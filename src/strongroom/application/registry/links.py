"""Links: versions that show one of another asset (domain.md N7). No bytes move, and reading asks for the link only.

Content and what is said of it are the source's: description, signature, tags, properties and evaluations are written
to the links in the transaction that changes them there, so that every list and search finds them. Number, aliases,
stage and time are the link's own. A link holds its source against deletion.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from strongroom.application.artifacts.trees import StoredPages, load_root
from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.evaluations.carrying import share
from strongroom.application.lineage import graph
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import aliases, assets, versions
from strongroom.application.registry.freezing import finished, keep, prepare
from strongroom.application.registry.views import VersionView, version_view, version_views
from strongroom.domain.artifacts.lookup import iterate
from strongroom.domain.artifacts.tree import FileEntry
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, Conflict, Invalid
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.model import EdgeType, Vertex
from strongroom.domain.registry.model import Asset, Version, VersionState
from strongroom.domain.registry.names import NUMBER_LARGEST

LINKS_MOST = 100
"""Links of one version: each change of it is written to all of them."""


@dataclass(frozen=True, slots=True)
class LinkVersion:
    """Where a version is to be linked, and the aliases that then point at the link."""

    asset_uid: str
    aliases: Sequence[str] = ()


async def link(edge: Edge, version_uid: str, command: LinkVersion) -> VersionView:
    """Make a link; needs the right to share the source, and to register versions at the target.

    :raises AlreadyExists: the asset links it already, maybe in the trash. :raises Conflict: the source is a link, or
        in the trash. :raises Invalid: the target is the version's own asset, or of another kind.
    """

    def look(call: Call) -> tuple[Asset, list[int]]:
        source_asset, source = _source(call, version_uid)
        asset = _target(call, command.asset_uid, source_asset)
        entries = iterate(load_root(call, source.tree or ""), StoredPages(call.tx.trees))
        digests = sorted({entry.sha256 for entry in entries if isinstance(entry, FileEntry)})
        return asset, [blob.id for blob in call.tx.blobs.by_sha256(digests).values()]

    asset, blob_ids = await edge.read(look)
    review = await prepare(edge, asset.id, {}, blob_ids)

    def finish(call: Call) -> VersionView:
        made = _make(call, version_uid, command)
        keep(call, review)
        return made

    return await finished(edge, review, finish)


def _source(call: Call, uid: str) -> tuple[Asset, Version]:
    asset, version = versions.by_uid(call, uid, Permission.ASSET_SHARE)
    if version.state is not VersionState.LIVE or asset.deleted_at is not None:
        raise Conflict("Only a published version outside the trash can be linked.", state=version.state.value)
    if version.source_id is not None:
        raise Conflict("The version is a link itself; link what it shows.")
    return asset, version


def _target(call: Call, uid: str, source: Asset) -> Asset:
    asset = assets.by_uid(call, uid, Permission.VERSION_REGISTER)
    if asset.id == source.id:
        raise Invalid("The version is of this asset already.")
    if asset.kind != source.kind:
        raise Invalid(f"A {source.kind} is linked in a {source.kind}, not in a {asset.kind}.")
    return asset


def _make(call: Call, version_uid: str, command: LinkVersion) -> VersionView:
    """The link appears. Who deletes the source, or its asset, sees the link, or we see that it is gone.

    Both assets are locked before the version, as they always are: whoever corrects an evaluation that both have, or
    promotes both, would else wait for us, and we for it.
    """
    source_asset, source = _source(call, version_uid)
    for asset_id in sorted({source_asset.id, _target(call, command.asset_uid, source_asset).id}):
        call.tx.assets.lock(asset_id)
    asset = assets.locked(call, command.asset_uid, Permission.VERSION_REGISTER)
    call.tx.versions.lock(source.id)
    source_asset, source = _source(call, version_uid)
    present = call.tx.versions.links(source.id)
    if any(one.asset_id == asset.id for one in present):
        raise AlreadyExists("The asset has a link to this version already.")
    if len(present) >= LINKS_MOST:
        raise Conflict(f"A version has at most {LINKS_MOST} links.", limit=LINKS_MOST)
    made = call.tx.versions.add(_linked(call, source, asset), asset)
    asset = call.tx.assets.advance(asset, next_number=asset.next_number + 1, latest_version_id=made.id)
    _say(call, source, made)
    graph.link(call, Vertex("version", source.id), EdgeType.LINKED, Vertex("version", made.id))
    details = {"asset": asset.uid, "number": made.number, "tree": made.tree, "source": source.uid}
    call.record("version.link", Subject("version", made.uid), details, asset=asset)
    for name in command.aliases:
        aliases.change(call, asset.uid, [aliases.ChangeAlias(name, made.uid)])
    return version_view(call, call.tx.assets.by_id(asset.id), made)


def listed(call: Call, version_uid: str, page: PageRequest) -> Page[VersionView]:
    """The links of a version that the caller may see, those in the trash among them, in the order they were made."""
    _, source = versions.by_uid(call, version_uid, Permission.ASSET_READ)
    found = call.tx.versions.links(source.id)
    owners = call.tx.assets.by_ids(sorted({one.asset_id for one in found}))
    seen = [one for one in found if versions.can_see(call, owners[one.asset_id])]
    listing = f"links/{source.id}"
    after = call.sealer.open(listing, page.token)
    rows = [one for one in seen if after is None or one.id > int(after[0] or 0)][: page.size + 1]
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return Page(version_views(call, owners, kept.items), kept.next_page_token)


def _linked(call: Call, source: Version, asset: Asset) -> Version:
    if asset.next_number > NUMBER_LARGEST:
        raise Conflict("The greatest version number is taken.", limit=NUMBER_LARGEST)
    return replace(
        source,
        uid=call.tx.new_uid(),
        asset_id=asset.id,
        number=asset.next_number,
        label=None,
        run_id=None,
        run_uid=None,
        stage=None,
        locked=False,
        evidence_epoch=0,
        etag=1,
        created_by=call.actor.uid,
        recorded_at=call.now,
        archived_at=None,
        expires_at=None,
        source_id=source.id,
    )


def _say(call: Call, source: Version, made: Version) -> None:
    """What is said of the source is said of the link."""
    tags = call.tx.tags.current("version", [source.id]).get(source.id, ())
    said = {tag.key: tag.value for tag in tags}
    call.tx.tags.set(call.workspace.id, "version", made.id, said, call.actor.id)
    properties = call.tx.tags.properties("version", [source.id]).get(source.id, {})
    call.tx.tags.set_properties(call.workspace.id, "version", made.id, properties)
    share(call, source, made)

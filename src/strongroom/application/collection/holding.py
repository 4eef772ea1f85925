"""Why bytes are in the store: who holds them, and what would leave it if an asset or version were purged.

For admins of the workspace, who see all in it; what holds them elsewhere is counted and not named. "Would be freed" is
what collection frees in the end: that somebody has sent the bytes within 48 hours, or may name the chunks for 22 days,
delays it only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.artifacts.spare import in_chunks
from strongroom.application.call import Call
from strongroom.application.ports.collection import Sum
from strongroom.application.registry import assets, purging, versions
from strongroom.application.views import maybe_time
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.model import VersionState

NAMED = 20
"""Holders of a kind that are named."""


@dataclass(frozen=True, slots=True)
class HolderView:
    """What holds files: `kind` is asset, run, logged_model, draft and so on; an asset has its path as `name`."""

    kind: str
    uid: str
    name: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class FreedView:
    """What would be freed if it were purged, in bytes of the store, and who holds the rest.

    `files` and `bytes` are different files and their logical size. `own` are those that the asset's other versions, or
    its branches and pins, hold. `holders` are named up to 20 of assets, `hidden` are how many more, elsewhere as well.
    """

    files: int
    bytes: int
    freed_files: int
    freed_bytes: int
    own: int
    folders: int
    holders: Sequence[HolderView]
    hidden: int


@dataclass(frozen=True, slots=True)
class BlobHeldView:
    """Who holds one file's bytes. `stored` is 0 where it is in chunks that other files may share.

    `sent`: somebody has sent it within 48 hours. `chunks`: it is the body of a pack of chunks. `condemned_at`: since
    then nobody has held it.
    """

    sha256: str
    size: int
    stored: int
    sent: bool
    chunks: bool
    condemned_at: datetime | None
    holders: Sequence[HolderView]
    hidden: int


def of_version(call: Call, uid: str) -> FreedView:
    """What purging a version would free. :raises Conflict: it is purged, or a draft."""
    call.require(Permission.WORKSPACE_SETTINGS)
    asset, version = versions.by_uid(call, uid, Permission.ASSET_READ)
    if version.state not in (VersionState.LIVE, VersionState.TRASHED) or version.tree is None:
        raise Conflict("Only a published version has files.", state=version.state.value)
    every = purging.files_of(call, version.tree)
    return _freed(call, asset.id, every, purging.held_alone(call, asset, version))


def of_asset(call: Call, uid: str) -> FreedView:
    """What purging an asset would free."""
    call.require(Permission.WORKSPACE_SETTINGS)
    asset = assets.by_uid(call, uid, Permission.ASSET_READ)
    every = set(call.tx.blobs.held_by(asset.id))
    return _freed(call, asset.id, every, every)


def _freed(call: Call, asset_id: int, every: Iterable[str], alone: Iterable[str]) -> FreedView:
    blobs = call.tx.blobs.by_sha256(sorted(every))
    going = [blob.id for digest in sorted(alone) if (blob := blobs.get(digest)) is not None]
    found = call.tx.holding.beside(asset_id, going)
    freed = [one for one in going if one not in found.held]
    bytes_ = sum(blob.size for blob in blobs.values() if blob.id in set(freed) and not in_chunks(blob.place))
    named, hidden = _named(call, found.assets)
    return FreedView(
        files=len(blobs),
        bytes=sum(blob.size for blob in blobs.values()),
        freed_files=len(freed),
        freed_bytes=bytes_ + call.tx.holding.chunks_alone(freed),
        own=len(blobs) - len(going),
        folders=found.folders,
        holders=named,
        hidden=hidden,
    )


def _named(call: Call, holding: dict[int, Sum]) -> tuple[list[HolderView], int]:
    """Assets of this workspace, those that hold most first; how many there are beside them."""
    most = sorted(holding, key=lambda id_: (-holding[id_].bytes, id_))
    found = call.tx.assets.by_ids(most) if most else {}
    here = [found[id_] for id_ in most if found[id_].workspace_id == call.workspace.id][:NAMED]
    views = [HolderView("asset", one.uid, one.path, holding[one.id].count, holding[one.id].bytes) for one in here]
    return views, len(most) - len(views)


def of_blob(call: Call, sha256: str) -> BlobHeldView:
    """Who holds a file, by its SHA-256. :raises NotFound: nothing in the workspace does."""
    call.require(Permission.WORKSPACE_SETTINGS)
    blob = call.tx.blobs.by_sha256([sha256]).get(sha256)
    if blob is None:
        raise NotFound("Nothing here holds these bytes.")
    found = call.tx.holding.of_blob(blob.id, call.workspace.id, NAMED)
    named, hidden = _named(call, dict.fromkeys(found.assets, Sum(1, blob.size)))
    folders = [HolderView(kind, uid, "", 1, blob.size) for kind, uid in found.folders]
    if not named and not folders:
        raise NotFound("Nothing here holds these bytes.")
    stored = 0 if in_chunks(blob.place) else blob.size
    more = hidden + found.more_folders
    since = maybe_time(found.condemned_at)
    return BlobHeldView(sha256, blob.size, stored, found.sent, found.chunks, since, [*named, *folders], more)

"""Purging a version takes away what only it held."""

import hashlib
from functools import partial

from strongroom.application.artifacts import folders
from strongroom.application.artifacts.blobstore import StoredBlob
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.artifacts.uploads import note
from strongroom.application.registry import assets, publishing, purging, versions
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from tests.application.conftest import DAY, World
from tests.application.registry.conftest import seal


def _stored(text: str) -> StoredBlob:
    body = text.encode()
    return StoredBlob(hashlib.sha256(body).hexdigest(), len(body), "f", b"\0" * 32, None)


def test_a_purged_versions_own_files_are_possessed_no_more(world: World) -> None:
    """N16: "Already here" is answered only for bytes the caller has sent, that the target asset already holds."""
    asset = world.command("contributor", lambda call: assets.create(call, CreateAsset("model", "churn")))
    shared, own = _stored("shared"), _stored("own")
    made = []
    for files in ([shared, own], [shared]):
        draft = world.command("contributor", lambda call: publishing.create_draft(call, asset.uid, None, None))
        entries = [PutEntry(f"{blob.sha256}.bin", blob.sha256) for blob in files]
        world.command("contributor", partial(note, stored=files))
        world.command("contributor", partial(folders.put, kind="draft", uid=draft.uid, entries=entries))
        made.append(seal(world, "contributor", draft.uid, PublishDetails()))
    first = made[0]
    world.command("maintainer", lambda call: versions.delete(call, first.uid, release_aliases=True, etag=None))
    world.command("admin", lambda call: purging.purge(call, first.uid, "erased on request"))
    world.clock.advance(3 * DAY)  # what was sent is forgotten after 48 hours
    again = world.command("contributor", lambda call: publishing.create_draft(call, asset.uid, None, None))
    digests = [shared.sha256, own.sha256]
    missing = world.command("contributor", lambda call: folders.missing(call, "draft", again.uid, digests, []))
    assert missing == [own.sha256]

"""Memories: "memory (snapshot, fork, redact with tombstone)", on both databases."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import asset_blob, blob
from strongroom.application.artifacts import trees
from strongroom.application.call import Call
from strongroom.application.lineage import graph
from strongroom.application.manifests import memories, showing
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, purging, versions
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.views import VersionView
from strongroom.domain.errors import BadManifest, BadPath, Conflict, Forbidden, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from tests.application.manifests.conftest import Seal
from tests.promises.support import Site, sha256

FILES = {"records/ada/1": b"she likes tea", "records/bob": b"he likes coffee", "notes.txt": b"x"}


@pytest.fixture
def memory(seal: Seal) -> VersionView:
    return seal("memory", {"description": "of a shop"}, FILES, name="shop")


def redact(site: Site, uid: str, record: str = "ada/1", who: str = "contributor", reason: str = "asked") -> VersionView:
    return asyncio.run(memories.redact(site.edge(who), uid, record, reason))


def paths(site: Site, version: VersionView) -> list[str]:
    def look(call: Call) -> list[str]:
        found = trees.listed(call, version.uid, "", PageRequest(100, None), recursive=True)
        return [item.path for item in found.items]

    return site.world.read("viewer", look)


def tombstones(site: Site, version: VersionView) -> Any:  # noqa: ANN401 - JSON
    return site.world.read("viewer", lambda call: showing.show(call, version.uid)).body["tombstones"]


def test_a_record_is_taken_out_and_a_tombstone_stands_for_it(site: Site, memory: VersionView) -> None:
    """ "redact = new version without the record, with tombstone (who, when, why, digest of what was removed)"."""
    after = redact(site, memory.uid, reason="she asked for it")
    assert (after.number, paths(site, after)) == (2, ["notes.txt", "records/bob", "strongroom.json"])
    (stone,) = tombstones(site, after)
    assert stone == {
        "id": "ada/1",
        "digest": f"sha256:{sha256(FILES['records/ada/1'])}",
        "by": site.world.uid("contributor"),
        "at": stone["at"],
        "reason": "she asked for it",
    }
    assert stone["at"].endswith("Z")
    assert "records/ada/1" in paths(site, memory), "the version before keeps it until it is purged"


def test_the_record_is_named_in_the_log_by_its_digest_alone(site: Site, memory: VersionView) -> None:
    """Records of the log hold no free text: an id may be a name."""
    after = redact(site, memory.uid)
    with site.connect() as connection:
        bodies = [row[0] for row in connection.exec_driver_sql("SELECT body FROM audit")]
    told = [str(body) for body in bodies if "memory.redact" in str(body)]
    assert len(told) == 1
    assert after.uid in told[0]
    assert sha256(FILES["records/ada/1"]) in told[0]
    assert not any("ada/1" in str(body) for body in bodies)


def test_redacting_and_purging_leaves_nothing_of_the_record(site: Site, memory: VersionView) -> None:
    redact(site, memory.uid)
    site.world.command("maintainer", lambda c: versions.delete(c, memory.uid, release_aliases=False, etag=None))
    site.world.command("admin", lambda c: purging.purge(c, memory.uid, "asked"))
    with site.connect() as connection:
        held = connection.execute(select(blob.c.sha256).join(asset_blob, asset_blob.c.blob_id == blob.c.id)).scalars()
        assert sha256(FILES["records/ada/1"]) not in set(held)
        assert sha256(FILES["records/bob"]) in set(
            connection.execute(select(blob.c.sha256).join(asset_blob, asset_blob.c.blob_id == blob.c.id)).scalars()
        )


def test_a_record_that_was_taken_out_does_not_come_back(site: Site, memory: VersionView, seal: Seal) -> None:
    after = redact(site, memory.uid)
    body = {"tombstones": tombstones(site, after)}
    with pytest.raises(BadManifest):
        seal("memory", body, FILES, name="shop")


def test_a_memory_without_a_manifest_gets_one(site: Site, seal: Seal) -> None:
    version = seal("memory", None, FILES)
    after = redact(site, redact(site, version.uid).uid, "bob")
    assert [stone["id"] for stone in tombstones(site, after)] == ["ada/1", "bob"]


@pytest.mark.parametrize(
    ("record", "reason", "error"),
    [
        ("eve", "asked", NotFound),
        ("ada", "asked", NotFound),
        ("../notes.txt", "asked", BadPath),
        ("", "asked", BadPath),
        ("bob", " ", Invalid),
        ("bob", "x" * 501, Invalid),
        ("bob", "\0", Invalid),
    ],
)
def test_what_cannot_be_taken_out(site: Site, memory: VersionView, record: str, reason: str, error: type) -> None:
    with pytest.raises(error):
        redact(site, memory.uid, record, reason=reason)


def test_only_the_latest_version_is_redacted(site: Site, memory: VersionView) -> None:
    """Otherwise a tombstone would be lost."""
    redact(site, memory.uid)
    with pytest.raises(Conflict, match="latest"):
        redact(site, memory.uid, "bob")


def test_of_two_at_once_one_is_refused(site: Site, memory: VersionView) -> None:
    async def both() -> list[Any]:
        works = [memories.redact(site.edge("contributor"), memory.uid, record, "asked") for record in ("ada/1", "bob")]
        return list(await asyncio.gather(*works, return_exceptions=True))

    first, second = sorted(asyncio.run(both()), key=lambda one: isinstance(one, Exception))
    assert first.number == 2
    assert isinstance(second, Conflict)


def test_who_may_redact(site: Site, memory: VersionView, seal: Seal) -> None:
    with pytest.raises(Forbidden):
        redact(site, memory.uid, who="viewer")
    with pytest.raises(Conflict, match="no memory"):
        redact(site, seal("bundle", None, FILES).uid)


def make(site: Site, kind: str = "memory", who: str = "contributor", name: str = "copy") -> str:
    return site.world.command(who, lambda call: assets.create(call, CreateAsset(kind, name))).uid


def fork(site: Site, asset: str, uid: str, who: str = "contributor") -> VersionView:
    return asyncio.run(memories.fork(site.edge(who), asset, uid))


def test_a_fork_is_the_same_content_and_lives_on_its_own(site: Site, memory: VersionView) -> None:
    """ "snapshot = version, fork = copy edge"."""
    copy = fork(site, make(site), memory.uid)
    assert (copy.tree, copy.number, copy.asset) == (memory.tree, 1, "copy")
    found = site.world.read("viewer", lambda call: graph.walk(call, "version", copy.uid, "up"))
    assert [(edge.type, found.vertices[edge.source].uid) for edge in found.edges] == [("copied", memory.uid)]
    redact(site, copy.uid)
    assert "records/ada/1" in paths(site, memory)
    site.world.command("maintainer", lambda c: versions.delete(c, memory.uid, release_aliases=False, etag=None))
    site.world.command("admin", lambda c: purging.purge(c, memory.uid, "asked"))
    assert paths(site, copy) == ["notes.txt", "records/ada/1", "records/bob", "strongroom.json"]


def test_what_cannot_be_forked(site: Site, memory: VersionView, seal: Seal) -> None:
    with pytest.raises(Conflict):
        fork(site, make(site, "bundle"), memory.uid)
    with pytest.raises(Conflict):
        fork(site, make(site), seal("bundle", None, FILES).uid)
    secret = seal("memory", None, FILES, who="admin", visibility="private")
    with pytest.raises(NotFound):
        fork(site, make(site, name="other"), secret.uid)
    with pytest.raises(Forbidden) as caught:
        fork(site, make(site, name="third"), memory.uid, who="viewer")
    assert caught.value.details["permission"] == Permission.VERSION_REGISTER.value

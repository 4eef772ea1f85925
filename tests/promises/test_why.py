"""Issue 5: "names holders and exact bytes, and freed equals predicted"; here thing by thing."""

import os

import pytest

from strongroom.application.artifacts import folders
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.call import Call
from strongroom.application.collection import holding
from strongroom.application.ports.collection import Sum
from strongroom.application.registry import assets, workspaces
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.views import AssetView
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import Forbidden, NotFound
from tests.promises.collecting import DAY, LARGE, Timed, collect, put_away
from tests.promises.support import Site, make_asset, make_draft, publish_bytes, run, sha256


@pytest.fixture(autouse=True)
def timed(site: Site) -> None:
    site.store = Timed(site)  # type: ignore[assignment]


def test_what_purging_a_version_would_free_is_what_it_frees(site: Site, model: AssetView) -> None:
    alone, shared, both, draft_too = (os.urandom(LARGE + n) for n in range(4))
    other = make_asset(site, "other")
    run(publish_bytes(site, model.uid, {"both": both}))
    files = {"alone": alone, "small": b"small", "shared": shared, "both": both, "draft": draft_too}
    version = run(publish_bytes(site, model.uid, files))
    run(publish_bytes(site, other.uid, {"shared": shared}))
    open_ = make_draft(site, model.uid)
    entry = PutEntry("x", sha256(draft_too), len(draft_too))
    site.world.command("contributor", lambda c: folders.put(c, "draft", open_, [entry]))

    said = site.world.read("admin", lambda c: holding.of_version(c, version.uid))
    assert (said.files, said.bytes) == (5, sum(map(len, files.values())))
    assert (said.freed_files, said.freed_bytes) == (2, len(alone) + len(b"small"))
    assert (said.own, said.folders, said.hidden) == (1, 1, 0)
    assert [(one.name, one.files, one.bytes) for one in said.holders] == [("other", 1, len(shared))]

    put_away(site, version.uid)
    freed = Sum()
    for _ in range(3):
        site.world.clock.advance(2 * DAY)
        freed += collect(site).freed
    assert freed == Sum(said.freed_files, said.freed_bytes)


def test_what_purging_an_asset_would_free(site: Site, model: AssetView) -> None:
    alone, shared = os.urandom(LARGE), os.urandom(LARGE)
    other = make_asset(site, "other")
    run(publish_bytes(site, model.uid, {"a": alone, "b": shared}))
    run(publish_bytes(site, other.uid, {"b": shared}))
    said = site.world.read("admin", lambda c: holding.of_asset(c, model.uid))
    assert (said.freed_files, said.freed_bytes, said.own) == (1, LARGE, 0)
    site.world.command("admin", lambda c: assets.delete(c, model.uid, release_aliases=True, etag=None))
    site.world.command("admin", lambda c: assets.purge(c, model.uid, "r"))
    freed = Sum()
    for _ in range(3):
        site.world.clock.advance(2 * DAY)
        freed += collect(site).freed
    assert freed == Sum(1, LARGE)


def test_holders_elsewhere_are_counted_and_not_named(site: Site, model: AssetView) -> None:
    """Another workspace's asset has the same bytes; an admin of this one learns how many hold them, not who."""
    data, world = b"the same", site.world
    version = run(publish_bytes(site, model.uid, {"a": data}))
    world.command("root", lambda c: workspaces.create(c, CreateWorkspace("elsewhere")))

    def theirs(call: Call) -> None:
        made = assets.create(call, CreateAsset("model", "secret"))
        found = call.tx.assets.by_uid(call.workspace.id, made.uid)
        assert found is not None
        call.tx.blobs.hold(found.id, [call.tx.blobs.by_sha256([sha256(data)])[sha256(data)].id])

    world.command("root", theirs, workspace="elsewhere")
    blob = world.read("admin", lambda c: holding.of_blob(c, sha256(data)))
    assert ([(one.kind, one.name) for one in blob.holders], blob.hidden) == ([("asset", "churn")], 1)
    assert (blob.size, blob.stored, blob.sent, blob.chunks) == (len(data), len(data), True, False)
    said = world.read("admin", lambda c: holding.of_version(c, version.uid))
    assert (said.freed_files, said.holders, said.hidden) == (0, [], 1)
    assert "secret" not in repr((blob, said))


def test_only_admins_of_the_workspace_ask_and_unknown_bytes_are_absent(site: Site, model: AssetView) -> None:
    version = run(publish_bytes(site, model.uid, {"a": b"x"}))
    for work in (
        lambda c: holding.of_version(c, version.uid),
        lambda c: holding.of_asset(c, model.uid),
        lambda c: holding.of_blob(c, sha256(b"x")),
    ):
        with pytest.raises(Forbidden):
            site.world.read("maintainer", work)
    with pytest.raises(NotFound):
        site.world.read("admin", lambda c: holding.of_blob(c, "0" * 64))

"""Lists, drafts and signatures of the registry."""

import pytest

from strongroom.adapters.jobs.housekeeping import expire_drafts
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, publishing, versions, workspaces
from strongroom.application.registry.assets import CreateAsset, ListAssets
from strongroom.application.registry.versions import ListVersions, UpdateVersion
from strongroom.application.registry.views import AssetView
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import Invalid
from tests.application.conftest import DAY, World
from tests.application.registry.conftest import Publish


def test_an_expired_draft_of_a_trashed_asset_keeps_no_other_from_expiring(world: World, model: AssetView) -> None:
    other = world.command("contributor", lambda call: assets.create(call, CreateAsset("model", "other")))
    for asset in (model, other):
        uid = asset.uid
        world.command("contributor", lambda call: publishing.create_draft(call, uid, None, None))  # noqa: B023
    world.command("maintainer", lambda call: assets.delete(call, model.uid, release_aliases=False, etag=None))
    world.clock.advance(8 * DAY)
    assert world.command_tx(expire_drafts) == 1
    world.command("admin", lambda call: assets.purge(call, model.uid, "not needed"))
    assert world.command_tx(expire_drafts) == 0


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(("prefix", "found"), [("ch", ["churn"]), ("CH", []), ("c%", []), ("c_", [])])
def test_a_name_prefix_is_case_sensitive_and_no_pattern(world: World, prefix: str, found: list[str]) -> None:
    page = world.read("viewer", lambda call: assets.listed(call, ListAssets(name_prefix=prefix), PageRequest()))
    assert [asset.name for asset in page.items] == found


def test_versions_of_a_purged_asset_page_by_page(world: World, model: AssetView, publish: Publish) -> None:
    """A draft that was purged with its asset has no number, which PostgreSQL sorts first and SQLite last."""
    for content in ("a", "b", "c"):
        publish(model, content=content)
    world.command("contributor", lambda call: publishing.create_draft(call, model.uid, None, None))
    world.command("maintainer", lambda call: assets.delete(call, model.uid, release_aliases=False, etag=None))
    world.command("admin", lambda call: assets.purge(call, model.uid, "not needed"))
    found: list[int | None] = []
    token: str | None = None
    while True:
        asked = PageRequest(1, token)
        page = world.read(
            "viewer",
            lambda call: versions.listed(call, model.uid, ListVersions("purged"), asked),  # noqa: B023 - run at once
        )
        found += [version.number for version in page.items]
        if (token := page.next_page_token) is None:
            break
    assert found == [3, 2, 1]


@pytest.mark.parametrize("depth", [80, 5_000])
def test_a_signature_that_is_too_deep_is_refused(world: World, model: AssetView, publish: Publish, depth: int) -> None:
    version, signature = publish(model), dict[str, object]()
    for _ in range(depth):
        signature = {"in": signature}
    with pytest.raises(Invalid):
        world.command(
            "contributor", lambda call: versions.update(call, version.uid, UpdateVersion(None, signature), None)
        )


def test_a_signature_is_as_small_when_it_is_changed(world: World, model: AssetView, publish: Publish) -> None:
    version = publish(model)
    change = UpdateVersion(signature={"in": "x" * 300_000})
    with pytest.raises(Invalid):
        world.command("contributor", lambda call: versions.update(call, version.uid, change, None))


def test_a_change_of_another_workspace_is_in_that_ones_log(world: World) -> None:
    other = world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    world.command("root", lambda call: workspaces.update(call, "other", "changed", None))
    assert world.last is not None
    assert f'"workspace":"{other.uid}"'.encode() in world.last.records[-1].body

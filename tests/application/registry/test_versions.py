import asyncio
from functools import partial
from typing import cast

import pytest

from strongroom.application.artifacts import folders
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.edge import Edge
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, locate, publishing, purging, versions
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import AlreadyExists, Conflict, Forbidden, Held, Invalid, NotFound, Purged
from tests.application.conftest import World
from tests.application.registry.conftest import Publish, WorldEdge


def latest(world: World, asset: AssetView) -> int | None:
    return world.read("viewer", lambda call: assets.get(call, asset.uid)).latest


def numbers(world: World, asset: AssetView, query: ListVersions | None = None) -> list[int | None]:
    page = world.read("viewer", lambda c: versions.listed(c, asset.uid, query or ListVersions(), PageRequest()))
    return [version.number for version in page.items]


def test_numbers_go_up_from_one_per_asset(world: World, model: AssetView, publish: Publish) -> None:
    assert latest(world, model) is None
    assert [publish(model).number for _ in range(3)] == [1, 2, 3]
    assert latest(world, model) == 3
    other = world.command(
        "contributor", lambda call: assets.create(call, assets.CreateAsset("dataset", "churn", "risk"))
    )
    assert publish(other).number == 1


def test_a_stated_number_counts_on_from_there(world: World, model: AssetView, publish: Publish) -> None:
    assert publish(model, PublishDetails(number=7)).number == 7
    assert publish(model).number == 8
    assert publish(model, PublishDetails(label="3")).number == 3
    # `latest` is what was published last (domain.md N8), whatever its number
    assert latest(world, model) == 3
    assert publish(model).number == 9


def test_a_number_is_issued_once_for_ever(world: World, model: AssetView, publish: Publish) -> None:
    first = publish(model)
    world.command("maintainer", lambda c: versions.delete(c, first.uid, release_aliases=False, etag=None))
    with pytest.raises(AlreadyExists):
        publish(model, PublishDetails(number=1))
    world.command("admin", lambda c: purging.purge(c, first.uid, "a mistake"))
    with pytest.raises(AlreadyExists):
        publish(model, PublishDetails(number=1))
    assert publish(model).number == 2


def test_a_label_is_issued_once_for_ever(world: World, model: AssetView, publish: Publish) -> None:
    first = publish(model, PublishDetails(label="2026-rc1"))
    assert first.label == "2026-rc1"
    with pytest.raises(AlreadyExists):
        publish(model, PublishDetails(label="2026-rc1"))
    found = world.read("viewer", lambda call: locate.resolve(call, "risk/churn:2026-rc1", None, None))
    assert found.version is not None
    assert found.version.uid == first.uid


@pytest.mark.parametrize("number", [0, -1, 2**53])
def test_impossible_numbers_are_refused(model: AssetView, publish: Publish, number: int) -> None:
    with pytest.raises(Invalid):
        publish(model, PublishDetails(number=number))


def test_publishing_at_once_gives_every_version_its_own_number(world: World, model: AssetView) -> None:
    edge = cast("Edge", WorldEdge(world, "contributor"))

    async def one(n: int) -> VersionView:
        draft = await edge.command(lambda call: publishing.create_draft(call, model.uid, None, None))
        entry = PutEntry("weights", uri=f"s3://bucket/{n}", pin="etag:1")
        await edge.command(lambda call: folders.put(call, "draft", draft.uid, [entry]))
        return await publishing.seal(edge, draft.uid, PublishDetails())

    async def together() -> list[VersionView]:
        return await asyncio.gather(*(one(n) for n in range(8)))

    made = asyncio.run(together())
    assert sorted(version.number or 0 for version in made) == list(range(1, 9))
    assert latest(world, model) == 8


def test_a_draft_is_no_version_until_it_is_sealed(world: World, model: AssetView) -> None:
    draft = world.command("contributor", lambda call: publishing.create_draft(call, model.uid, None, None))
    assert numbers(world, model) == []
    with pytest.raises(NotFound):
        world.read("viewer", lambda call: locate.resolve(call, "risk/churn:1", None, None))
    with pytest.raises(Conflict):
        world.read("viewer", lambda call: versions.readable(call, draft.uid))


def test_deleting_and_restoring_moves_latest(world: World, model: AssetView, publish: Publish) -> None:
    first, second = publish(model), publish(model)
    gone = world.command("maintainer", lambda c: versions.delete(c, second.uid, release_aliases=False, etag=None))
    assert gone.state == "trashed"
    assert (latest(world, model), numbers(world, model)) == (1, [1])
    assert numbers(world, model, ListVersions("trashed")) == [2]
    world.command("maintainer", lambda c: versions.restore(c, second.uid))
    assert (latest(world, model), numbers(world, model)) == (2, [2, 1])
    assert first.number == 1


def test_a_version_with_aliases_is_held(world: World, model: AssetView, publish: Publish) -> None:
    version = publish(model, PublishDetails(aliases=["champion"]), who="maintainer")
    with pytest.raises(Held) as caught:
        world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    assert caught.value.details["holders"] == ["alias:champion"]
    world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=True, etag=None))
    with pytest.raises(NotFound):
        world.read("viewer", lambda call: locate.resolve(call, "risk/churn@champion", None, None))


def test_a_purged_version_keeps_its_number_and_digest(world: World, model: AssetView, publish: Publish) -> None:
    version = publish(model, PublishDetails(description="secret"))
    with pytest.raises(Conflict):
        world.command("admin", lambda c: purging.purge(c, version.uid, "why"))
    world.command("maintainer", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda c: purging.purge(c, version.uid, "why"))
    with pytest.raises(Invalid):
        world.command("admin", lambda c: purging.purge(c, version.uid, " "))
    tombstone = world.command("admin", lambda c: purging.purge(c, version.uid, "why"))
    assert (tombstone.number, tombstone.tree, tombstone.description) == (1, version.tree, "why")
    with pytest.raises(Purged):
        world.read("viewer", lambda call: versions.readable(call, version.uid))


@pytest.mark.parametrize(("who", "refused"), [("viewer", Forbidden), ("stranger", NotFound)])
def test_who_may_not_publish_or_delete(
    world: World, model: AssetView, publish: Publish, who: str, refused: type[Exception]
) -> None:
    version = publish(model)
    with pytest.raises(refused):
        publish(model, who=who)
    with pytest.raises(refused):
        world.command(who, lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))
    with pytest.raises(Forbidden):
        world.command("contributor", lambda c: versions.delete(c, version.uid, release_aliases=False, etag=None))


def test_versions_are_paged_newest_first(world: World, model: AssetView, publish: Publish) -> None:
    for _ in range(3):
        publish(model)
    first = world.read("viewer", lambda c: versions.listed(c, model.uid, ListVersions(), PageRequest(2)))
    rest = world.read(
        "viewer",
        partial(versions.listed, asset_uid=model.uid, query=ListVersions(), page=PageRequest(2, first.next_page_token)),
    )
    assert [version.number for version in (*first.items, *rest.items)] == [3, 2, 1]
    assert rest.next_page_token is None

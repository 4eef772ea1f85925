import asyncio
from collections.abc import Callable

import pytest

from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.registry import aliases, assets, versions
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.views import AliasView, AssetView, VersionView
from strongroom.domain.errors import BadName, Conflict, Forbidden, Held, Invalid, NotFound, PreconditionFailed
from tests.application.conftest import World
from tests.application.registry.conftest import Publish


@pytest.fixture
def two(model: AssetView, publish: Publish) -> tuple[VersionView, VersionView]:
    return publish(model), publish(model, content="y")


def moving(model: AssetView, *changes: ChangeAlias) -> Callable[[Call], list[AliasView]]:
    return lambda call: aliases.change(call, model.uid, changes)


def where(world: World, model: AssetView, at: int | None = None) -> dict[str, int]:
    found = world.read("viewer", lambda call: aliases.listed(call, model.uid, at))
    return {alias.name: alias.version for alias in found}


def test_an_alias_is_set_moved_and_removed(
    world: World, model: AssetView, two: tuple[VersionView, VersionView]
) -> None:
    first, second = two
    world.command("maintainer", moving(model, ChangeAlias("champion", first.uid)))
    assert where(world, model) == {"champion": 1}
    world.command("maintainer", moving(model, ChangeAlias("champion", second.uid)))
    assert where(world, model) == {"champion": 2}
    assert world.command("maintainer", moving(model, ChangeAlias("champion", None))) == []
    assert where(world, model) == {}


def test_compare_and_swap_refuses_who_comes_late(
    world: World, model: AssetView, two: tuple[VersionView, VersionView]
) -> None:
    first, second = two
    (set_once,) = world.command("maintainer", moving(model, ChangeAlias("champion", first.uid, etag=0)))
    with pytest.raises(PreconditionFailed) as caught:
        world.command("maintainer", moving(model, ChangeAlias("champion", second.uid, etag=0)))
    assert caught.value.details["etag"] == set_once.etag
    (moved,) = world.command("maintainer", moving(model, ChangeAlias("champion", second.uid, etag=set_once.etag)))
    for late in (ChangeAlias("champion", first.uid, set_once.etag), ChangeAlias("champion", None, set_once.etag)):
        with pytest.raises(PreconditionFailed):
            world.command("maintainer", moving(model, late))
    assert where(world, model) == {"champion": 2}
    # removed and set again is another alias: an etag never comes back
    world.command("maintainer", moving(model, ChangeAlias("champion", None, moved.etag)))
    world.command("maintainer", moving(model, ChangeAlias("champion", first.uid, 0)))
    with pytest.raises(PreconditionFailed):
        world.command("maintainer", moving(model, ChangeAlias("champion", second.uid, moved.etag)))


def test_of_many_swaps_at_once_exactly_one_wins(
    world: World, model: AssetView, two: tuple[VersionView, VersionView]
) -> None:
    (start,) = world.command("maintainer", moving(model, ChangeAlias("champion", two[0].uid)))
    swap = moving(model, ChangeAlias("champion", two[1].uid, start.etag))

    async def together() -> list[object]:
        works = (world.executor.command(lambda tx: swap(world.call(tx, "maintainer"))) for _ in range(8))
        return list(await asyncio.gather(*works, return_exceptions=True))

    outcomes = asyncio.run(together())
    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PreconditionFailed) for outcome in outcomes) == 7


def test_a_batch_changes_all_or_nothing(world: World, model: AssetView, two: tuple[VersionView, VersionView]) -> None:
    first, second = two
    world.command("maintainer", moving(model, ChangeAlias("champion", first.uid)))
    batch = moving(model, ChangeAlias("challenger", second.uid), ChangeAlias("champion", second.uid, 0))
    with pytest.raises(PreconditionFailed):
        world.command("maintainer", batch)
    assert where(world, model) == {"champion": 1}
    both = moving(model, ChangeAlias("challenger", first.uid), ChangeAlias("champion", second.uid))
    world.command("maintainer", both)
    assert world.last is not None
    assert len(world.last.records) == 2
    assert where(world, model) == {"challenger": 1, "champion": 2}


def test_the_past_is_kept(world: World, model: AssetView, two: tuple[VersionView, VersionView]) -> None:
    times = [world.clock.now_us()]
    for version in two:
        world.command("maintainer", moving(model, ChangeAlias("champion", version.uid)))
        times.append(world.clock.now_us())
    world.command("maintainer", moving(model, ChangeAlias("champion", None)))
    times.append(world.clock.now_us())
    assert [where(world, model, at).get("champion") for at in times] == [None, 1, 2, None]
    page = world.read("viewer", lambda call: aliases.history(call, model.uid, "champion", PageRequest()))
    assert [(alias.version, alias.valid_to is None) for alias in page.items] == [(2, False), (1, False)]


def test_an_alias_points_only_at_a_published_version_of_its_asset(
    world: World, model: AssetView, two: tuple[VersionView, VersionView], publish: Publish
) -> None:
    other = world.command("contributor", lambda call: assets.create(call, CreateAsset("model", "other")))
    foreign = publish(other)
    with pytest.raises(NotFound):
        world.command("maintainer", moving(model, ChangeAlias("champion", foreign.uid)))
    world.command("maintainer", lambda c: versions.delete(c, two[0].uid, release_aliases=False, etag=None))
    with pytest.raises(Conflict):
        world.command("maintainer", moving(model, ChangeAlias("champion", two[0].uid)))
    with pytest.raises(NotFound):
        world.command("maintainer", moving(model, ChangeAlias("nowhere", None)))


def test_a_protected_alias_is_moved_by_admins_only_and_holds_its_version(
    world: World, model: AssetView, two: tuple[VersionView, VersionView]
) -> None:
    """domain.md N12: "hard holders (protected alias, ...) refuse it and are named"."""
    world.command("maintainer", moving(model, ChangeAlias("champion", two[0].uid)))

    def protect(who: str, *, protected: bool = True, etag: int | None = None) -> AliasView:
        return world.command(who, lambda call: aliases.protect(call, model.uid, "champion", etag, protected=protected))

    with pytest.raises(Forbidden):
        protect("maintainer")
    with pytest.raises(PreconditionFailed):
        protect("admin", etag=1)
    assert protect("admin").protected
    for target in (two[1].uid, None):
        with pytest.raises(Forbidden):
            world.command("maintainer", moving(model, ChangeAlias("champion", target)))
    deleting = [
        lambda call: versions.delete(call, two[0].uid, release_aliases=True, etag=None),
        lambda call: assets.delete(call, model.uid, release_aliases=True, etag=None),
    ]
    for work in deleting:
        with pytest.raises(Held) as refused:
            world.command("admin", work)
        assert refused.value.details["holders"] == ["alias:champion"]
    (moved,) = world.command("admin", moving(model, ChangeAlias("champion", two[1].uid)))
    assert moved.protected, "it stays so where it goes"
    protect("admin", protected=False)
    world.command("maintainer", moving(model, ChangeAlias("champion", None)))
    with pytest.raises(NotFound):
        protect("admin")


@pytest.mark.parametrize("name", ["latest", "3", "v3", "a b", ""])
def test_reserved_aliases_are_refused(
    world: World, model: AssetView, two: tuple[VersionView, VersionView], name: str
) -> None:
    with pytest.raises(BadName):
        world.command("maintainer", moving(model, ChangeAlias(name, two[0].uid)))


def test_the_same_alias_stands_once_in_a_batch(
    world: World, model: AssetView, two: tuple[VersionView, VersionView]
) -> None:
    twice = (ChangeAlias("caf\u00e9", two[0].uid), ChangeAlias("cafe\u0301", two[1].uid))
    with pytest.raises(Invalid):
        world.command("maintainer", moving(model, *twice))
    with pytest.raises(Invalid):
        world.command("maintainer", moving(model))


@pytest.mark.parametrize(
    ("who", "refused"), [("contributor", Forbidden), ("viewer", Forbidden), ("stranger", NotFound)]
)
def test_only_maintainers_move_aliases(
    world: World,
    model: AssetView,
    two: tuple[VersionView, VersionView],
    who: str,
    refused: type[Exception],
) -> None:
    with pytest.raises(refused):
        world.command(who, moving(model, ChangeAlias("champion", two[0].uid)))
    assert where(world, model) == {}

from functools import partial

import pytest

from strongroom.application.identity import grants
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, locate, namespaces, versions, workspaces
from strongroom.application.registry.assets import CreateAsset, ListAssets, UpdateAsset
from strongroom.application.registry.views import AssetView
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import DomainError, Forbidden, NotFound, Unauthenticated
from tests.application.conftest import PEOPLE, World
from tests.application.registry.conftest import Publish

EVERYBODY = [*PEOPLE, None]


@pytest.fixture
def things(world: World) -> dict[str, AssetView]:
    """One asset of each visibility, in a namespace and below it."""
    made = {}
    for visibility in ("private", "workspace", "public"):
        for namespace in ("risk", "risk/deep"):
            command = CreateAsset("model", visibility, namespace, visibility=visibility)
            made[f"{namespace}/{visibility}"] = world.command("contributor", partial(assets.create, command=command))
    return made


def seen(world: World, who: str | None) -> set[str]:
    page = world.read(who, lambda call: assets.listed(call, ListAssets(), PageRequest()))
    return {asset.path for asset in page.items}


def reachable(world: World, who: str | None, things: dict[str, AssetView]) -> set[str]:
    found = set()
    for path, asset in things.items():
        try:
            world.read(who, partial(assets.get, uid=asset.uid))
        except (NotFound, Unauthenticated):
            continue
        found.add(path)
    return found


def private(things: dict[str, AssetView]) -> set[str]:
    return {path for path in things if path.endswith("private")}


def public(things: dict[str, AssetView]) -> set[str]:
    return {path for path in things if path.endswith("public")}


@pytest.mark.parametrize("public_reads", [False, True])
def test_lists_and_lookups_show_the_same_to_everybody(
    world: World, things: dict[str, AssetView], *, public_reads: bool
) -> None:
    world.public_reads = public_reads
    everything = set(things)
    expected: dict[str | None, set[str]] = {
        "root": everything,
        "admin": everything,
        "contributor": everything,  # made the private ones
        "maintainer": everything - private(things),
        "viewer": everything - private(things),
        "stranger": public(things) if public_reads else set(),
        None: public(things) if public_reads else set(),
    }
    for who in EVERYBODY:
        assert reachable(world, who, things) == expected[who], who
        if who is not None or public_reads:
            assert seen(world, who) == expected[who], who


def test_a_grant_on_a_namespace_reaches_what_is_below_it_but_nothing_private(
    world: World, things: dict[str, AssetView]
) -> None:
    uid = world.read("admin", lambda call: namespaces.listed(call, PageRequest())).items[-1]
    assert uid.path == "risk/deep"
    give = CreateGrant("admin", world.uid("stranger"), place=Place("namespace", uid.uid))
    world.command("admin", lambda call: grants.create(call, give))
    deep = {path for path in things if path.startswith("risk/deep/")} - private(things)
    assert seen(world, "stranger") == reachable(world, "stranger", things) == deep


def test_a_grant_on_a_private_asset_opens_it_alone(world: World, things: dict[str, AssetView]) -> None:
    place = Place("asset", things["risk/private"].uid)
    give = CreateGrant("viewer", world.uid("viewer"), place=place)
    world.command("admin", lambda call: grants.create(call, give))
    expected = set(things) - private(things) | {"risk/private"}
    assert seen(world, "viewer") == reachable(world, "viewer", things) == expected


def test_nothing_crosses_to_another_workspace(world: World, things: dict[str, AssetView]) -> None:
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    some = things["risk/workspace"]
    for who in ("root", "admin", "viewer"):
        with pytest.raises(NotFound):
            world.read(who, lambda call: assets.get(call, some.uid), "other")
        page = world.read(who, lambda call: assets.listed(call, ListAssets(), PageRequest()), "other")
        assert list(page.items) == []


def test_what_is_hidden_answers_like_what_is_not_there(world: World, things: dict[str, AssetView]) -> None:
    assert things

    def answer(who: str | None, reference: str) -> tuple[str, str]:
        with pytest.raises(DomainError) as caught:
            world.read(who, lambda call: locate.resolve(call, reference, None, None))
        return caught.value.code, caught.value.message

    for public_reads in (False, True):
        world.public_reads = public_reads
        for who in ("viewer", "stranger", None):
            assert answer(who, "risk/private") == answer(who, "risk/nothing"), (who, public_reads)


def test_going_private_shuts_out_at_once(world: World, things: dict[str, AssetView], publish: Publish) -> None:
    asset = things["risk/workspace"]
    version = publish(asset)
    world.read("viewer", lambda call: versions.readable(call, version.uid))
    with pytest.raises(Forbidden):
        world.command("contributor", lambda c: assets.update(c, asset.uid, UpdateAsset(visibility="private"), None))
    world.command("maintainer", lambda c: assets.update(c, asset.uid, UpdateAsset(visibility="private"), None))
    for work in (versions.readable, versions.get):
        with pytest.raises(NotFound):
            world.read("viewer", partial(work, uid=version.uid))
    assert asset.path not in seen(world, "viewer")


def test_everybody_reads_a_public_version_and_nobody_anonymous_writes(
    world: World, things: dict[str, AssetView], publish: Publish
) -> None:
    asset = things["risk/public"]
    version = publish(asset)
    with pytest.raises(Unauthenticated):
        world.read(None, lambda call: versions.readable(call, version.uid))
    world.public_reads = True
    assert world.read(None, lambda call: versions.readable(call, version.uid))[1].number == 1
    with pytest.raises(Unauthenticated):
        world.command(None, lambda c: assets.update(c, asset.uid, UpdateAsset(description="mine"), None))
    with pytest.raises(Unauthenticated):
        publish(asset, who=None)  # type: ignore[arg-type]

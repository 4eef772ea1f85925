"""Gated assets and requests for access, on both databases."""

import pytest

from strongroom.application.call import Call, asset_target
from strongroom.application.identity import requests
from strongroom.application.identity.requests import AccessRequestView
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets
from strongroom.application.registry.assets import CreateAsset, UpdateAsset
from strongroom.domain.errors import Conflict, Forbidden, Gated, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from tests.application.conftest import World


@pytest.fixture
def gated(world: World) -> str:
    """The uid of an asset whose files a maintainer gives out one by one."""
    made = world.command("maintainer", lambda call: assets.create(call, CreateAsset("model", "m")))
    world.command("maintainer", lambda call: assets.update(call, made.uid, UpdateAsset(gated="manual"), None))
    return made.uid


def reads(world: World, who: str, uid: str) -> bool:
    """Whether somebody may read the files."""

    def ask(call: Call) -> bool:
        asset = assets.by_uid(call, uid, Permission.ASSET_READ)
        return call.allows(Permission.VERSION_BYTES, asset_target(asset))

    return world.read(who, ask)


def ask(world: World, who: str, uid: str) -> AccessRequestView:
    return world.command(who, lambda call: requests.ask(call, uid, "please"))


def decide(world: World, uid: str, status: str, who: str = "maintainer") -> AccessRequestView:
    return world.command(who, lambda call: requests.decide(call, uid, "viewer", status, "so"))


def test_a_gate_bars_viewers_from_the_files_and_nobody_else(world: World, gated: str) -> None:
    """ "gated repositories and access requests (N13; in the core)"."""
    assert [reads(world, who, gated) for who in ("viewer", "contributor", "maintainer", "root")] == [False, *[True] * 3]
    with pytest.raises(Gated):
        world.read("viewer", lambda call: assets.by_uid(call, gated, Permission.VERSION_BYTES))
    assert world.read("viewer", lambda call: assets.get(call, gated)).gated == "manual"
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: assets.get(call, gated))


def test_nobody_passes_a_gate_without_a_token(world: World, gated: str) -> None:
    world.command("maintainer", lambda call: assets.update(call, gated, UpdateAsset(visibility="public"), None))
    world.public_reads = True
    assert world.read(None, lambda call: assets.get(call, gated)).uid == gated
    with pytest.raises(Gated):
        world.read(None, lambda call: assets.by_uid(call, gated, Permission.VERSION_BYTES))


def test_accepting_makes_the_grant_and_taking_back_ends_it(world: World, gated: str) -> None:
    """N13: "a principal asks for a grant; accepting it makes the grant"."""
    assert ask(world, "viewer", gated).status == "pending"
    assert ask(world, "viewer", gated).uid == ask(world, "viewer", gated).uid
    assert decide(world, gated, "accepted").status == "accepted"
    assert world.last is not None
    assert len(world.last.records) == len(("grant.create", "access.decide"))
    assert reads(world, "viewer", gated)
    decide(world, gated, "pending")
    assert not reads(world, "viewer", gated)
    refused = decide(world, gated, "rejected")
    assert (refused.status, refused.reason, refused.decided_by) == ("rejected", "so", world.uid("maintainer"))
    with pytest.raises(Conflict):
        ask(world, "viewer", gated)


def test_a_gate_that_opens_by_itself(world: World, gated: str) -> None:
    world.command("maintainer", lambda call: assets.update(call, gated, UpdateAsset(gated="auto"), None))
    assert not reads(world, "viewer", gated)
    assert ask(world, "viewer", gated).status == "accepted"
    assert reads(world, "viewer", gated)


def test_who_decides_and_who_sees_the_requests(world: World, gated: str) -> None:
    ask(world, "viewer", gated)
    for who in ("viewer", "contributor"):
        with pytest.raises(Forbidden):
            decide(world, gated, "accepted", who)
        with pytest.raises(Forbidden):
            world.read(who, lambda call: requests.listed(call, gated, None, PageRequest()))
    listed = world.read("maintainer", lambda call: requests.listed(call, gated, "pending", PageRequest()))
    assert [(one.principal_name, one.message) for one in listed.items] == [("viewer", "please")]
    own = world.read("viewer", lambda call: requests.own(call, gated))
    assert (own.passes, own.request and own.request.status) == (False, "pending")
    own = world.read("contributor", lambda call: requests.own(call, gated))
    assert (own.passes, own.request) == (True, None)


def test_what_is_no_gate_or_no_status_is_refused(world: World, gated: str) -> None:
    with pytest.raises(Invalid):
        world.command("maintainer", lambda call: assets.update(call, gated, UpdateAsset(gated="maybe"), None))
    with pytest.raises(Invalid):
        decide(world, gated, "maybe")
    with pytest.raises(NotFound):
        decide(world, gated, "rejected")
    with pytest.raises(Forbidden):
        world.command("contributor", lambda call: assets.update(call, gated, UpdateAsset(gated=""), None))
    world.command("maintainer", lambda call: assets.update(call, gated, UpdateAsset(gated=""), None))
    with pytest.raises(Conflict):
        ask(world, "viewer", gated)


def test_pages_of_requests_go_on(world: World, gated: str) -> None:
    for who in ("viewer", "contributor"):
        ask(world, who, gated)
    first = world.read("maintainer", lambda call: requests.listed(call, gated, None, PageRequest(1)))
    rest = PageRequest(1, first.next_page_token)
    second = world.read("maintainer", lambda call: requests.listed(call, gated, None, rest))
    assert [one.principal_name for one in (*first.items, *second.items)] == ["viewer", "contributor"]
    assert second.next_page_token is None

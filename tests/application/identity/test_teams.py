from functools import partial

import pytest

from strongroom.application.call import Call
from strongroom.application.identity import grants, principals, teams
from strongroom.application.identity.grants import CreateGrant, ListGrants, Place
from strongroom.application.identity.teams import CreateTeam
from strongroom.application.paging import PageRequest
from strongroom.application.registry import workspaces
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from tests.application.conftest import World


@pytest.fixture
def team(world: World) -> str:
    return world.command("admin", lambda call: teams.create(call, CreateTeam("readers", "who read"))).uid


def names(world: World, team: str, at: int | None = None) -> list[str]:
    page = world.read("viewer", lambda call: teams.members(call, team, at, PageRequest()))
    return [member.name for member in page.items]


def test_members_come_and_go_and_the_past_is_kept(world: World, team: str) -> None:
    uid = world.uid("stranger")
    before = world.clock.now_us()
    world.command("admin", lambda call: teams.add_member(call, team, uid))
    during = world.clock.now_us()
    world.command("admin", lambda call: teams.remove_member(call, team, uid))
    after = world.clock.now_us()
    assert names(world, team) == []
    assert [names(world, team, at) for at in (before, during, after)] == [[], ["stranger"], []]
    world.command("admin", lambda call: teams.add_member(call, team, uid))
    assert names(world, team) == ["stranger"]


def test_adding_twice_changes_nothing(world: World, team: str) -> None:
    for _ in range(2):
        world.command("admin", lambda call: teams.add_member(call, team, world.uid("viewer")))
    assert world.last is not None
    assert world.last.records == []
    assert names(world, team) == ["viewer"]


def test_only_who_manages_principals_manages_teams(world: World, team: str) -> None:
    uid = world.uid("stranger")
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda call: teams.create(call, CreateTeam("mine")))
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda call: teams.add_member(call, team, uid))
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda call: teams.delete(call, team))
    with pytest.raises(Forbidden):
        world.read("stranger", lambda call: teams.get(call, team))


def test_a_name_is_taken_until_its_team_goes(world: World, team: str) -> None:
    with pytest.raises(AlreadyExists):
        world.command("admin", lambda call: teams.create(call, CreateTeam("readers")))
    world.command("admin", lambda call: teams.delete(call, team))
    world.command("admin", lambda call: teams.create(call, CreateTeam("readers")))


def test_a_team_that_goes_takes_its_grants_along(world: World, team: str) -> None:
    def allowed(call: Call) -> bool:
        return call.allows(Permission.WORKSPACE_READ)

    world.command("admin", lambda call: teams.add_member(call, team, world.uid("stranger")))
    world.command("admin", lambda call: grants.create(call, CreateGrant("viewer", team, "team")))
    assert world.read("stranger", allowed)
    world.command("admin", lambda call: teams.delete(call, team))
    assert not world.read("stranger", allowed)
    query = ListGrants(subject=team)
    assert world.command("admin", lambda call: grants.listed(call, query, PageRequest())).items == []
    with pytest.raises(NotFound):
        world.read("admin", lambda call: teams.get(call, team))


def test_a_team_holds_nothing_outside_its_workspace(world: World, team: str) -> None:
    # whoever fills the team would else make admins of the server, or of another workspace
    with pytest.raises(Invalid):
        world.command("root", lambda call: grants.create(call, CreateGrant("admin", team, "team", Place("server"))))
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    with pytest.raises(NotFound):
        world.command("root", lambda call: grants.create(call, CreateGrant("viewer", team, "team")), "other")
    with pytest.raises(NotFound):
        world.command("root", lambda call: teams.get(call, team), "other")


def test_a_disabled_principal_joins_no_team(world: World, team: str) -> None:
    world.command("admin", lambda call: principals.disable(call, world.uid("viewer")))
    with pytest.raises(Conflict):
        world.command("admin", lambda call: teams.add_member(call, team, world.uid("viewer")))
    with pytest.raises(NotFound):
        world.command("admin", lambda call: teams.add_member(call, team, "system"))


def test_lists_are_paged_by_name(world: World, team: str) -> None:
    world.command("admin", lambda call: teams.create(call, CreateTeam("authors")))
    first = world.read("viewer", lambda call: teams.listed(call, PageRequest(1)))
    second = world.read("viewer", lambda call: teams.listed(call, PageRequest(1, first.next_page_token)))
    assert [item.name for item in (*first.items, *second.items)] == ["authors", "readers"]
    assert second.next_page_token is None
    for name in ("viewer", "admin", "stranger"):
        world.command("admin", partial(teams.add_member, uid=team, principal_uid=world.uid(name)))
    page = world.read("viewer", lambda call: teams.members(call, team, None, PageRequest(2)))
    rest = world.read("viewer", lambda call: teams.members(call, team, None, PageRequest(2, page.next_page_token)))
    assert [item.name for item in (*page.items, *rest.items)] == ["admin", "stranger", "viewer"]


def test_the_description_can_be_changed(world: World, team: str) -> None:
    assert world.command("admin", lambda call: teams.update(call, team, "new")).description == "new"
    assert world.read("viewer", lambda call: teams.get(call, team)).description == "new"

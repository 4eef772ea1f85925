"""Issue 6: "access review report": who may do what, and why."""

import pytest

from strongroom.application.identity import grants, principals, review, teams, tokens
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.identity.review import ReviewView
from strongroom.application.identity.teams import CreateTeam
from strongroom.application.identity.tokens import IssueToken
from strongroom.application.paging import PageRequest
from strongroom.application.registry import namespaces
from strongroom.domain.errors import Forbidden, Invalid
from tests.application.conftest import DAY, World


def reviewed(world: World, who: str = "admin", permission: str | None = None, size: int = 100) -> dict[str, ReviewView]:
    found: dict[str, ReviewView] = {}
    token = None
    while True:
        asked = PageRequest(size, token)
        page = world.command(who, lambda call, asked=asked: review.review(call, permission, asked))  # type: ignore[misc]
        found |= {one.principal.name: one for one in page.items}
        token = page.next_page_token
        if token is None:
            return found


def roles(one: ReviewView) -> set[tuple[str, str, str, str | None]]:
    return {(role.role, role.level, role.scope, role.team) for role in one.roles}


def test_each_role_is_shown_with_the_grant_that_gives_it(world: World) -> None:
    do = world.command
    space = do("admin", lambda call: namespaces.create(call, "vision", "")).uid
    red = do("admin", lambda call: teams.create(call, CreateTeam("red"))).uid
    given = CreateGrant("maintainer", red, "team", Place("namespace", space))
    grant = do("admin", lambda call: grants.create(call, given))
    do("admin", lambda call: teams.add_member(call, red, world.uid("viewer")))
    found = reviewed(world, size=2)
    assert set(found) >= {"admin", "maintainer", "contributor", "viewer", "stranger"}
    assert roles(found["viewer"]) == {
        ("viewer", "workspace", "default", None),
        ("maintainer", "namespace", "vision", "red"),
    }
    assert found["stranger"].roles == []
    (by_team,) = [role for role in found["viewer"].roles if role.team]
    assert (by_team.grant, by_team.granted_by) == (grant.uid, world.uid("admin"))
    do("admin", lambda call: teams.remove_member(call, red, world.uid("viewer")))
    assert roles(reviewed(world)["viewer"]) == {("viewer", "workspace", "default", None)}


def test_who_may_do_a_thing_is_shown_with_the_roles_that_give_it(world: World) -> None:
    found = reviewed(world, permission="release:place")
    assert set(found) >= {"admin", "maintainer"}
    assert not set(found) & {"contributor", "viewer", "stranger"}
    assert set(reviewed(world, permission="policy:write")) == {"admin"}
    for text in ("self", "public", "release:fly", "x" * 64):
        with pytest.raises(Invalid):
            reviewed(world, permission=text)


def test_tokens_are_shown_with_their_age_and_last_use(world: World) -> None:
    do = world.command
    used = world.tokens["viewer"].id
    at = world.clock.now_us()
    world.command_tx(lambda tx: tx.tokens.touch({used: at}))
    ends = IssueToken(expires_at=at + DAY)
    gone = do("viewer", lambda call: tokens.issue(call, ends)).view.id
    do("viewer", lambda call: tokens.revoke(call, gone))
    short = do("viewer", lambda call: tokens.issue(call, ends)).view.id
    one = reviewed(world)["viewer"]
    assert one.tokens is not None
    assert {token.id for token in one.tokens} == {used, short}
    assert one.last_used_at is not None
    assert abs(one.last_used_at.timestamp() - at / 1e6) <= 60
    world.clock.advance(2 * DAY)
    later = reviewed(world)["viewer"].tokens
    assert later is not None
    assert {token.id for token in later} == {used}, "what is expired works no more"


def test_only_an_admin_reviews_and_the_server_is_for_those_who_see_it(world: World) -> None:
    for who in ("maintainer", "viewer", "stranger"):
        with pytest.raises(Forbidden):
            reviewed(world, who)
    do = world.command
    do("root", lambda call: grants.create(call, CreateGrant("viewer", world.uid("viewer"), place=Place("server"))))
    assert ("viewer", "server", "", None) in roles(reviewed(world, "root")["viewer"])
    assert "server" not in {role.level for role in reviewed(world, "admin")["viewer"].roles}
    do("admin", lambda call: principals.disable(call, world.uid("viewer")))
    shut = reviewed(world)["viewer"]
    assert shut.principal.disabled_at is not None
    assert shut.tokens == []
    assert world.last is not None
    assert [record.uid for record in world.last.records], "reading it is recorded"

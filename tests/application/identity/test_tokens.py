from functools import partial

import pytest

from strongroom.application.identity import authentication, grants, principals, tokens
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.identity.principals import CreatePrincipal
from strongroom.application.identity.tokens import LONGEST_LIFE_US, IssuedToken, IssueToken
from strongroom.application.paging import PageRequest
from strongroom.application.registry import workspaces
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from strongroom.domain.identity.tokens import Token, hash_secret
from tests.application.conftest import DAY, World


def issue(world: World, who: str | Token, wanted: IssueToken | None = None, **changes: object) -> IssuedToken:
    values: dict[str, object] = {"expires_at": world.clock.now_us() + DAY, **changes}
    return world.command(who, lambda call: tokens.issue(call, wanted or IssueToken(**values)))  # type: ignore[arg-type]


def service(world: World) -> str:
    return world.command("admin", lambda call: principals.create(call, CreatePrincipal("service", "bot"))).uid


def listed(world: World, who: str | Token, uid: str | None = None) -> list[str]:
    return [token.id for token in world.read(who, lambda call: tokens.listed(call, uid, PageRequest())).items]


def test_only_the_hash_of_a_secret_is_kept_and_none_of_it_is_recorded(world: World) -> None:
    issued = issue(world, "viewer", description="laptop")
    row = world.read_tx(lambda tx: tx.tokens.get(issued.token.id))
    assert row is not None
    assert row.secret_hash == hash_secret(issued.token).hex()
    assert issued.token.secret not in repr((row, issued, issued.view))
    assert world.last is not None
    assert [record.body.count(issued.token.secret.encode()) for record in world.last.records] == [0]
    assert issued.token.id.encode() in world.last.records[0].body
    assert b"laptop" not in world.last.records[0].body
    assert world.read(issued.token, authentication.whoami).token_id == issued.token.id


def test_a_users_token_expires_within_a_year(world: World) -> None:
    now = world.clock.now_us()
    for wrong in (None, now, now - DAY, now + LONGEST_LIFE_US + DAY):
        with pytest.raises(Invalid):
            issue(world, "viewer", expires_at=wrong)
    assert issue(world, "viewer", expires_at=now + LONGEST_LIFE_US).view.expires_at is not None


def test_a_service_accounts_token_may_last(world: World) -> None:
    assert issue(world, "admin", IssueToken(principal=service(world))).view.expires_at is None


def test_a_token_cannot_issue_more_than_itself(world: World) -> None:
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    capped = issue(world, "maintainer", role_cap="contributor", workspace="default").token
    inherited = issue(world, capped).view
    assert (inherited.role_cap, inherited.workspace) == ("contributor", "default")
    assert issue(world, capped, role_cap="viewer").view.role_cap == "viewer"
    with pytest.raises(Forbidden):
        issue(world, capped, role_cap="maintainer")
    # the other workspace does not exist for it, whoever its principal is
    with pytest.raises(NotFound):
        issue(world, capped, workspace="other")


def test_a_capped_token_of_an_admin_manages_nobody(world: World) -> None:
    uid = service(world)
    capped = issue(world, "admin", role_cap="maintainer").token
    with pytest.raises(Forbidden):
        issue(world, capped, principal=uid)
    with pytest.raises(Forbidden):
        listed(world, capped, uid)


def test_an_admin_issues_for_those_at_home_and_for_that_home_only(world: World) -> None:
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    uid = world.uid("viewer")
    assert issue(world, "admin", principal=uid).view.workspace == "default"
    assert issue(world, "root", principal=uid).view.workspace is None
    world.command("root", lambda call: grants.create(call, CreateGrant("viewer", world.uid("admin"))), "other")
    with pytest.raises(Forbidden):
        issue(world, "admin", principal=uid, workspace="other")


def test_a_token_for_an_admin_of_the_server_gives_nobody_the_server(world: World) -> None:
    token = issue(world, "admin", principal=world.uid("root")).token
    with pytest.raises(Forbidden):
        world.command(token, lambda call: workspaces.create(call, CreateWorkspace("mine")))
    grant = CreateGrant("admin", world.uid("admin"), place=Place("server"))
    with pytest.raises(Forbidden):
        world.command(token, lambda call: grants.create(call, grant))


@pytest.mark.parametrize("who", ["maintainer", "viewer", "stranger"])
def test_others_issue_list_and_revoke_nothing_of_others(world: World, who: str) -> None:
    uid, token_id = world.uid("contributor"), world.tokens["contributor"].id
    refused = NotFound if who == "stranger" else Forbidden
    with pytest.raises(refused):
        issue(world, who, principal=uid)
    with pytest.raises(refused):
        listed(world, who, uid)
    for work in (tokens.get, tokens.revoke):
        with pytest.raises(NotFound):
            world.command(who, partial(work, token_id=token_id))
    assert world.read("contributor", authentication.whoami).token_id == token_id


def test_an_admin_elsewhere_manages_no_tokens_here(world: World) -> None:
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    uid = world.command("root", lambda call: principals.create(call, CreatePrincipal("user", "boss")), "other").uid
    world.command("root", lambda call: grants.create(call, CreateGrant("admin", uid)), "other")
    boss = issue(world, "root", principal=uid).token
    with pytest.raises(NotFound):
        world.command(boss, lambda call: tokens.revoke(call, world.tokens["viewer"].id), "other")
    with pytest.raises(NotFound):
        world.read(boss, lambda call: tokens.listed(call, world.uid("viewer"), PageRequest()), "other")


def test_nobody_has_no_tokens(world: World) -> None:
    with pytest.raises(Unauthenticated):
        world.command(None, lambda call: tokens.issue(call, IssueToken()))
    with pytest.raises(Unauthenticated):
        world.command(None, lambda call: tokens.revoke(call, world.tokens["viewer"].id))


def test_revoking_takes_effect_at_once_and_is_recorded_once(world: World) -> None:
    token = issue(world, "viewer").token
    assert world.command("viewer", lambda call: tokens.revoke(call, token.id)).revoked_at is not None
    with pytest.raises(Unauthenticated):
        world.read(token, authentication.whoami)
    world.command("viewer", lambda call: tokens.revoke(call, token.id))
    assert world.last is not None
    assert world.last.records == []


def test_a_capped_token_revokes_itself_but_no_wider_one(world: World) -> None:
    capped = issue(world, "viewer", role_cap="viewer", workspace="default").token
    with pytest.raises(Forbidden):
        world.command(capped, lambda call: tokens.revoke(call, world.tokens["viewer"].id))
    child = issue(world, capped).token
    world.command(capped, lambda call: tokens.revoke(call, child.id))
    world.command(capped, lambda call: tokens.revoke(call, capped.id))


def test_a_disabled_principal_gets_no_token(world: World) -> None:
    uid = service(world)
    world.command("admin", lambda call: principals.disable(call, uid))
    with pytest.raises(Conflict):
        issue(world, "admin", IssueToken(principal=uid))


def test_no_token_slips_in_while_its_principal_is_disabled(world: World) -> None:
    uid = world.uid("viewer")
    wanted = IssueToken(expires_at=world.clock.now_us() + DAY)
    issued, _ = world.race(
        lambda tx: tokens.issue(world.call(tx, "viewer"), wanted),
        lambda tx: principals.disable(world.call(tx, "admin"), uid),
    )
    world.command("admin", lambda call: principals.enable(call, uid))
    live = world.read("admin", lambda call: tokens.listed(call, uid, PageRequest())).items
    assert [token.id for token in live if token.revoked_at is None] == []
    assert isinstance(issued, IssuedToken | Conflict | Unauthenticated)


def test_a_description_holds_no_token(world: World) -> None:
    with pytest.raises(Invalid):
        issue(world, "viewer", description=f"was {world.tokens['viewer'].text}")


def test_the_list_is_paged_newest_first(world: World) -> None:
    ids = [issue(world, "viewer").token.id for _ in range(3)]
    expected = [*reversed(ids), world.tokens["viewer"].id]
    assert listed(world, "viewer") == expected
    assert listed(world, "admin", world.uid("viewer")) == expected
    first = world.read("viewer", lambda call: tokens.listed(call, None, PageRequest(3)))
    rest = world.read("viewer", lambda call: tokens.listed(call, None, PageRequest(3, first.next_page_token)))
    assert [token.id for token in (*first.items, *rest.items)] == expected
    assert rest.next_page_token is None


def test_last_use_is_kept_to_the_minute_and_never_goes_back(world: World) -> None:
    token_id = world.tokens["viewer"].id
    minute = 1_800_000_000 * 1_000_000 - 1_800_000_000 * 1_000_000 % 60_000_000

    def last_used() -> int | None:
        row = world.read_tx(lambda tx: tx.tokens.get(token_id))
        assert row is not None
        return row.last_used_at

    assert last_used() is None
    unknown = "SR" + "0" * 18
    world.command_tx(lambda tx: tx.tokens.touch({token_id: minute + 59_999_999, unknown: 1}))
    assert last_used() == minute
    world.command_tx(lambda tx: tx.tokens.touch({token_id: minute - 1}))
    assert last_used() == minute
    world.command_tx(lambda tx: tx.tokens.touch({}))


def test_a_service_accounts_token_makes_none_that_outlives_it(world: World) -> None:
    """ "scoped, expiring": what a token issues is as narrow as the token that asks."""
    soon = world.clock.now_us() + DAY
    short = issue(world, "admin", IssueToken(principal=service(world), expires_at=soon))
    assert issue(world, short.token, IssueToken()).view.expires_at == short.view.expires_at

from functools import partial

import pytest

from strongroom.application.identity import authentication, grants, principals, tokens
from strongroom.application.identity.grants import CreateGrant, ListGrants, Place
from strongroom.application.identity.principals import CreatePrincipal
from strongroom.application.paging import PageRequest
from strongroom.application.registry import namespaces, workspaces
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import AlreadyExists, BadName, Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tests.application.conftest import PEOPLE, World


def create(world: World, who: str, name: str, kind: str = "user", workspace: str | None = None) -> str:
    return world.command(who, lambda call: principals.create(call, CreatePrincipal(kind, name)), workspace).uid


def other_workspace(world: World) -> str:
    """A second tenant with an admin of its own, called `boss`; returns the uid of `boss`."""
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    uid = create(world, "root", "boss", workspace="other")
    world.command("root", lambda call: grants.create(call, CreateGrant("admin", uid)), "other")
    issued = world.command(
        "root", lambda call: tokens.issue(call, tokens.IssueToken(principal=uid, expires_at=call.now + 10**12))
    )
    world.tokens["boss"] = issued.token
    return uid


def test_a_workspace_admin_makes_principals_without_any_right(world: World) -> None:
    made = world.command("admin", lambda call: principals.create(call, CreatePrincipal("service", "ci-bot", "CI")))
    assert (made.kind, made.name, made.display_name, made.home_workspace) == ("service", "ci-bot", "CI", "default")
    query = ListGrants(subject=made.uid)
    assert world.command("admin", lambda call: grants.listed(call, query, PageRequest())).items == []


@pytest.mark.parametrize("who", ["maintainer", "contributor", "viewer", "stranger"])
def test_others_make_none(world: World, who: str) -> None:
    with pytest.raises(Forbidden):
        create(world, who, "eve")
    assert world.last is not None
    assert world.last.refusal is not None


def test_nobody_makes_none(world: World) -> None:
    with pytest.raises(Unauthenticated):
        world.command(None, lambda call: principals.create(call, CreatePrincipal("user", "eve")))


@pytest.mark.parametrize(
    "name", ["api", "API", "login", "default", "anonymous", "System", "a/b", "a:b", "", " x", "a\x00"]
)
def test_reserved_and_ill_formed_names_are_refused(world: World, name: str) -> None:
    with pytest.raises(BadName):
        create(world, "admin", name)


def test_a_kind_is_user_or_service(world: World) -> None:
    with pytest.raises(Invalid):
        create(world, "admin", "hal", kind="system")


def test_names_are_unique_on_the_server_and_in_nfc(world: World) -> None:
    other_workspace(world)
    create(world, "admin", "Zoe\u0301")
    with pytest.raises(AlreadyExists):
        create(world, "boss", "Zo\u00e9", workspace="other")
    create(world, "admin", "zo\u00e9")


def test_a_name_is_never_used_again(world: World) -> None:
    uid = create(world, "admin", "leaver")
    world.command("admin", lambda call: principals.disable(call, uid))
    with pytest.raises(AlreadyExists):
        create(world, "admin", "leaver")


def test_principals_and_top_namespaces_share_one_list(world: World) -> None:
    world.command("maintainer", lambda call: namespaces.create(call, "vision", ""))
    with pytest.raises(AlreadyExists):
        create(world, "admin", "vision")
    with pytest.raises(AlreadyExists):
        world.command("maintainer", lambda call: namespaces.create(call, "viewer", ""))


def test_disabling_ends_every_token_at_once_and_enabling_brings_none_back(world: World) -> None:
    uid, old = world.uid("viewer"), world.tokens["viewer"]
    assert world.command("admin", lambda call: principals.disable(call, uid)).disabled_at is not None
    with pytest.raises(Unauthenticated):
        world.read(old, authentication.whoami)
    assert world.command("admin", lambda call: principals.enable(call, uid)).disabled_at is None
    with pytest.raises(Unauthenticated):
        world.read(old, authentication.whoami)
    listed = world.read("admin", lambda call: tokens.listed(call, uid, PageRequest())).items
    assert [token.revoked_at is not None for token in listed] == [True]


def test_disabling_twice_is_recorded_once(world: World) -> None:
    uid = world.uid("viewer")
    world.command("admin", lambda call: principals.disable(call, uid))
    world.command("admin", lambda call: principals.disable(call, uid))
    assert world.last is not None
    assert world.last.records == []


def test_an_admin_elsewhere_neither_sees_nor_touches_them(world: World) -> None:
    other_workspace(world)
    uid = world.uid("viewer")
    for work in (principals.get, principals.disable, principals.enable):
        with pytest.raises(NotFound):
            world.command("boss", partial(work, uid=uid), "other")


def test_a_guest_is_seen_but_not_disabled(world: World) -> None:
    boss = other_workspace(world)
    world.command("admin", lambda call: grants.create(call, CreateGrant("viewer", boss)))
    assert world.read("viewer", lambda call: principals.get(call, boss)).home_workspace == "other"
    with pytest.raises(Forbidden):
        world.command("admin", lambda call: principals.disable(call, boss))


def test_a_workspace_admin_cannot_disable_an_admin_of_the_server(world: World) -> None:
    with pytest.raises(Forbidden):
        world.command("admin", lambda call: principals.disable(call, world.uid("root")))


def test_the_last_admin_of_the_server_cannot_be_disabled(world: World) -> None:
    root = world.uid("root")
    with pytest.raises(Conflict):
        world.command("root", lambda call: principals.disable(call, root))
    second = create(world, "root", "second")
    world.command("root", lambda call: grants.create(call, CreateGrant("admin", second, place=Place("server"))))
    world.command("root", lambda call: principals.disable(call, root))


def test_the_list_is_paged_by_name_and_leaves_out_the_system(world: World) -> None:
    names: list[str] = []
    token: str | None = None
    while True:
        page = world.command("viewer", partial(principals.listed, page=PageRequest(2, token)))
        names += [item.name for item in page.items]
        if page.next_page_token is None:
            break
        token = page.next_page_token
    assert names == sorted(PEOPLE)


def test_the_list_holds_who_belongs_here(world: World) -> None:
    boss = other_workspace(world)

    def listed(who: str, workspace: str, *, everywhere: bool = False) -> set[str]:
        page = world.command(who, lambda call: principals.listed(call, PageRequest(), everywhere=everywhere), workspace)
        return {item.name for item in page.items}

    assert listed("boss", "other") == {"boss"}
    assert listed("admin", "default") == set(PEOPLE)
    world.command("admin", lambda call: grants.create(call, CreateGrant("viewer", boss)))
    assert listed("admin", "default") == set(PEOPLE) | {"boss"}
    assert listed("root", "other", everywhere=True) == set(PEOPLE) | {"boss"}
    with pytest.raises(Forbidden):
        listed("boss", "other", everywhere=True)


def test_everybody_changes_the_own_display_name_only(world: World) -> None:
    uid = world.uid("viewer")
    assert world.command("viewer", lambda call: principals.update(call, uid, "V.")).display_name == "V."
    with pytest.raises(Forbidden):
        world.command("viewer", lambda call: principals.update(call, world.uid("admin"), "A."))
    assert world.command("admin", lambda call: principals.update(call, uid, "W.")).display_name == "W."


def test_the_system_is_no_principal_to_anybody(world: World) -> None:
    for work in (principals.get, principals.disable):
        with pytest.raises(NotFound):
            world.command("root", partial(work, uid="system"))

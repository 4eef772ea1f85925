from functools import partial

import pytest

from strongroom.application.call import Call
from strongroom.application.identity import grants, principals, tokens
from strongroom.application.identity.grants import CreateGrant, ListGrants, Place
from strongroom.application.identity.principals import CreatePrincipal
from strongroom.application.identity.views import GrantView
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, namespaces, workspaces
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.audit.record import parse
from strongroom.domain.errors import BadPageToken, Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from strongroom.domain.identity.roles import RULES, Permission, Role
from tests.application.conftest import DAY, World

SERVER = Place("server")
HERE = Place()


def give(world: World, who: str, to: str, role: str = "viewer", place: Place = HERE) -> GrantView:
    return world.command(who, lambda call: grants.create(call, CreateGrant(role, world.uid(to), place=place)))


def listed(world: World, who: str = "admin", **query: object) -> list[GrantView]:
    return list(world.command(who, lambda call: grants.listed(call, ListGrants(**query), PageRequest())).items)  # type: ignore[arg-type]


@pytest.fixture
def vision(world: World) -> Place:
    return Place("namespace", world.command("maintainer", lambda call: namespaces.create(call, "vision", "")).uid)


@pytest.fixture
def net(world: World, vision: Place) -> Place:
    assert vision.level == "namespace"
    command = CreateAsset("model", "net", "vision")
    return Place("asset", world.command("maintainer", lambda call: assets.create(call, command)).uid)


def test_only_the_highest_role_gives_roles() -> None:
    # grants.create rests on this: who may give at a place holds everything there
    assert RULES[Permission.GRANT_WRITE].role is max(Role)


def test_a_grant_opens_its_place_and_its_end_shuts_it(world: World, net: Place) -> None:
    assert net.uid is not None
    uid = net.uid
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: assets.get(call, uid))
    made = give(world, "admin", "stranger", place=net)
    assert (made.level, made.scope, made.role, made.subject_name) == ("asset", "vision/net", "viewer", "stranger")
    assert made.granted_by == world.uid("admin")
    assert world.read("stranger", lambda call: assets.get(call, uid)).name == "net"
    assert world.command("admin", lambda call: grants.revoke(call, made.uid)).valid_to is not None
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: assets.get(call, uid))


def test_who_may_give_where(world: World, vision: Place, net: Place) -> None:
    def may(who: str, place: Place) -> bool:
        try:
            give(world, who, "viewer", place=place)
        except (Forbidden, NotFound):
            return False
        return True

    places = [SERVER, Place(), vision, net]
    for who, expected in {
        "root": [True, True, True, True],
        "admin": [False, True, True, True],
        "maintainer": [False, False, False, False],
        "contributor": [False, False, False, False],
        "stranger": [False, False, False, False],
    }.items():
        assert [may(who, place) for place in places] == expected, who
    give(world, "admin", "stranger", "admin", vision)
    assert [may("stranger", place) for place in places] == [False, False, True, True]
    with pytest.raises(Unauthenticated):
        world.command(None, lambda call: grants.create(call, CreateGrant("viewer", world.uid("viewer"))))


def test_an_asset_out_of_sight_does_not_exist(world: World, net: Place) -> None:
    with pytest.raises(NotFound):
        give(world, "stranger", "stranger", place=net)
    assert world.last is not None
    assert world.last.refusal is not None
    assert world.last.refusal.subject.uid == net.uid


def test_the_same_grant_twice_is_one(world: World, vision: Place, net: Place) -> None:
    for place in (SERVER, Place(), vision, net):
        first, second = (give(world, "root", "stranger", place=place) for _ in range(2))
        assert first == second
        assert world.last is not None
        assert world.last.records == []
    assert give(world, "root", "stranger", "maintainer").uid != give(world, "root", "stranger").uid


def test_a_past_grant_can_be_given_again(world: World) -> None:
    first = give(world, "admin", "stranger")
    world.command("admin", lambda call: grants.revoke(call, first.uid))
    assert give(world, "admin", "stranger").uid != first.uid


def test_two_at_once_make_one_grant(world: World) -> None:
    def work(tx: Transaction) -> object:
        return grants.create(world.call(tx, "admin"), CreateGrant("viewer", world.uid("stranger")))

    first, second = world.race(work, work)
    assert isinstance(first, GrantView)
    assert first == second


def test_two_admins_of_the_server_cannot_remove_each_other_at_once(world: World) -> None:
    mine = next(g for g in listed(world, "root", place=SERVER) if g.subject == world.uid("root"))
    give(world, "root", "stranger", "admin", SERVER)

    def disable(tx: Transaction) -> object:
        return principals.disable(world.call(tx, "root"), world.uid("stranger"))

    def revoke(tx: Transaction) -> object:
        return grants.revoke(world.call(tx, "stranger"), mine.uid)

    outcomes = world.race(disable, revoke)
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert len(world.command_tx(lambda tx: tx.grants.lock_server_admins())) == 1


def test_the_last_grant_over_the_server_stays(world: World) -> None:
    (mine,) = listed(world, "root", place=SERVER)
    with pytest.raises(Conflict):
        world.command("root", lambda call: grants.revoke(call, mine.uid))
    give(world, "root", "stranger", "viewer", SERVER)
    with pytest.raises(Conflict):
        world.command("root", lambda call: grants.revoke(call, mine.uid))
    give(world, "root", "admin", "admin", SERVER)
    world.command("root", lambda call: principals.disable(call, world.uid("admin")))
    with pytest.raises(Conflict):
        world.command("root", lambda call: grants.revoke(call, mine.uid))
    give(world, "root", "stranger", "admin", SERVER)
    world.command("root", lambda call: grants.revoke(call, mine.uid))
    admins = [g.subject_name for g in listed(world, "stranger", place=SERVER) if g.role == "admin"]
    assert admins == ["stranger", "admin"]


def test_only_admins_of_the_place_revoke(world: World, vision: Place, net: Place) -> None:
    for place in (Place(), vision, net):
        made = give(world, "admin", "stranger", place=place)
        with pytest.raises(Forbidden):
            world.command("maintainer", partial(grants.revoke, uid=made.uid))
        with pytest.raises(NotFound):
            world.command("contributor", partial(grants.revoke, uid=made.uid))
    server = give(world, "root", "stranger", place=SERVER)
    with pytest.raises(NotFound):
        world.command("admin", lambda call: grants.revoke(call, server.uid))


def test_grants_of_another_workspace_are_out_of_reach(world: World) -> None:
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    there = world.command("root", lambda call: grants.create(call, CreateGrant("viewer", world.uid("viewer"))), "other")
    for who in ("admin", "root"):
        with pytest.raises(NotFound):
            world.command(who, lambda call: grants.revoke(call, there.uid))
    assert there.uid not in {g.uid for g in listed(world)}


def test_a_capped_token_of_an_admin_gives_nothing(world: World) -> None:
    wanted = tokens.IssueToken(role_cap="maintainer", expires_at=world.clock.now_us() + DAY)
    token = world.command("admin", lambda call: tokens.issue(call, wanted)).token
    with pytest.raises(Forbidden):
        world.command(token, lambda call: grants.create(call, CreateGrant("viewer", world.uid("viewer"))))


def test_the_past_is_listed_as_it_was(world: World, vision: Place) -> None:
    before = world.clock.now_us()
    made = give(world, "admin", "stranger", place=vision)
    during = world.clock.now_us()
    world.command("admin", lambda call: grants.revoke(call, made.uid))
    after = world.clock.now_us()
    stranger = world.uid("stranger")
    seen = [[g.uid for g in listed(world, subject=stranger, at=at)] for at in (before, during, after, None)]
    assert seen == [[], [made.uid], [], []]


def test_lists_show_a_place_and_only_to_maintainers(world: World, vision: Place, net: Place) -> None:
    in_vision = give(world, "admin", "stranger", place=vision)
    on_net = give(world, "admin", "stranger", place=net)
    assert [g.uid for g in listed(world, place=vision)] == [in_vision.uid]
    assert [g.uid for g in listed(world, place=net)] == [on_net.uid]
    assert [g.uid for g in listed(world)][:2] == [on_net.uid, in_vision.uid]
    assert "server" not in {g.level for g in listed(world)}
    assert listed(world, "maintainer", place=net) == listed(world, place=net)
    with pytest.raises(Forbidden):
        listed(world, "contributor")
    with pytest.raises(Forbidden):
        listed(world, "admin", place=SERVER)


def test_lists_are_paged_and_a_token_fits_its_list_only(world: World) -> None:
    everything = [g.uid for g in listed(world)]
    walked: list[str] = []
    request = PageRequest(2)

    def page(call: Call) -> str | None:
        found = grants.listed(call, ListGrants(), request)
        walked.extend(g.uid for g in found.items)
        return found.next_page_token

    while (token := world.command("admin", page)) is not None:
        request = PageRequest(2, token)
    assert walked == everything
    assert len(walked) == 4
    other = ListGrants(subject=world.uid("viewer"))
    with pytest.raises(BadPageToken):
        world.command("admin", lambda call: grants.listed(call, other, request))


@pytest.mark.parametrize(
    "command",
    [
        CreateGrant("owner", "viewer"),
        CreateGrant("viewer", "anonymous"),
        CreateGrant("viewer", "x", "anonymous"),
        CreateGrant("viewer", "x", "group"),
        CreateGrant("viewer", "viewer", place=Place("planet")),
        CreateGrant("viewer", "viewer", place=Place("asset")),
        CreateGrant("viewer", "viewer", place=Place("server", "x")),
    ],
)
def test_ill_formed_grants_are_refused(world: World, command: CreateGrant) -> None:
    with pytest.raises(Invalid):
        world.command("root", lambda call: grants.create(call, command))


def test_the_root_namespace_takes_no_grant_of_its_own(world: World) -> None:
    root = world.read("admin", namespaces.root).uid
    with pytest.raises(Invalid):
        give(world, "admin", "viewer", place=Place("namespace", root))


def test_subjects_are_found_by_name_and_must_be_there(world: World) -> None:
    by_name = CreateGrant("contributor", "stranger")
    assert world.command("admin", lambda call: grants.create(call, by_name)).subject == world.uid("stranger")
    for missing in (
        CreateGrant("viewer", "noone"),
        CreateGrant("viewer", "system"),
        CreateGrant("viewer", "x", "team"),
    ):
        with pytest.raises(NotFound):
            world.command("admin", partial(grants.create, command=missing))
    world.command("admin", lambda call: principals.disable(call, world.uid("viewer")))
    with pytest.raises(Conflict):
        give(world, "admin", "viewer", "contributor")


def test_nobody_takes_the_name_of_anothers_uid(world: World) -> None:
    uid = world.uid("viewer")
    impostor = world.command("admin", lambda call: principals.create(call, CreatePrincipal("user", uid))).uid
    assert give(world, "admin", "viewer", "contributor").subject == uid != impostor


def test_records_name_uids_only(world: World) -> None:
    give(world, "admin", "stranger")
    assert world.last is not None
    (record,) = world.last.records
    assert world.uid("stranger").encode() in record.body
    assert b"stranger" not in record.body


def test_reading_grants_and_users_is_recorded(world: World) -> None:
    """ "every sensitive read (…; grants, audit and user lists: each) is a leaf of" the log."""
    query = grants.ListGrants(grants.Place())
    world.command("admin", lambda call: grants.listed(call, query, PageRequest()))
    world.command("admin", lambda call: principals.listed(call, PageRequest()))
    rows = world.read_tx(
        lambda tx: tx.audit.list(
            None, actor=world.uid("admin"), action=None, subject_uid=None, since=None, until=None, after=None, limit=2
        )
    )
    assert [(parse(row.body).action, parse(row.body).outcome) for row in rows] == [
        ("principal.list", "read"),
        ("grant.list", "read"),
    ]

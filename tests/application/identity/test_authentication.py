import pytest
from sqlalchemy import event

from strongroom.application.identity import authentication, grants, principals, teams, tokens
from strongroom.application.identity.authentication import REFUSED, authenticate
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.identity.tokens import IssueToken
from strongroom.application.identity.views import RoleView
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, namespaces, workspaces
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.domain.errors import Forbidden, NotFound, Unauthenticated
from strongroom.domain.identity import tokens as spelling
from strongroom.domain.identity.roles import Permission
from strongroom.domain.identity.tokens import RANDOM_BYTES, Token, mint
from tests.application.conftest import DAY, World


def issue(world: World, who: str, **wanted: str | None) -> Token:
    expires_at = world.clock.now_us() + 30 * DAY
    return world.command(who, lambda call: tokens.issue(call, IssueToken(**wanted, expires_at=expires_at))).token  # type: ignore[arg-type]


def refusal(world: World, token: Token) -> str:
    with pytest.raises(Unauthenticated) as caught:
        world.read(token, authentication.whoami)
    return caught.value.message


def test_a_token_stands_for_its_principal(world: World) -> None:
    seen = world.read("viewer", authentication.whoami)
    assert seen.principal is not None
    assert (seen.principal.name, seen.principal.home_workspace, seen.workspace) == ("viewer", "default", "default")
    assert seen.token_id == world.tokens["viewer"].id
    assert seen.token_expires_at is not None
    assert seen.roles == [RoleView("workspace", "default", "viewer")]


def test_nobody_is_anonymous_and_may_nothing(world: World) -> None:
    seen = world.read(None, authentication.whoami)
    assert (seen.principal, seen.token_id, seen.roles) == (None, None, [])
    with pytest.raises(Unauthenticated):
        world.read(None, lambda call: call.require(Permission.WORKSPACE_READ))


def test_every_reason_is_refused_with_the_same_words(world: World) -> None:
    unknown = mint(bytes(RANDOM_BYTES))
    forged = mint(b"\x01" * RANDOM_BYTES)
    known = issue(world, "viewer")
    body = next(other for n in range(256) if (other := mint(bytes([n]) * RANDOM_BYTES)).id != known.id)
    wrong_secret = _with_secret_of(body, known.id)
    expired, revoked, disabled = issue(world, "viewer"), issue(world, "admin"), world.tokens["stranger"]
    world.command("admin", lambda call: tokens.revoke(call, revoked.id))
    world.command("admin", lambda call: principals.disable(call, world.uid("stranger")))
    refused = [refusal(world, token) for token in (unknown, forged, wrong_secret, revoked, disabled)]
    world.clock.advance(30 * DAY)
    refused.append(refusal(world, expired))
    assert set(refused) == {REFUSED}


def test_a_disabled_principal_is_shut_out_whatever_became_of_its_tokens(world: World) -> None:
    viewer = world.principals["viewer"]
    world.command_tx(lambda tx: tx.principals.update(viewer, display_name="", disabled_at=tx.now()))
    assert refusal(world, world.tokens["viewer"]) == REFUSED


def _with_secret_of(other: Token, token_id: str) -> Token:
    """A well-formed token of that id with a secret that was never issued."""
    body = other.secret[:37]
    return Token(token_id, body + spelling._check(token_id, body))


def test_a_token_lives_until_just_before_its_end(world: World) -> None:
    token = issue(world, "viewer")
    world.clock.advance(30 * DAY - 60_000_000)
    assert world.read(token, authentication.whoami).token_id == token.id


def test_grants_of_teams_count_and_end_with_membership(world: World) -> None:
    uid = world.uid("stranger")
    team = world.command("admin", lambda call: teams.create(call, teams.CreateTeam("readers"))).uid
    world.command("admin", lambda call: grants.create(call, CreateGrant("viewer", "readers", "team")))
    assert world.read("stranger", authentication.whoami).roles == []
    world.command("admin", lambda call: teams.add_member(call, team, uid))
    assert world.read("stranger", authentication.whoami).roles == [RoleView("workspace", "default", "viewer")]
    world.command("admin", lambda call: teams.remove_member(call, team, uid))
    assert world.read("stranger", authentication.whoami).roles == []


def test_a_role_cap_limits_and_is_shown(world: World) -> None:
    token = issue(world, "maintainer", role_cap="viewer")
    assert world.read(token, authentication.whoami).roles == [RoleView("workspace", "default", "viewer")]
    with pytest.raises(Forbidden):
        world.command(token, lambda call: assets.create(call, CreateAsset("model", "m")))
    world.command("maintainer", lambda call: assets.create(call, CreateAsset("model", "m")))


def test_a_workspace_cap_shuts_every_other_workspace_and_the_server(world: World) -> None:
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace("other")))
    token = issue(world, "root", workspace="default")
    assert world.read(token, authentication.whoami).roles == [RoleView("server", "", "admin")]
    assert world.read(token, authentication.whoami, workspace="other").roles == []
    for refused in (
        lambda call: workspaces.create(call, CreateWorkspace("third")),
        lambda call: principals.create(call, principals.CreatePrincipal("user", "eve")),
    ):
        with pytest.raises(Forbidden):
            world.command(token, refused, workspace="other")


def test_whoami_names_namespaces_and_assets(world: World) -> None:
    uid = world.uid("stranger")
    space = world.command("maintainer", lambda call: namespaces.create(call, "vision", "")).uid
    asset = world.command("maintainer", lambda call: assets.create(call, CreateAsset("model", "net", "vision"))).uid
    world.command(
        "admin", lambda call: grants.create(call, CreateGrant("contributor", uid, place=Place("namespace", space)))
    )
    world.command(
        "admin", lambda call: grants.create(call, CreateGrant("maintainer", uid, place=Place("asset", asset)))
    )
    assert world.read("stranger", authentication.whoami).roles == [
        RoleView("namespace", "vision", "contributor"),
        RoleView("asset", "vision/net", "maintainer"),
    ]


def test_a_namespace_made_again_inherits_no_grant(world: World) -> None:
    uid = world.uid("stranger")
    space = world.command("maintainer", lambda call: namespaces.create(call, "vision", "")).uid
    world.command(
        "admin", lambda call: grants.create(call, CreateGrant("viewer", uid, place=Place("namespace", space)))
    )
    world.command("admin", lambda call: namespaces.delete(call, space))
    again = world.command("maintainer", lambda call: namespaces.create(call, "vision", "")).uid
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: namespaces.get(call, again))
    place = Place("namespace", again)
    assert world.command("admin", lambda call: grants.listed(call, grants.ListGrants(place), PageRequest())).items == []


def test_authentication_takes_one_query_while_nothing_changes(world: World) -> None:
    def queries() -> int:
        statements: list[str] = []

        def count(tx: object) -> None:
            connection = tx.connection  # type: ignore[attr-defined]
            listen = ("before_cursor_execute", lambda _c, _cur, statement, *_: statements.append(statement))
            event.listen(connection, *listen)
            authenticate(tx, world.tokens["viewer"])  # type: ignore[arg-type]
            event.remove(connection, *listen)

        world.read_tx(count)
        return len(statements)

    assert queries() == 5, "whether the triggers are there (once), the mark, token and holder, grants, the mark again"
    assert queries() == 1
    issue(world, "admin")
    assert [queries(), queries()] == [4, 1]

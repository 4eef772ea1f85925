"""Who may do what through HTTP: every operation of the route table, every kind of caller."""

import json
from typing import Any

import pytest

from strongroom.dialects.native.operation import Mode, Operation
from strongroom.dialects.native.routes import OPERATIONS
from strongroom.domain.identity.roles import RULES, Level, Permission
from tests.support.api import Answer, InProcess
from tests.support.api_world import BY_ID, ENDLESS, WRITING, World, in_days
from tests.support.plausible import Asked

CALLERS = ("stranger", "viewer", "contributor", "maintainer", "admin", "root")
NOBODY = "00000000-0000-4000-8000-000000000000"

#: Operations whose plausible request needs more than the declared right gives: the least caller that may.
NEEDS_MORE = {
    "principal.update": "admin",  # another's name, not one's own
    "token.get": "admin",  # a token of somebody else
    "token.revoke": "admin",
    "folder.list": "viewer",
    "audit.export": "root",  # the log of all workspaces
    "audit.follow": "root",
    "audit.state": "root",
    "password.reset": "root",
    "comment.update": "root",  # its author
    "comment.delete": "maintainer",  # of somebody else
    "discussion.update": "maintainer",
    "automation.update": "maintainer",  # to stop it; its owner alone may do more
    "automation.runs": "admin",  # of somebody else's
    "approval.withdraw": "maintainer",  # of somebody else
    "approval.take_back": "root",  # who said it
    "waiver.revoke": "admin",  # of somebody else
    "access_request.create": "viewer",  # of what one may see
    "access_request.own": "viewer",
    "watch.get": "viewer",  # what one may read
    "watch.set": "viewer",
    "watch.remove": "viewer",
}
#: What a password or a code proves; a token alone gets nowhere.
BY_PASSWORD = {"setup.complete", "login.create", "password.change"}
#: One's own things, which belong to the world's maker: for others they do not exist.
OWN = {operation.id for operation in OPERATIONS if operation.path.startswith("/uploads/")}

each = pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if o.id not in ENDLESS], ids=lambda operation: operation.id
)
by_uid = pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if "{uid}" in o.path], ids=lambda operation: operation.id
)
writing = pytest.mark.parametrize("operation", WRITING, ids=lambda operation: operation.id)


def least_caller(operation: Operation) -> str:
    """The least of `CALLERS` that may run the operation, by the table of rights."""
    if operation.id in NEEDS_MORE:
        return NEEDS_MORE[operation.id]
    if operation.permission in (Permission.PUBLIC, Permission.SELF):
        return "stranger"
    rule = RULES[operation.permission]
    return "root" if rule.level is Level.SERVER else rule.role.name.lower()


def said(answer: Answer) -> tuple[int, Any]:
    """An answer without what differs from request to request."""
    body = answer.json() if answer.body else None
    if isinstance(body, dict):
        body.pop("request_id", None)
    return answer.status, body


def records_of(world: World, who: str) -> dict[str, Any]:
    """The newest records that `who` caused, by uid."""
    uid = world.api.request(who, "GET", "/api/v1/whoami").json()["principal"]["uid"]
    found = world.do("audit.list", query={"actor": uid, "page_size": 1000})["items"]
    return {record["uid"]: record for record in found}


@each
def test_each_caller_may_do_what_the_table_says_and_nothing_else(operation: Operation, world: World) -> None:
    """ "everything denied by default": nobody without a token, and no role below the declared one, gets an answer."""
    asked = world.plausible(operation.id)
    anonymous = world.ask(None, operation.id, asked)
    if operation.id == "whoami.get":
        assert anonymous.json()["principal"] is None
        return
    assert anonymous.status == 401, anonymous
    if operation.id in BY_PASSWORD:
        return
    least = "root" if operation.id in OWN else least_caller(operation)
    for who in CALLERS[: CALLERS.index(least)]:
        answer = world.ask(who, operation.id, asked)
        if who == "stranger" and answer.status == 200 and operation.mode is Mode.READ:
            assert answer.json()["items"] == []
            continue
        if who == "stranger" and operation.id == "event.list":  # a flow, because it may wait
            assert answer.json()["events"] == []
            continue
        assert answer.status in {403, 404}, (who, answer)
    answer = world.ask(least, operation.id, asked)
    assert answer.status == (204 if operation.answer is None and not operation.raw_answer else operation.status), answer


@writing
def test_a_viewer_changes_nothing(operation: Operation, world: World) -> None:
    """ "everything denied by default": of all that a viewer tries to write, only refusals are left in the log."""
    if operation.permission in (Permission.PUBLIC, Permission.SELF) and operation.id not in OWN:
        return
    asked = world.plausible(operation.id)
    before = records_of(world, "viewer")
    answer = world.ask("viewer", operation.id, asked)
    assert answer.status in {403, 404}, answer
    new = [record for uid, record in records_of(world, "viewer").items() if uid not in before]
    assert {record["outcome"] for record in new} <= {"refused"}


@each
def test_a_refusal_to_a_known_principal_is_one_record(operation: Operation, world: World) -> None:
    """ "Every command, every refusal to a known principal and every sensitive read ... is a leaf"."""
    asked = world.plausible(operation.id)
    for who in ("stranger", "viewer", "contributor"):
        before = records_of(world, who)
        answer = world.ask(who, operation.id, asked)
        new = [record for uid, record in records_of(world, who).items() if uid not in before]
        if answer.status == 403 or (answer.status == 404 and operation.id not in OWN):
            assert [record["outcome"] for record in new] == ["refused"], (who, answer, new)
            assert new[0]["request_id"] == answer.headers["x-request-id"]
        elif answer.status >= 400:
            assert new == []


@by_uid
def test_what_a_caller_may_not_see_answers_as_what_is_not_there(operation: Operation, world: World) -> None:
    """ "neither answers nor timing tell": a hidden object answers byte for byte as a uid that nothing has."""
    asked = world.plausible(operation.id)
    nothing = Asked({**asked.path, "uid": NOBODY}, asked.query, asked.json, asked.body, asked.headers)
    for who in (None, "stranger"):
        assert said(world.ask(who, operation.id, asked)) == said(world.ask(who, operation.id, nothing)), who


@pytest.mark.parametrize("who", ["stranger", "viewer", "maintainer"])
def test_a_private_asset_does_not_exist_for_others(who: str, world: World) -> None:
    """ "assets private, visible to the workspace, or public ...; everything denied by default"."""
    private, version = world.private, world.publish(world.private["uid"])
    for operation in OPERATIONS:
        asked = world.plausible(operation.id)
        for hidden in (private["uid"], version["uid"]):
            if asked.path.get("uid") is None:
                continue
            kind = {"kind": "version"} if operation.id == "lineage.walk" else {}
            aimed = Asked({**asked.path, "uid": hidden, **kind}, asked.query, asked.json, asked.body)
            absent = Asked({**asked.path, "uid": NOBODY, **kind}, asked.query, asked.json, asked.body)
            answer = world.ask(who, operation.id, aimed)
            assert answer.status >= 400, (operation.id, answer)
            assert said(answer) == said(world.ask(who, operation.id, absent)), operation.id


@pytest.mark.parametrize("who", ["stranger", "viewer", "maintainer"])
def test_no_list_shows_a_private_asset(who: str, world: World) -> None:
    """ "every list, count and facet filtered"."""
    version = world.publish(world.private["uid"])
    hidden = {world.private["uid"], world.private["name"], version["uid"]}
    for operation in OPERATIONS:
        if operation in WRITING or operation.raw_answer:
            continue
        text = json.dumps(said(world.ask(who, operation.id, world.plausible(operation.id))))
        assert not [name for name in hidden if name in text], operation.id


@by_uid
def test_a_uid_of_one_workspace_is_not_found_in_another(operation: Operation, world: World) -> None:
    """ "Workspaces": tenants; what is in one is not there for a request in another, whoever asks."""
    other = World(world.api, workspace=world.do("workspace.create", {"slug": world.new("other")})["slug"])
    answer = world.ask("root", operation.id, world.plausible(operation.id), workspace=other.workspace)
    if operation.path.startswith("/principals/") or operation.id in {"team.add_member", "team.remove_member"}:
        assert answer.status in {200, 204, 403, 404}  # principals are the server's; teams below are the workspace's
        return
    assert answer.status == 404, answer


def test_a_workspace_that_one_may_not_enter_does_not_exist(world: World) -> None:
    """ "everything denied by default": its name answers as a name that nothing has."""
    slug = world.do("workspace.create", {"slug": world.new("closed")})["slug"]
    for operation in OPERATIONS:
        if operation.permission is Permission.PUBLIC:
            continue
        asked = world.plausible(operation.id)
        closed = world.ask("admin", operation.id, asked, workspace=slug)
        nowhere = world.ask("admin", operation.id, asked, workspace="no-such-place")
        assert closed.status == 404, (operation.id, closed)
        assert said(closed) == said(nowhere)


@writing
def test_a_token_capped_at_viewer_writes_nothing(operation: Operation, world: World) -> None:
    """ "one token ... scoped": an admin's token that may use no more than the viewer's role."""
    if operation.permission in (Permission.PUBLIC, Permission.SELF):
        return
    capped = capped_token(world, role_cap="viewer")
    assert world.ask(capped, operation.id, world.plausible(operation.id)).status in {403, 404}


def capped_token(world: World, **caps: str) -> str:
    return str(world.do("token.issue", {"expires_at": in_days(1), **caps})["token"])


def test_a_token_of_one_workspace_enters_no_other(world: World) -> None:
    """ "one token ... scoped": bound to a workspace it finds nothing elsewhere, and cannot free itself."""
    other = World(world.api, workspace=world.do("workspace.create", {"slug": world.new("other")})["slug"])
    bound = capped_token(world, workspace="default")
    assert world.ask(bound, "asset.get", world.plausible("asset.get")).status == 200
    assert other.ask(bound, "asset.get", other.plausible("asset.get")).status == 404
    assert [w["slug"] for w in world.ask(bound, "workspace.list", Asked({}, {})).json()["items"]] == ["default"]
    assert world.ask(bound, "workspace.create", Asked({}, {}, {"slug": world.new("x")})).status == 403
    freeing = world.plausible("token.issue")
    wider = Asked({}, {}, {**freeing.json, "workspace": other.workspace})
    assert world.ask(bound, "token.issue", wider).status in {403, 404}


def test_a_capped_token_cannot_issue_a_wider_one(world: World) -> None:
    """ "one token ... scoped": what a token may not do, no token that it issues may."""
    capped = capped_token(world, role_cap="viewer")
    wider = {**world.plausible("token.issue").json, "role_cap": "admin"}
    assert world.ask(capped, "token.issue", Asked({}, {}, wider)).status == 403
    same = world.ask(capped, "token.issue", world.plausible("token.issue"))
    assert same.json()["details"]["role_cap"] == "viewer"


def test_a_revoked_token_ends_at_once(world: World) -> None:
    """ "revoked everywhere within seconds"."""
    token = capped_token(world)
    assert world.ask(token, "asset.list", Asked({}, {})).status == 200
    world.do("token.revoke", id=token.split("_")[1])
    assert world.ask(token, "asset.list", Asked({}, {})).status == 401


@pytest.mark.parametrize(
    "credential",
    [
        "Bearer x",
        "Bearer ",
        "Basic !!!",
        "Bearer sr_SR000000000000000000_x",
        "Negotiate abc",
        "\xff",
        "Bearer " + "a" * 9000,
    ],
    ids=ascii,
)
def test_a_credential_that_is_none_is_refused_even_where_nobody_needs_one(api: InProcess, credential: str) -> None:
    """ "everything denied by default": garbage is never taken for an anonymous request."""
    answer = api.request(None, "GET", "/api/v1/whoami", headers=[("Authorization", credential)])
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_the_table_of_operations_is_walked_whole() -> None:
    assert {operation.id for operation in OPERATIONS} == set(BY_ID)
    assert BY_PASSWORD | set(NEEDS_MORE) | OWN <= set(BY_ID)

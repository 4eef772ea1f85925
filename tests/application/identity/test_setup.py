import asyncio
from functools import partial

import pytest

from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.call import Call
from strongroom.application.identity import setup, tokens
from strongroom.application.identity.authentication import authenticate
from strongroom.application.identity.setup import FirstAdmin
from strongroom.application.paging import PageRequest, PageSealer
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import workspaces
from strongroom.domain.audit import record
from strongroom.domain.errors import BadName, Conflict, NotFound, Unauthenticated
from strongroom.domain.identity.access import Target
from strongroom.domain.identity.roles import Permission
from tests.application.conftest import World

Executor = SqliteExecutor | PostgresExecutor
HASH = "$argon2id$made-outside"


@pytest.fixture
def code(executor: Executor) -> str:
    made = asyncio.run(executor.command(setup.prepare))
    assert made is not None
    return made


def complete(tx: Transaction, code: str, name: str = "first") -> FirstAdmin:
    return setup.complete(tx, code, name, HASH)


def test_the_code_makes_the_first_admin_of_the_server(executor: Executor, code: str) -> None:
    first = asyncio.run(executor.command(lambda tx: complete(tx, code)))
    assert (first.principal.name, first.principal.kind, first.principal.home_workspace) == ("first", "user", "default")

    def look(tx: Transaction) -> tuple[bool, str | None]:
        caller = authenticate(tx, first.issued.token)
        assert caller.principal is not None
        return caller.access.allows(Permission.SERVER_SETTINGS, Target()), tx.principals.password_hash(
            caller.principal.id
        )

    assert asyncio.run(executor.read(look)) == (True, HASH)


def test_a_code_works_once(executor: Executor, code: str) -> None:
    asyncio.run(executor.command(lambda tx: complete(tx, code)))
    for work in (partial(complete, name="second"), setup.check):
        with pytest.raises(Unauthenticated):
            asyncio.run(executor.command(partial(work, code=code)))
    assert asyncio.run(executor.command(setup.prepare)) is None


def test_of_two_that_race_with_one_code_one_gets_it(executor: Executor, code: str) -> None:
    async def together() -> list[object]:
        works = [executor.command(partial(complete, code=code, name=name)) for name in ("left", "right")]
        return list(await asyncio.gather(*works, return_exceptions=True))

    # the workspace is there before, so that the race is about the code alone
    asyncio.run(executor.command(setup.ensure_default_workspace))
    outcomes = asyncio.run(together())
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["FirstAdmin", "Unauthenticated"]


def test_a_wrong_code_and_an_older_one_do_nothing(executor: Executor, code: str) -> None:
    newer = asyncio.run(executor.command(setup.prepare))
    assert newer is not None
    for wrong in (code, "", "\ud800", newer[:-1]):
        with pytest.raises(Unauthenticated):
            asyncio.run(executor.command(partial(complete, code=wrong)))
    asyncio.run(executor.command(lambda tx: complete(tx, newer)))


def test_a_refused_name_does_not_use_the_code_up(executor: Executor, code: str) -> None:
    with pytest.raises(BadName):
        asyncio.run(executor.command(lambda tx: complete(tx, code, "api")))
    asyncio.run(executor.command(lambda tx: complete(tx, code)))


def test_a_user_made_meanwhile_voids_the_code(executor: Executor, code: str) -> None:
    def beside(tx: Transaction) -> None:
        workspace = setup.ensure_default_workspace(tx)
        setup.ensure_principal_with_token(tx, "ops", "admin", workspace.slug, server=True)

    asyncio.run(executor.command(beside))
    with pytest.raises(Unauthenticated):
        asyncio.run(executor.command(lambda tx: complete(tx, code)))


def test_a_service_account_leaves_the_set_up_open(executor: Executor) -> None:
    def beside(tx: Transaction) -> str | None:
        workspace = setup.ensure_default_workspace(tx)
        setup.ensure_principal_with_token(tx, "bot", None, workspace.slug, kind="service")
        return setup.prepare(tx)

    assert asyncio.run(executor.command(beside)) is not None


def test_the_system_is_the_actor_and_no_secret_is_recorded(executor: Executor, code: str) -> None:
    first = asyncio.run(executor.command(lambda tx: complete(tx, code)))

    def bodies(tx: Transaction) -> list[bytes]:
        everything = tx.audit.list(
            None, actor=None, action=None, subject_uid=None, since=None, until=None, after=None, limit=100
        )
        return [stored.body for stored in everything]

    found = asyncio.run(executor.read(bodies))
    parsed = [record.parse(body) for body in found]
    assert {one.actor for one in parsed} == {"system"}
    actions = {"workspace.create", "principal.create", "grant.create", "token.issue"}
    assert {one.action for one in parsed} == actions
    for secret in (code, first.issued.token.secret, HASH, "first"):
        assert not any(secret.encode() in body for body in found)


def test_the_default_workspace_is_made_once(executor: Executor) -> None:
    first = asyncio.run(executor.command(setup.ensure_default_workspace))
    assert asyncio.run(executor.command(setup.ensure_default_workspace)) == first


def test_a_principal_from_the_command_line_is_made_once_and_gets_a_new_token(world: World) -> None:
    def again(tx: Transaction) -> str:
        return setup.ensure_principal_with_token(tx, "viewer", "viewer", "default").id

    assert world.command_tx(again) != world.tokens["viewer"].id
    page = world.read("viewer", lambda call: tokens.listed(call, None, PageRequest()))
    assert len(page.items) == 2


def test_a_principal_without_role_holds_nothing(world: World) -> None:
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: workspaces.get(call, "default"))


def test_the_command_line_refuses_what_is_not_there(world: World) -> None:
    with pytest.raises(NotFound):
        world.command_tx(lambda tx: setup.ensure_principal_with_token(tx, "x", None, "nowhere"))
    with pytest.raises(Conflict):
        world.command_tx(lambda tx: setup.ensure_principal_with_token(tx, "viewer", None, "default", kind="service"))


def test_settings_are_put_read_and_taken(world: World) -> None:
    world.command_tx(lambda tx: tx.settings.put("key", "one"))
    world.command_tx(lambda tx: tx.settings.put("key", "two"))
    assert world.read_tx(lambda tx: tx.settings.get("key")) == "two"
    assert world.command_tx(lambda tx: tx.settings.take("key")) == "two"
    assert world.command_tx(lambda tx: tx.settings.take("key")) is None
    assert world.read_tx(lambda tx: tx.settings.get("key")) is None


def test_the_system_can_act_in_any_workspace(world: World) -> None:
    def work(tx: Transaction) -> bool:
        call: Call = setup.as_system(tx, world.workspace)
        return call.allows(Permission.SERVER_BACKUP, Target()) and isinstance(call.sealer, PageSealer)

    assert world.command_tx(work)

from functools import partial

import argon2
import pytest

from strongroom.adapters.identity.passwords import Passwords
from strongroom.application.identity import authentication, login, principals
from strongroom.application.identity.login import REFUSED, Attempt
from strongroom.application.identity.principals import CreatePrincipal
from strongroom.application.identity.tokens import IssuedToken, IssueToken, issue
from strongroom.application.ports.identity import PasswordHasher
from strongroom.domain.errors import Forbidden, Invalid, NotFound, Unauthenticated
from tests.application.conftest import DAY, World

PASSWORD = "correct horse battery"
NEW = "another horse battery"


@pytest.fixture(scope="module")
def passwords() -> PasswordHasher:
    """Argon2 at its lowest cost."""
    return Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def person(world: World, passwords: PasswordHasher) -> str:
    """The uid of a user with a password."""
    command = CreatePrincipal("user", "person", password_hash=passwords.hash(PASSWORD))
    return world.command("admin", lambda call: principals.create(call, command)).uid


def log_in(world: World, passwords: PasswordHasher, name: str, password: str) -> IssuedToken:
    attempt = world.read_tx(lambda tx: login.begin(tx, name))
    verified = passwords.verify(attempt.stored, password)
    return world.command_tx(lambda tx: login.finish(tx, attempt, verified=verified))


@pytest.mark.usefixtures("person")
def test_the_right_password_gives_a_token_for_half_a_day(world: World, passwords: PasswordHasher) -> None:
    issued = log_in(world, passwords, "person", PASSWORD)
    seen = world.read(issued.token, authentication.whoami)
    assert seen.principal is not None
    assert seen.principal.name == "person"
    world.clock.advance(DAY // 2)
    with pytest.raises(Unauthenticated):
        world.read(issued.token, authentication.whoami)


def test_every_failure_has_the_same_words(world: World, passwords: PasswordHasher, person: str) -> None:
    def refused(name: str, password: str = PASSWORD) -> str:
        with pytest.raises(Unauthenticated) as caught:
            log_in(world, passwords, name, password)
        return caught.value.message

    words = [refused("person", NEW), refused("nobody"), refused("viewer"), refused("system"), refused("a\x00b")]
    words += [refused("\ud800"), refused("x" * 1000), refused("")]
    world.command("admin", lambda call: principals.disable(call, person))
    words.append(refused("person"))
    assert set(words) == {REFUSED}


def test_an_unknown_name_looks_like_a_name_without_password(world: World) -> None:
    unknown = world.read_tx(lambda tx: login.begin(tx, "nobody"))
    assert unknown == Attempt(None, None)
    assert world.read_tx(lambda tx: login.begin(tx, "viewer")).stored is None


@pytest.mark.usefixtures("person")
def test_an_attempt_needs_its_password_verified(world: World) -> None:
    attempt = world.read_tx(lambda tx: login.begin(tx, "person"))
    with pytest.raises(Unauthenticated):
        world.command_tx(lambda tx: login.finish(tx, attempt, verified=False))
    for forged in (Attempt(None, None), Attempt(attempt.principal_id, None)):
        with pytest.raises(Unauthenticated):
            world.command_tx(partial(login.finish, attempt=forged, verified=True))


def test_a_password_changed_or_an_account_disabled_meanwhile_counts(
    world: World, passwords: PasswordHasher, person: str
) -> None:
    before = world.read_tx(lambda tx: login.begin(tx, "person"))
    new_hash = passwords.hash(NEW)
    world.command("root", lambda call: login.reset_password(call, person, new_hash))
    with pytest.raises(Unauthenticated):
        world.command_tx(lambda tx: login.finish(tx, before, verified=True))
    again = world.read_tx(lambda tx: login.begin(tx, "person"))
    world.command("admin", lambda call: principals.disable(call, person))
    with pytest.raises(Unauthenticated):
        world.command_tx(lambda tx: login.finish(tx, again, verified=True))


@pytest.mark.usefixtures("person")
def test_a_log_in_renews_a_hash_of_old_costs(world: World, passwords: PasswordHasher) -> None:
    attempt = world.read_tx(lambda tx: login.begin(tx, "person"))
    rehashed = passwords.hash(PASSWORD)
    world.command_tx(lambda tx: login.finish(tx, attempt, verified=True, rehashed=rehashed))
    assert world.read_tx(lambda tx: login.begin(tx, "person")).stored == rehashed


@pytest.mark.usefixtures("person")
def test_one_changes_the_own_password_by_proving_the_old_one(world: World, passwords: PasswordHasher) -> None:
    token = log_in(world, passwords, "person", PASSWORD).token
    attempt = world.read_tx(lambda tx: login.begin(tx, "person"))
    new_hash = passwords.hash(NEW)

    def change(verified: bool) -> None:
        world.command(token, lambda call: login.change_password(call, attempt, verified=verified, new_hash=new_hash))

    with pytest.raises(Unauthenticated):
        change(verified=False)
    change(verified=True)
    log_in(world, passwords, "person", NEW)
    with pytest.raises(Unauthenticated):
        log_in(world, passwords, "person", PASSWORD)


@pytest.mark.usefixtures("person")
def test_neither_another_nor_a_limited_token_changes_it(world: World, passwords: PasswordHasher) -> None:
    attempt = world.read_tx(lambda tx: login.begin(tx, "person"))
    token = log_in(world, passwords, "person", PASSWORD).token
    wanted = IssueToken(role_cap="viewer", expires_at=world.clock.now_us() + DAY)
    limited = world.command(token, lambda call: issue(call, wanted)).token
    for who, refused in ((limited, Forbidden), ("root", Unauthenticated), (None, Unauthenticated)):
        with pytest.raises(refused):
            world.command(who, lambda call: login.change_password(call, attempt, verified=True, new_hash="x"))


def test_a_reset_is_for_admins_of_the_server_and_ends_all_tokens(
    world: World, passwords: PasswordHasher, person: str
) -> None:
    token = log_in(world, passwords, "person", PASSWORD).token
    new_hash = passwords.hash(NEW)
    for who in ("admin", "maintainer", "stranger"):
        with pytest.raises((Forbidden, NotFound)):
            world.command(who, lambda call: login.reset_password(call, person, new_hash))
    world.command("root", lambda call: login.reset_password(call, person, new_hash))
    with pytest.raises(Unauthenticated):
        world.read(token, authentication.whoami)
    log_in(world, passwords, "person", NEW)


def test_service_accounts_have_no_password(world: World, passwords: PasswordHasher) -> None:
    hashed = passwords.hash(PASSWORD)
    command = CreatePrincipal("service", "bot", password_hash=hashed)
    with pytest.raises(Invalid):
        world.command("admin", lambda call: principals.create(call, command))
    uid = world.command("admin", lambda call: principals.create(call, CreatePrincipal("service", "bot"))).uid
    with pytest.raises(Invalid):
        world.command("root", lambda call: login.reset_password(call, uid, hashed))
    assert world.read_tx(lambda tx: login.begin(tx, "bot")) == Attempt(None, None)

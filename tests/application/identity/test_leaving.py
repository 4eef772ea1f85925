"""Issue 6, must be shown: "a removed team member loses access within 60 s, a re-created user inherits nothing", "a dev
token cannot touch prod through any door", "failure of the audit writer fails the mutation"."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from strongroom.adapters.sql.engine import is_sqlite, postgres_engine, sqlite_engine
from strongroom.adapters.sql.group_commit import SqliteExecutor
from strongroom.adapters.sql.pooled import PostgresExecutor
from strongroom.application.call import Call
from strongroom.application.delivery import environments, placing, watching
from strongroom.application.delivery.environments import UpdateEnvironment
from strongroom.application.delivery.placing import Promote
from strongroom.application.identity import grants, principals, setup, teams, tokens
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.identity.principals import CreatePrincipal
from strongroom.application.identity.teams import CreateTeam
from strongroom.application.identity.tokens import IssueToken
from strongroom.application.registry import aliases, assets, stages
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.views import AssetView
from strongroom.domain.delivery.model import Environment
from strongroom.domain.errors import AlreadyExists, Forbidden, NotFound
from tests.application.conftest import MovableClock, World
from tests.application.delivery.conftest import LINE, Delivery, delivery  # noqa: F401 - a fixture
from tests.application.registry.conftest import model, publish  # noqa: F401 - fixtures


@contextmanager
def another_process(world: World, database: str, clock: MovableClock) -> Iterator[World]:
    """The same world as a second server sees it, with what that remembers of who may do what."""
    executor = (
        SqliteExecutor(database, clock) if is_sqlite(database) else PostgresExecutor(database, clock, connections=2)
    )
    yield World(executor, clock, world.workspace, world.principals, world.tokens)
    executor.close()


def test_a_removed_member_has_lost_access_with_the_next_request_everywhere(
    world: World, database: str, clock: MovableClock
) -> None:
    """ "a removed team member loses access within 60 s": at once, in a process that remembers the grants too."""
    asset = world.command("admin", lambda call: assets.create(call, CreateAsset("model", "net", "vision")))
    red = world.command("admin", lambda call: teams.create(call, CreateTeam("red"))).uid
    given = CreateGrant("viewer", red, "team", Place("asset", asset.uid))
    world.command("admin", lambda call: grants.create(call, given))
    world.command("admin", lambda call: teams.add_member(call, red, world.uid("stranger")))
    with another_process(world, database, clock) as other:
        for _ in range(2):  # the second time out of what is remembered
            assert other.read("stranger", lambda call: assets.get(call, asset.uid)).uid == asset.uid
        world.command("admin", lambda call: teams.remove_member(call, red, world.uid("stranger")))
        with pytest.raises(NotFound):
            other.read("stranger", lambda call: assets.get(call, asset.uid))


def test_what_bears_an_old_name_inherits_nothing(world: World) -> None:
    """ "a re-created user inherits nothing": no user is ever made again under a name; teams are others."""
    asset = world.command("admin", lambda call: assets.create(call, CreateAsset("model", "net", "vision")))
    red = world.command("admin", lambda call: teams.create(call, CreateTeam("red"))).uid
    given = CreateGrant("viewer", red, "team", Place("asset", asset.uid))
    world.command("admin", lambda call: grants.create(call, given))
    world.command("admin", lambda call: teams.delete(call, red))
    again = world.command("admin", lambda call: teams.create(call, CreateTeam("red"))).uid
    world.command("admin", lambda call: teams.add_member(call, again, world.uid("stranger")))
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: assets.get(call, asset.uid))
    world.command("admin", lambda call: principals.disable(call, world.uid("viewer")))
    with pytest.raises(AlreadyExists):
        world.command("admin", lambda call: principals.add(call, CreatePrincipal("user", "viewer")))


def test_a_token_for_dev_cannot_touch_prod(world: World, delivery: Delivery) -> None:  # noqa: F811 - a fixture
    """ "a dev token cannot touch prod through any door"."""
    for name in ("dev", "staging", "prod"):
        delivery.free(name)
        delivery.promote(1, name)
    delivery.promote(2, "prod")
    uids = {one.name: one.uid for one in world.read("admin", environments.listed)}
    world.tokens["dev"] = world.command_tx(
        lambda tx: setup.ensure_principal_with_token(tx, "dev", "contributor", world.workspace.slug, kind="service")
    )
    given = CreateGrant("maintainer", "dev", place=Place("environment", uids["dev"]))
    world.command("admin", lambda call: grants.create(call, given))
    release = delivery.releases[2].uid
    doors: dict[str, Callable[[Call, str], object]] = {
        "promote": lambda call, at: placing.promote(call, at, Promote(release)),
        "canary": lambda call, at: placing.promote(call, at, Promote(release, "canary", 10)),
        "freeze": lambda call, at: placing.promote(call, at, Promote(release, note="n", despite_freeze=True)),
        "rollback": lambda call, at: placing.rollback(call, at, LINE),
        "demote": lambda call, at: placing.demote(call, at, LINE),
        "register": lambda call, at: watching.register(call, at, LINE, "pod"),
        "update": lambda call, at: environments.update(call, at, UpdateEnvironment(restricted=False), None),
        "delete": lambda call, at: environments.delete(call, at, None),
        "grant": lambda call, at: grants.create(
            call, CreateGrant("admin", "dev", place=Place("environment", uids[at]))
        ),
        "wider": lambda call, _: grants.create(call, CreateGrant("admin", "dev")),
    }
    before = world.read("admin", lambda call: [one.release.uid for one in placing.shown(call, _of(call, "prod"), LINE)])
    for door, through in doors.items():
        with pytest.raises((Forbidden, NotFound)):
            world.command("dev", lambda call, through=through: through(call, "prod"))  # type: ignore[misc]
        assert world.last is not None, door
    wider = world.command("dev", lambda call: tokens.issue(call, IssueToken())).token
    with pytest.raises((Forbidden, NotFound)):
        world.command(wider, lambda call: placing.promote(call, "prod", Promote(release)))
    now = world.read("admin", lambda call: [one.release.uid for one in placing.shown(call, _of(call, "prod"), LINE)])
    assert now == before
    assert world.command("dev", lambda call: placing.promote(call, "dev", Promote(release))), "it is good for dev"


def _of(call: Call, name: str) -> Environment:
    return next(one for one in environments.visible(call) if one.name == name)


REFUSE = {
    "sqlite": ["CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the log is full'); END"],
    "postgresql": [
        "CREATE FUNCTION no_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the log is full'; END $$",
        "CREATE TRIGGER no_audit BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION no_audit()",
    ],
}


def test_what_cannot_be_recorded_is_not_done(world: World, model: AssetView, delivery: Delivery, database: str) -> None:  # noqa: F811 - fixtures
    """ "failure of the audit writer fails the mutation": of aliases, stages, releases, roles and teams."""
    version = delivery.versions[0].uid
    engine = sqlite_engine(database, write=True) if is_sqlite(database) else postgres_engine(database, pool_size=1)
    tables = ("alias", "stage", "role_grant", "team", "delivery_placement", "token", "asset", "outbox")

    def rows() -> list[int]:
        with engine.begin() as connection:
            return [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables]  # noqa: S608 - names of ours

    commands: list[Callable[[Call], object]] = [
        lambda call: aliases.change(call, model.uid, [ChangeAlias("champion", version)]),
        lambda call: stages.place(call, version, "staging", "", move_others=False, etag=None),
        lambda call: grants.create(call, CreateGrant("viewer", world.uid("stranger"))),
        lambda call: teams.create(call, CreateTeam("red")),
        lambda call: placing.promote(call, "dev", Promote(delivery.releases[0].uid)),
        lambda call: tokens.issue(call, IssueToken(expires_at=call.now + 3_600_000_000)),
        lambda call: assets.create(call, CreateAsset("model", "another")),
    ]
    with engine.begin() as connection:
        for statement in REFUSE["sqlite" if is_sqlite(database) else "postgresql"]:
            connection.execute(text(statement))
    before = rows()
    for command in commands:
        with pytest.raises(Exception, match=r"the log is full|Another request"):
            world.command("admin", command)
        assert rows() == before
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER no_audit" + ("" if is_sqlite(database) else " ON audit")))
    for command in commands:
        world.command("admin", command)
    assert all(now > then for now, then in zip(rows(), before, strict=True))
    engine.dispose()  # a look after this would open a connection that nobody closes

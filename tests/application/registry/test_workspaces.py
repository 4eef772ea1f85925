"""Workspaces: made with the experiment that clients count on, deleted when empty."""

import pytest

from strongroom.application.call import Call
from strongroom.application.identity import setup
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, namespaces, workspaces
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.workspaces import CreateWorkspace
from strongroom.application.tracking import experiments, runs, standing
from strongroom.application.tracking.experiments import ListExperiments
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import AlreadyExists, Conflict, Forbidden, Held, NotFound, PreconditionFailed
from tests.application.conftest import World

NAME = "lab"
(DEFAULT,) = standing.STANDING


@pytest.fixture
def lab(world: World) -> str:
    world.command("root", lambda call: workspaces.create(call, CreateWorkspace(NAME)))
    return NAME


def default_of(world: World, slug: str) -> str:
    found = world.read("root", lambda call: standing.find(call, DEFAULT), slug)
    assert found is not None
    return found


def delete(world: World, who: str = "root", etag: int | None = None) -> None:
    world.command(who, lambda call: workspaces.delete(call, NAME, etag))


def test_a_workspace_is_made_with_its_default_experiment(world: World, lab: str) -> None:
    """ "Experiment "0" ("Default") exists from the workspace's creation"."""
    shown = world.read("root", lambda call: experiments.listed(call, ListExperiments(), PageRequest()), lab)
    assert [(one.name, one.uid) for one in shown.items] == [("Default", default_of(world, lab))]


def test_workspaces_of_older_releases_are_given_theirs_once(world: World) -> None:
    """The world's own workspace was made without."""
    assert world.read("root", lambda call: standing.find(call, DEFAULT)) is None
    assert not world.command_tx(standing.make_missing)
    uid = default_of(world, "default")
    assert not world.command_tx(standing.make_missing)
    assert default_of(world, "default") == uid


def test_servers_that_start_together_make_one(world: World) -> None:
    assert world.race(*[standing.make_missing] * 4) == [False] * 4
    assert default_of(world, "default")


def test_an_experiment_of_that_name_becomes_it(world: World) -> None:
    made = world.command("maintainer", lambda call: experiments.create(call, experiments.CreateExperiment("Default")))
    world.command_tx(standing.make_missing)
    assert default_of(world, "default") == made.uid


def test_a_reader_who_needs_it_gets_it_and_a_stranger_does_not(world: World) -> None:
    with pytest.raises(Forbidden):
        world.command("stranger", standing.make_for)
    world.command("viewer", standing.make_for)
    uid = default_of(world, "default")
    assert world.read("viewer", lambda call: experiments.get(call, uid)).name == "Default"


def test_an_empty_workspace_is_deleted_and_its_name_is_free(world: World, lab: str) -> None:
    before = world.read("root", lambda call: workspaces.get(call, lab))
    with pytest.raises(PreconditionFailed):
        delete(world, etag=before.etag + 1)
    delete(world, etag=before.etag)
    for slug in (NAME, f"{NAME}~2"):
        with pytest.raises(NotFound):
            world.read("root", lambda call, slug=slug: workspaces.get(call, slug))  # type: ignore[misc]
    shown = world.read("root", lambda call: workspaces.listed(call, PageRequest()))
    assert [one.slug for one in shown.items] == ["default"]
    again = world.command("root", lambda call: workspaces.create(call, CreateWorkspace(NAME)))
    assert again.uid != before.uid
    with pytest.raises(AlreadyExists):
        world.command("root", lambda call: workspaces.create(call, CreateWorkspace(NAME)))


def test_what_lives_in_a_workspace_holds_it_and_is_named(world: World, lab: str) -> None:
    made = world.command("root", lambda call: assets.create(call, CreateAsset("model", "churn", "risk")), lab)
    with pytest.raises(Held) as held:
        delete(world)
    assert held.value.details["holders"] == ["namespace:risk", "asset:churn"]
    world.command("root", lambda call: assets.delete(call, made.uid, release_aliases=False, etag=None), lab)
    world.command("root", lambda call: assets.purge(call, made.uid, "of a test"), lab)
    space = world.read("root", lambda call: namespaces.find(call, "risk"), lab)
    assert space is not None
    world.command("root", lambda call: namespaces.delete(call, space.uid), lab)
    delete(world)


def test_runs_of_the_default_experiment_hold_it_and_so_does_a_home(world: World, lab: str) -> None:
    uid = default_of(world, lab)
    world.command("root", lambda call: runs.create(call, CreateRun(uid)), lab)
    world.command_tx(lambda tx: setup.ensure_principal_with_token(tx, "local", "viewer", lab, server=False))
    with pytest.raises(Held) as held:
        delete(world)
    assert held.value.details["holders"] == ["experiment:Default", "principal:local"]


def test_only_an_admin_of_the_server_deletes_and_never_the_default_one(world: World, lab: str) -> None:
    assert lab
    with pytest.raises(NotFound):
        delete(world, "admin")
    with pytest.raises(Conflict):
        world.command("root", lambda call: workspaces.delete(call, "default", None))
    with pytest.raises(Forbidden):
        world.command("admin", lambda call: workspaces.delete(call, "default", None))


def test_nothing_is_put_into_a_workspace_that_is_gone(world: World, lab: str) -> None:
    """Whoever looked it up before its end and writes after it is refused, not left with an orphan."""
    place = world.read_tx(lambda tx: tx.workspaces.by_slug(lab))
    delete(world)

    def late(call: Call) -> None:
        assert place is not None
        call.workspace = place
        assets.create(call, CreateAsset("model", "late"))

    with pytest.raises((Conflict, NotFound)):
        world.command("root", late)

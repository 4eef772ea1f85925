"""Handles, N3: "an id a client chose or another system gave, unique per (workspace, dialect, kind); it points at one
of ours and its moves are audited"."""

from collections.abc import Callable

import pytest

from strongroom.application.lineage import nodes
from strongroom.application.lineage.nodes import AddNode
from strongroom.application.registry import assets, handles
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.handles import Pointed
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments, logged_models, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.logged_models import CreateLoggedModel
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import AlreadyExists, Forbidden, Invalid, NotFound
from tests.application.conftest import World
from tests.application.registry.conftest import Publish


def put(world: World, foreign: str, kind: str, uid: str, *, who: str = "contributor", move: bool = False) -> Pointed:
    return world.command(who, lambda call: handles.put(call, "mlflow", "run", foreign, kind, uid, move=move))


def resolve(world: World, foreign: str, *, who: str = "viewer") -> Pointed:
    return world.read(who, lambda call: handles.resolve(call, "mlflow", "run", foreign))


@pytest.fixture
def every(world: World, model: AssetView, publish: Publish) -> dict[str, str]:
    """One object of each kind."""
    experiment = world.command("contributor", lambda call: experiments.create(call, CreateExperiment("e")))
    run = world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid)))
    logged = CreateLoggedModel(experiment.uid, "m")
    return {
        "asset": model.uid,
        "version": publish(model).uid,
        "experiment": experiment.uid,
        "run": run.uid,
        "logged_model": world.command("contributor", lambda call: logged_models.create(call, logged)).uid,
        "node": world.command("contributor", lambda call: nodes.add(call, AddNode("data"))).uid,
    }


def test_each_kind_of_object_is_found_by_a_foreign_id_as_it_was_given(world: World, every: dict[str, str]) -> None:
    for kind, uid in every.items():
        foreign = f"Ünïcode/{kind} ' \" ; DROP"
        put(world, foreign, kind, uid)
        found = resolve(world, foreign)
        assert (found.kind, found.uid) == (kind, uid)
        back = world.read("viewer", lambda call: handles.of(call, "mlflow", "run", found.kind, [found.id]))  # noqa: B023
        assert back == {found.id: [foreign]}


def test_it_is_unique_per_dialect_and_kind_and_moves_only_when_asked(world: World, model: AssetView) -> None:
    other = world.command("contributor", lambda call: assets.create(call, CreateAsset("model", "other")))
    put(world, "x", "asset", model.uid)
    put(world, "x", "asset", model.uid)
    with pytest.raises(AlreadyExists):
        put(world, "x", "asset", other.uid)
    world.command("contributor", lambda call: handles.put(call, "wandb", "run", "x", "asset", other.uid))
    world.command("contributor", lambda call: handles.put(call, "mlflow", "model", "x", "asset", other.uid))
    assert resolve(world, "x").uid == model.uid
    put(world, "x", "asset", other.uid, move=True)
    assert resolve(world, "x").uid == other.uid
    assert world.read("viewer", lambda call: handles.resolve(call, "wandb", "run", "x")).uid == other.uid


def test_what_is_put_moved_and_removed_is_audited_without_the_foreign_text(world: World, model: AssetView) -> None:
    other = world.command("contributor", lambda call: assets.create(call, CreateAsset("model", "other")))
    put(world, "person@example.com", "asset", model.uid)
    put(world, "person@example.com", "asset", other.uid, move=True)
    world.command("contributor", lambda call: handles.remove(call, "mlflow", "run", "person@example.com"))
    found = world.read_tx(
        lambda tx: tx.audit.list(
            None, actor=None, action=None, subject_uid=other.uid, since=None, until=None, after=None, limit=10
        )
    )
    bodies = [record.body.decode() for record in reversed(found)]
    assert ['"handle.move"' in bodies[-2], '"handle.remove"' in bodies[-1]] == [True, True]
    assert model.uid in bodies[-2]
    assert not any("person" in body for body in bodies)
    with pytest.raises(NotFound):
        resolve(world, "person@example.com")


def test_who_may_not_see_the_object_does_not_see_the_handle(world: World) -> None:
    secret = CreateAsset("model", "secret", visibility="private")
    hidden = world.command("contributor", lambda call: assets.create(call, secret))
    put(world, "x", "asset", hidden.uid)
    with pytest.raises(NotFound):
        resolve(world, "x", who="viewer")
    with pytest.raises(NotFound):
        resolve(world, "never", who="viewer")


def test_who_may_not_change_an_object_gives_it_no_handle_and_takes_none(world: World, every: dict[str, str]) -> None:
    for kind, uid in every.items():
        with pytest.raises(Forbidden):
            put(world, "x", kind, uid, who="viewer")
    put(world, "x", "run", every["run"])
    with pytest.raises(Forbidden):
        world.command("viewer", lambda call: handles.remove(call, "mlflow", "run", "x"))


@pytest.mark.parametrize(
    "say",
    [
        lambda call, uid: handles.put(call, "ML flow", "run", "x", "asset", uid),
        lambda call, uid: handles.put(call, "mlflow", "", "x", "asset", uid),
        lambda call, uid: handles.put(call, "mlflow", "run", "", "asset", uid),
        lambda call, uid: handles.put(call, "mlflow", "run", "é" * 300, "asset", uid),
        lambda call, uid: handles.put(call, "mlflow", "run", "a\x00", "asset", uid),
        lambda call, uid: handles.put(call, "mlflow", "run", "x", "grant", uid),
        lambda call, _: handles.ids_of(call, "mlflow", "run", ["x"] * 1_001),
    ],
)
def test_bad_words_are_refused(world: World, model: AssetView, say: Callable[[object, str], object]) -> None:
    with pytest.raises(Invalid):
        world.command("contributor", lambda call: say(call, model.uid))


def test_many_are_looked_up_at_once(world: World, model: AssetView) -> None:
    put(world, "a", "asset", model.uid)
    put(world, "b", "asset", model.uid)
    found = world.read("viewer", lambda call: handles.ids_of(call, "mlflow", "run", ["a", "b", "c"]))
    assert set(found) == {"a", "b"}
    assert len(set(found.values())) == 1
    (kind, id_), *_ = found.values()
    assert world.read("viewer", lambda call: handles.of(call, "mlflow", "run", kind, [id_])) == {id_: ["a", "b"]}

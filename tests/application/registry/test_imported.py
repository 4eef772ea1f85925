"""What imports need: objects with ids and times of elsewhere, annotations, looked up together."""

from typing import Any

import pytest

from strongroom.application.call import Call
from strongroom.application.registry import imported, purging, versions
from strongroom.application.registry.imported import ForeignId, Imported
from strongroom.application.registry.views import AssetView
from strongroom.application.tracking import experiments
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.domain.errors import AlreadyExists, Forbidden, Invalid, NotFound, TooLarge
from strongroom.domain.registry.annotations import ANNOTATIONS_LARGEST, DEEPEST
from tests.application.conftest import World
from tests.application.registry.conftest import Publish

Decoded = Any
"""What JSON becomes."""
X = ForeignId("mlflow", "experiment", "17")


def made(world: World, name: str, said: Imported, claimed_at: int | None = None) -> str:
    """An experiment with what an import says of it, in one transaction."""

    def work(call: Call) -> str:
        view = experiments.create(call, CreateExperiment(name, claimed_at=claimed_at))
        imported.keep(call, "experiment", view.uid, said)
        return view.uid

    return world.command("maintainer", work)


def annotated(world: World, kind: str, uid: str, body: Decoded, *, who: str = "contributor") -> Decoded:
    return world.command(who, lambda call: imported.annotate(call, kind, uid, body))


def test_an_object_and_its_foreign_id_are_made_together_or_not_at_all(world: World) -> None:
    """domain.md N3: "imports with original ids": a second try makes nothing."""
    uid = made(world, "first", Imported([X], {"mlflow": {"experiment_id": "17"}}))
    with pytest.raises(AlreadyExists):
        made(world, "second", Imported([X]))
    (found,) = world.read("viewer", lambda call: imported.found(call, "mlflow", "experiment", ["17", "18"]))
    assert (found.foreign, found.kind, found.uid) == ("17", "experiment", uid)
    assert found.annotations == {"mlflow": {"experiment_id": "17"}}
    names = world.read("viewer", lambda call: [call.tx.experiments.by_uid(call.workspace.id, uid)])
    assert [one.name for one in names if one] == ["first"]


def test_a_claimed_time_is_shown_beside_ours_and_is_one_that_calendars_have(world: World) -> None:
    """domain.md N17."""
    uid = made(world, "old", Imported(), claimed_at=1_500_000_000_000_000)
    view = world.read("viewer", lambda call: experiments.get(call, uid))
    assert view.claimed_at is not None
    assert view.claimed_at < view.created_at
    for wrong in (-1, 2**62):
        with pytest.raises(Invalid):
            made(world, f"wrong {wrong}", Imported(), claimed_at=wrong)


def test_annotations_are_replaced_a_system_at_a_time(world: World, model: AssetView) -> None:
    annotated(world, "asset", model.uid, {"mlflow": {"a": [1, {"b": None}]}, "other": {"x": 1.5}})
    after = annotated(world, "asset", model.uid, {"mlflow": {"c": "ü"}})
    assert after == {"mlflow": {"c": "ü"}, "other": {"x": 1.5}}
    annotated(world, "asset", model.uid, {"other": None})
    assert world.last is not None
    assert len(world.last.records) == 1
    read = world.read("viewer", lambda call: imported.annotations_of(call, "asset", model.uid))
    assert read == {"mlflow": {"c": "ü"}}


def deep(levels: int) -> Decoded:
    value: Decoded = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"MLflow": {}}, Invalid),
        ({"mlflow": {"n": 2**63}}, Invalid),
        ({"mlflow": {"n": float("inf")}}, Invalid),
        ({"mlflow": {"t": "\x00"}}, Invalid),
        ({"mlflow": {"\ud800": 1}}, Invalid),
        ({"mlflow": deep(DEEPEST)}, Invalid),
        ({"mlflow": {"t": "x" * ANNOTATIONS_LARGEST}}, TooLarge),
    ],
)
def test_what_is_no_plain_json_of_bounded_size_is_refused(
    world: World, model: AssetView, body: Decoded, error: type[Exception]
) -> None:
    with pytest.raises(error):
        annotated(world, "asset", model.uid, body)


def test_rights_are_those_of_the_object_and_of_the_workspace_for_its_ids(world: World, model: AssetView) -> None:
    """ "Every read goes through visibility": what one may not see is not found."""
    with pytest.raises(Forbidden):
        annotated(world, "asset", model.uid, {"mlflow": {}}, who="viewer")
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: imported.annotations_of(call, "asset", model.uid))
    uid = made(world, "theirs", Imported([X]))
    assert world.read("stranger", lambda call: imported.found(call, "mlflow", "experiment", ["17"])) == []
    with pytest.raises((Forbidden, NotFound)):
        world.command("viewer", lambda call: imported.put_handle(call, X, "experiment", uid))


def test_many_ids_at_once_have_a_bound(world: World) -> None:
    many = [str(number) for number in range(imported.FOUND_AT_ONCE + 1)]
    with pytest.raises(Invalid):
        world.read("viewer", lambda call: imported.found(call, "mlflow", "run", many))


def test_purging_a_version_removes_what_was_said_of_it(world: World, publish: Publish, model: AssetView) -> None:
    version = publish(model)
    annotated(world, "version", version.uid, {"mlflow": {"user": "ann"}})
    world.command("admin", lambda call: versions.delete(call, version.uid, release_aliases=False, etag=None))
    world.command("admin", lambda call: purging.purge(call, version.uid, "r"))
    assert world.read("admin", lambda call: imported.annotations_of(call, "version", version.uid)) == {}

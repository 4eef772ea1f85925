"""Logged models: "a logged model belongs to an experiment and (usually) a source run" and has a folder of its own."""

import asyncio
import json
import math
from typing import cast

import pytest

from strongroom.application.artifacts import folders, trees
from strongroom.application.artifacts.folders import PutEntry
from strongroom.application.edge import Edge
from strongroom.application.lineage import graph
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, publishing, versions
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.application.tracking import experiments, inputs, logged_models, measuring, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.logged_models import CreateLoggedModel, ListLoggedModels
from strongroom.application.tracking.logged_views import LoggedModelView
from strongroom.application.tracking.measuring import Measure, ModelBatch
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.views import ExperimentView, RunView
from strongroom.domain.errors import Conflict, DomainError, Invalid, NotFound, TooLarge
from strongroom.domain.tracking.batches import chained
from tests.application.conftest import World
from tests.application.registry.conftest import WorldEdge
from tests.application.tracking.conftest import Audited

ALL = PageRequest(100, None)


def make(world: World, experiment: ExperimentView, run: RunView | None = None, **said: object) -> LoggedModelView:
    command = CreateLoggedModel(experiment.uid, "forest", run_uid=run.uid if run else None, **said)  # type: ignore[arg-type]
    return world.command("contributor", lambda call: logged_models.create(call, command))


def measure(world: World, model: LoggedModelView, *points: Measure) -> LoggedModelView:
    batch = ModelBatch(points=points)
    return world.command("contributor", lambda call: measuring.log(call, model.uid, batch))


def put(world: World, model: LoggedModelView, *paths: str) -> None:
    entries = [PutEntry(path, uri=f"s3://bucket/{path}", pin="etag:1") for path in paths]
    world.command("contributor", lambda call: folders.put(call, "logged_model", model.uid, entries))


def asset(world: World, name: str) -> AssetView:
    return world.command("contributor", lambda call: assets.create(call, CreateAsset("model", name)))


def register(world: World, into: AssetView, model: LoggedModelView, path: str = "") -> VersionView:
    edge = cast("Edge", WorldEdge(world, "contributor"))
    return asyncio.run(publishing.register_logged_model(edge, into.uid, model.uid, path, PublishDetails()))


def paths(world: World, version: VersionView) -> list[str]:
    found = world.read("viewer", lambda call: trees.listed(call, version.uid, "", ALL, recursive=True))
    return [entry.path for entry in found.items]


def batches(world: World, run: RunView) -> list[str]:
    """Everything but points of what the run's chain covers."""

    def read(tx: object) -> list[bytes]:
        found = tx.runs.by_uid(world.workspace.id, run.uid)  # type: ignore[attr-defined]
        return list(tx.runs.batches(found.id))  # type: ignore[attr-defined]

    return [batch[8:].decode() for batch in world.read_tx(read)]


def test_a_new_one_is_pending_and_says_where_it_is_from(
    world: World, experiment: ExperimentView, run: RunView, audited: Audited
) -> None:
    made = make(world, experiment, run, type="sklearn", params={"depth": "3"}, tags={"team": "risk"})
    seen = world.read("viewer", lambda call: logged_models.get(call, made.uid))
    assert seen == made
    assert (made.status, made.run_uid, made.type, made.experiment) == ("pending", run.uid, "sklearn", experiment.path)
    assert made.params == {"depth": "3"}
    assert [(tag.key, tag.value) for tag in made.tags] == [("team", "risk")]
    assert audited(made.uid) == [
        ("logged_model.create", {"experiment": experiment.uid, "run": run.uid, "params": 1}),
    ]


def test_it_needs_no_run(world: World, experiment: ExperimentView) -> None:
    assert make(world, experiment).run_uid is None


def test_a_run_of_another_experiment_did_not_put_it_out(world: World, run: RunView) -> None:
    other = world.command("contributor", lambda call: experiments.create(call, CreateExperiment("other")))
    with pytest.raises(Invalid, match="another experiment"):
        make(world, other, run)


@pytest.mark.parametrize(
    ("steps", "refused"),
    [
        (["ready"], None),
        (["failed"], None),
        (["failed", "ready"], None),
        (["ready", "ready"], None),
        (["ready", "failed"], Conflict),
        (["pending"], Invalid),
        (["done"], Invalid),
    ],
)
def test_statuses(
    world: World, experiment: ExperimentView, steps: list[str], refused: type[DomainError] | None
) -> None:
    model = make(world, experiment)
    *before, last = steps
    for status in before:
        world.command("contributor", lambda call, status=status: logged_models.finalise(call, model.uid, status))  # type: ignore[misc]
    if refused is not None:
        with pytest.raises(refused):
            world.command("contributor", lambda call: logged_models.finalise(call, model.uid, last))
        return
    assert world.command("contributor", lambda call: logged_models.finalise(call, model.uid, last)).status == last


def test_finalising_twice_is_recorded_once(world: World, experiment: ExperimentView, audited: Audited) -> None:
    model = make(world, experiment)
    for _ in range(2):
        world.command("contributor", lambda call: logged_models.finalise(call, model.uid, "ready"))
    assert [action for action, _ in audited(model.uid)] == ["logged_model.create", "logged_model.finalise"]


def test_params_are_set_once(world: World, experiment: ExperimentView) -> None:
    model = make(world, experiment, params={"depth": "3"})
    again = ModelBatch({"depth": "3", "trees": "10"})
    changed = world.command("contributor", lambda call: measuring.log(call, model.uid, again))
    assert changed.params == {"depth": "3", "trees": "10"}
    with pytest.raises(Conflict) as refused:
        world.command("contributor", lambda call: measuring.log(call, model.uid, ModelBatch({"depth": "4"})))
    assert refused.value.details["key"] == "depth"


def test_the_latest_of_each_key_and_data_set_is_kept(world: World, experiment: ExperimentView, run: RunView) -> None:
    model = make(world, experiment, run)
    measure(
        world,
        model,
        Measure("auc", 0.7, 1, 10, run.uid, "churn", "v1"),
        Measure("auc", 0.9, 3, 30, run.uid, "churn", "v1"),
        Measure("auc", 0.8, 2, 20, run.uid, "churn", "v1"),
        Measure("auc", 0.5, 1, 10, None, "churn", "v2"),
        Measure("loss", math.nan, 1, 10),
    )
    seen = measure(world, model, Measure("auc", 0.6, 3, 29, run.uid, "churn", "v1"))
    latest = {(one.key, one.dataset_digest): (one.value, one.step, one.dataset, one.run_uid) for one in seen.metrics}
    assert latest[("auc", "v1")] == (0.9, 3, "churn", run.uid)
    assert latest[("auc", "v2")] == (0.5, 1, "churn", None)
    assert math.isnan(latest[("loss", None)][0])
    assert seen.metrics_total == 3


def test_points_come_by_step_and_time_page_by_page(world: World, experiment: ExperimentView) -> None:
    model = make(world, experiment)
    written = [Measure("auc", n / 10, step, 100 - n) for n, step in enumerate([5, 1, 3, 3, -2, math.floor(2**63 - 1)])]
    measure(world, model, *written)
    found, token = [], None
    while True:
        asked = PageRequest(2, token)
        page = world.read("viewer", lambda call, asked=asked: measuring.points(call, model.uid, "auc", asked))  # type: ignore[misc]
        found += [(one.step, one.time_us, one.value) for one in page.items]
        if (token := page.next_page_token) is None:
            break
    expected = sorted(written, key=lambda point: (point.step, point.time_us or 0))
    assert found == [(point.step, point.time_us, point.value) for point in expected]
    assert world.read("viewer", lambda call: measuring.points(call, model.uid, "other", ALL)).items == []


def test_what_is_recorded_is_in_the_chain_of_the_run_that_measured(
    world: World, experiment: ExperimentView, run: RunView
) -> None:
    """N15: "Records (points, params and tags of open runs, lines, spans, folder writes) append to the run's chain"."""
    model = make(world, experiment, run)
    evaluation = world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid, "evaluation")))
    measure(world, model, Measure("auc", 0.7, 1, 10, evaluation.uid), Measure("size", 2.0, 1, 10))
    put(world, model, "weights")
    assert '["auc",1,10,"0.7",null]' in batches(world, evaluation)[0]
    source = "".join(batches(world, run))
    assert '["size",1,10,"2.0",null]' in source
    assert '"weights"' in source
    assert "auc" not in source


def test_without_a_run_the_digest_of_what_is_recorded_is_audited(
    world: World, experiment: ExperimentView, audited: Audited
) -> None:
    model = make(world, experiment)
    measure(world, model, Measure("auc", 0.7))
    put(world, model, "weights")
    actions = [action for action, details in audited(model.uid) if "batch" in details]
    assert actions == ["logged_model.log"] * 2


def test_limits(world: World, experiment: ExperimentView, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make(world, experiment)
    with pytest.raises(TooLarge):
        measure(world, model, *[Measure("auc", 1.0)] * (measuring.MEASURED_MOST + 1))
    with pytest.raises(TooLarge):
        make(world, experiment, params={f"p{n}": "" for n in range(logged_models.PARAMS_MOST + 1)})
    monkeypatch.setattr(measuring, "POINTS_OF_MODEL_MOST", 3)
    measure(world, model, *[Measure("auc", 1.0)] * 3)
    with pytest.raises(TooLarge):
        measure(world, model, Measure("auc", 1.0))
    monkeypatch.setattr(measuring, "PARAMS_OF_MODEL_MOST", 1)
    world.command("contributor", lambda call: measuring.log(call, model.uid, ModelBatch({"a": "1"})))
    with pytest.raises(TooLarge):
        world.command("contributor", lambda call: measuring.log(call, model.uid, ModelBatch({"b": "1"})))
    monkeypatch.setattr(measuring, "TAGS_OF_MODEL_MOST", 1)
    with pytest.raises(TooLarge):
        world.command("contributor", lambda call: measuring.log(call, model.uid, ModelBatch(tags={"a": "", "b": ""})))


def test_a_digest_without_a_name_is_no_data_set(world: World, experiment: ExperimentView) -> None:
    model = make(world, experiment)
    with pytest.raises(Invalid):
        measure(world, model, Measure("auc", 1.0, dataset_digest="v1"))


def test_tags_are_set_and_removed(world: World, experiment: ExperimentView) -> None:
    model = make(world, experiment, tags={"a": "1"})
    batch = ModelBatch(tags={"a": "2", "b": None})
    tagged = world.command("contributor", lambda call: measuring.log(call, model.uid, batch))
    assert {tag.key: tag.value for tag in tagged.tags} == {"a": "2", "b": None}
    bare = world.command("contributor", lambda call: measuring.remove_tags(call, model.uid, ["a", "never"]))
    assert [tag.key for tag in bare.tags] == ["b"]


def test_lists_filter_and_page(world: World, experiment: ExperimentView, run: RunView) -> None:
    made = [make(world, experiment, run if n % 2 else None, type="odd" if n % 2 else "even") for n in range(5)]
    world.command("contributor", lambda call: logged_models.finalise(call, made[0].uid, "ready"))
    world.command("maintainer", lambda call: logged_models.delete(call, made[4].uid))

    def uids(query: ListLoggedModels, page: PageRequest = ALL) -> list[str]:
        found = world.read("viewer", lambda call: logged_models.listed(call, experiment.uid, query, page))
        return [one.uid for one in found.items]

    newest = [one.uid for one in reversed(made[:4])]
    assert uids(ListLoggedModels()) == newest
    assert uids(ListLoggedModels(status="ready")) == [made[0].uid]
    assert uids(ListLoggedModels(type="odd")) == [made[3].uid, made[1].uid]
    assert uids(ListLoggedModels(run_uid=run.uid)) == [made[3].uid, made[1].uid]
    assert uids(ListLoggedModels(name="none")) == []
    assert uids(ListLoggedModels(trashed=True)) == [made[4].uid]
    first = world.read(
        "viewer", lambda call: logged_models.listed(call, experiment.uid, ListLoggedModels(), PageRequest(3, None))
    )
    rest = uids(ListLoggedModels(), PageRequest(3, first.next_page_token))
    assert [one.uid for one in first.items] + rest == newest


def test_its_folder_is_its_own_and_follows_its_rights(world: World, experiment: ExperimentView, run: RunView) -> None:
    model = make(world, experiment, run)
    put(world, model, "model/weights")
    listing = world.read(
        "viewer", lambda call: folders.listed(call, "logged_model", model.uid, "", ALL, recursive=True)
    )
    assert [entry.path for entry in listing.items] == ["model/weights"]
    of_run = world.read("viewer", lambda call: folders.listed(call, "run", run.uid, "", ALL, recursive=True))
    assert of_run.items == []
    with pytest.raises(DomainError):
        world.command("viewer", lambda call: folders.remove(call, "logged_model", model.uid, "model"))
    world.command("contributor", lambda call: folders.remove(call, "logged_model", model.uid, "model"))


def test_in_the_trash_it_takes_no_writes_and_comes_back(
    world: World, experiment: ExperimentView, run: RunView, audited: Audited
) -> None:
    model = make(world, experiment, run)
    world.command("maintainer", lambda call: logged_models.delete(call, model.uid))
    with pytest.raises(Conflict):
        put(world, model, "weights")
    with pytest.raises(Conflict):
        measure(world, model, Measure("auc", 1.0))
    with pytest.raises(Conflict):
        world.command("contributor", lambda call: logged_models.finalise(call, model.uid, "ready"))
    back = world.command("maintainer", lambda call: logged_models.restore(call, model.uid))
    assert back.deleted_at is None
    put(world, model, "weights")
    assert [action for action, _ in audited(model.uid)][1:] == ["logged_model.delete", "logged_model.restore"]


def test_a_stranger_sees_none(world: World, experiment: ExperimentView) -> None:
    model = make(world, experiment)
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: logged_models.get(call, model.uid))
    with pytest.raises(NotFound):
        world.command("stranger", lambda call: measuring.log(call, model.uid, ModelBatch()))


def test_one_becomes_versions_of_many_assets_with_lineage_from_its_run(
    world: World, experiment: ExperimentView, run: RunView
) -> None:
    """N9: "may be frozen into versions of many assets"; later writes to its folder reach none of them."""
    model = make(world, experiment, run, step=7)
    put(world, model, "a/x", "b/y")
    whole, part = register(world, asset(world, "whole"), model), register(world, asset(world, "part"), model, "a")
    put(world, model, "a/z")
    assert [paths(world, version) for version in (whole, part)] == [["a/x", "b/y"], ["x"]]
    assert whole.run_uid == part.run_uid == run.uid
    found = world.read("viewer", lambda call: graph.walk(call, "version", whole.uid, "up"))
    assert [vertex.kind for vertex in found.vertices] == ["version", "logged_model", "run"]
    edges = {(found.vertices[e.source].kind, e.type, found.vertices[e.target].kind): e.properties for e in found.edges}
    assert edges == {
        ("logged_model", "registered", "version"): {},
        ("run", "output", "logged_model"): {"step": 7},
    }
    down = world.read("viewer", lambda call: graph.walk(call, "logged_model", model.uid, "down"))
    assert {vertex.uid for vertex in down.vertices} == {model.uid, whole.uid, part.uid}
    assert world.read("viewer", lambda call: versions.get(call, part.uid)).run_uid == run.uid


def test_registering_claims_no_other_run(world: World, experiment: ExperimentView, run: RunView) -> None:
    model = make(world, experiment)
    put(world, model, "x")
    edge = cast("Edge", WorldEdge(world, "contributor"))
    said = PublishDetails(run_uid=run.uid)
    into = asset(world, "m")
    with pytest.raises(Invalid):
        asyncio.run(publishing.register_logged_model(edge, into.uid, model.uid, "", said))


def test_a_run_reads_and_puts_out_logged_models_at_steps(
    world: World, experiment: ExperimentView, run: RunView
) -> None:
    model = make(world, experiment, run)
    reader = world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid, "reader")))
    item = inputs.Input(logged_model_uid=model.uid, step=3)
    world.command("contributor", lambda call: inputs.add_inputs(call, reader.uid, [item]))
    for step in (4, 5):
        said = inputs.Input(logged_model_uid=model.uid, step=step)
        world.command("contributor", lambda call, said=said: inputs.add_outputs(call, run.uid, [said]))  # type: ignore[misc]
    found = world.read("viewer", lambda call: graph.walk(call, "logged_model", model.uid, "both", depth=1))
    steps = {(found.vertices[e.source].uid, e.type, found.vertices[e.target].uid): e.properties for e in found.edges}
    assert steps == {
        (run.uid, "output", model.uid): {"step": 5},
        (model.uid, "input", reader.uid): {"step": 3},
    }
    assert world.read("viewer", lambda call: runs.get(call, reader.uid)).inputs == 1


def test_chained_records_are_json(world: World, experiment: ExperimentView, run: RunView) -> None:
    model = make(world, experiment, run)
    measure(world, model, Measure("x", math.inf, dataset="d"))
    (batch,) = batches(world, run)
    assert chained(batch.encode(), b"")[8:].decode() == batch
    assert json.loads(batch)["other"]["logged_model"] == model.uid

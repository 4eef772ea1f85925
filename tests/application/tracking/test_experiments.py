"""Experiments: who may make, see and remove them, and that a name stays taken."""

from collections.abc import Callable

import pytest

from strongroom.application.paging import PageRequest
from strongroom.application.search import find
from strongroom.application.tracking import experiments, recording, runs
from strongroom.application.tracking.experiments import CreateExperiment, ListExperiments
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.views import ExperimentView
from strongroom.domain.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
)
from strongroom.domain.search.schema import Entity
from tests.application.conftest import World
from tests.application.tracking.conftest import Audited


def names(world: World, who: str, query: ListExperiments | None = None, size: int = 100) -> list[str]:
    """All pages of a listing."""
    found, token = [], None
    while True:
        page = world.read(
            who,
            lambda c, t=token: experiments.listed(c, query or ListExperiments(), PageRequest(size, t)),  # type: ignore[misc]
        )
        found += [view.path for view in page.items]
        token = page.next_page_token
        if token is None:
            return found


def test_an_experiment_is_made_with_its_namespaces(world: World, experiment: ExperimentView, audited: Audited) -> None:
    assert (experiment.path, experiment.etag) == ("vision/resnet/baseline", 1)
    assert experiment.created_by == world.uid("contributor")
    assert world.read("viewer", lambda c: experiments.get(c, experiment.uid)) == experiment
    assert world.read("viewer", lambda c: experiments.by_name(c, "vision/resnet", "baseline")) == experiment
    assert [action for action, _ in audited(experiment.uid)] == ["experiment.create"]


def test_viewers_make_none_and_strangers_see_none(world: World, experiment: ExperimentView) -> None:
    with pytest.raises(Forbidden):
        world.command("viewer", lambda c: experiments.create(c, CreateExperiment("other")))
    with pytest.raises(NotFound):
        world.read("stranger", lambda c: experiments.get(c, experiment.uid))
    with pytest.raises(NotFound):
        world.read("stranger", lambda c: experiments.by_name(c, "vision/resnet", "baseline"))
    assert names(world, "stranger") == []


def test_a_list_comes_in_pages_newest_first(world: World) -> None:
    for number in range(5):
        world.command("contributor", lambda c, n=number: experiments.create(c, CreateExperiment(f"e{n}")))  # type: ignore[misc]
    assert names(world, "viewer", size=2) == ["e4", "e3", "e2", "e1", "e0"]
    assert names(world, "viewer", ListExperiments(name_prefix="e3")) == ["e3"]
    with pytest.raises(Invalid):
        names(world, "viewer", ListExperiments(state="gone"))


@pytest.mark.usefixtures("experiment")
def test_a_grant_on_a_namespace_shows_what_is_in_it(world: World, grant: Callable[[str, str, str], None]) -> None:
    world.command("contributor", lambda c: experiments.create(c, CreateExperiment("secret", "vision2")))
    grant("stranger", "vision", "contributor")
    assert names(world, "stranger") == ["vision/resnet/baseline"]
    assert names(world, "stranger", ListExperiments(namespace="vision")) == ["vision/resnet/baseline"]
    assert names(world, "stranger", ListExperiments(namespace="vision2")) == []
    made = world.command("stranger", lambda c: experiments.create(c, CreateExperiment("own", "vision/vit")))
    assert made.path == "vision/vit/own"
    with pytest.raises(NotFound):
        world.command("stranger", lambda c: experiments.create(c, CreateExperiment("own", "vision2")))


def test_an_update_compares_the_etag(world: World, experiment: ExperimentView, audited: Audited) -> None:
    changed = world.command("contributor", lambda c: experiments.update(c, experiment.uid, "why", 1))
    assert (changed.description, changed.etag) == ("why", 2)
    with pytest.raises(PreconditionFailed):
        world.command("contributor", lambda c: experiments.update(c, experiment.uid, "late", 1))
    assert audited(experiment.uid)[-1] == ("experiment.update", {"changed": ["description"]})


def test_a_trashed_experiment_keeps_its_name_and_can_be_restored(world: World, experiment: ExperimentView) -> None:
    with pytest.raises(Forbidden):
        world.command("contributor", lambda c: experiments.delete(c, experiment.uid))
    world.command("maintainer", lambda c: experiments.delete(c, experiment.uid))
    assert names(world, "viewer") == []
    assert names(world, "viewer", ListExperiments(state="trashed")) == ["vision/resnet/baseline"]
    with pytest.raises(AlreadyExists):
        world.command("contributor", lambda c: experiments.create(c, CreateExperiment("baseline", "vision/resnet")))
    with pytest.raises(Conflict):
        world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid)))
    world.command("maintainer", lambda c: experiments.restore(c, experiment.uid))
    assert names(world, "viewer") == ["vision/resnet/baseline"]
    with pytest.raises(Conflict):
        world.command("maintainer", lambda c: experiments.restore(c, experiment.uid))


def test_runs_are_found_by_their_summary(world: World, experiment: ExperimentView) -> None:
    made = [world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid))) for _ in range(3)]
    for number, run in enumerate(made):
        said = {"best": number / 10}
        world.command("contributor", lambda call, run=run, said=said: recording.set_summary(call, run.uid, said))  # type: ignore[misc]
    question = find.asked(Entity.RUN, "summary.best >= 0.1", ["summary.best DESC"])
    found = world.read("viewer", lambda call: find.runs(call, question, PageRequest(10, None)))
    assert [one.uid for one in found.items] == [made[2].uid, made[1].uid]

"""Runs: from begin to end, what is said of them, and how they are listed."""

import pytest

from strongroom.application.paging import PageRequest
from strongroom.application.tracking import experiments, recording, runs
from strongroom.application.tracking.recording import Batch, LogPoint
from strongroom.application.tracking.runs import CreateRun, ListRuns, UpdateRun
from strongroom.application.tracking.views import ExperimentView, RunView
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed, TooLarge
from strongroom.domain.tracking.source import Source
from tests.application.conftest import World
from tests.application.tracking.conftest import Audited


def listed(world: World, experiment: ExperimentView, query: ListRuns | None = None) -> list[str]:
    page = PageRequest()
    found = world.read("viewer", lambda c: runs.listed(c, experiment.uid, query or ListRuns(), page))
    return [view.name for view in found.items]


def test_a_run_begins_with_a_folder_of_its_own(world: World, run: RunView, audited: Audited) -> None:
    assert (run.state, run.kind, run.params_total, run.inputs, run.outputs) == ("running", "training", 0, 0, 0)
    found = world.read_tx(lambda tx: tx.runs.by_uid(world.workspace.id, run.uid))
    assert found is not None
    assert world.read_tx(lambda tx: tx.folders.of("run", found.id)) is not None
    assert world.read("viewer", lambda c: runs.get(c, run.uid)) == run
    assert [action for action, _ in audited(run.uid)] == ["run.create"]
    with pytest.raises(NotFound):
        world.read("stranger", lambda c: runs.get(c, run.uid))


def test_a_run_says_where_it_came_from(world: World, experiment: ExperimentView, run: RunView) -> None:
    source = Source("https://ann:ghp_secret@git.example/team/code.git", "a" * 40, "main", "train.py", True, "b" * 64)
    command = CreateRun(
        experiment.uid,
        "child\n",
        kind="evaluation",
        parent_uid=run.uid,
        source=source,
        environment="torch==2.9\n",
        started_at=1_000_000,
        tags={"team": "vision"},
    )
    child = world.command("contributor", lambda c: runs.create(c, command))
    assert (child.name, child.parent_uid, child.started_at.year) == ("child", run.uid, 1970)
    assert child.source["repository"] == "https://git.example/team/code.git"
    assert child.source["dirty"] is True
    assert [(tag.key, tag.value) for tag in child.tags] == [("team", "vision")]
    assert child.created_at > child.started_at, "a claimed time is data, ours is ours"
    assert world.read("viewer", lambda c: runs.environment(c, child.uid)) == "torch==2.9\n"
    with pytest.raises(NotFound):
        world.read("viewer", lambda c: runs.environment(c, run.uid))


def test_what_a_run_is_given_has_limits(world: World, experiment: ExperimentView) -> None:
    for bad in (
        CreateRun(experiment.uid, kind="Training Job"),
        CreateRun(experiment.uid, started_at=-1),
        CreateRun(experiment.uid, source=Source(dirty_diff_digest="md5")),
        CreateRun(experiment.uid, "x" * 256),
    ):
        with pytest.raises(Invalid):
            world.command("contributor", lambda c, b=bad: runs.create(c, b))  # type: ignore[misc]
    with pytest.raises(TooLarge):
        world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid, environment="é" * 600_000)))
    with pytest.raises(Forbidden):
        world.command("viewer", lambda c: runs.create(c, CreateRun(experiment.uid)))


def test_a_run_is_ended_once_and_may_be_resumed(world: World, run: RunView, audited: Audited) -> None:
    world.command("contributor", lambda c: recording.log(c, run.uid, Batch(points=[LogPoint("loss", 1.0)])))
    ended = world.command("contributor", lambda c: runs.end(c, run.uid, "finished", 2_000_000))
    assert ended.state == "finished"
    assert ended.ended_at is not None
    assert ended.ended_at.year == 1970
    assert world.command("contributor", lambda c: runs.end(c, run.uid, "finished")) == ended
    with pytest.raises(Conflict):
        world.command("contributor", lambda c: runs.end(c, run.uid, "failed"))
    with pytest.raises(Invalid):
        world.command("contributor", lambda c: runs.end(c, run.uid, "running"))
    resumed = world.command("contributor", lambda c: runs.resume(c, run.uid))
    assert (resumed.state, resumed.ended_at) == ("running", None)
    world.command("contributor", lambda c: runs.end(c, run.uid, "killed"))
    actions = [action for action, _ in audited(run.uid)]
    assert actions == ["run.create", "run.end", "run.chain", "run.resume", "run.end"], "no head twice"


def test_an_update_compares_the_etag(world: World, run: RunView) -> None:
    changed = world.command("contributor", lambda c: runs.update(c, run.uid, UpdateRun("renamed", "note"), run.etag))
    assert (changed.name, changed.note, changed.etag) == ("renamed", "note", run.etag + 1)
    with pytest.raises(PreconditionFailed):
        world.command("contributor", lambda c: runs.update(c, run.uid, UpdateRun("again"), run.etag))


def test_runs_are_listed_by_claimed_start_in_pages(world: World, experiment: ExperimentView) -> None:
    starts = {"a": 30, "b": 10, "c": 20, "d": 20}
    for name, start in starts.items():
        world.command(
            "contributor",
            lambda c, n=name, s=start: runs.create(c, CreateRun(experiment.uid, n, started_at=s)),  # type: ignore[misc]
        )
    found, token = [], None
    for _ in range(4):
        page = world.read(
            "viewer",
            lambda c, t=token: runs.listed(c, experiment.uid, ListRuns(), PageRequest(1, t)),  # type: ignore[misc]
        )
        found += [view.name for view in page.items]
        token = page.next_page_token
    assert (found, token) == (["a", "d", "c", "b"], None)


def test_runs_are_filtered(world: World, experiment: ExperimentView, run: RunView) -> None:
    child = CreateRun(experiment.uid, "second", kind="evaluation", parent_uid=run.uid)
    second = world.command("contributor", lambda c: runs.create(c, child))
    world.command("contributor", lambda c: runs.end(c, second.uid, "failed"))
    assert listed(world, experiment, ListRuns(state="failed")) == ["second"]
    assert listed(world, experiment, ListRuns(kind="training")) == ["first"]
    assert listed(world, experiment, ListRuns(name_prefix="se")) == ["second"]
    assert listed(world, experiment, ListRuns(parent_uid=run.uid)) == ["second"]
    with pytest.raises(Invalid):
        listed(world, experiment, ListRuns(state="sleeping"))


def test_a_trashed_run_takes_no_writes_until_it_is_restored(
    world: World, experiment: ExperimentView, run: RunView
) -> None:
    with pytest.raises(Forbidden):
        world.command("contributor", lambda c: runs.delete(c, run.uid))
    world.command("maintainer", lambda c: runs.delete(c, run.uid))
    assert listed(world, experiment) == []
    assert listed(world, experiment, ListRuns(trashed=True)) == ["first"]
    batch = Batch(points=[LogPoint("loss", 1.0)])
    with pytest.raises(Conflict):
        world.command("contributor", lambda c: recording.log(c, run.uid, batch))
    world.command("maintainer", lambda c: runs.restore(c, run.uid))
    world.command("contributor", lambda c: recording.log(c, run.uid, batch))
    world.command("maintainer", lambda c: experiments.delete(c, experiment.uid))
    with pytest.raises(Conflict):
        world.command("contributor", lambda c: recording.log(c, run.uid, batch))

"""Pipelines: "a pipeline run with steps = runs with step name, depends_on, status, cached flag and the key"."""

import pytest

from strongroom.application.tracking import inputs, logged_models, nested, pipelines, recording, runs
from strongroom.application.tracking.logged_models import CreateLoggedModel
from strongroom.application.tracking.pipelines import BeginStep, DefineStep, PipelineView, StepView
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.views import ExperimentView, RunView
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tests.application.conftest import World
from tests.application.tracking.conftest import Audited

DIAMOND = [
    DefineStep("report", ["left", "right"]),
    DefineStep("left", ["load"]),
    DefineStep("right", ["load"]),
    DefineStep("load"),
]
KEYED = BeginStep(code="c1", inputs=["d1"], params={"n": "1"})


def define(world: World, run: RunView, *steps: DefineStep) -> PipelineView:
    return world.command("contributor", lambda call: pipelines.define(call, run.uid, steps))


def begin(world: World, run: RunView, name: str, command: BeginStep = KEYED) -> StepView:
    return world.command("contributor", lambda call: pipelines.begin(call, run.uid, name, command))


def end(world: World, uid: str | None, state: str = "finished") -> RunView:
    return world.command("contributor", lambda call: runs.end(call, uid or "", state))


def status(world: World, run: RunView) -> dict[str, str]:
    found = world.read("viewer", lambda call: pipelines.get(call, run.uid))
    return {step.name: step.status for step in found.steps}


def start(world: World, experiment: ExperimentView) -> RunView:
    return world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid, "pipeline")))


def test_one_call_gives_the_graph_with_statuses(world: World, run: RunView, audited: Audited) -> None:
    """ "one call gives the graph with statuses" """
    define(world, run, *DIAMOND)
    assert status(world, run) == {"load": "ready", "left": "waiting", "right": "waiting", "report": "waiting"}
    load = begin(world, run, "load")
    assert (load.status, load.attempts, load.cached) == ("running", 1, False)
    end(world, load.run_uid)
    left, right = begin(world, run, "left"), begin(world, run, "right")
    end(world, left.run_uid)
    end(world, right.run_uid, "failed")
    assert status(world, run) == {"load": "finished", "left": "finished", "right": "failed", "report": "blocked"}
    seen = world.read("viewer", lambda call: pipelines.get(call, run.uid))
    assert (seen.counts["finished"], seen.counts["failed"], seen.counts["blocked"]) == (2, 1, 1)
    assert {step.name: step.depends_on for step in seen.steps}["report"] == ["left", "right"]
    step = world.read("viewer", lambda call: runs.get(call, left.run_uid or ""))
    assert (step.parent_uid, step.kind, step.name, step.params) == (run.uid, "step", "left", {"n": "1"})
    assert ("pipeline.define", {"steps": 4}) in audited(run.uid)


def test_a_step_waits_for_those_it_depends_on_and_is_begun_once(world: World, run: RunView) -> None:
    define(world, run, *DIAMOND)
    with pytest.raises(Conflict) as refused:
        begin(world, run, "report")
    assert refused.value.details["steps"] == ["left", "right"]
    load = begin(world, run, "load")
    for _ in range(2):
        with pytest.raises(Conflict):
            begin(world, run, "load")
        end(world, load.run_uid)
    with pytest.raises(NotFound):
        begin(world, run, "never")


def test_a_failed_step_is_tried_again_and_lets_the_pipeline_go_on(world: World, run: RunView) -> None:
    define(world, run, *DIAMOND)
    first = begin(world, run, "load")
    end(world, first.run_uid, "failed")
    second = begin(world, run, "load")
    assert (second.attempts, second.run_uid != first.run_uid) == (2, True)
    end(world, second.run_uid)
    assert status(world, run)["left"] == "ready"


def test_steps_are_added_all_or_none(world: World, run: RunView) -> None:
    define(world, run, DefineStep("load"))
    with pytest.raises(Invalid):
        define(world, run, DefineStep("a", ["load"]), DefineStep("b", ["c"]), DefineStep("c", ["b"]))
    assert status(world, run) == {"load": "ready"}
    assert [step.name for step in define(world, run, DefineStep("a", ["load"])).steps] == ["load", "a"]
    with pytest.raises(Forbidden):
        world.command("viewer", lambda call: pipelines.define(call, run.uid, [DefineStep("x")]))


def test_a_pipeline_is_finished_when_all_its_steps_are(world: World, run: RunView) -> None:
    define(world, run, DefineStep("load"))
    step = begin(world, run, "load")
    with pytest.raises(Conflict) as refused:
        end(world, run.uid)
    assert refused.value.details["steps"] == ["load"]
    end(world, step.run_uid)
    assert end(world, run.uid).state == "finished"
    with pytest.raises(Conflict):
        define(world, run, DefineStep("late"))


def test_a_pipeline_may_fail_at_any_time(world: World, run: RunView) -> None:
    define(world, run, *DIAMOND)
    assert end(world, run.uid, "failed").state == "failed"


def test_a_step_with_an_equal_key_is_answered_from_a_finished_one(world: World, experiment: ExperimentView) -> None:
    """ "a step whose code+inputs+params key equals that of a finished one may be answered from it" """
    first, second = start(world, experiment), start(world, experiment)
    for pipeline in (first, second):
        define(world, pipeline, DefineStep("train"), DefineStep("test", ["train"]))
    real = begin(world, first, "train")
    assert not real.cached
    model = world.command(
        "contributor",
        lambda call: logged_models.create(call, CreateLoggedModel(experiment.uid, "m", run_uid=real.run_uid, step=3)),
    )
    assert not begin(world, second, "train", BeginStep(code="c1", inputs=["d1"], params={"n": "2"})).cached
    end(world, real.run_uid)
    third = start(world, experiment)
    define(world, third, DefineStep("train"), DefineStep("test", ["train"]))
    answered = begin(world, third, "train")
    assert (answered.cached, answered.answered_by, answered.status) == (True, real.run_uid, "finished")
    assert answered.cache_key == real.cache_key
    assert status(world, third)["test"] == "ready"
    outputs = world.read("viewer", lambda call: nested.outputs(call, answered.run_uid or ""))
    assert [(use.vertex.uid, use.properties) for use in outputs] == [(model.uid, {"step": 3, "cached": True})]


@pytest.mark.parametrize(
    "command",
    [
        BeginStep("c2", ["d1"], {"n": "1"}),
        BeginStep("c1", ["d2"], {"n": "1"}),
        BeginStep("c1", ["d1"], {"n": "2"}),
        BeginStep("c1", ["d1"], {"n": "1"}, "refresh"),
        BeginStep("c1", ["d1"], {"n": "1"}, "off"),
        BeginStep("", ["d1"], {"n": "1"}),
    ],
)
def test_another_key_or_wish_runs_the_step(world: World, experiment: ExperimentView, command: BeginStep) -> None:
    first, second = start(world, experiment), start(world, experiment)
    for pipeline in (first, second):
        define(world, pipeline, DefineStep("train"))
    end(world, begin(world, first, "train").run_uid)
    assert begin(world, second, "train", command).status == "running"


def test_what_failed_or_is_in_the_trash_answers_nothing(world: World, experiment: ExperimentView) -> None:
    first, second, third = (start(world, experiment) for _ in range(3))
    for pipeline in (first, second, third):
        define(world, pipeline, DefineStep("train"))
    failed = begin(world, first, "train")
    end(world, failed.run_uid, "failed")
    done = begin(world, second, "train")
    assert not done.cached
    end(world, done.run_uid)
    world.command("maintainer", lambda call: runs.delete(call, done.run_uid or ""))
    assert not begin(world, third, "train").cached


def test_resume_rules(world: World, experiment: ExperimentView) -> None:
    pipeline, other = start(world, experiment), start(world, experiment)
    for one in (pipeline, other):
        define(world, one, DefineStep("train"), DefineStep("test", ["train"]))
    train = begin(world, pipeline, "train")
    end(world, train.run_uid)
    resume = runs.resume
    assert world.command("contributor", lambda call: resume(call, train.run_uid or "")).state == "running"
    end(world, train.run_uid)
    begin(world, pipeline, "test")
    with pytest.raises(Conflict) as refused:
        world.command("contributor", lambda call: resume(call, train.run_uid or ""))
    assert refused.value.details["steps"] == ["test"]
    answered = begin(world, other, "train")
    assert answered.cached
    with pytest.raises(Conflict):
        world.command("contributor", lambda call: resume(call, answered.run_uid or ""))


def test_a_tree_of_nested_runs_comes_level_by_level(world: World, experiment: ExperimentView, run: RunView) -> None:
    def child(parent: str, name: str) -> RunView:
        made = CreateRun(experiment.uid, name, parent_uid=parent)
        return world.command("contributor", lambda call: runs.create(call, made))

    a, b = child(run.uid, "a"), child(run.uid, "b")
    child(b.uid, "b1")
    gone = child(a.uid, "a1")
    world.command("maintainer", lambda call: runs.delete(call, gone.uid))
    found = world.read("viewer", lambda call: nested.tree(call, run.uid))
    assert [(one.depth, one.name) for one in found.runs] == [(0, "first"), (1, "a"), (1, "b"), (2, "b1")]
    assert not found.truncated
    with pytest.raises(Conflict):
        child(gone.uid, "of the dead")


def test_runs_are_nested_so_deep_and_no_deeper(world: World, experiment: ExperimentView, run: RunView) -> None:
    uid = run.uid
    for _ in range(runs.DEEPEST - 1):
        made = CreateRun(experiment.uid, parent_uid=uid)
        uid = world.command("contributor", lambda call, made=made: runs.create(call, made)).uid  # type: ignore[misc]
    with pytest.raises(Conflict):
        world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid, parent_uid=uid)))
    assert len(world.read("viewer", lambda call: nested.tree(call, run.uid)).runs) == runs.DEEPEST


def test_a_big_tree_is_cut(
    world: World, experiment: ExperimentView, run: RunView, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid, parent_uid=run.uid)))
    monkeypatch.setattr(nested, "RUNS_MOST", 3)
    found = world.read("viewer", lambda call: nested.tree(call, run.uid))
    assert (len(found.runs), found.truncated) == (3, True)


def test_inputs_are_read_back_with_digest_and_use(world: World, run: RunView) -> None:
    item = inputs.Input(name="iris", digest="sha256:1", uri="s3://b/iris", context="training", properties={"rows": 150})
    world.command("contributor", lambda call: inputs.add_inputs(call, run.uid, [item]))
    (use,) = world.read("viewer", lambda call: nested.inputs(call, run.uid))
    assert use.node is not None
    assert (use.node.name, use.node.digest, use.node.uri, use.node.properties) == (
        "iris", "sha256:1", "s3://b/iris", {"rows": 150},
    )  # fmt: skip
    assert use.properties == {"context": "training"}


def test_summary_values_are_the_clients_own(world: World, run: RunView) -> None:
    """N9: "summary: values of a run set by the client"."""

    def say(values: dict[str, object]) -> None:
        world.command("contributor", lambda call: recording.set_summary(call, run.uid, values))  # type: ignore[arg-type]

    say({"best/auc": 0.93, "epochs": 10, "note": "good", "ok": True})
    say({"epochs": 11, "note": None})
    end(world, run.uid)
    say({"after": 1})
    seen = world.read("viewer", lambda call: runs.get(call, run.uid))
    assert seen.summary == {"best/auc": 0.93, "epochs": 11, "ok": True, "after": 1}
    assert seen.metrics == {}

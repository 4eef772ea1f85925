"""Traces: spans and descriptions in any order, whose they are, what is said of them, what is left of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from strongroom.application.paging import PageRequest
from strongroom.application.tracking import assessments, experiments, runs, trace_links, traces
from strongroom.application.tracking.assessments import Assess
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.application.tracking.trace_views import TraceView
from strongroom.application.tracking.traces import RecordTrace
from strongroom.application.tracking.views import ExperimentView, RunView
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from strongroom.domain.tracking.assessments import Said
from strongroom.domain.tracking.spans import Span, SpanKind, SpanStatus
from strongroom.domain.tracking.traces import Told
from tests.application.conftest import World
from tests.application.tracking.conftest import Audited

ONE, TWO = "0" * 31 + "1", "0" * 31 + "2"
ROOT = Span(
    "00000000000000aa", None, "answer", "CHAIN", SpanKind.SERVER, SpanStatus.OK, "", 5_000_000, 9_000_000, {"q": "x"}
)
CHILD = replace(
    ROOT, span_id="00000000000000bb", parent_id=ROOT.span_id, name="think", start_ns=6_000_000, end_ns=8_000_000
)
TOLD = Told(name="told", state="ok", started_at=1_000, duration_us=7, session="s", request="in", response="out")


def record(world: World, experiment: ExperimentView, who: str = "contributor", **said: Any) -> TraceView:
    command = RecordTrace(ONE, **said)
    world.command(who, lambda call: traces.record(call, experiment.uid, [command]))
    return world.read("contributor", lambda call: traces.get(call, ONE))


@pytest.mark.parametrize("order", ["spans first", "told first"])
def test_spans_and_description_come_in_any_order(world: World, experiment: ExperimentView, order: str) -> None:
    """ "spans can arrive before the trace and the trace before its spans"."""
    parts: list[dict[str, Any]] = [{"spans": [ROOT, CHILD]}, {"told": TOLD}]
    first, second = parts if order == "spans first" else reversed(parts)
    record(world, experiment, **first)
    view = record(world, experiment, **second)
    assert (view.name, view.state, view.session, view.duration_us) == ("told", "ok", "s", 7)
    assert (view.request, view.response, view.span_count) == ("in", "out", 2)
    found = world.read("viewer", lambda call: traces.spans(call, view.uid, PageRequest(1)))
    assert [span.name for span in found.items] == ["answer"]
    rest = world.read("viewer", lambda call: traces.spans(call, view.uid, PageRequest(9, found.next_page_token)))
    assert [(span.name, span.parent_id) for span in rest.items] == [("think", ROOT.span_id)]


def test_a_trace_that_nobody_described_shows_what_its_spans_show(world: World, experiment: ExperimentView) -> None:
    view = record(world, experiment, spans=[CHILD])
    assert (view.name, view.state, view.duration_us, view.told) == ("", "in_progress", 2_000, False)
    view = record(world, experiment, spans=[replace(ROOT, status=SpanStatus.ERROR)])
    assert (view.name, view.state, view.duration_us) == ("answer", "error", 4_000)


def test_a_span_that_comes_again_replaces_itself(world: World, experiment: ExperimentView) -> None:
    record(world, experiment, spans=[ROOT])
    view = record(world, experiment, spans=[replace(ROOT, name="again"), CHILD])
    assert view.span_count == 2
    found = world.read("viewer", lambda call: traces.spans(call, ONE, PageRequest(9)))
    assert [span.name for span in found.items] == ["again", "think"]


def test_nobody_writes_into_a_trace_that_he_may_not_write(
    world: World, experiment: ExperimentView, grant: Callable[[str, str, str], None]
) -> None:
    """ "spans of another's trace id (nobody may write into a trace he may not write)"."""
    record(world, experiment, spans=[ROOT])
    mine = world.command("contributor", lambda call: experiments.create(call, CreateExperiment("mine", "own")))
    grant("stranger", "own", "contributor")

    def write(call: object) -> object:
        return traces.record(call, mine.uid, [RecordTrace(ONE, spans=[CHILD])])  # type: ignore[arg-type]

    with pytest.raises(NotFound):
        world.command("stranger", write)
    with pytest.raises(Conflict, match="another experiment"):
        world.command("contributor", write)
    with pytest.raises(Forbidden):
        record(world, experiment, "viewer", spans=[CHILD])
    assert world.read("viewer", lambda call: traces.get(call, ONE)).span_count == 1
    with pytest.raises(NotFound):
        world.read("stranger", lambda call: traces.get(call, ONE))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (replace(ROOT, span_id="0" * 16), Invalid),
        (replace(ROOT, span_id="AA"), Invalid),
        (replace(ROOT, start_ns=-1), Invalid),
        (replace(ROOT, end_ns=2**63), Invalid),
        (replace(ROOT, name="n" * 1_025), Invalid),
        (replace(ROOT, attributes={str(number): 1 for number in range(1_001)}), TooLarge),
        (replace(ROOT, attributes={"long": "x" * (4 << 20)}), TooLarge),
    ],
)
def test_a_span_beyond_its_limits_is_refused_and_nothing_of_it_stays(
    world: World, experiment: ExperimentView, wrong: Span, error: type[Exception]
) -> None:
    """ "attribute bombs"."""
    with pytest.raises(error):
        record(world, experiment, spans=[CHILD, wrong])
    with pytest.raises(NotFound):
        world.read("viewer", lambda call: traces.get(call, ONE))


def test_deep_attributes_are_refused_and_what_no_database_stores_is_replaced(
    world: World, experiment: ExperimentView
) -> None:
    deep: object = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(Invalid, match="levels deep"):
        record(world, experiment, spans=[replace(ROOT, attributes={"deep": deep})])  # type: ignore[dict-item]
    record(world, experiment, spans=[replace(ROOT, attributes={"a\x00": "\x00\ud800", "n": float("nan")})])
    found = world.read("viewer", lambda call: traces.spans(call, ONE, PageRequest(1)))
    assert found.items[0].attributes == {"a\ufffd": "\ufffd\ufffd", "n": "nan"}


def test_deleting_leaves_nothing_but_the_audit_record(
    world: World, experiment: ExperimentView, audited: Audited
) -> None:
    view = record(world, experiment, spans=[ROOT], tags={"t": "1"}, properties={"p": 1})
    said = world.command("contributor", lambda call: assessments.create(call, ONE, Assess("feedback", GOOD)))
    with pytest.raises(Forbidden):
        world.command("viewer", lambda call: traces.delete(call, ONE))
    world.command("maintainer", lambda call: traces.delete(call, ONE))
    for uid in (view.uid, ONE):
        with pytest.raises(NotFound):
            world.read("viewer", lambda call, uid=uid: traces.get(call, uid))  # type: ignore[misc]
    with pytest.raises(NotFound):
        world.read("viewer", lambda call: assessments.get(call, said.uid))
    assert [action for action, _ in audited(view.uid)] == ["trace.delete"]
    again = record(world, experiment, spans=[CHILD])
    assert (again.tags, again.properties, again.assessments) == ([], {}, [])


GOOD = Said(name="good", value=True, has_value=True, source="human")


def test_assessments_are_commands_and_override_each_other(
    world: World, experiment: ExperimentView, audited: Audited
) -> None:
    """ "assessments (feedback, expectation, issue-like; source, rationale, error, overrides/valid, span id"."""
    record(world, experiment, told=TOLD)
    one = world.command("contributor", lambda call: assessments.create(call, ONE, Assess("feedback", GOOD)))
    changed = Said(value=False, has_value=True, rationale="no")
    world.command("contributor", lambda call: assessments.update(call, one.uid, changed))
    two = world.command("contributor", lambda call: assessments.create(call, ONE, Assess("feedback", GOOD, one.uid)))
    view = world.read("viewer", lambda call: traces.get(call, ONE))
    assert [(a.value, a.valid, a.rationale) for a in view.assessments] == [(False, False, "no"), (True, True, "")]
    world.command("contributor", lambda call: assessments.delete(call, two.uid))
    assert world.read("viewer", lambda call: assessments.get(call, one.uid)).valid
    assert [action for action, _ in audited(one.uid)] == ["assessment.create", "assessment.update"]
    with pytest.raises(Invalid, match="feedback"):
        world.command("contributor", lambda call: assessments.update(call, one.uid, changed, "expectation"))
    with pytest.raises(NotFound):
        world.command("stranger", lambda call: assessments.create(call, ONE, Assess("feedback", GOOD)))


def test_a_run_has_the_traces_made_in_it_and_linked_with_it(
    world: World, experiment: ExperimentView, run: RunView
) -> None:
    record(world, experiment, spans=[ROOT], run_uid=run.uid)
    world.command("contributor", lambda call: traces.record(call, experiment.uid, [RecordTrace(TWO, spans=[ROOT])]))
    other = world.command("contributor", lambda call: runs.create(call, CreateRun(experiment.uid, "other")))
    new = [world.command("contributor", lambda call: trace_links.link_run(call, [TWO], run.uid)) for _ in range(2)]
    assert new == [1, 0]

    def of(uid: str) -> set[str]:
        query = traces.ListTraces(run_uid=uid)
        page = world.read("viewer", lambda call: traces.listed(call, experiment.uid, query, PageRequest(9)))
        return {view.trace_id for view in page.items}

    assert (of(run.uid), of(other.uid)) == ({ONE, TWO}, set())


def test_the_oldest_are_deleted_until_a_time(world: World, experiment: ExperimentView) -> None:
    for number in range(5):
        command = RecordTrace(f"{number + 1:032x}", told=replace(TOLD, started_at=number))
        world.command("contributor", lambda call, c=command: traces.record(call, experiment.uid, [c]))  # type: ignore[misc]
    gone = world.command("maintainer", lambda call: traces.delete_some(call, experiment.uid, until=3, most=2))
    page = world.read("viewer", lambda call: traces.listed(call, experiment.uid, traces.ListTraces(), PageRequest(9)))
    assert gone == 2
    assert [view.started_at.microsecond for view in page.items] == [4, 3, 2]

"""Parts that are each common and rarely meet, on both databases: what their indexes share, not a walk to its end."""

import pytest

from strongroom.adapters.sql.search import finder, meeting
from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.search import find
from strongroom.application.tracking import experiments, recording, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.recording import Batch, LogParam, LogPoint
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.search.schema import Entity
from tests.application.conftest import World
from tests.application.search.test_plans import plans

RUNS, LATE = 12, 8
OF_X, DEEP = {0, 2, 5, 8}, {1, 3, 5, 9}
SHARED = "INTERSECT"


@pytest.fixture
def experiment_uid(world: World) -> str:
    """Twelve runs by their loss, all of them quick, the last four late."""
    uid = world.command("contributor", lambda c: experiments.create(c, CreateExperiment("e", "vision"))).uid

    def begin(call: Call) -> None:
        for n in range(RUNS):
            made = runs.create(call, CreateRun(uid, f"r{n}", tags={"team": "x" if n in OF_X else "y"}))
            points = [LogPoint("loss", float(n)), LogPoint("quick", 1.0), LogPoint("late", float(n >= LATE))]
            depth = LogParam("depth", "3" if n in DEEP else "4")
            recording.log(call, made.uid, Batch([depth], points))

    world.command("contributor", begin)
    return uid


@pytest.fixture(autouse=True)
def common(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is few; four rows are looked at, and a walk of 250 is taken for short."""
    monkeypatch.setattr(finder, "CANDIDATES_MOST", -1)
    monkeypatch.setattr(finder, "CHECKED_MOST", -1)
    monkeypatch.setattr(meeting, "HEAD_ROWS", 4)
    monkeypatch.setattr(meeting, "WALKED_MOST", 250)


def asked(world: World, what: str, order: str, uid: str) -> tuple[list[str], bool]:
    """The names of the runs, and whether indexes were laid over one another."""
    question = find.asked(Entity.RUN, what, [order] if order else [], experiment_uids=[uid])
    page = world.read("viewer", lambda c: find.runs(c, question, PageRequest()))
    found = plans(world, Entity.RUN, what, order, uid)
    return [view.name for view in page.items], any(SHARED in plan.upper() for plan in found)


@pytest.mark.parametrize("order", ["metrics.loss", "", "max(metrics.loss)"], ids=["by an index", "latest", "sorted"])
def test_what_rarely_meets_is_what_indexes_share(world: World, experiment_uid: str, order: str) -> None:
    """ "Runs filtered and ordered by metric at 1,000,000 runs under 200 ms p95": a walk took over 10 s."""
    what = "tags.team = 'x' AND params.depth = 3"
    names, laid = asked(world, what, order, experiment_uid)
    assert names == ["r5"]
    assert laid


def test_what_fits_soon_is_met_on_the_walk(world: World, experiment_uid: str) -> None:
    names, laid = asked(world, "tags.team = 'x' AND metrics.quick > 0.5", "metrics.loss", experiment_uid)
    assert names == [f"r{n}" for n in sorted(OF_X)]
    assert not laid


def test_a_walk_that_is_bounded_is_looked_at_from_its_bound(world: World, experiment_uid: str) -> None:
    """From loss 8 on every run is late: what the head of the whole order says does not count."""
    what = "metrics.loss >= 8 AND metrics.late > 0.5"
    names, laid = asked(world, what, "metrics.loss", experiment_uid)
    assert names == [f"r{n}" for n in range(LATE, RUNS)]
    assert not laid

"""Pages are bounded in bytes: rows that hold much come in pages that end early, and none is lost or repeated."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from strongroom.adapters.sql.repositories import base
from strongroom.application import paging
from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import assets
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.search import find
from strongroom.application.tracking import experiments, logged_models, recording, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.logged_models import CreateLoggedModel, ListLoggedModels
from strongroom.application.tracking.recording import Batch, LogParam
from strongroom.application.tracking.runs import CreateRun, ListRuns
from strongroom.application.tracking.views import RunView
from strongroom.domain.search.schema import Entity
from tests.application.conftest import World

LONG = "x" * 5_000
MANY = 12
Listing: TypeAlias = Callable[[Call, PageRequest], Page[Any]]


@pytest.fixture
def experiment_uid(world: World) -> str:
    return world.command("contributor", lambda c: experiments.create(c, CreateExperiment("e", "vision"))).uid


@pytest.fixture
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_BYTES", 4 * len(LONG))
    monkeypatch.setattr(paging, "BUILT_FIRST", 2)


def walked(world: World, listing: Listing) -> list[list[str]]:
    """The uids of all pages, page by page."""
    pages: list[list[str]] = []
    token = None
    while True:
        request = PageRequest(100, token)
        page = world.read("viewer", lambda call, request=request: listing(call, request))  # type: ignore[misc]
        pages.append([view.uid for view in page.items])
        token = page.next_page_token
        if token is None:
            return pages


def heavy_runs(world: World, experiment_uid: str) -> list[str]:
    def begin(call: Call) -> str:
        view = runs.create(call, CreateRun(experiment_uid))
        recording.log(call, view.uid, Batch(params=[LogParam("p", LONG), LogParam("q", "1")]))
        return view.uid

    return [world.command("contributor", begin) for _ in range(MANY)]


def heavy_assets(world: World, _: str) -> list[str]:
    make = [CreateAsset("model", f"m{n}", "vision", description=LONG) for n in range(MANY)]
    return [world.command("contributor", lambda c, one=one: assets.create(c, one)).uid for one in make]  # type: ignore[misc]


def heavy_experiments(world: World, experiment_uid: str) -> list[str]:
    make = [CreateExperiment(f"e{n}", "vision", description=LONG) for n in range(MANY)]
    made = [world.command("contributor", lambda c, one=one: experiments.create(c, one)).uid for one in make]  # type: ignore[misc]
    return [experiment_uid, *made]


def heavy_logged_models(world: World, experiment_uid: str) -> list[str]:
    make = [CreateLoggedModel(experiment_uid, f"m{n}", params={"p": LONG}) for n in range(MANY)]
    return [world.command("contributor", lambda c, one=one: logged_models.create(c, one)).uid for one in make]  # type: ignore[misc]


def _found(entity: Entity, search: Callable[..., Page[Any]]) -> Callable[[str], Listing]:
    return lambda _: lambda call, page: search(call, find.asked(entity, ""), page)


CASES: dict[str, tuple[Callable[[World, str], list[str]], Callable[[str], Listing]]] = {
    "runs found": (heavy_runs, _found(Entity.RUN, find.runs)),
    "runs listed": (heavy_runs, lambda uid: lambda call, page: runs.listed(call, uid, ListRuns(), page)),
    "assets found": (heavy_assets, _found(Entity.ASSET, find.assets)),
    "experiments found": (heavy_experiments, _found(Entity.EXPERIMENT, find.found_experiments)),
    "logged models listed": (
        heavy_logged_models,
        lambda uid: lambda call, page: logged_models.listed(call, uid, ListLoggedModels(), page),
    ),
}


@pytest.mark.usefixtures("few_bytes")
@pytest.mark.parametrize("case", CASES)
def test_a_page_of_heavy_rows_ends_early_and_the_next_goes_on(world: World, experiment_uid: str, case: str) -> None:
    """ "Every number, length, path and id from outside is bounded": so is what an answer holds at once."""
    make, listing = CASES[case]
    made = make(world, experiment_uid)
    pages = walked(world, listing(experiment_uid))
    assert sorted(uid for page in pages for uid in page) == sorted(made)
    assert all(page for page in pages)
    assert 2 <= max(map(len, pages)) <= 6


def test_runs_that_hold_too_much_together_are_built_fewer_at_a_time(
    world: World, experiment_uid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = heavy_runs(world, experiment_uid)
    monkeypatch.setattr(base, "LARGEST_AT_ONCE", len(LONG) // 2)  # one alone is always built
    page = world.read("viewer", lambda call: find.runs(call, find.asked(Entity.RUN, ""), PageRequest(100)))
    found: dict[str, RunView] = {view.uid: view for view in page.items}
    assert sorted(found) == sorted(made)
    assert all(view.params == {"p": LONG, "q": "1"} for view in found.values())

"""Versions found and ordered by what was measured of them."""

import asyncio
from collections.abc import Sequence

import pytest

from strongroom.application.automations import objects
from strongroom.application.call import Call
from strongroom.application.evaluations import recording
from strongroom.application.paging import PageRequest
from strongroom.application.registry import links
from strongroom.application.registry.links import LinkVersion
from strongroom.application.registry.views import AssetView
from strongroom.application.search import find
from strongroom.domain.errors import Invalid
from strongroom.domain.evaluations.model import Measure
from strongroom.domain.search.parse import parse_filter
from strongroom.domain.search.schema import Entity
from tests.application.evaluations.conftest import record
from tests.promises.support import Site, make_asset, publish, reference

HOLDOUT, OTHER = "a" * 64, "b" * 64


def found(site: Site, what: str, order: Sequence[str] = (), who: str = "viewer") -> list[int | None]:
    question = find.asked(Entity.VERSION, what, list(order))
    return [one.number for one in site.world.read(who, lambda c: find.versions(c, question, PageRequest())).items]


def measured(quality: float, p95: float, cost: float) -> tuple[Measure, ...]:
    return Measure("quality", quality), Measure("p95", p95), Measure("cost", cost)


def test_the_cheapest_version_that_is_good_and_fast_enough_is_a_query(site: Site, model: AssetView) -> None:
    """ "cheapest version with quality >= x and p95 <= y" is a query."""
    for number, numbers in enumerate([(0.95, 90, 3.0), (0.92, 80, 1.0), (0.99, 200, 0.5), (0.5, 10, 0.1)]):
        made = publish(site, model.uid, [reference("w", str(number))])
        record(site, made.uid, *measured(*numbers), dataset_digest=HOLDOUT, dataset_name="holdout")
    good = "evaluations.quality >= 0.9 AND evaluations.p95 <= 100"
    assert found(site, good, ["evaluations.cost"]) == [2, 1]
    assert found(site, good, ["evaluations.cost DESC"]) == [1, 2]
    assert found(site, "evaluation.quality BETWEEN 0.9 AND 0.96", ["evaluations.p95 ON 'holdout'"]) == [2, 1]
    assert found(site, "", ["evaluations.quality DESC"]) == [3, 1, 2, 4]


def test_the_newest_that_stands_counts_and_unbound_ones_do_not(site: Site, model: AssetView) -> None:
    """ "current, not retracted, bound ones; the newest per (metric, data set)"."""
    made = publish(site, model.uid)
    one = Measure("quality", 0.9)
    record(site, made.uid, Measure("quality", 0.99), dataset_digest="")
    assert found(site, "evaluations.quality IS NULL") == [1]
    first = record(site, made.uid, one, dataset_digest=HOLDOUT, dataset_name="holdout")
    second = record(site, made.uid, Measure("quality", 0.5), dataset_digest=HOLDOUT, dataset_name="holdout")
    assert found(site, "evaluations.quality = 0.9") == []
    assert found(site, "evaluations.quality = 0.5") == [1]
    said = recording.RecordEvaluation("suite", [Measure("quality", 0.8)], dataset_digest=HOLDOUT)
    asyncio.run(recording.correct(site.edge("contributor"), first.uid, said, "r"))
    assert found(site, "evaluations.quality = 0.5") == [1], "what is corrected is no newer than it was"
    site.world.command("contributor", lambda call: recording.retract(call, second.uid, "r"))
    assert found(site, "evaluations.quality = 0.8") == [1]


def test_a_data_set_is_meant_by_its_name_or_digest(site: Site, model: AssetView) -> None:
    made = publish(site, model.uid)
    record(site, made.uid, Measure("quality", 0.9), dataset_digest=HOLDOUT, dataset_name="holdout")
    record(site, made.uid, Measure("quality", 0.4), dataset_digest=OTHER)
    assert found(site, "evaluations.quality > 0.8") == [1]
    assert found(site, "evaluations.quality ON 'holdout' > 0.8") == [1]
    assert found(site, f"evaluations.quality ON '{HOLDOUT}' > 0.8") == [1]
    assert found(site, f"evaluations.quality ON '{OTHER}' > 0.8") == []
    assert found(site, f"evaluations.quality ON ('holdout', '{HOLDOUT}') > 0.8") == [1]
    assert found(site, f"evaluations.quality ON ('holdout', '{OTHER}') > 0.8") == []
    assert found(site, "evaluations.quality ON 'none' IS NULL") == [1]


def test_links_are_found_by_what_they_show(site: Site, model: AssetView) -> None:
    source = publish(site, make_asset(site, "lab", "admin", visibility="private").uid, who="admin")
    record(site, source.uid, Measure("quality", 0.9), who="admin")
    asyncio.run(links.link(site.edge("admin"), source.uid, LinkVersion(model.uid)))
    record(site, source.uid, Measure("cost", 2.0), who="admin")
    assert found(site, "evaluations.quality > 0.8 AND evaluations.cost < 3", ["evaluations.cost"]) == [1]


def test_automations_ask_the_same(site: Site, model: AssetView) -> None:
    made = publish(site, model.uid)
    record(site, made.uid, Measure("quality", 0.9), dataset_digest=HOLDOUT, dataset_name="holdout")
    for what, wanted in (
        ("evaluations.quality ON 'holdout' >= 0.9", True),
        ("evaluations.quality > 0.9", False),
        ("evaluations.cost < 1", None),
    ):
        condition = parse_filter(Entity.VERSION, what)
        assert condition is not None

        def holds(call: Call) -> bool | None:
            return objects.holds(call, Entity.VERSION, made.uid, condition)  # noqa: B023 - run at once

        assert site.world.read("viewer", holds) is wanted, what


@pytest.mark.parametrize(
    "wrong", ["evaluations.q = 'x'", "evaluations.q LIKE 'x'", "max(evaluations.q) > 1", "evaluations.q = TRUE"]
)
def test_what_is_no_question_about_numbers_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid):
        parse_filter(Entity.VERSION, wrong)
    with pytest.raises(Invalid, match="has no evaluations"):
        parse_filter(Entity.RUN, "evaluations.q = 1")

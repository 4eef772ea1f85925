"""Champion and challenger on the same rows; the answer is kept."""

import asyncio
import random
from typing import Any

import pytest

from strongroom.application.evaluations import comparing, recording
from strongroom.application.evaluations.comparing import Compare, ComparisonView
from strongroom.application.evaluations.views import EvaluationView
from strongroom.application.paging import PageRequest
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from strongroom.domain.evaluations.model import Direction, Measure
from tests.application.evaluations.conftest import LATENCY, QUALITY, edge, record, send, table
from tests.promises.support import Site, make_asset, publish


def scored(
    site: Site, asset: AssetView, uid: str, gain: float, who: str = "contributor", **more: Any
) -> EvaluationView:
    """Sixty rows, of which a better model answers more."""
    chance = random.Random(7)  # noqa: S311 - data that is the same each time
    values = [min(1.0, max(0.0, chance.random() * 0.5 + gain)) for _ in range(60)]
    rows = send(site, asset.uid, table(row_id=[f"r{n}" for n in range(60)], accuracy=values, p95=values), who)
    return record(site, uid, QUALITY, LATENCY, rows=rows, who=who, **more)


def compare(site: Site, champion: str, challenger: str, who: str = "contributor", **how: Any) -> ComparisonView:
    asked = Compare(champion, **{"metric": "accuracy", "alpha": 0.05, "resamples": 400, **how})
    return asyncio.run(comparing.compare(edge(site, who), challenger, asked))


def test_a_better_challenger_is_told_from_a_champion_and_the_answer_is_kept(
    site: Site, model: AssetView, version: VersionView
) -> None:
    """ "champion/challenger by paired bootstrap with a confidence interval"."""
    champion, challenger = scored(site, model, version.uid, 0.0), scored(site, model, version.uid, 0.2)
    made = compare(site, champion.uid, challenger.uid, seed=11)
    assert (made.verdict, made.pairs, made.seed, made.better) == ("better", 60, 11, Direction.HIGHER)
    assert made.low is not None
    assert made.low > 0
    assert made.difference == pytest.approx(0.2)
    again = compare(site, champion.uid, challenger.uid, seed=11)
    assert (again.low, again.high) == (made.low, made.high)
    assert compare(site, champion.uid, challenger.uid, metric="p95").verdict == "worse", "less of it is better"
    assert compare(site, challenger.uid, champion.uid).seed != 11
    shown = site.world.read("viewer", lambda call: comparing.get(call, made.uid))
    assert shown == made
    page = site.world.read("viewer", lambda call: comparing.listed(call, champion.uid, PageRequest(2)))
    assert (len(page.items), page.next_page_token is None) == (2, False)
    site.world.command("contributor", lambda call: recording.retract(call, champion.uid, "r"))
    assert site.world.read("viewer", lambda call: comparing.get(call, made.uid)).standing is False


def test_what_is_not_alike_is_not_compared(site: Site, model: AssetView, version: VersionView) -> None:
    champion = scored(site, model, version.uid, 0.0)
    other = [
        (scored(site, model, version.uid, 0.1, dataset_digest="e" * 64).uid, Conflict, "same data set"),
        (scored(site, model, version.uid, 0.1, dataset_digest="").uid, Conflict, "same data set"),
        (record(site, version.uid).uid, Conflict, "no results of single rows"),
        (record(site, version.uid, Measure("accuracy", 1.0, "points")).uid, Invalid, "unit or direction"),
        (record(site, version.uid, Measure("other", 1.0)).uid, Invalid, "no such metric"),
        (champion.uid, Invalid, "with another"),
    ]
    for uid, error, said in other:
        with pytest.raises(error, match=said):
            compare(site, champion.uid, uid)
    gone = scored(site, model, version.uid, 0.1)
    site.world.command("contributor", lambda call: recording.retract(call, gone.uid, "r"))
    with pytest.raises(Conflict, match="retracted"):
        compare(site, champion.uid, gone.uid)


def test_both_sides_must_be_seen(site: Site, model: AssetView, version: VersionView) -> None:
    hidden = make_asset(site, "secret", "admin", visibility="private")
    secret = scored(site, hidden, publish(site, hidden.uid, who="admin").uid, 0.1, "admin")
    mine = scored(site, model, version.uid, 0.0, "admin")
    made = compare(site, secret.uid, mine.uid, "admin")
    with pytest.raises(NotFound):
        compare(site, secret.uid, mine.uid)
    with pytest.raises(NotFound):
        site.world.read("viewer", lambda call: comparing.get(call, made.uid))
    assert site.world.read("viewer", lambda call: comparing.listed(call, mine.uid, PageRequest())).items == []
    with pytest.raises(Forbidden):
        compare(site, mine.uid, scored(site, model, version.uid, 0.3).uid, "viewer")

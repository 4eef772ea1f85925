"""Random filters and orders give on both databases what the oracle says, whole and page by page."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.adapters.sql.search import finder, meeting
from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.search import find
from strongroom.application.search.find import Question
from strongroom.domain.search.ast import Expr, OrderTerm
from strongroom.domain.search.evaluate import evaluate, ordered
from strongroom.domain.search.schema import Entity
from tests.application.search.conftest import THEN, Filled
from tests.domain.search.strategies import filters, orders

SEARCHES: dict[Entity, Callable[[Call, Question, PageRequest], Any]] = {
    Entity.ASSET: find.assets,
    Entity.VERSION: find.versions,
    Entity.EXPERIMENT: find.found_experiments,
    Entity.RUN: find.runs,
    Entity.LOGGED_MODEL: find.found_logged_models,
    Entity.TRACE: find.traces,
}


def found_by_re(pattern: str, text: str) -> bool:
    """Python's expressions are those of RE2, as far as the strategy uses them."""
    return re.search(pattern, text) is not None


def pages(filled: Filled, entity: Entity, question: Question, size: int) -> list[str]:
    """The uids that a search gives, over all its pages."""
    found: list[str] = []
    token = None
    while True:
        request = PageRequest(size, token)
        page = filled.world.read("admin", lambda call, request=request: SEARCHES[entity](call, question, request))  # type: ignore[misc]
        found += [view.uid for view in page.items]
        token = page.next_page_token
        if token is None:
            return found


SCOPED = {Entity.RUN, Entity.LOGGED_MODEL}
# CANDIDATES_MOST, CHECKED_MOST, HEAD_ROWS, WALKED_MOST, PER_ROW: where checking a row costs much, indexes are laid over
WAYS = {
    "by candidates": (5_000, 20_000, 500, 2_000, 10),
    "along an index": (0, 0, 500, 2_000, 10),
    "where parts meet": (0, 0, 1, -1, 10**9),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("entity", list(Entity))
def test_random_filters_and_orders(filled: Filled, entity: Entity, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    candidates, checked, head, walked, per_row = WAYS[way]
    monkeypatch.setattr(finder, "CANDIDATES_MOST", candidates)
    monkeypatch.setattr(finder, "CHECKED_MOST", checked)
    monkeypatch.setattr(meeting, "HEAD_ROWS", head)
    monkeypatch.setattr(meeting, "WALKED_MOST", walked)
    monkeypatch.setattr(meeting, "PER_ROW", per_row)
    records = filled.records[entity]
    uids = sorted(filled.experiment_uids.values())
    scopes = st.sampled_from([(), (uids[0],), tuple(uids)]) if entity in SCOPED else st.just(())

    times = st.just(None) if entity is Entity.TRACE else st.sampled_from([None, None, THEN])

    few = entity is Entity.TRACE or way == "where parts meet"

    @settings(max_examples=15 if few else 40, suppress_health_check=list(HealthCheck))
    @given(filters(entity) | st.none(), orders(entity), st.sampled_from([3, 7, 1000]), scopes, times)
    def check(
        where: Expr | None, order: tuple[OrderTerm, ...], size: int, scope: tuple[str, ...], at: int | None
    ) -> None:
        known = records if at is None else [filled.then[id(record)] for record in records]
        fitting = [record for record in known if where is None or evaluate(where, record, found_by_re) is True]
        if scope:
            fitting = [record for record in fitting if record.attributes["experiment_uid"] in scope]
        expected = [record.attributes["uid"] for record in ordered(fitting, order)]
        assert pages(filled, entity, Question(where, order, "all", scope, at), size) == expected

    check()

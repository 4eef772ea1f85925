"""A condition of an automation means what the same filter means in search."""

import pytest
from hypothesis import HealthCheck, given, settings

from strongroom.adapters.sql.search.residual import compiled
from strongroom.application.automations import objects
from strongroom.application.call import Call
from strongroom.domain.automations.model import ABOUT
from strongroom.domain.search.ast import Expr
from strongroom.domain.search.evaluate import Record, evaluate
from strongroom.domain.search.parse import parse_filter
from strongroom.domain.search.schema import ATTRIBUTES, Entity
from tests.application.search.conftest import Filled, filled  # noqa: F401 - a fixture
from tests.domain.search.strategies import filters


def found_in(pattern: str, text: str) -> bool:
    return compiled(pattern)(text) is not None


@pytest.mark.parametrize("entity", ABOUT)
def test_random_conditions_hold_as_the_oracle_of_search_says(filled: Filled, entity: Entity) -> None:  # noqa: F811
    """ "condition in the one filter language": of the stored object, what the oracle says of its record."""
    # how a model is packaged is read from documents, which the versions of this world that have a tree have not
    records = [one for one in filled.records[entity] if one.attributes.get("tree") is None][:8]

    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(filters(entity))
    def check(where: Expr) -> None:
        def held(call: Call) -> list[bool | None]:
            return [objects.holds(call, entity, str(one.attributes["uid"]), where) for one in records]

        assert filled.world.read("admin", held) == [evaluate(where, one, found_in) for one in records]

    check()


@pytest.mark.parametrize("entity", ABOUT)
def test_an_object_has_every_attribute_that_may_be_asked_for(filled: Filled, entity: Entity) -> None:  # noqa: F811
    uid = str(filled.records[entity][0].attributes["uid"])
    asked = parse_filter(entity, "uid = 'x'")
    assert asked is not None
    found: Record = filled.world.read("admin", lambda call: objects.record(call, entity, uid, asked))
    assert found.attributes.keys() == ATTRIBUTES[entity].keys()

""" "Override by waiver": asked for by one, given by another, until a time."""

from datetime import UTC, datetime, timedelta

import pytest

from strongroom.application.identity import teams
from strongroom.application.identity.teams import CreateTeam
from strongroom.application.paging import PageRequest
from strongroom.application.recalls import exemptions
from strongroom.application.recalls.exemptions import AskExemption
from strongroom.application.recalls.views import ExemptionView, RecallView
from strongroom.application.registry.views import VersionView
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tests.application.conftest import DAY, MovableClock, World
from tests.application.recalls.conftest import Shelf


def soon(days: float = 1) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


class Recalled:
    """A version that is recalled, and exemptions from that."""

    def __init__(self, world: World, shelf: Shelf) -> None:
        self.world, self.shelf = world, shelf
        self.version: VersionView = shelf.publish("churn", {"weights": "one"})
        self.recall: RecallView = shelf.recall("version", self.version.uid)

    def ask(self, who: str = "contributor", **whom: str) -> ExemptionView:
        asked = AskExemption(soon(), "to find out what is wrong", **whom)
        return self.world.command(who, lambda call: exemptions.ask(call, self.recall.uid, asked))

    def give(self, one: ExemptionView, who: str = "admin") -> ExemptionView:
        return self.world.command(who, lambda call: exemptions.give(call, one.uid))

    def refused(self, who: str) -> bool:
        return self.shelf.refused(self.version, who=who)


@pytest.fixture
def recalled(world: World, shelf: Shelf) -> Recalled:
    return Recalled(world, shelf)


def test_an_exemption_holds_for_its_holder_until_its_end(recalled: Recalled, clock: MovableClock) -> None:
    asked = recalled.ask()
    assert asked.state == "asked"
    assert recalled.refused("contributor"), "it was not given yet"
    assert recalled.give(asked).state == "given"
    assert not recalled.refused("contributor")
    assert recalled.refused("viewer")
    assert recalled.refused("admin"), "who gives it has none"
    clock.advance(DAY + 1)
    assert recalled.refused("contributor"), "after its end the answer is 451 again"
    page = PageRequest(10)
    listed = recalled.world.read("viewer", lambda call: exemptions.listed(call, recalled.recall.uid, page))
    assert [one.state for one in listed.items] == ["expired"]


def test_nobody_gives_one_to_themselves(recalled: Recalled) -> None:
    """ "given by a second person"."""
    world = recalled.world
    own = recalled.ask("admin")
    for one in (own, recalled.ask("admin", principal=world.uid("viewer"))):
        with pytest.raises(Conflict, match="asks"):
            recalled.give(one)
        assert recalled.give(one, "root").given_by == world.uid("root")
    once = recalled.ask()
    recalled.give(once)
    with pytest.raises(Conflict, match="given"):
        recalled.give(once)
    profits = recalled.ask("contributor", principal=world.uid("admin"))
    with pytest.raises(Conflict, match="themselves"):
        recalled.give(profits)
    with pytest.raises(Forbidden):
        recalled.give(recalled.ask(), "maintainer")
    with pytest.raises(Forbidden):
        recalled.ask("viewer")


def test_a_team_is_exempt_as_long_as_one_is_in_it(recalled: Recalled) -> None:
    world = recalled.world
    team = world.command("admin", lambda call: teams.create(call, CreateTeam("forensics")))
    for uid in (world.uid("viewer"), world.uid("admin")):
        world.command("admin", lambda call, uid=uid: teams.add_member(call, team.uid, uid))  # type: ignore[misc]
    asked = recalled.ask(team=team.uid)
    with pytest.raises(Conflict, match="themselves"):
        recalled.give(asked)
    recalled.give(asked, "root")
    assert not recalled.refused("viewer")
    world.command("admin", lambda call: teams.remove_member(call, team.uid, world.uid("viewer")))
    assert recalled.refused("viewer")


def test_an_exemption_is_ended_before_its_time(recalled: Recalled) -> None:
    asked = recalled.ask()
    recalled.give(asked)
    ended = recalled.world.command("admin", lambda call: exemptions.end(call, asked.uid))
    assert (ended.state, ended.ended_by) == ("ended", recalled.world.uid("admin"))
    assert recalled.refused("contributor")
    with pytest.raises(Conflict):
        recalled.world.command("admin", lambda call: exemptions.end(call, asked.uid))
    with pytest.raises(Conflict):
        recalled.give(asked, "root")


def test_it_frees_from_one_recall_only(recalled: Recalled) -> None:
    recalled.give(recalled.ask())
    assert not recalled.refused("contributor")
    recalled.shelf.recall("digest", recalled.version.tree or "")
    assert recalled.refused("contributor")


@pytest.mark.parametrize("until", [soon(-1), soon(91), datetime(2100, 1, 1)])  # noqa: DTZ001 - one without a zone
def test_an_exemption_has_an_end_within_ninety_days(recalled: Recalled, until: datetime) -> None:
    with pytest.raises(Invalid):
        recalled.world.command(
            "contributor", lambda call: exemptions.ask(call, recalled.recall.uid, AskExemption(until, "why"))
        )


def test_it_is_for_somebody_that_there_is(recalled: Recalled) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    for whom in ({"principal": nobody}, {"team": nobody}):
        with pytest.raises(NotFound):
            recalled.ask(**whom)
    recalled.shelf.lift(recalled.recall)
    with pytest.raises(Conflict):
        recalled.ask()

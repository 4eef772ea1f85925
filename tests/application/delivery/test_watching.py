"""Targets say what they run; silence, drift and breached bounds are found and acted on."""

from collections.abc import Mapping

import pytest

from strongroom.application.delivery import board, environments, placing, watching
from strongroom.application.delivery.watching import Report, TargetView, WantedView
from strongroom.application.identity import grants
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.domain.delivery.model import Guard
from strongroom.domain.delivery.targets import MOVING, SILENT_AFTER_US
from strongroom.domain.errors import Conflict, Forbidden, Held, Invalid, NotFound, TooLarge
from tests.application.conftest import World
from tests.application.delivery.conftest import LINE, Delivery


def register(world: World, name: str = "pod-1", *, who: str = "contributor", environment: str = "dev") -> TargetView:
    return world.command(who, lambda call: watching.register(call, environment, LINE, name))


def report(
    world: World,
    target: TargetView,
    running: str | None,
    numbers: Mapping[str, float] | None = None,
    health: str = "healthy",
    who: str = "contributor",
) -> WantedView:
    return world.command(who, lambda call: watching.report(call, target.uid, Report(running, health, numbers)))


def status(world: World, target: TargetView) -> str:
    return world.read("viewer", lambda call: watching.get(call, target.uid)).status


def test_a_target_is_told_what_to_run_and_says_what_it_runs(world: World, delivery: Delivery) -> None:
    target = register(world)
    assert register(world).uid == target.uid
    assert status(world, target) == "pending"
    assert report(world, target, None).target.status == "idle"
    delivery.promote(1, "dev")
    told = report(world, target, None)
    assert [one.release.number for one in told.releases] == [1]
    assert told.target.status == "moving"
    digest = delivery.releases[0].digest
    assert report(world, target, digest).target.status == "running"
    assert report(world, target, digest, health="failing").target.status == "failing"
    delivery.promote(2, "dev")
    again = report(world, target, digest)
    assert again.mark != told.mark
    assert again.target.status == "moving"
    world.clock.advance(MOVING)
    assert report(world, target, digest).target.status == "drifted"
    shown = world.read("viewer", board.board)
    assert [(one.line, [t.status for t in one.targets]) for one in shown.lines] == [(LINE, ["drifted"])]


def test_silence_is_shown_and_announced_once(world: World, delivery: Delivery) -> None:
    """ "silence or mismatch shows as stale or drifted within 60 s"."""
    delivery.promote(1, "dev")
    target = register(world)
    report(world, target, delivery.releases[0].digest)
    assert world.command_tx(watching.announce_silent) == 0
    world.clock.advance(SILENT_AFTER_US + 1)
    assert SILENT_AFTER_US < 60_000_000
    assert status(world, target) == "stale"
    assert world.command_tx(watching.announce_silent) == 1
    assert world.command_tx(watching.announce_silent) == 0
    assert report(world, target, delivery.releases[0].digest).target.status == "running"


def test_a_breached_bound_takes_the_release_back_with_its_cause(world: World, delivery: Delivery) -> None:
    """ "automatic rollback on a breached metric with the cause linked"."""
    target = register(world)
    delivery.promote(1, "dev")
    delivery.promote(2, "dev", guard=Guard("errors", 0.05, above=True, reports=3))
    bad = delivery.releases[1].digest
    for errors in (0.5, 0.5, 0.01, 0.5, 0.5):
        assert [r.release.number for r in report(world, target, bad, {"errors": errors}).releases] == [2]
    assert [r.release.number for r in report(world, target, bad, {"errors": 0.5}).releases] == [1]
    (line,) = world.read("viewer", board.board).lines
    (placed,) = line.placements
    assert (placed.action, placed.cause["target"], placed.cause["number"]) == ("automatic", target.uid, "errors")
    assert placed.placed_by != world.uid("contributor")


def test_a_guard_without_anything_before_leaves_what_runs(world: World, delivery: Delivery) -> None:
    target = register(world)
    delivery.promote(1, "dev", guard=Guard("errors", 0.05, above=True, reports=1))
    told = report(world, target, delivery.releases[0].digest, {"errors": 1.0})
    assert [one.release.number for one in told.releases] == [1]


def test_a_guarded_canary_is_taken_away_alone(world: World, delivery: Delivery) -> None:
    target = register(world)
    delivery.promote(1, "dev")
    guard = Guard("auc", 0.8, above=False, reports=1)
    delivery.promote(2, "dev", mode="canary", share=5, guard=guard)
    told = report(world, target, delivery.releases[1].digest, {"auc": 0.7})
    assert [(one.mode, one.release.number, one.share) for one in told.releases] == [("live", 1, 100)]


def test_a_grant_on_one_environment_reaches_that_alone(world: World) -> None:
    """ "Environments ... with their own grants"."""
    prod = world.read("admin", lambda call: environments.get(call, "prod"))
    give = CreateGrant("maintainer", world.uid("stranger"), place=Place("environment", prod.uid))
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda call: grants.create(call, give))
    made = world.command("admin", lambda call: grants.create(call, give))
    assert (made.level, made.scope) == ("environment", "prod")
    target = register(world, who="stranger", environment="prod")
    assert report(world, target, None, who="stranger").target.environment == "prod"
    for environment in ("dev", "staging"):
        with pytest.raises(NotFound):
            register(world, who="stranger", environment=environment)
    seen = world.read("stranger", board.board)
    assert [one.name for one in seen.environments] == ["prod"]
    world.command("admin", lambda call: grants.revoke(call, made.uid))
    with pytest.raises((Forbidden, NotFound)):
        report(world, target, None, who="stranger")


def test_reports_are_bounded(world: World) -> None:
    target = register(world)
    for numbers in ({"x": float("nan")}, {"a b": 1.0}):
        with pytest.raises(Invalid):
            report(world, target, None, numbers)
    with pytest.raises(TooLarge):
        report(world, target, None, {f"n{number}": 1.0 for number in range(21)})
    with pytest.raises(Invalid):
        report(world, target, None, health="splendid")
    with pytest.raises(Forbidden):
        report(world, target, None, who="viewer")


def test_an_environment_in_use_stays(world: World, delivery: Delivery) -> None:
    def delete(name: str) -> None:
        world.command("admin", lambda call: environments.delete(call, name, None))

    with pytest.raises(Held) as held:
        delete("dev")
    assert held.value.details["holders"] == ["environment:staging"]
    target = register(world, environment="staging")
    with pytest.raises(Held):
        delete("staging")
    world.command("contributor", lambda call: watching.remove(call, target.uid))
    delete("prod")
    delivery.free("staging")
    delivery.promote(1, "staging")
    with pytest.raises(Held) as held:
        delete("staging")
    assert held.value.details["holders"] == [f"line:{LINE}"]
    world.command("admin", lambda call: placing.demote(call, "staging", LINE))
    delete("staging")
    assert [one.name for one in world.read("viewer", environments.listed)] == ["dev"]
    with pytest.raises(Conflict):
        delete("dev")

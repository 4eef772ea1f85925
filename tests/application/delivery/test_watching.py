"""Targets say what they run; silence, drift and breached bounds are found and acted on."""

import asyncio
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest
from sqlalchemy import event, text

from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.call import Call
from strongroom.application.delivery import board, environments, placing, reporting, watching
from strongroom.application.delivery.reporting import Report
from strongroom.application.delivery.watching import TargetView, WantedView
from strongroom.application.edge import Edge
from strongroom.application.events.waiting import Waiting
from strongroom.application.identity import grants
from strongroom.application.identity.grants import CreateGrant, Place
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.delivery.model import Guard
from strongroom.domain.delivery.targets import MOVING, SILENT_AFTER_US
from strongroom.domain.errors import Conflict, Forbidden, Held, Invalid, NotFound, TooLarge
from tests.application.conftest import World
from tests.application.delivery.conftest import LINE, Delivery
from tests.application.registry.conftest import WorldEdge

T = TypeVar("T")


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
    return world.command(who, lambda call: reporting.report(call, target.uid, Report(running, health, numbers)))


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


def test_breaches_are_counted_of_one_placement(world: World, delivery: Delivery) -> None:
    """Two breaches of a canary, or under an earlier guard, and one of what is promoted now are not three in a row."""
    target = register(world)
    guard = Guard("errors", 0.05, above=True, reports=3)
    delivery.promote(1, "dev", guard=guard)
    for _ in range(2):
        report(world, target, delivery.releases[0].digest, {"errors": 1.0})
    delivery.promote(2, "dev", guard=guard)
    told = report(world, target, delivery.releases[1].digest, {"errors": 1.0})
    assert [one.release.number for one in told.releases] == [2]
    report(world, target, delivery.releases[1].digest, {"errors": 1.0})
    delivery.promote(2, "dev", guard=Guard("errors", 0.01, above=True, reports=3))
    told = report(world, target, delivery.releases[1].digest, {"errors": 1.0})
    assert [one.release.number for one in told.releases] == [2]


def test_what_is_live_is_taken_back_from_under_a_canary(world: World, delivery: Delivery) -> None:
    """ "automatic rollback on a breached metric": of the release that breached it, not of what stands beside it."""
    target = register(world)
    delivery.promote(1, "dev")
    delivery.promote(2, "dev", guard=Guard("errors", 0.05, above=True, reports=1))
    delivery.promote(3, "dev", mode="canary", share=5)
    told = report(world, target, delivery.releases[1].digest, {"errors": 1.0})
    assert [(one.mode, one.release.number, one.share) for one in told.releases] == [("live", 1, 95), ("canary", 3, 5)]
    bad = delivery.history("dev")[1]
    assert (bad.ended_how, bad.ended_cause["target"], bad.ended_note) == ("automatic", target.uid, "errors was 1.0")


def test_two_processes_announce_a_silent_target_once(world: World) -> None:
    """On PostgreSQL both look at the same time; one of them holds the row."""
    register(world)
    world.clock.advance(SILENT_AFTER_US + 1)
    assert sorted(world.race(watching.announce_silent, watching.announce_silent)) == [0, 1]  # type: ignore[type-var]


MANY = """
    INSERT INTO delivery_target
        (uid, workspace_id, environment_id, line, name, registered_by, recorded_at, reported_at, status)
    SELECT gen_random_uuid()::text, workspace_id, environment_id, line, 'n' || n, registered_by, :now, :now - n, 'idle'
    FROM delivery_target, generate_series(1, 5000) AS n
"""


def test_the_silent_are_found_along_their_index(world: World) -> None:
    register(world)
    plans: list[str] = []
    sqlite = world.executor.__class__.__name__ == "SqliteExecutor"

    def explained(tx: Transaction) -> None:
        connection = cast("SqlTransaction", tx).connection
        if not sqlite:  # which reads small tables whole
            connection.execute(text(MANY), {"now": tx.now()})
            connection.execute(text("ANALYZE delivery_target"))

        def explain(_c: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
            word = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
            rows = cursor.connection.execute(f"{word} {statement}", parameters)  # type: ignore[attr-defined]
            plans.extend(str(row[3 if sqlite else 0]) for row in rows)

        event.listen(connection, "before_cursor_execute", explain)
        try:
            tx.targets.silent(1, 500)
        finally:
            event.remove(connection, "before_cursor_execute", explain)

    world.command_tx(explained)
    assert sum("ix_delivery_target_reported" in line for line in plans) == 2, "\n".join(plans)


def test_waiting_looks_at_a_mark_only(world: World, delivery: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "is told what to run (... long poll)": what is looked at twice a second is the mark; the rest is built once."""
    target = register(world)
    delivery.promote(1, "dev")
    first = report(world, target, None)
    looks: list[bool] = []

    class Poll(WorldEdge):
        gateway = SimpleNamespace(waiting=Waiting())

        async def read(self, work: Callable[[Call], T], *, brief: bool = False) -> T:
            looks.append(brief)
            if len(looks) == 3:
                asked = placing.Promote(delivery.releases[1].uid)
                await world.executor.command(lambda tx: placing.promote(world.call(tx, "admin"), "dev", asked))
            return await super().read(work, brief=brief)

    monkeypatch.setattr(watching, "PERIOD_S", 0.001)
    edge = cast("Edge", Poll(world, "contributor"))
    told = asyncio.run(watching.awaited(edge, target.uid, first.mark, 30))
    assert [one.release.number for one in told.releases] == [2]
    assert looks == [False, True, True, False]


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

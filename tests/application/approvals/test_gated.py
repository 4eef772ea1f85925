"""Approvals and waivers at the gate itself: what opens it, and what closes it again."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from strongroom.adapters.cel.expressions import CelExpressions
from strongroom.application.approvals import requests, waivers
from strongroom.application.approvals.waivers import AskWaiver
from strongroom.application.call import Call
from strongroom.application.gates import decisions, risks
from strongroom.application.gates.views import GateDecisionView
from strongroom.application.lineage import flags
from strongroom.application.paging import PageRequest
from strongroom.application.registry import aliases, stages
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.domain.errors import GateRefused, NotFound
from tests.application.approvals.conftest import Board
from tests.application.approvals.test_inbox import told
from tests.application.conftest import DAY
from tests.application.gates.conftest import Gates, rule
from tests.application.gates.test_passing import evaluate
from tests.promises.support import Site

TO_PROD = {"transitions": ["stage"], "targets": ["production"]}


def two_of_risk(**more: Any) -> dict[str, Any]:
    asked = {"count": 2, "teams": ["risk"], **more}
    return {"id": "two-of-risk", "message": "Two of risk approve.", "approvals": asked, "applies": TO_PROD}


def promote(gates: Gates, board: Board, who: str = "maintainer") -> str | None:
    placed = gates.do(
        lambda call: stages.place(call, board.version.uid, "production", "", move_others=False, etag=None), who
    )
    back = gates.do(lambda call: stages.place(call, board.version.uid, "none", "", move_others=False, etag=None), who)
    assert back.stage is None
    return placed.stage


def closed(gates: Gates, board: Board, who: str = "maintainer") -> list[str]:
    with pytest.raises(GateRefused) as refused:
        promote(gates, board, who)
    reasons = refused.value.details["reasons"]
    assert isinstance(reasons, list)
    return reasons


def kept(gates: Gates, board: Board) -> list[GateDecisionView]:
    """Decisions, the latest first."""
    return list(gates.see(lambda call: decisions.listed(call, board.version.uid, PageRequest())).items)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[asyncio.Runner, CelExpressions]]:
    """The process that evaluates, one for all these tests."""
    with asyncio.Runner() as runner:
        expressions = CelExpressions()
        yield runner, expressions
        runner.run(expressions.aclose())


@pytest.fixture
def gates(site: Site, shared: tuple[asyncio.Runner, CelExpressions]) -> Gates:
    runner, expressions = shared
    made = Gates(site, runner)
    made.expressions, made.gateway = expressions, replace(site.gateway, expressions=expressions)
    return made


@pytest.fixture
def risk(board: Board) -> Board:
    """Three people of the team."""
    for name in ("ann", "bob", "cat"):
        board.person(name, "contributor", "risk")
    return board


def test_n_of_m_from_the_team_open_the_gate(gates: Gates, risk: Board) -> None:
    """ "N of M from named teams": one is too few, one from elsewhere does not count, two are enough; it replays."""
    gates.apply(two_of_risk())
    assert closed(gates, risk) == ["Two of risk approve."]
    asked = risk.ask("contributor")
    risk.give("ann", asked)
    risk.give("admin", asked)
    assert closed(gates, risk) == ["Two of risk approve."]
    risk.give("bob", asked)
    assert promote(gates, risk) == "production"
    assert risk.get(asked).state == "done"
    assert promote(gates, risk) == "production", "what was said stands when the request is done"
    for one in kept(gates, risk):
        again = gates.see(lambda call, one=one: decisions.replay(call, one.uid))  # type: ignore[misc]
        assert again.same
        assert again.decision.passed is one.passed


def test_neither_author_nor_requester_nor_performer_count(gates: Gates, risk: Board) -> None:
    """ "author and requester cannot approve": nor does who performs it, whoever asked for approval."""
    gates.apply(two_of_risk())
    risk.join("contributor", "risk")
    risk.person("dan", "maintainer", "risk")
    asked = risk.ask("cat")
    risk.give("ann", asked)
    risk.give("dan", asked)
    assert closed(gates, risk, "dan") == ["Two of risk approve."]
    assert promote(gates, risk, "maintainer") == "production"


def test_a_rejection_closes_it_and_one_of_another_team_does_not(gates: Gates, risk: Board) -> None:
    gates.apply(two_of_risk())
    asked = risk.ask()
    for who in ("ann", "bob"):
        risk.give(who, asked)
    risk.give("admin", asked, "reject")
    assert promote(gates, risk) == "production"
    other = risk.ask("contributor")
    risk.give("cat", other, "reject")
    assert closed(gates, risk) == ["Two of risk approve."]
    risk.world.command("contributor", lambda call: requests.withdraw(call, other.uid, None))
    assert promote(gates, risk) == "production"


def test_the_teams_that_rules_ask_are_told(gates: Gates, risk: Board) -> None:
    """ "Waiting approvals reach the inbox", also where nobody is named."""
    gates.apply(two_of_risk())
    risk.ask()
    for who in ("ann", "bob", "cat"):
        assert told(risk, who) == [("approval", "approval.request")]
    assert told(risk, "admin") == []
    risk.ask(target="staging")
    assert len(told(risk, "ann")) == 1


def test_expiry_closes_the_gate(gates: Gates, risk: Board) -> None:
    """ "expiring"."""
    gates.apply(two_of_risk(days=20))
    asked = risk.ask()
    risk.give("ann", asked, days=10)
    risk.give("bob", asked, days=365)
    assert promote(gates, risk) == "production"
    risk.world.clock.advance(11 * DAY)
    assert closed(gates, risk) == ["Two of risk approve."]
    again = risk.ask()
    risk.give("ann", again, days=365)
    assert promote(gates, risk) == "production"
    risk.world.clock.advance(10 * DAY)
    assert closed(gates, risk) == ["Two of risk approve."], "the rule wants no older ones, however long they stand"


def test_void_on_change(gates: Gates, risk: Board) -> None:
    """ "void on change": what was said of the evidence before is said of that."""
    gates.apply(two_of_risk())
    asked = risk.ask(strict=True)
    for who in ("ann", "bob"):
        risk.give(who, asked)
    assert promote(gates, risk) == "production"
    wrong = flags.SetFlag("version", risk.version.uid, "labels leaked", "bad_data")
    risk.world.command("contributor", lambda call: flags.set_(call, wrong))
    assert closed(gates, risk) == ["Two of risk approve."]


def test_approval_of_a_stage_is_none_of_an_alias(gates: Gates, risk: Board) -> None:
    """ "bound" to the transition: and an alias that a rule names has its gate through the same place."""
    gates.apply({**two_of_risk(), "applies": {"targets": ["production", "champion"]}})
    asked = risk.ask()
    for who in ("ann", "bob"):
        risk.give(who, asked)

    def point() -> None:
        change = [ChangeAlias("champion", risk.version.uid)]
        gates.do(lambda call: aliases.change(call, risk.version.asset_uid, change), "maintainer")

    assert promote(gates, risk) == "production"
    with pytest.raises(GateRefused):
        point()
    asked = risk.ask(transition="alias", target="champion")
    for who in ("ann", "cat"):
        risk.give(who, asked)
    point()


def _waive(board: Board, **more: Any) -> str:
    about = more or {"version_uid": board.version.uid}

    def ask(call: Call) -> str:
        said = AskWaiver("production", "good", "relabelled", call.now + 10 * DAY, **about)
        return waivers.ask(call, said).uid

    uid = board.world.command("contributor", ask)
    asked = board.world.read("viewer", lambda call: waivers.get(call, uid))
    board.decide("admin", asked)
    return uid


def test_a_waiver_opens_and_its_end_closes_again(gates: Gates, board: Board) -> None:
    """ "waivers with reason, second person and end date, after which the gate closes again"; the decision names it."""
    gates.apply(rule("good", "false", **TO_PROD), rule("other", "version.number > 0", **TO_PROD))
    assert closed(gates, board) == ["good is missing."]
    uid = _waive(board)
    assert promote(gates, board) == "production"
    (latest, *_rest) = kept(gates, board)
    assert latest.passed
    assert [(one.rule, one.result, one.waiver) for one in latest.rules] == [
        ("good", "waived", uid), ("other", "passed", ""),
    ]  # fmt: skip
    assert gates.see(lambda call: decisions.replay(call, latest.uid)).same
    board.world.clock.advance(11 * DAY)
    assert closed(gates, board) == ["good is missing."]
    assert gates.see(lambda call: decisions.replay(call, latest.uid)).same, "it was waived then"


def test_a_waiver_is_of_the_rule_as_it_reads(gates: Gates, board: Board) -> None:
    gates.apply(rule("good", "version.number > 1", **TO_PROD))
    _waive(board, asset_uid=board.version.asset_uid)
    assert promote(gates, board) == "production"
    gates.apply({**rule("good", "version.number > 1", **TO_PROD), "message": "Worded better."})
    assert promote(gates, board) == "production"
    gates.apply(rule("good", "version.number > 2", **TO_PROD))
    assert closed(gates, board) == ["good is missing."]


def test_what_is_waived_must_be_a_rule_in_force(gates: Gates, board: Board) -> None:
    gates.apply(rule("good", "false", **TO_PROD))
    for policy, of in (("production", "bad"), ("staging", "good")):
        with pytest.raises(NotFound):
            board.ask_waiver(policy=policy, rule=of)


def test_what_was_approved_and_taken_is_not_at_risk_for_want_of_approvals(gates: Gates, risk: Board) -> None:
    """A later evaluation voids approvals for the next step; the step that was taken was taken with them."""
    gates.apply(two_of_risk())
    asked = risk.ask("contributor", strict=True)
    risk.give("ann", asked)
    risk.give("bob", asked)
    gates.do(lambda call: stages.place(call, risk.version.uid, "production", "", move_others=False, etag=None))
    evaluate(gates, risk.version, 0.99)
    assert gates.runner.run(risks.look(gates.world.executor, gates.expressions)) == 1
    assert not gates.see(lambda call: risks.listed(call, PageRequest())).items

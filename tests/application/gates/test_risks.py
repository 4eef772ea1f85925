"""What passed is asked again: at risk, its aliases frozen, an event; and safe again when the cause is gone."""

import json

import pytest

from strongroom.application.gates import policies, risks
from strongroom.application.gates.risks import RiskView
from strongroom.application.lineage import edges, flags
from strongroom.application.lineage.edges import SayEdge
from strongroom.application.lineage.ends import End
from strongroom.application.lineage.flags import SetFlag
from strongroom.application.paging import PageRequest
from strongroom.application.registry import stages
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import Forbidden, GateRefused
from tests.application.conftest import SECOND
from tests.application.gates.conftest import Gates, rule
from tests.application.gates.test_passing import ACCURATE, alias, evaluate, stage
from tests.promises.support import Site, make_asset, publish, reference

MINUTE = 60 * SECOND


@pytest.fixture
def version(site: Site, model: AssetView) -> VersionView:
    return publish(site, model.uid)


def look(gates: Gates) -> int:
    """What the server's housekeeping does every few seconds."""
    return gates.runner.run(risks.look(gates.world.executor, gates.expressions))


def listed(gates: Gates, who: str = "admin") -> list[RiskView]:
    return list(gates.see(lambda call: risks.listed(call, PageRequest()), who).items)


def events(gates: Gates, about: str) -> list[str]:
    records = gates.world.read_tx(lambda tx: tx.audit.export(0, 1_000))
    said = [json.loads(one.body) for one in records]
    found = [one["action"] for one in said if one["subject"]["uid"] == about]
    return [action for action in found if action in {"version.at_risk", "version.safe"}]


def in_production(gates: Gates, version: VersionView) -> None:
    gates.apply(rule("accuracy", ACCURATE, transitions=["stage"], targets=["production"]))
    evaluate(gates, version, 0.95)
    stage(gates, version)
    look(gates)


def test_a_worse_evaluation_puts_what_passed_at_risk(gates: Gates, model: AssetView, version: VersionView) -> None:
    """ "A gate re-evaluates when its inputs change (evaluation corrected, base model flagged): the version becomes "at
    risk", its aliases freeze, an event goes out."
    """
    in_production(gates, version)
    alias(gates, model, version, "stable")
    assert listed(gates) == []
    evaluate(gates, version, 0.5)
    assert look(gates) == 1
    (risk,) = listed(gates)
    assert (risk.version_uid, risk.kind, risk.target) == (version.uid, "stage", "production")
    assert (risk.asset, risk.number, risk.reasons) == (model.name, version.number, ["accuracy is missing."])
    with pytest.raises(GateRefused, match="at risk in stage 'production'"):
        alias(gates, model, version, "champion")
    gates.do(lambda call: stages.place(call, version.uid, "archived", "", move_others=False, etag=None))
    alias(gates, model, version, "champion")
    gates.world.clock.advance(MINUTE)
    look(gates)
    assert listed(gates) == [], "it left"
    assert events(gates, version.uid) == ["version.at_risk"]


def test_it_is_safe_again_when_it_would_pass_again_and_each_change_is_said_once(
    gates: Gates, version: VersionView
) -> None:
    in_production(gates, version)
    assert look(gates) == 0, "nothing has changed"
    evaluate(gates, version, 0.5)
    look(gates)
    since = listed(gates)[0].since
    evaluate(gates, version, 0.6)
    look(gates)
    assert listed(gates)[0].since == since, "it is at risk since then"
    evaluate(gates, version, 0.97)
    look(gates)
    look(gates)
    assert listed(gates) == []
    assert events(gates, version.uid) == ["version.at_risk", "version.safe"]


def test_a_flag_upstream_is_found_without_any_change_of_the_version(
    gates: Gates, site: Site, version: VersionView
) -> None:
    clean = "!version.lineage.exists(up, up.flagged)"
    gates.apply(rule("clean", clean, transitions=["stage"], targets=["production"]))
    base = publish(site, make_asset(site, "base").uid, [reference("weights", "base")])
    came = SayEdge(End("version", base.uid), "base", End("version", version.uid))
    gates.do(lambda call: edges.assert_all(call, [came]))
    stage(gates, version)
    look(gates)
    assert listed(gates) == []
    gates.do(lambda call: flags.set_(call, SetFlag("version", base.uid, "trained on leaked rows")))
    look(gates)
    assert [(one.version_uid, one.reasons) for one in listed(gates)] == [(version.uid, ["clean is missing."])]


def test_a_policy_that_is_changed_or_retired_is_asked_about_what_stands(gates: Gates, version: VersionView) -> None:
    in_production(gates, version)
    applied = gates.apply(rule("nobody", "false", transitions=["stage"], targets=["production"]))
    look(gates)
    assert [one.reasons for one in listed(gates)] == [["nobody is missing."]]
    gates.do(lambda call: policies.retire(call, applied.uid))
    look(gates)
    assert listed(gates) == []


def test_age_alone_is_found_within_minutes(gates: Gates, version: VersionView) -> None:
    gates.apply(rule("fresh", "version.age_days < 1.0", transitions=["stage"], targets=["production"]))
    stage(gates, version)
    look(gates)
    gates.world.clock.advance(2 * 86_400 * SECOND)
    assert look(gates) == 1
    assert [one.reasons for one in listed(gates)] == [["fresh is missing."]]


def test_the_one_who_asked_and_the_approvals_it_was_taken_with_are_asked_about_again(
    gates: Gates, version: VersionView
) -> None:
    """The server asks, but is not who took the step: else a rule about who asks would say something else of it."""
    asker = f"transition.requester == '{gates.world.uid('maintainer')}'"
    gates.apply(rule("asker", asker, transitions=["stage"], targets=["production"]))
    stage(gates, version, who="maintainer")
    look(gates)
    assert listed(gates) == []


def test_risks_are_listed_for_those_who_see_the_versions(gates: Gates, version: VersionView) -> None:
    in_production(gates, version)
    evaluate(gates, version, 0.5)
    look(gates)
    of_one = gates.see(lambda call: risks.listed(call, PageRequest(), version.uid), "viewer")
    assert [one.target for one in of_one.items] == ["production"]
    with pytest.raises(Forbidden):
        listed(gates, "stranger")

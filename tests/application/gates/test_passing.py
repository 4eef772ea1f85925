"""Who may pass: stages, aliases, environments, through the one place that lets them."""

import json

import pytest
from sqlalchemy import text

from strongroom.application.call import Call
from strongroom.application.delivery import environments, placing, releases
from strongroom.application.delivery.placing import Promote
from strongroom.application.delivery.releases import CreateRelease, WantedPart
from strongroom.application.edge import RequestEdge
from strongroom.application.evaluations import recording
from strongroom.application.evaluations.recording import RecordEvaluation
from strongroom.application.gates import breaking, decisions, policies
from strongroom.application.paging import PageRequest
from strongroom.application.registry import aliases, publishing, stages, tags
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.domain.errors import GateRefused, Invalid, NotFound, PreconditionFailed
from strongroom.domain.evaluations.model import Measure
from strongroom.domain.gates.question import Undecided
from tests.application.gates.conftest import Gates, rule
from tests.promises.support import Site, fill, make_draft, publish, reference

ACCURATE = "version.evaluations.exists(e, e.metric == 'accuracy' && e.dataset == 'd1-of-holdout' && e.value >= 0.9)"


def stage(gates: Gates, version: VersionView, name: str = "production", who: str = "admin") -> VersionView:
    return gates.do(lambda call: placed(call, version, name), who)


def placed(call: Call, version: VersionView, name: str) -> VersionView:
    return stages.place(call, version.uid, name, "", move_others=False, etag=None)


def alias(gates: Gates, model: AssetView, version: VersionView, name: str, who: str = "maintainer") -> None:
    gates.do(lambda call: aliases.change(call, model.uid, [ChangeAlias(name, version.uid)]), who)


def evaluate(gates: Gates, version: VersionView, value: float) -> str:
    command = RecordEvaluation(
        "nightly", [Measure("accuracy", value)], dataset_digest="d1-of-holdout", dataset_name="holdout"
    )
    return gates.do(lambda call: recording.record_here(call, version.uid, command), "contributor").uid


@pytest.fixture
def version(site: Site, model: AssetView) -> VersionView:
    return publish(site, model.uid)


def test_a_stage_is_reached_when_every_rule_passes(gates: Gates, version: VersionView) -> None:
    gates.apply(rule("accuracy", ACCURATE, transitions=["stage"], targets=["production"]))
    with pytest.raises(GateRefused) as refused:
        stage(gates, version)
    assert refused.value.details["reasons"] == ["accuracy is missing."]
    evaluate(gates, version, 0.85)
    with pytest.raises(GateRefused):
        stage(gates, version)
    assert stage(gates, version, "staging").stage == "staging", "no rule is about it"
    evaluate(gates, version, 0.95)
    assert stage(gates, version).stage == "production"


def test_every_decision_is_kept_with_its_inputs_and_replays_to_the_same_answer(
    gates: Gates, version: VersionView
) -> None:
    """ "every decision stores policy version and inputs and replays to the same answer"."""
    first = gates.apply(rule("accuracy", ACCURATE, targets=["production"]), rule("broken", "version.nothing == 1"))
    with pytest.raises(GateRefused):
        stage(gates, version)
    gates.apply(rule("accuracy", ACCURATE, targets=["production"]))
    evaluate(gates, version, 0.95)
    stage(gates, version)
    evaluate(gates, version, 0.1)
    second, once = gates.see(lambda call: decisions.listed(call, version.uid, PageRequest())).items
    assert (once.passed, second.passed) == (False, True)
    assert [(one.rule, one.result) for one in once.rules] == [("accuracy", "failed"), ("broken", "error")]
    assert (once.policies[0].uid, once.policies[0].number) == (first.uid, 1)
    assert second.policies[0].number == 2
    for kept in (once, second):
        again = gates.see(lambda call, kept=kept: decisions.replay(call, kept.uid))  # type: ignore[misc]
        assert again.same
    seen = gates.see(lambda call: decisions.get(call, second.uid)).seen
    assert seen is not None
    assert seen["version"]["evaluations"][0]["value"] == 0.95
    assert gates.see(lambda call: decisions.get(call, second.uid), "viewer").seen is None
    records = gates.world.read_tx(lambda tx: tx.audit.export(0, 1_000))
    decided = [said for one in records if (said := json.loads(one.body))["action"] == "gate.decide"]
    assert [one["outcome"] for one in decided] == ["refused", "done"]
    assert decided[1]["details"]["evidence"] == second.evidence


def test_what_was_decided_with_other_evidence_or_another_policy_does_not_replay(
    gates: Gates, version: VersionView
) -> None:
    gates.apply(rule("any", "version.number == 1", targets=["production"]))
    stage(gates, version)
    (kept,) = gates.see(lambda call: decisions.listed(call, version.uid, PageRequest())).items
    with gates.site.connect() as connection:
        connection.execute(text("UPDATE gate_evidence SET document = replace(document, '\"tree\"', '\"bush\"')"))
    assert not gates.see(lambda call: decisions.replay(call, kept.uid)).same


def test_gates_stand_before_protected_aliases_and_those_that_a_rule_names(
    gates: Gates, model: AssetView, version: VersionView
) -> None:
    gates.apply(rule("never", "false", transitions=["alias"]), name="all")
    alias(gates, model, version, "free")
    gates.do(lambda call: aliases.protect(call, model.uid, "free", None, protected=True))
    with pytest.raises(GateRefused, match="never is missing"):
        alias(gates, model, version, "free", "admin")
    gates.apply(rule("named", "false", transitions=["alias"], targets=["champ*"]), name="named")
    with pytest.raises(GateRefused, match="named is missing"):
        alias(gates, model, version, "champion")
    alias(gates, model, version, "other")
    gates.do(lambda call: aliases.change(call, model.uid, [ChangeAlias("free", None)]))


def test_a_promotion_is_asked_of_every_part_and_a_rollback_of_none(gates: Gates, model: AssetView) -> None:
    good, bad = publish(gates.site, model.uid), publish(gates.site, model.uid)
    gates.apply(rule("first", "version.number == 1", transitions=["environment"], targets=["dev"]))

    def promote(*versions: VersionView) -> None:
        parts = [WantedPart(f"part{n}", one.uid) for n, one in enumerate(versions)]
        release = gates.do(lambda call: releases.create(call, CreateRelease("line", parts)))
        gates.do(lambda call: placing.promote(call, "dev", Promote(release.uid)))

    promote(good)
    for parts in ([bad], [good, bad]):
        with pytest.raises(GateRefused, match="first is missing"):
            promote(*parts)
    policy = gates.see(lambda call: policies.listed(call, PageRequest())).items[0]
    gates.do(lambda call: policies.retire(call, policy.uid))
    promote(bad)
    gates.apply(rule("never", "false", transitions=["environment"]))
    (placed,) = gates.do(lambda call: placing.rollback(call, "dev", "line"))
    assert placed.release.parts[0].number == 1


def test_nothing_passes_on_numbers_that_changed_since_they_were_asked_about(
    gates: Gates, version: VersionView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "a race of promotion against a worsening evaluation (never promoted on stale numbers)"."""
    gates.apply(rule("accuracy", ACCURATE, targets=["production"]))
    good = evaluate(gates, version, 0.95)
    asked = gates.expressions.evaluate
    rounds = 0

    async def meanwhile(expressions: object, view: object) -> object:
        nonlocal rounds
        found = await asked(expressions, view)  # type: ignore[arg-type]
        rounds += 1
        if rounds == 1:  # it was good when it was asked about, and is no more when it is to be written
            other = RequestEdge(gates.gateway, gates.world.tokens["contributor"], None)
            await other.command(lambda call: recording.retract(call, good, "wrong data"))
        return found

    monkeypatch.setattr(gates.expressions, "evaluate", meanwhile)
    with pytest.raises(GateRefused):
        stage(gates, version)
    assert rounds == 2


def test_where_nobody_evaluates_nothing_passes(gates: Gates, version: VersionView) -> None:
    gates.apply(rule("all", "true", targets=["production"]))
    with pytest.raises(Undecided, match="nobody is here who asks it"):
        gates.world.command(
            "admin", lambda call: stages.place(call, version.uid, "production", "", move_others=False, etag=None)
        )


def test_a_policy_has_versions_and_the_same_one_again_changes_nothing(gates: Gates) -> None:
    one = gates.apply(rule("a", "true"))
    assert gates.apply(rule("a", "true")) == one
    two = gates.apply(rule("a", "false"))
    assert (one.number, two.number, two.uid) == (1, 2, one.uid)
    document = {"policy": 1, "name": "production", "rules": [rule("b", "true")]}
    with pytest.raises(PreconditionFailed):
        gates.do(lambda call: policies.apply(call, document, 1))
    history = gates.see(lambda call: policies.versions(call, one.uid, PageRequest())).items
    assert [view.number for view in history] == [2, 1]
    retired = gates.do(lambda call: policies.retire(call, one.uid))
    assert retired.retired_at is not None
    again = gates.apply(rule("a", "false"))
    assert (again.number, again.retired_at) == (3, None)
    with pytest.raises(Invalid):
        gates.apply(rule("a", "1 +" * 2_000))


def test_a_dry_run_lists_what_would_break_now(gates: Gates, model: AssetView) -> None:
    """ "`policy apply --dry-run` lists what would break now"."""
    first, second = publish(gates.site, model.uid), publish(gates.site, model.uid)
    stage(gates, first, "production")
    stage(gates, second, "staging")
    alias(gates, model, second, "champion")
    asked = rule("newer", "version.number == 2", sources=["staging"])
    document = {"policy": 1, "name": "production", "rules": [asked]}
    found = gates.see(lambda call: breaking.of(call, document))
    assert [(one.kind, one.target, one.number) for one in found.broken] == [("stage", "production", 1)]
    assert (found.looked, found.present, found.truncated) == (3, None, False)


def test_a_check_changes_nothing_and_says_what_is_missing(gates: Gates, version: VersionView) -> None:
    gates.apply(rule("accuracy", ACCURATE, targets=["production"]))
    found = gates.see(lambda call: decisions.check(call, version.uid, "stage", "production"), "viewer")
    assert (found.passed, [one.reason for one in found.rules]) == (False, ["accuracy is missing."])
    assert gates.see(lambda call: decisions.check(call, version.uid, "stage", "staging"), "viewer").passed
    assert gates.see(lambda call: decisions.listed(call, version.uid, PageRequest())).items == []


def test_what_is_known_of_a_version(gates: Gates, version: VersionView) -> None:
    """Each fact is asked for once, so that none is spelled otherwise than in docs/gates.md."""

    def furnish(call: Call) -> None:
        tags.set_tags(call, "version", version.uid, {"licence": "apache-2.0", "team": "risk"})

    gates.do(furnish)
    evaluate(gates, version, 0.5)
    truths = [
        "version.number == 1 && version.kind == 'model' && version.workspace == 'default'",
        "version.licence == 'apache-2.0'",
        "version.tags.exists(t, t.key == 'team' && t.value == 'risk')",
        "version.evaluations.all(e, e.metric == 'accuracy' && e.value == 0.5 && e.better == 'higher')",
        "version.age_days >= 0.0 && version.age_days < 1.0 && !version.unpinned && !version.has_signature",
        "version.author != '' && transition.requester != '' && version.tree != ''",
        "size(version.lineage) == 0 && size(version.flags) == 0 && size(version.aliases) == 0",
        "transition.kind == 'stage' && transition.target == 'production' && transition.source == 'none'",
    ]
    gates.apply(*(rule(f"r{n}", truth, targets=["production"]) for n, truth in enumerate(truths)))
    found = gates.see(lambda call: decisions.check(call, version.uid, "stage", "production"))
    assert [(one.rule, one.result, one.reason) for one in found.rules if one.result != "passed"] == []


def test_a_registration_is_refused_naming_what_is_missing(gates: Gates, model: AssetView) -> None:
    """ "registration or promotion without data set digest, code commit, signature, card sections or licence is refused
    naming what is missing"."""
    gates.apply(
        rule("licence", "version.licence != ''", transitions=["registration"]),
        rule(
            "dataset", "version.lineage.exists(u, u.kind == 'dataset' && u.digest != '')", transitions=["registration"]
        ),
        rule("elsewhere", "false"),
    )

    def register(**said: object) -> VersionView:
        uid = make_draft(gates.site, model.uid)
        fill(gates.site, uid, [reference("weights.bin")])
        edge = RequestEdge(gates.gateway, gates.world.tokens["contributor"], None)
        return gates.runner.run(publishing.seal(edge, uid, PublishDetails(**said)))  # type: ignore[arg-type]

    with pytest.raises(GateRefused) as refused:
        register()
    assert refused.value.details["reasons"] == ["licence is missing.", "dataset is missing."]
    gates.apply(rule("licence", "version.licence == 'mit'", transitions=["registration"]))
    version = register(tags={"licence": "mit"})
    assert version.number == 1, "the refused one took no number"
    (kept,) = gates.see(lambda call: decisions.listed(call, version.uid, PageRequest())).items
    assert (kept.kind, kept.target, kept.passed) == ("registration", "model", True)


def test_environments_are_named(gates: Gates) -> None:
    assert [one.name for one in gates.see(environments.listed)] == ["dev", "staging", "prod"]


def test_a_slip_in_a_name_is_no_way_without_a_gate(gates: Gates, version: VersionView) -> None:
    for kind, target, error in (("stage", "prodution", Invalid), ("environment", "prd", NotFound)):
        with pytest.raises(error, match=r"is not a stage|no such environment"):
            gates.see(lambda call, kind=kind, target=target: decisions.check(call, version.uid, kind, target))  # type: ignore[misc]


def test_a_check_sees_where_a_release_would_have_to_come_from(gates: Gates, version: VersionView) -> None:
    gates.apply(rule("from-staging", "false", transitions=["environment"], sources=["staging"]))
    for name, passed in (("dev", True), ("prod", False)):
        found = gates.see(lambda call, name=name: decisions.check(call, version.uid, "environment", name))  # type: ignore[misc]
        assert found.passed is passed, name

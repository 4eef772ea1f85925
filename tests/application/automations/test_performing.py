""" "automations (on event, if condition in the one filter language, then webhook or job)": heard, judged, done once."""

import asyncio
import json
import random
from pathlib import Path

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import comment, outbox
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.automations import automations, performing
from strongroom.application.automations.automations import UpdateAutomation, WantedAction
from strongroom.application.call import Call
from strongroom.application.events import webhooks
from strongroom.application.events.webhooks import CreateWebhook
from strongroom.application.identity import grants, principals
from strongroom.application.manifests import statistics
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, tags
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.tracking import recording, runs
from strongroom.application.tracking.recording import Batch, LogParam, LogPoint
from strongroom.domain.errors import Invalid, Unavailable
from tests.application.automations.conftest import MARK, SAY, Works
from tests.application.conftest import SECOND
from tests.application.events.conftest import Post
from tests.application.registry.conftest import Publish, publish  # noqa: F401 - a fixture
from tests.support.receiver import Receiver


def count_comments(tx: Transaction) -> int:
    assert isinstance(tx, SqlTransaction)
    return len(tx.connection.execute(select(comment)).all())


def test_on_an_event_if_the_condition_holds_it_is_done_in_the_owners_name(works: Works) -> None:
    made = works.automation(SAY, "asset.update", condition="tags.team = 'risk'", who="maintainer")
    one, other = works.asset("one"), works.asset("other")
    works.world.command("admin", lambda call: tags.set_tags(call, "asset", one.uid, {"team": "risk"}))
    works.change(one)
    works.change(other)
    works.work()
    assert works.said(one.uid) == [("maintainer", "noted")]
    assert works.said(other.uid) == []
    assert works.states(made.uid) == ["done", "unmatched"]
    effect = works.runs(made.uid)[0].effect
    assert effect is not None

    def events(tx: Transaction) -> list[dict[str, object]]:
        assert isinstance(tx, SqlTransaction)
        rows = tx.connection.execute(select(outbox.c.body).where(outbox.c.type == "comment.create"))
        return [json.loads(row.body) for row in rows]

    (event,) = works.world.read_tx(events)
    assert (event["automations"], event["comment"]) == ([made.uid], effect)


def test_what_happened_before_is_not_heard(works: Works) -> None:
    asset = works.asset()
    made = works.automation(SAY, "asset.*")
    works.change(asset)
    works.work()
    assert works.states(made.uid) == ["done"]


def test_tags_on_assets_and_runs_by_params_and_metrics(works: Works) -> None:
    made = works.automation(MARK, "run.end", about="run", condition="metrics.auc > 0.9 AND params.depth = 4")
    by_asset = works.automation(MARK, "asset.create", condition="kind = 'model' AND name MATCHES '^c'")
    experiment = works.experiment()
    found = []
    for auc, depth in ((0.95, "4"), (0.95, "5"), (0.5, "4")):
        run = works.run(experiment)
        batch = Batch([LogParam("depth", depth)], [LogPoint("auc", auc), LogPoint("auc_test", 0.99)])
        works.world.command("contributor", lambda call, uid=run.uid, b=batch: recording.log(call, uid, b))  # type: ignore[misc]
        works.world.command("contributor", lambda call, uid=run.uid: runs.end(call, uid, "finished"))  # type: ignore[misc]
        found.append(run.uid)
    asset = works.asset("churn")
    works.work()
    views = [works.world.read("admin", lambda call, uid=uid: runs.get(call, uid)) for uid in found]  # type: ignore[misc]
    assert [{tag.key for tag in view.tags} for view in views] == [{"checked"}, set(), set()]
    assert works.tags(asset.uid) == {"checked": "yes"}
    assert works.states(made.uid) == ["done", "unmatched", "unmatched"]
    assert works.states(by_asset.uid) == ["done"]


def test_an_event_goes_to_a_webhook_that_chose_nothing_itself(works: Works, tmp_path: Path) -> None:
    post = Post(works.world, tmp_path)
    with Receiver() as receiver:
        hook = works.world.command(
            "admin", lambda call: webhooks.create(call, post.secrets, CreateWebhook(receiver.url, ("none",)))
        )
        action = WantedAction("webhook", webhook_uid=hook.webhook.uid)
        made = works.automation(action, "asset.update", condition="name = 'one'")
        one, other = works.asset("one"), works.asset("other")
        works.change(one)
        works.change(other)
        works.work()
        works.work()
        post.deliver()
        assert [item.event["subject"] for item in receiver.got] == [f"asset/{one.uid}"]
        assert receiver.ids() == [works.runs(made.uid)[0].effect]


def test_its_own_effects_start_nothing_and_two_do_not_answer_each_other_for_ever(works: Works) -> None:
    """ "loop protection (an automation's own effects do not trigger it again; depth bound)"."""
    first = works.automation(SAY, "comment.create", "asset.create")
    second = works.automation(WantedAction("comment", text="echo"), "comment.create", who="maintainer")
    asset = works.asset()
    for _ in range(5):
        works.work()
    # asset.create -> first's "noted" -> second's "echo", which the first does not hear: it led to it
    assert works.said(asset.uid) == [("admin", "noted"), ("maintainer", "echo")]
    assert (works.states(first.uid), works.states(second.uid)) == (["done"], ["done"])


def test_a_chain_of_automations_ends(works: Works) -> None:
    made = [works.automation(WantedAction("comment", text=f"{n}"), "comment.create") for n in range(5)]
    asset = works.asset()
    works.say("go", asset.uid)
    for _ in range(10):
        works.work()
    # 5 answer to the person, 5*4 to those, 5*4*3 and 5*4*3*2 to those: then the chain is as long as it may be
    assert works.world.read_tx(count_comments) == 1 + 5 + 20 + 60 + 120
    assert {state for one in made for state in works.states(one.uid)} == {"done"}


def test_it_may_do_what_its_owner_may_at_that_moment_and_no_more(works: Works) -> None:
    """ "acts as the principal who owns it with that principal's grants at that time"."""
    asset = works.asset()
    grant = works.grant("maintainer", works.world.uid("stranger"))
    made = works.automation(SAY, "asset.update", who="stranger")
    works.change(asset)
    works.work()
    works.change(asset)
    works.number()
    works.world.command_tx(performing.hear)  # heard while it was allowed, performed when it is not
    works.world.command("admin", lambda call: grants.revoke(call, grant))
    works.work()
    works.change(asset)
    works.work()
    assert works.said(asset.uid) == [("stranger", "noted")]
    assert works.states(made.uid) == ["done", "failed not_found"]


def test_what_its_owner_may_not_see_is_not_even_heard(works: Works) -> None:
    made = works.automation(SAY, "asset.*", "grant.*", who="maintainer")
    private, shown = works.asset("secret", "private"), works.asset("shown")
    works.change(private)
    works.grant("viewer", works.world.uid("stranger"))
    works.work()
    assert [one.type for one in works.runs(made.uid)] == ["dev.strongroom.asset.create"]
    assert works.said(shown.uid) == [("maintainer", "noted")]
    assert works.said(private.uid) == []


def test_a_refusal_is_written_and_recorded(works: Works, tmp_path: Path) -> None:
    grant = works.grant("admin", works.world.uid("stranger"))
    hook_maker = Post(works.world, tmp_path)
    hook = works.world.command(
        "admin",
        lambda call: webhooks.create(call, hook_maker.secrets, CreateWebhook("https://example.com/", ("none",))),
    )
    action = WantedAction("webhook", webhook_uid=hook.webhook.uid)
    made = works.automation(action, "asset.create", who="stranger")
    works.world.command("admin", lambda call: grants.revoke(call, grant))
    works.grant("maintainer", works.world.uid("stranger"))
    works.asset()
    works.work()
    assert works.states(made.uid) == ["failed forbidden"]

    def refusals(tx: Transaction) -> list[str]:
        found = tx.audit.list(
            None,
            actor=works.world.uid("stranger"),
            action=None,
            subject_uid=None,
            since=None,
            until=None,
            after=None,
            limit=10,
        )
        return [json.loads(one.body)["action"] for one in found if json.loads(one.body)["outcome"] == "refused"]

    assert works.world.read_tx(refusals) == ["webhook.write"]


def test_it_ends_with_its_owner(works: Works) -> None:
    """ "disabled when the principal is"."""
    made = works.automation(SAY, "asset.create", who="maintainer")
    works.asset("first")
    works.number()
    works.world.command_tx(performing.hear)
    works.world.command("root", lambda call: principals.disable(call, works.world.uid("maintainer")))
    asset = works.asset("second")
    works.work()
    assert works.said(asset.uid) == []
    view = works.world.read("admin", lambda call: automations.get(call, made.uid))
    assert (view.state, view.disabled_because) == ("disabled", "owner_disabled")
    assert works.states(made.uid) == ["cancelled"]


def test_a_token_that_may_little_makes_an_automation_that_may_little(works: Works) -> None:
    from dataclasses import replace

    from strongroom.domain.identity.roles import Role

    asset = works.asset()

    def capped(call: Call) -> str:
        call.caller = replace(call.caller, access=replace(call.caller.access, role_cap=Role.MAINTAINER))
        wanted = automations.CreateAutomation("a", ("asset.update",), "asset", SAY)
        return automations.create(call, wanted).uid

    uid = works.world.command("admin", capped)
    works.world.command_tx(
        lambda tx: tx.automations.update(tx.automations.by_uid(works.world.workspace.id, uid), role_cap="viewer")  # type: ignore[arg-type]
    )
    assert works.world.read("admin", lambda call: automations.get(call, uid)).role_cap == "viewer"
    works.change(asset)
    works.work()
    assert works.states(uid) == ["failed forbidden"]


def test_disabled_misses_what_happens_and_enabled_begins_anew(works: Works) -> None:
    made = works.automation(SAY, "asset.update")
    asset = works.asset()
    works.change(asset)
    works.number()
    works.world.command_tx(performing.hear)

    def move(state: str) -> None:
        change = UpdateAutomation(state=state)
        works.world.command("admin", lambda call: automations.update(call, made.uid, change, None))

    move("disabled")
    works.change(asset)
    works.work()
    move("enabled")
    works.change(asset)
    works.work()
    assert works.states(made.uid) == ["cancelled", "done"]
    assert len(works.said(asset.uid)) == 1


class Killed(Exception):
    """What a test ends the work with, where a crash would."""


def test_two_hundred_crashes_double_no_effect_and_lose_none(works: Works) -> None:
    """ "at-least-once with a dedupe key so that effects are not doubled"."""
    chance = random.Random(7)  # noqa: S311 - the same crashes every time
    made = works.automation(SAY, "asset.update")
    asset = works.asset()
    for _ in range(20):
        works.change(asset)
    works.number()

    def dying(tx: Transaction) -> None:
        if chance.random() < 0.5:
            performing.hear(tx)
        for automation_id, leaf in tx.automations.due(tx.now(), 3):
            performing.perform(tx, automation_id, leaf, [])
        raise Killed

    for crash in range(200):
        if crash == 100:
            works.world.command_tx(performing.hear)
        with pytest.raises(Killed):
            works.world.command_tx(dying)
    works.work()
    works.work()
    assert len(works.said(asset.uid)) == 20
    assert works.states(made.uid) == ["done"] * 20


def test_several_processes_share_the_work_and_do_each_once(works: Works) -> None:
    works.automation(SAY, "asset.update")
    asset = works.asset()
    for _ in range(15):
        works.change(asset)
    works.number()

    async def together() -> None:
        await asyncio.gather(*(performing.work(works.world.executor) for _ in range(4)))

    asyncio.run(together())
    works.work()
    assert len(works.said(asset.uid)) == 15


def test_our_own_failures_are_tried_again_and_given_up(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    made = works.automation(SAY, "asset.update")
    asset = works.asset()
    works.change(asset)

    def broken(*_: object) -> None:
        raise Unavailable("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(performing, "_act", broken)
        works.work()
        works.work()
        (run,) = works.runs(made.uid)
        assert (run.state, run.code, run.tries) == ("pending", "unavailable", 1)
        for _ in range(3):
            works.world.clock.advance(3600 * SECOND)
            works.work()
    works.world.clock.advance(3600 * SECOND)
    works.work()
    assert works.states(made.uid) == ["done"]
    works.change(asset)

    def mistaken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(performing, "_act", mistaken)
        for _ in range(7):
            works.work()
            works.world.clock.advance(3600 * SECOND)
    assert works.states(made.uid) == ["done", "failed internal"]
    assert len(works.said(asset.uid)) == 1


def test_an_event_of_nothing_of_its_kind_is_unmatched(works: Works) -> None:
    made = works.automation(SAY, "asset.create", about="run")
    works.asset()
    works.work()
    assert works.states(made.uid) == ["unmatched"]


def test_what_is_said_of_an_object_is_about_it(works: Works) -> None:
    works.automation(MARK, "comment.create", condition="name = 'churn'")
    by_run = works.automation(MARK, "comment.create", about="run")
    of_experiment = works.automation(SAY, "run.create", about="experiment")
    asset, experiment = works.asset(), works.experiment()
    run = works.run(experiment)
    works.say("x", asset.uid)
    works.say("x", run.uid, "run")
    works.work()
    assert works.tags(asset.uid) == {"checked": "yes"}
    assert [tag.key for tag in works.world.read("admin", lambda call: runs.get(call, run.uid)).tags] == ["checked"]
    assert works.said(experiment.uid, "experiment") == [("admin", "noted")]
    assert sorted(works.states(by_run.uid)) == ["done", "unmatched"]
    assert works.states(of_experiment.uid) == ["done"]


def test_limits_of_place_hold(works: Works) -> None:
    one, other = works.asset("one"), works.asset("other")
    works.automation(SAY, "asset.update", asset_uid=one.uid)
    works.automation(MARK, "asset.update", namespace="risk")
    outside = works.world.command("admin", lambda call: assets.create(call, assets.CreateAsset("model", "x", "far")))
    for asset in (one, other, outside):
        works.change(asset)
    works.work()
    assert [len(works.said(asset.uid)) for asset in (one, other, outside)] == [1, 0, 0]
    assert [bool(works.tags(asset.uid)) for asset in (one, other, outside)] == [True, True, False]


def test_a_job_is_begun_and_ends_no_loop(works: Works, publish: Publish) -> None:  # noqa: F811
    """ "then webhook or job": the event that tells of the job starts the automation that began it no more."""
    action = WantedAction("job", job="statistics")
    made = works.automation(action, "version.register", "dataset.scan", about="version", condition="kind = 'dataset'")
    data = works.world.command("admin", lambda call: assets.create(call, CreateAsset("dataset", "rows")))
    version = publish(data, who="admin")
    publish(works.asset("churn"), who="admin", content="y")
    for _ in range(3):
        works.work()
    assert works.states(made.uid) == ["done", "unmatched"]

    def scans(tx: Transaction) -> list[dict[str, object]]:
        assert isinstance(tx, SqlTransaction)
        rows = tx.connection.execute(select(outbox.c.body).where(outbox.c.type == "dataset.scan"))
        return [json.loads(row.body) for row in rows]

    (event,) = works.world.read_tx(scans)
    assert event["automations"] == [made.uid]
    shown = works.world.read("admin", lambda call: statistics.show(call, version.uid))
    assert shown.state == "pending"
    for wrong in (WantedAction("job", job="rm"), WantedAction("job"), WantedAction("job", job="statistics", text="x")):
        with pytest.raises(Invalid):
            works.automation(wrong, "version.register", about="version")
    with pytest.raises(Invalid, match="about a version"):
        works.automation(action, "run.end", about="run")

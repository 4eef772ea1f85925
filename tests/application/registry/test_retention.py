"""Retention rules on real versions: what the simulator lists is what the job does."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from strongroom.application.call import Call
from strongroom.application.paging import PageRequest
from strongroom.application.registry import (
    aliases,
    assets,
    holds,
    links,
    namespaces,
    purging,
    retaining,
    retention,
    tags,
)
from strongroom.application.registry import versions as published
from strongroom.application.registry.aliases import ChangeAlias
from strongroom.application.registry.assets import CreateAsset
from strongroom.application.registry.publishing import PublishDetails
from strongroom.application.registry.retaining import Retained
from strongroom.application.registry.versions import ListVersions
from strongroom.application.registry.views import AssetView, VersionView
from strongroom.application.tracking import experiments, recording, runs
from strongroom.application.tracking.experiments import CreateExperiment
from strongroom.application.tracking.runs import CreateRun
from strongroom.domain.errors import Conflict, Forbidden, Held, Invalid, NotFound
from strongroom.domain.registry.retention import Best, Direction, RetentionRule
from tests.application.conftest import DAY, World
from tests.application.registry.conftest import Publish, WorldEdge
from tests.domain.registry.test_retention import rules

LAST = RetentionRule(last=1)


def run(world: World) -> Retained:
    return asyncio.run(retaining.retain(world.executor))


def keep(world: World, model: AssetView, rule: RetentionRule | None, who: str = "admin") -> None:
    world.command(who, lambda c: retention.set_for_asset(c, model.uid, rule, None))


def listed(world: World, model: AssetView, state: str) -> list[int]:
    query = ListVersions(state=state)
    page = world.read("viewer", lambda c: published.listed(c, model.uid, query, PageRequest(1000)))
    return [one.number for one in page.items if one.number is not None]


def simulated(world: World, model: AssetView, rule: RetentionRule | None = None, *, kept: bool = False) -> list[int]:
    """By pages of two."""
    found, token = [], None
    while True:
        page = world.read(
            "viewer",
            lambda c, t=token: retention.simulate(c, model.uid, rule, PageRequest(2, t), kept=kept),  # type: ignore[misc]
        )
        found += [one.version for one in page.items]
        token = page.next_page_token
        if token is None:
            return found


def because(world: World, model: AssetView) -> dict[int, list[str]]:
    page = world.read("viewer", lambda c: retention.simulate(c, model.uid, None, PageRequest()))
    return {one.version: list(one.because) for one in page.items}


def measured(world: World, key: str, value: float) -> str:
    """A run that ended with a value."""
    experiment = world.command("contributor", lambda c: experiments.create(c, CreateExperiment(f"e{c.now}")))
    uid = world.command("contributor", lambda c: runs.create(c, CreateRun(experiment.uid))).uid
    batch = recording.Batch(points=[recording.LogPoint(key, value)])
    world.command("contributor", lambda c: recording.log(c, uid, batch))
    return uid


choices = st.lists(
    st.tuples(st.sampled_from(["", "", "alias", "hold", "expires", "tag", "archive"]), st.sampled_from([0, 10, 60])),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(rules, choices)
def test_what_the_simulator_lists_is_what_is_done(
    world: World, publish: Publish, rule: RetentionRule, made: list[tuple[str, int]]
) -> None:
    """Issue 5: "retention rules (keep last N, best N by metric, aliased, tagged, on hold) with a simulator whose list
    equals what is executed".
    """
    name = f"m{world.clock.now_us()}"
    model = world.command("contributor", lambda c: assets.create(c, CreateAsset("model", name)))
    for n, (what, days) in enumerate(made):
        of_run = PublishDetails(run_uid=measured(world, "acc", n % 3))
        decorate(world, model, publish(model, of_run, content=str(n)), what)
        world.clock.advance(days * DAY // 10)
    keep(world, model, rule)
    going, staying = simulated(world, model), simulated(world, model, kept=True)
    assert sorted(going + staying) == sorted(listed(world, model, "active") + listed(world, model, "archived"))
    done = run(world)
    assert (done.trashed >= len(going), done.failed) == (True, 0), "assets of other examples may have gone on"
    assert listed(world, model, "trashed") == going
    assert simulated(world, model) == []
    keep(world, model, None)


def decorate(world: World, model: AssetView, made: VersionView, what: str) -> None:
    match what:
        case "alias":
            change = ChangeAlias(f"a{made.number}", made.uid)
            world.command("maintainer", lambda c: aliases.change(c, model.uid, [change]))
        case "hold":
            world.command("maintainer", lambda c: holds.place(c, made.uid, "r"))
        case "expires":
            world.command("maintainer", lambda c: retention.expire(c, made.uid, c.now + DAY, None))
        case "tag":
            world.command("contributor", lambda c: tags.set_tags(c, "version", made.uid, {"stage": "prod"}))
        case "archive":
            world.command("contributor", lambda c: published.archive(c, made.uid, archived=True, etag=None))


def test_the_best_by_a_metric_of_their_runs(world: World, model: AssetView, publish: Publish) -> None:
    for value in (0.5, 0.9, float("nan"), 0.7):
        publish(model, PublishDetails(run_uid=measured(world, "acc", value)), content=str(value))
    publish(model, content="no run")
    assert simulated(world, model, RetentionRule(best=(Best("acc", 2, Direction.MAX),)), kept=True) == [4, 2]
    assert simulated(world, model, RetentionRule(best=(Best("acc", 1, Direction.MIN),)), kept=True) == [1]


def test_what_others_rest_on_stays_and_links_are_not_named(world: World, model: AssetView, publish: Publish) -> None:
    """domain.md N12: "aliased, linked, deployed or held versions are exempt"."""
    linked = publish(model, content="1")
    publish(model, content="2")
    shelf = world.command("root", lambda c: assets.create(c, CreateAsset("model", "shelf", visibility="private")))
    link = links.LinkVersion(shelf.uid)
    asyncio.run(links.link(WorldEdge(world, "root"), linked.uid, link))  # type: ignore[arg-type]
    keep(world, model, LAST)
    assert because(world, model) == {2: ["last"], 1: ["link"]}
    assert run(world).trashed == 0


def test_the_nearest_rule_holds(world: World, model: AssetView, publish: Publish) -> None:
    """domain.md N12: "inherited from asset or namespace"."""
    for n in range(4):
        publish(model, content=str(n))

    def default(path: str, rule: RetentionRule | None) -> None:
        def work(c: Call) -> None:
            found = namespaces.find(c, path)
            assert found is not None
            retention.set_for_namespace(c, found.uid, rule)

        world.command("admin", work)

    default("", RetentionRule(last=3))
    assert simulated(world, model) == [1]
    default("risk", RetentionRule(last=2))
    assert simulated(world, model) == [2, 1]
    keep(world, model, RetentionRule(everything=True))
    assert simulated(world, model) == []
    assert run(world).trashed == 0
    keep(world, model, None)
    default("risk", None)
    assert world.read("viewer", lambda c: retention.get(c, model.uid)).namespace == ""
    assert run(world).trashed == 1


def test_a_private_asset_is_out_of_reach_of_the_namespaces_rule(world: World, publish: Publish) -> None:
    """Who administers a namespace has no right over the private assets in it; who administers the workspace has."""
    hidden = world.command("admin", lambda c: assets.create(c, CreateAsset("model", "x", "risk", visibility="private")))
    for n in range(2):
        publish(hidden, who="admin", content=str(n))
    risk, root = (world.read("admin", lambda c, p=p: namespaces.find(c, p)) for p in ("risk", ""))  # type: ignore[misc]
    assert risk is not None
    assert root is not None
    world.command("admin", lambda c: retention.set_for_namespace(c, risk.uid, LAST))
    assert run(world).trashed == 0
    world.command("admin", lambda c: retention.set_for_namespace(c, root.uid, LAST))
    assert run(world).trashed == 1


def test_the_trash_is_emptied_when_its_time_is_over_and_what_is_held_stays(
    world: World, model: AssetView, publish: Publish
) -> None:
    """ "trashed (restorable until T), purged"."""
    made = [publish(model, content=str(n)) for n in range(3)]
    keep(world, model, RetentionRule(last=1, purge_days=7))
    assert run(world).trashed == 2
    world.command("maintainer", lambda c: holds.place(c, made[0].uid, "an audit"))
    world.clock.advance(6 * DAY)
    assert run(world) == Retained()
    world.clock.advance(2 * DAY)
    assert run(world) == Retained(purged=1)
    assert (listed(world, model, "purged"), listed(world, model, "trashed")) == ([2], [1])
    with pytest.raises(Held, match="hold"):
        world.command("admin", lambda c: purging.purge(c, made[0].uid, "r"))
    (hold,) = world.read("viewer", lambda c: holds.listed(c, model.uid, PageRequest())).items
    world.command("admin", lambda c: holds.release(c, hold.uid))
    assert run(world) == Retained(purged=1)


def test_a_held_version_is_deleted_by_nobody(world: World, model: AssetView, publish: Publish) -> None:
    """domain.md N12: "hard holders (protected alias, release, deployment, hold, link) refuse it and are named"."""
    made = publish(model)
    hold = world.command("maintainer", lambda c: holds.place(c, made.uid, "litigation"))
    for work in (
        lambda c: published.delete(c, made.uid, release_aliases=True, etag=None),
        lambda c: assets.delete(c, model.uid, release_aliases=True, etag=None),
    ):
        with pytest.raises(Held) as refused:
            world.command("admin", work)
        assert refused.value.details["holders"] == [f"hold:{hold.uid}"]
    with pytest.raises(Forbidden):
        world.command("maintainer", lambda c: holds.release(c, hold.uid))
    world.command("admin", lambda c: holds.release(c, hold.uid))
    with pytest.raises(NotFound):
        world.command("admin", lambda c: holds.release(c, hold.uid))
    world.command("maintainer", lambda c: published.delete(c, made.uid, release_aliases=True, etag=None))


def test_holds_are_bounded_and_say_why(world: World, model: AssetView, publish: Publish) -> None:
    made = publish(model)
    with pytest.raises(Invalid):
        world.command("maintainer", lambda c: holds.place(c, made.uid, "  "))
    with pytest.raises(Forbidden):
        world.command("contributor", lambda c: holds.place(c, made.uid, "r"))
    for _ in range(holds.HOLDS_MOST):
        world.command("maintainer", lambda c: holds.place(c, made.uid, "r"))
    with pytest.raises(Conflict):
        world.command("maintainer", lambda c: holds.place(c, made.uid, "r"))


def test_an_expiry_lies_ahead_and_can_be_taken_back(world: World, model: AssetView, publish: Publish) -> None:
    made = publish(model)
    for wrong in (-DAY, 200 * 365 * DAY):
        with pytest.raises(Invalid):
            world.command("maintainer", lambda c, w=wrong: retention.expire(c, made.uid, c.now + w, None))  # type: ignore[misc]
    for until in (DAY, None):
        world.command(
            "maintainer",
            lambda c, u=until: retention.expire(c, made.uid, u and c.now + u, None),  # type: ignore[misc]
        )
    world.clock.advance(2 * DAY)
    assert run(world).trashed == 0
    world.command("maintainer", lambda c: retention.expire(c, made.uid, c.now + DAY, None))
    world.clock.advance(2 * DAY)
    assert run(world).trashed == 1
    world.command("maintainer", lambda c: published.restore(c, made.uid))
    assert simulated(world, model) == [1], "restoring does not change what was said of it"


def test_every_version_that_goes_is_on_record_with_the_reason(world: World, model: AssetView, publish: Publish) -> None:
    for n in range(2):
        publish(model, content=str(n))
    keep(world, model, LAST)
    run(world)
    query = {"actor": None, "subject_uid": None, "since": None, "until": None, "after": None, "limit": 100}

    def bodies(action: str) -> list[dict[str, object]]:
        found = world.read_tx(lambda tx: tx.audit.list(world.workspace.id, action=action, **query))  # type: ignore[arg-type]
        return [json.loads(one.body)["details"] for one in found]

    assert [one["retention"] for one in bodies("version.delete")] == ["rule"]
    assert [one["last"] for one in bodies("retention.set")] == [1]


def test_one_asset_that_fails_stops_no_other(
    world: World, publish: Publish, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = [
        world.command("contributor", lambda c, n=n: assets.create(c, CreateAsset("model", f"m{n}")))  # type: ignore[misc]
        for n in range(2)
    ]
    for one, count in zip(made, (3, 2), strict=True):
        for n in range(count):
            publish(one, content=str(n))
        keep(world, one, LAST)
    monkeypatch.setattr(retention, "VERSIONS_MOST", 2)
    done = run(world)
    assert (done.trashed, done.failed) == (1, 1)
    assert "will be tried again" in caplog.text


def test_only_admins_set_rules(world: World, model: AssetView) -> None:
    with pytest.raises(Forbidden):
        keep(world, model, LAST, "maintainer")
    keep(world, model, LAST)
    assert world.read("viewer", lambda c: retention.get(c, model.uid)).own

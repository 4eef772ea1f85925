"""Releases are made, promoted, rolled back and demoted; each in one transaction, with one record."""

import json
from collections.abc import Callable

import pytest

from strongroom.application import paging
from strongroom.application.delivery import board, placing, releases
from strongroom.application.delivery.releases import CreateRelease, WantedPart
from strongroom.application.delivery.views import ReleaseView
from strongroom.application.lineage import flags
from strongroom.application.lineage.flags import SetFlag
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, retention, versions
from strongroom.application.registry.views import AssetView
from strongroom.domain.delivery.model import Freeze
from strongroom.domain.errors import Conflict, Forbidden, Held, Invalid, NotFound
from strongroom.domain.registry.retention import RetentionRule
from tests.application.conftest import DAY, World
from tests.application.delivery.conftest import LINE, Delivery


def test_a_release_is_one_digest_and_made_once(world: World, delivery: Delivery) -> None:
    """ "A release is a set of versions (model, prompt, index, configuration) under one digest"."""
    first = delivery.releases[0]
    again = delivery.release(delivery.versions[0])
    assert (again.uid, again.number) == (first.uid, 1)
    assert [one.number for one in delivery.releases] == [1, 2, 3]
    assert len({one.digest for one in delivery.releases}) == 3
    both = CreateRelease(LINE, [WantedPart(role, delivery.versions[0].uid) for role in ("model", "index")])
    turned = CreateRelease(LINE, list(reversed(both.parts)))

    def make(command: CreateRelease) -> ReleaseView:
        return world.command("contributor", lambda call: releases.create(call, command))

    assert make(both).uid == make(turned).uid
    wrong = CreateRelease(LINE, [WantedPart("model", delivery.versions[0].uid)] * 2)
    with pytest.raises(Invalid):
        make(wrong)
    with pytest.raises(Forbidden):
        delivery.release(delivery.versions[0], who="viewer")


def test_a_release_goes_from_one_environment_to_the_next(world: World, delivery: Delivery) -> None:
    with pytest.raises(Conflict) as refused:
        delivery.promote(1, "prod")
    assert refused.value.details["reasons"] == ["it has not been live in staging"]
    for environment in ("dev", "staging", "prod"):
        (placed,) = delivery.promote(1, environment)
        assert (placed.environment, placed.release.number, placed.mode, placed.share) == (environment, 1, "live", 100)
    shown = world.read("viewer", board.board)
    assert [(one.environment, one.line) for one in shown.lines] == [("dev", LINE), ("staging", LINE), ("prod", LINE)]
    assert shown.complete


def test_prod_is_changed_only_by_those_whom_it_names(world: World, delivery: Delivery) -> None:
    """ "a dev token cannot touch prod through any door"."""
    for environment in ("dev", "staging"):
        delivery.promote(1, environment, who="maintainer")
    with pytest.raises(Forbidden):
        delivery.promote(1, "prod", who="maintainer")
    with pytest.raises(Forbidden):
        delivery.promote(1, "dev", who="contributor")
    delivery.promote(1, "prod")
    for act in (placing.rollback, placing.demote):
        with pytest.raises(Forbidden):
            world.command("maintainer", lambda call, act=act: act(call, "prod", LINE))  # type: ignore[misc]
    with pytest.raises((Forbidden, NotFound)):
        delivery.promote(1, "prod", who="stranger")


def test_rollback_puts_the_earlier_release_back_and_again_the_one_before(world: World, delivery: Delivery) -> None:
    """ "rollback returns the earlier release's digest and sends one event"."""
    for number in (1, 2, 3):
        delivery.promote(number, "dev")
    (placed,) = delivery.roll_back("dev")
    assert placed.release.digest == delivery.releases[1].digest
    assert placed.action == "rollback"
    assert world.last is not None
    assert [json.loads(stored.body)["action"] for stored in world.last.records] == ["release.rollback"]
    (placed,) = delivery.roll_back("dev")
    assert placed.release.digest == delivery.releases[0].digest
    with pytest.raises(Conflict):
        delivery.roll_back("dev")
    (placed,) = delivery.promote(3, "dev")
    (placed,) = delivery.roll_back("dev")
    assert placed.release.digest == delivery.releases[0].digest


def test_a_canary_and_a_shadow_stand_beside_what_is_live(delivery: Delivery) -> None:
    with pytest.raises(Conflict):
        delivery.promote(1, "dev", mode="canary", share=10)
    delivery.promote(1, "dev")
    with pytest.raises(Conflict):
        delivery.promote(1, "dev", mode="canary", share=10)
    delivery.promote(2, "dev", mode="shadow", share=50)
    placed = delivery.promote(3, "dev", mode="canary", share=10)
    assert [(one.mode, one.release.number, one.share) for one in placed] == [
        ("live", 1, 90),
        ("canary", 3, 10),
        ("shadow", 2, 50),
    ]
    for mode, share in (("canary", 100), ("live", 50), ("both", 10)):
        with pytest.raises(Invalid):
            delivery.promote(2, "dev", mode=mode, share=share)
    assert [(one.mode, one.share) for one in delivery.roll_back("dev")] == [("live", 100)]


def test_what_is_flagged_or_gone_is_not_promoted(world: World, delivery: Delivery) -> None:
    bad, gone = delivery.versions[0], delivery.versions[1]
    world.command("maintainer", lambda call: flags.set_(call, SetFlag("version", bad.uid, "wrong labels", "bad_data")))
    world.command("maintainer", lambda call: versions.delete(call, gone.uid, release_aliases=True, etag=None))
    for number, reason in ((1, "model: the version is flagged (bad_data)"), (2, "model: the version is trashed")):
        with pytest.raises(Conflict) as refused:
            delivery.promote(number, "dev")
        assert refused.value.details["reasons"] == [reason]


def test_nothing_is_promoted_out_of_the_trash(world: World, delivery: Delivery, model: AssetView) -> None:
    """A version is live in an asset that is in the trash; the release is none that may run."""
    world.command("maintainer", lambda call: assets.delete(call, model.uid, release_aliases=True, etag=None))
    with pytest.raises(Conflict) as refused:
        delivery.promote(1, "dev")
    assert refused.value.details["reasons"] == ["model: its model is in the trash"]
    world.command("maintainer", lambda call: assets.restore(call, model.uid))
    delivery.promote(1, "dev")


@pytest.mark.parametrize("first", ["promote", "delete"])
def test_an_asset_is_promoted_or_deleted_and_never_both(
    world: World, delivery: Delivery, model: AssetView, first: str
) -> None:
    asked = placing.Promote(delivery.releases[0].uid)
    works: list[Callable[[Transaction], object]] = [
        lambda tx: placing.promote(world.call(tx, "admin"), "dev", asked),
        lambda tx: assets.delete(world.call(tx, "admin"), model.uid, release_aliases=True, etag=None),
    ]
    outcomes = world.race(*(works if first == "promote" else reversed(works)))
    assert [type(one) for one in outcomes if isinstance(one, Exception)] in ([Conflict], [Held])


def test_what_runs_or_stays_ready_is_not_deleted(world: World, delivery: Delivery, model: AssetView) -> None:
    """ "the previous K releases stay pinned"."""
    delivery.free("dev", keep=1)
    for number in (1, 2, 3):
        delivery.promote(number, "dev")

    def delete(number: int) -> None:
        uid = delivery.versions[number - 1].uid
        world.command("maintainer", lambda call: versions.delete(call, uid, release_aliases=True, etag=None))

    for number in (2, 3):
        with pytest.raises(Held) as held:
            delete(number)
        assert held.value.details["holders"] == [f"release:dev/{LINE}#{number}"]
    found = world.read("viewer", lambda call: retention.simulate(call, model.uid, RetentionRule(last=1), PageRequest()))
    ready = [(3, (f"release:dev/{LINE}#3", "last")), (2, (f"release:dev/{LINE}#2",)), (1, ("rule",))]
    assert [(one.version, tuple(one.because)) for one in found.items] == ready
    delete(1)
    with pytest.raises(Held):
        world.command("maintainer", lambda call: assets.delete(call, model.uid, release_aliases=True, etag=None))


def test_what_the_next_rollback_goes_to_stays_ready_too(world: World, delivery: Delivery) -> None:
    """ "the previous K releases stay pinned": after a rollback, the latest release is not what ran before."""
    delivery.free("dev", keep=1)
    for number in (1, 2, 3):
        delivery.promote(number, "dev")
    delivery.roll_back("dev")
    for number in (1, 2, 3):
        uid = delivery.versions[number - 1].uid
        with pytest.raises(Held):
            world.command("admin", lambda call, uid=uid: versions.delete(call, uid, release_aliases=True, etag=None))  # type: ignore[misc]
    assert delivery.roll_back("dev")[0].release.number == 1


def test_who_ended_a_placement_how_and_why_is_kept(world: World, delivery: Delivery) -> None:
    """ "who put it there, why was it allowed": and who took it away."""
    delivery.promote(1, "dev")
    delivery.promote(2, "dev", who="maintainer", note="better")
    delivery.promote(3, "dev", mode="canary", share=5)
    delivery.roll_back("dev", note="the canary coughs")
    delivery.roll_back("dev", who="maintainer", note="worse after all")
    world.command("admin", lambda call: placing.demote(call, "dev", LINE, "out of use"))
    admin, maintainer = world.uid("admin"), world.uid("maintainer")
    ended = [(one.release.number, one.ended_by, one.ended_how, one.ended_note) for one in delivery.history("dev")]
    assert ended == [
        (1, maintainer, "replaced", "better"),
        (2, maintainer, "rollback", "worse after all"),
        (3, admin, "rollback", "the canary coughs"),
        (1, admin, "demote", "out of use"),
    ]
    delivery.promote(1, "dev")
    assert [(one.ended_by, one.ended_how) for one in delivery.history("dev")[-1:]] == [(None, None)]


def test_the_board_and_the_history_end_early_when_they_grow_large(
    world: World, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        for environment in ("dev", "staging"):
            delivery.free(environment)
            delivery.promote(number, environment)
    whole = world.read("viewer", board.board)
    assert (len(whole.lines), whole.complete) == (2, True)
    monkeypatch.setattr(paging, "PAGE_BYTES", 1)
    monkeypatch.setattr(paging, "BUILT_FIRST", 1)
    cut = world.read("viewer", board.board)
    assert ([one.environment for one in cut.lines], cut.complete) == (["dev"], False)
    page = world.read("viewer", lambda call: board.history(call, "dev", None, PageRequest()))
    assert ([one.release.number for one in page.items], page.next_page_token is None) == ([3], False)
    rest = PageRequest(token=page.next_page_token)
    page = world.read("viewer", lambda call: board.history(call, "dev", None, rest))
    assert [one.release.number for one in page.items] == [2]


def test_nothing_is_promoted_in_a_freeze_window(world: World, delivery: Delivery) -> None:
    now = world.clock.now_us()
    delivery.promote(1, "dev")
    delivery.free("dev", freezes=[Freeze(now, now + DAY, "year's end")])
    with pytest.raises(Conflict) as refused:
        delivery.promote(2, "dev")
    assert refused.value.details["reasons"] == ["the environment is frozen (year's end)"]
    with pytest.raises(Forbidden):
        delivery.promote(2, "dev", who="maintainer", note="fix", despite_freeze=True)
    with pytest.raises(Conflict):
        delivery.promote(2, "dev", despite_freeze=True)
    delivery.promote(2, "dev", note="the fix", despite_freeze=True)
    assert delivery.roll_back("dev")[0].release.number == 1
    world.clock.advance(DAY)
    assert delivery.promote(2, "dev")[0].release.number == 2


def test_what_ran_at_a_time_is_known(world: World, delivery: Delivery) -> None:
    """ "What runs where now / at T, who put it there, why was it allowed" is one call."""
    times = []
    for number in (1, 2):
        world.clock.advance(1_000_000)
        delivery.promote(number, "dev", note=f"number {number}")
        times.append(world.clock.now_us())
    world.clock.advance(1_000_000)
    world.command("admin", lambda call: placing.demote(call, "dev", LINE))

    def ran(at: int | None) -> list[tuple[int, str, str]]:
        shown = world.read("viewer", lambda call: board.board(call, environment="dev", at=at))
        return [(p.release.number, p.placed_by, p.note) for one in shown.lines for p in one.placements]

    admin = world.uid("admin")
    assert ran(times[0]) == [(1, admin, "number 1")]
    assert ran(times[1]) == [(2, admin, "number 2")]
    assert ran(None) == []
    with pytest.raises(Invalid):
        ran(world.clock.now_us() + DAY)


def test_of_parts_that_one_may_not_see_only_the_role_is_shown(
    world: World, delivery: Delivery, model: AssetView
) -> None:
    change = assets.UpdateAsset(visibility="private")
    world.command("admin", lambda call: assets.update(call, model.uid, change, None))
    shown = world.read("viewer", lambda call: releases.get(call, delivery.releases[0].uid))
    (part,) = shown.parts
    assert (part.role, part.asset, part.version_uid, part.tree) == ("model", None, None, None)


def test_promotions_at_once_leave_one_live(world: World, delivery: Delivery) -> None:
    delivery.promote(1, "dev")

    def asked(number: int) -> object:
        command = placing.Promote(delivery.releases[number].uid)
        return lambda tx: placing.promote(world.call(tx, "admin"), "dev", command)

    world.race(asked(1), asked(2))  # type: ignore[arg-type]
    shown = world.read("viewer", lambda call: board.board(call, environment="dev"))
    (line,) = shown.lines
    assert len(line.placements) == 1

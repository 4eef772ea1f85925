"""Waivers: reason, second person, end; and that the gate closes again."""

import pytest

from strongroom.application.approvals import waivers
from strongroom.application.approvals.views import WaiverView
from strongroom.application.paging import PageRequest
from strongroom.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tests.application.approvals.conftest import Board
from tests.application.conftest import DAY
from tests.promises.support import publish, reference


def revoke(board: Board, who: str, one: WaiverView) -> WaiverView:
    return board.world.command(who, lambda call: waivers.revoke(call, one.uid, "relabelled", None))


def test_asked_by_one_granted_by_another_open_until_its_end(board: Board) -> None:
    """ "waivers with reason, second person and end date, after which the gate closes again"."""
    asked = board.ask_waiver("contributor", days=10)
    assert (asked.state, asked.opens, asked.reason) == ("asked", False, "holdout is relabelled")
    assert board.open() == {}
    before = board.epoch()
    granted = board.decide("admin", asked)
    action, details = board.recorded()
    assert (action, details["asked_by"]) == ("waiver.grant", board.world.uid("contributor"))
    assert (granted.state, granted.opens, granted.decided_by) == ("granted", True, board.world.uid("admin"))
    assert board.open() == {(board.policy, "good-enough"): asked.uid}
    assert board.epoch() == before + 1
    board.world.clock.advance(11 * DAY)
    assert board.open() == {}
    assert board.world.read("viewer", lambda call: waivers.get(call, asked.uid)).opens is False


def test_neither_the_asker_nor_an_author_nor_a_machine_grants(board: Board) -> None:
    """ "granted by a second person with waiver:grant who is neither the asker nor author"."""
    own = board.ask_waiver("admin")
    with pytest.raises(Forbidden, match="asks"):
        board.decide("admin", own)
    board.person("lead", "admin")
    other = publish(board.site, board.version.asset_uid, [reference("weights", "of-lead")], who="lead")
    theirs = board.ask_waiver("contributor", version_uid=other.uid)
    with pytest.raises(Forbidden, match="made"):
        board.decide("lead", theirs)
    board.person("robot", "admin", kind="service")
    with pytest.raises(Forbidden, match="people"):
        board.decide("robot", theirs)
    for who in ("maintainer", "contributor", "viewer"):
        with pytest.raises(Forbidden):
            board.decide(who, theirs)
    assert board.open(other.uid) == {}


def test_ends_are_bounded_and_may_be_granted_shorter(board: Board) -> None:
    """ "end date required (bounded, e.g. at most 90 days)"."""
    for days in (0, -1, 90.001, 10_000):
        with pytest.raises(Invalid):
            board.ask_waiver(days=days)
    asked = board.ask_waiver(days=20)
    with pytest.raises(Invalid, match="for less"):
        board.decide("admin", asked, days=30)
    board.decide("admin", asked, days=2)
    board.world.clock.advance(3 * DAY)
    assert board.open() == {}
    late = board.ask_waiver(days=1)
    board.world.clock.advance(2 * DAY)
    with pytest.raises(Conflict, match="past"):
        board.decide("admin", late)


def test_a_waiver_says_why_and_for_one_thing(board: Board) -> None:
    with pytest.raises(Invalid, match="why"):
        board.ask_waiver(reason=" ")
    with pytest.raises(Invalid, match="for a version or for an asset"):
        board.ask_waiver(version_uid=board.version.uid, asset_uid=board.version.asset_uid)


def test_one_for_an_asset_is_for_its_versions_but_its_granters_own(board: Board) -> None:
    asked = board.ask_waiver("contributor", asset_uid=board.version.asset_uid)
    board.person("lead", "admin")
    board.decide("lead", asked)
    assert board.open() == {(board.policy, "good-enough"): asked.uid}
    own = publish(board.site, board.version.asset_uid, [reference("weights", "of-lead")], who="lead")
    assert board.open(own.uid) == {}
    alone = board.ask_waiver("contributor")
    board.decide("admin", alone)
    assert board.open() == {(board.policy, "good-enough"): asked.uid}, "of several the oldest is named"
    assert board.open(own.uid) == {}


def test_refused_and_revoked_ones_open_nothing(board: Board) -> None:
    refused = board.ask_waiver("contributor")
    assert board.decide("admin", refused, granted=False).state == "refused"
    with pytest.raises(Conflict):
        board.decide("root", refused)
    granted = board.ask_waiver("contributor")
    board.decide("admin", granted)
    board.person("other")
    with pytest.raises(Forbidden):
        revoke(board, "other", granted)
    gone = revoke(board, "contributor", granted)
    assert (gone.state, gone.opens, gone.revoked_reason) == ("revoked", False, "relabelled")
    assert board.open() == {}
    with pytest.raises(Conflict):
        revoke(board, "admin", granted)


def test_lists_show_what_may_be_seen(board: Board) -> None:
    asked = [board.ask_waiver("contributor", rule=f"r{n}").uid for n in range(3)]

    def listed(who: str, size: int = 10, token: str | None = None, **more: str) -> list[str]:
        of, state = more.get("asset"), more.get("state")
        page = board.world.read(who, lambda call: waivers.listed(call, of, state, PageRequest(size, token)))
        rest = listed(who, size, page.next_page_token, **more) if page.next_page_token else []
        return [one.uid for one in page.items] + rest

    assert listed("viewer", 2) == asked[::-1]
    assert listed("viewer", asset=board.version.asset_uid, state="granted") == []
    with pytest.raises(Forbidden):
        listed("stranger")
    with pytest.raises(NotFound):
        listed("stranger", asset=board.version.asset_uid)
    with pytest.raises(Invalid):
        listed("viewer", state="lost")

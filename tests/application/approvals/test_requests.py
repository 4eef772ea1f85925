"""Approval asked for, found, withdrawn; and what waits for whom."""

import pytest

from strongroom.application.approvals import requests
from strongroom.application.paging import PageRequest
from strongroom.application.registry import assets, versions
from strongroom.application.registry.assets import UpdateAsset
from strongroom.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from tests.application.approvals.conftest import Board
from tests.application.conftest import DAY
from tests.promises.support import make_draft


def test_a_request_says_what_who_and_until_when(board: Board) -> None:
    """ "An approval request for a version and a transition, by its requester, with note"."""
    before = board.epoch()
    asked = board.ask(note="for May", days=7)
    assert (asked.transition, asked.target, asked.note, asked.state) == ("stage", "production", "for May", "open")
    assert (asked.tree, asked.requested_by_name) == (board.version.tree, "maintainer")
    assert (asked.expires_at - asked.created_at).days == 7
    assert board.epoch() == before + 1
    action, details = board.recorded()
    assert action == "approval.request"
    assert (details["approval"], details["tree"]) == (asked.uid, board.version.tree)
    assert details["requester"] == board.world.uid("maintainer")
    assert "May" not in str(details)


@pytest.mark.parametrize(
    ("transition", "target", "error"),
    [
        ("stage", "moon", Invalid),
        ("stage", "", Invalid),
        ("alias", "latest", Invalid),
        ("environment", "moon", NotFound),
        ("registration", "x", Invalid),
        ("flight", "x", Invalid),
    ],
)
def test_a_transition_that_is_none_is_refused(
    transition: str, target: str, error: type[Exception], board: Board
) -> None:
    with pytest.raises(error):
        board.ask(transition=transition, target=target)


def test_each_transition_waits_once_at_a_time(board: Board) -> None:
    asked = board.ask()
    with pytest.raises(AlreadyExists) as refused:
        board.ask("contributor")
    assert refused.value.details["approval"] == asked.uid
    board.ask(transition="alias", target="champion")
    board.ask(transition="environment", target="prod")
    board.world.clock.advance(31 * DAY)
    again = board.ask("contributor")
    found = board.world.read("viewer", lambda call: requests.listed(call, board.version.uid, PageRequest()))
    assert found.items[0].uid == again.uid
    assert board.get(asked).state == "done"


def test_drafts_and_what_is_in_the_trash_are_not_asked_about(board: Board) -> None:
    """domain.md N4: "No alias, stage, approval or gate sees it"."""
    draft = make_draft(board.site, board.version.asset_uid)
    with pytest.raises(Conflict):
        board.ask(uid=draft)
    asked = board.ask()
    board.world.command(
        "maintainer", lambda call: versions.delete(call, board.version.uid, release_aliases=True, etag=None)
    )
    with pytest.raises(Conflict):
        board.ask(target="staging")
    with pytest.raises(Conflict):
        board.give("admin", asked)


def test_withdrawn_by_who_asked_or_who_sets_stages(board: Board) -> None:
    asked = board.ask("contributor")
    board.person("other")
    with pytest.raises(Forbidden):
        board.world.command("other", lambda call: requests.withdraw(call, asked.uid, None))
    with pytest.raises(PreconditionFailed):
        board.world.command("contributor", lambda call: requests.withdraw(call, asked.uid, asked.etag + 1))
    board.give("admin", asked)
    assert len(board.standing()[0]) == 1
    gone = board.world.command("maintainer", lambda call: requests.withdraw(call, asked.uid, asked.etag))
    assert (gone.state, gone.approvals, gone.verdicts[0].void) == ("withdrawn", 0, "withdrawn")
    assert board.standing() == ([], [])
    with pytest.raises(Conflict):
        board.world.command("contributor", lambda call: requests.withdraw(call, asked.uid, None))
    with pytest.raises(Conflict):
        board.give("admin", asked)
    assert board.ask("contributor").state == "open", "it may be asked again"


def test_what_waits_is_shown_to_those_who_may_judge_it(board: Board) -> None:
    """ "Waiting approvals ... can be listed (what waits for me)"."""
    asked = board.ask()
    board.person("robot", kind="service")
    assert board.waiting("admin") == [asked.uid]
    for who in ("viewer", "stranger", "maintainer", "contributor", "robot"):
        assert board.waiting(who) == [], who
    board.give("admin", asked, "reject")
    assert board.waiting("admin") == []
    assert board.waiting("root") == [asked.uid]
    board.world.clock.advance(31 * DAY)
    assert board.waiting("root") == []


def test_what_waits_comes_in_pages_and_not_of_what_is_hidden(board: Board) -> None:
    targets = ("development", "staging", "production")
    uids = [board.ask(target=target).uid for target in targets]
    board.person("risk")
    first = board.world.read("risk", lambda call: requests.waiting(call, PageRequest(2)))
    rest = board.world.read("risk", lambda call: requests.waiting(call, PageRequest(2, first.next_page_token)))
    assert [one.uid for one in (*first.items, *rest.items)] == uids[::-1]
    assert rest.next_page_token is None
    hide = UpdateAsset(visibility="private")
    board.world.command("admin", lambda call: assets.update(call, board.version.asset_uid, hide, None))
    assert board.waiting("risk") == []
    with pytest.raises(NotFound):
        board.world.read("risk", lambda call: requests.get(call, uids[0]))
    assert len(board.waiting("root")) == 3


def test_who_is_to_be_told_must_be_able_to_read(board: Board) -> None:
    """A name that is nobody's and one that may not read the asset answer alike."""
    said = []
    for name in ("nobody", "stranger"):
        with pytest.raises(NotFound) as refused:
            board.ask(tell=[name])
        said.append(refused.value.message.replace(name, "X"))
    assert said[0] == said[1]
    with pytest.raises(Invalid):
        board.ask(tell=["admin"] * 21)

"""Who finds what in the inbox."""

import asyncio

from strongroom.application.collaboration import inbox, notifying
from strongroom.application.paging import PageRequest
from tests.application.approvals.conftest import Board
from tests.application.collaboration.conftest import Office


def told(board: Board, who: str) -> list[tuple[str, str]]:
    """Why, and of what."""
    Office(board.world).number()
    asyncio.run(notifying.notify(board.world.executor))
    page = board.world.read(who, lambda call: inbox.listed(call, "all", PageRequest()))
    return [(item.reason, str(item.event["type"]).removeprefix("dev.strongroom.")) for item in page.items]


def test_those_addressed_and_who_asked_are_told(board: Board) -> None:
    """ "Waiting approvals reach the inbox"."""
    board.person("ann", "contributor", "risk")
    board.person("bob", "contributor", "risk")
    board.person("cat")
    asked = board.ask("maintainer", tell=["risk", "cat"])
    for who in ("ann", "bob", "cat"):
        assert told(board, who) == [("approval", "approval.request")], who
    assert told(board, "admin") == []
    board.give("ann", asked)
    assert told(board, "maintainer") == [("approval", "approval.give")]
    waiver = board.ask_waiver("bob", tell=["admin"])
    assert told(board, "admin") == [("approval", "waiver.ask")]
    board.decide("admin", waiver)
    assert ("approval", "waiver.grant") in told(board, "bob")
    assert len(told(board, "cat")) == 1


def test_a_member_who_left_is_not_told(board: Board) -> None:
    board.person("ann", "contributor", "risk")
    board.team("risk")
    board.ask("maintainer", tell=["risk"])
    assert ("approval", "approval.request") in told(board, "ann")
    assert told(board, "contributor")[0][0] == "watch", "the author watches what it made"

""" "discussion: numbered per asset: comments and status; with a branch it is a proposal" (domain.md N13)."""

import pytest

from strongroom.application.collaboration import comments, discussions
from strongroom.application.collaboration.discussions import CreateDiscussion, UpdateDiscussion
from strongroom.application.collaboration.views import DiscussionView
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.errors import BadName, Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from tests.application.collaboration.conftest import Office


def begin(
    office: Office, uid: str, title: str = "Why?", who: str = "contributor", branch: str | None = None
) -> DiscussionView:
    wanted = CreateDiscussion(title, "Because of @viewer.", branch)
    return office.world.command(who, lambda call: discussions.create(call, uid, wanted))


def test_numbers_are_of_the_asset_and_each_has_its_comments(office: Office) -> None:
    one, other = office.asset().uid, office.asset("other").uid
    assert [begin(office, one).number, begin(office, other).number, begin(office, one, branch="dev/x").number] == [
        1,
        1,
        2,
    ]
    found = office.world.read("viewer", lambda call: discussions.by_number(call, one, 2))
    assert (found.branch, found.status, found.title) == ("dev/x", "open", "Why?")
    office.say("I see", found.uid, "discussion")
    page = office.world.read("viewer", lambda call: comments.listed(call, "discussion", found.uid, PageRequest()))
    assert [comment.text for comment in page.items] == ["Because of @viewer.", "I see"]
    assert [mention.name for mention in page.items[0].mentions] == ["viewer"]


def test_discussions_begun_at_once_get_different_numbers(office: Office) -> None:
    uid = office.asset().uid
    wanted = CreateDiscussion("t", "x")
    made = office.world.race(
        *(lambda tx: discussions.create(office.world.call(tx, "admin"), uid, wanted) for _ in range(3))
    )
    assert sorted(one.number for one in made if isinstance(one, DiscussionView)) == [1, 2, 3]


def test_author_and_moderator_close_and_open_and_others_do_not(office: Office) -> None:
    uid = office.asset().uid
    made = begin(office, uid, who="admin")
    closing = UpdateDiscussion(status="closed")
    with pytest.raises(Forbidden):
        office.world.command("contributor", lambda call: discussions.update(call, made.uid, closing, None))
    with pytest.raises(PreconditionFailed):
        office.world.command("maintainer", lambda call: discussions.update(call, made.uid, closing, 9))
    closed = office.world.command("maintainer", lambda call: discussions.update(call, made.uid, closing, made.etag))
    assert (closed.status, closed.closed_at is not None) == ("closed", True)
    mine = begin(office, uid)
    again = office.world.command(
        "contributor", lambda call: discussions.update(call, mine.uid, UpdateDiscussion("New", "open"), None)
    )
    assert (again.title, again.status, again.closed_at) == ("New", "open", None)
    with pytest.raises(Invalid):
        office.world.command(
            "admin", lambda call: discussions.update(call, made.uid, UpdateDiscussion(status="merged"), None)
        )
    office.world.command_tx(lambda tx: merge(tx, made.uid))
    with pytest.raises(Conflict):
        office.world.command(
            "admin", lambda call: discussions.update(call, made.uid, UpdateDiscussion(status="open"), None)
        )


def merge(tx: Transaction, uid: str) -> None:
    """What merging its branch will do."""
    found = tx.discussions.by_uid(1, uid)
    assert found is not None
    tx.discussions.update(found, status="merged")


def test_lists_are_newest_first_by_status_and_page(office: Office) -> None:
    uid = office.asset().uid
    made = [begin(office, uid, f"{n}") for n in range(5)]
    office.world.command(
        "contributor", lambda call: discussions.update(call, made[2].uid, UpdateDiscussion(status="closed"), None)
    )

    def read(status: str, page: PageRequest) -> Page[DiscussionView]:
        return office.world.read("viewer", lambda call: discussions.listed(call, uid, status, page))

    first = read("open", PageRequest(3))
    assert [one.number for one in first.items] == [5, 4, 2]
    assert [one.number for one in read("open", PageRequest(3, first.next_page_token)).items] == [1]
    assert [one.number for one in read("closed", PageRequest()).items] == [3]
    with pytest.raises(Invalid):
        read("lost", PageRequest())


def test_forms_and_rights(office: Office) -> None:
    asset, private = office.asset(), office.asset("secret", "private")
    for title, branch, error in (("", None, BadName), ("a\nb", None, BadName), ("t", "a..b", BadName)):
        with pytest.raises(error):
            begin(office, asset.uid, title, branch=branch)
    with pytest.raises(Forbidden):
        begin(office, asset.uid, who="viewer")
    hidden = begin(office, private.uid, who="admin")
    for who in ("maintainer", "stranger"):
        with pytest.raises(NotFound, match=r"There is no such discussion\."):
            office.world.read(who, lambda call: discussions.get(call, hidden.uid))
    with pytest.raises(NotFound):
        office.world.read("viewer", lambda call: discussions.by_number(call, asset.uid, 7))

"""Comments with mentions on any asset, version, run or experiment: who says what, and how it goes again."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import audit, comment_mention, comment_text, outbox
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.call import Call
from strongroom.application.collaboration import comments
from strongroom.application.collaboration.comments import CreateComment
from strongroom.application.collaboration.views import CommentView
from strongroom.application.identity import principals
from strongroom.application.identity.grants import Place
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets
from strongroom.application.tracking import experiments, runs
from strongroom.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    Purged,
    TooLarge,
    Unauthenticated,
)
from strongroom.domain.identity.roles import Permission
from tests.application.collaboration.conftest import Office

SECRET = "the secret of Jane"


def rows(tx: Transaction) -> str:
    """Every text that could hold what somebody wrote, but the table of texts itself."""
    assert isinstance(tx, SqlTransaction)
    found = [str(bytes(row.body)) for row in tx.connection.execute(select(audit))]
    return "".join(found + [str(row) for row in tx.connection.execute(select(outbox))])


def names(view: CommentView) -> set[str]:
    return {f"team {one.name}" if one.kind == "team" else one.name for one in view.mentions}


def listed(office: Office, kind: str, uid: str, who: str = "viewer") -> list[str | None]:
    page = office.world.read(who, lambda call: comments.listed(call, kind, uid, PageRequest()))
    return [one.text for one in page.items]


@pytest.mark.parametrize("kind", ["asset", "experiment", "run"])
def test_comments_on_what_there_is_oldest_first_with_answers(office: Office, kind: str) -> None:
    if kind == "asset":
        uid = office.asset().uid
    else:
        experiment = office.experiment()
        uid = experiment.uid if kind == "experiment" else office.run(experiment).uid
    first = office.say("one", uid, kind)
    office.say("two", uid, kind, "admin")
    answer = office.say("three", uid, kind, "maintainer", reply_to=first.uid)
    assert listed(office, kind, uid) == ["one", "two", "three"]
    assert (answer.reply_to, answer.kind, answer.object_uid, answer.author_name) == (first.uid, kind, uid, "maintainer")


def test_pages_neither_lose_nor_repeat(office: Office) -> None:
    uid = office.asset().uid
    for n in range(5):
        office.say(f"{n}", uid)
    found: list[str | None] = []
    token: str | None = None
    while True:
        page = office.world.read("viewer", partial(comments.listed, kind="asset", uid=uid, page=PageRequest(2, token)))
        found += [one.text for one in page.items]
        office.say("later", uid)
        token = page.next_page_token
        if token is None or len(found) > 20:
            break
    assert found[:5] == ["0", "1", "2", "3", "4"]
    assert len(found) < 20


def test_who_may_read_and_say(office: Office) -> None:
    uid, private = office.asset().uid, office.asset("secret", "private").uid
    made = office.say("hello", uid)
    with pytest.raises(Forbidden):
        office.say("x", uid, who="viewer")
    for hidden in (uid, "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound):
            office.say("x", hidden, who="stranger")
    with pytest.raises(NotFound):
        office.say("x", private, who="maintainer")
    with pytest.raises(NotFound, match=r"There is no such comment\."):
        office.world.read("stranger", lambda call: comments.get(call, made.uid))
    with pytest.raises(NotFound, match=r"There is no such comment\."):
        office.world.read("stranger", lambda call: comments.get(call, uid))
    with pytest.raises(Invalid):
        office.say("x", uid, "blob")


def test_comments_of_a_public_asset_are_not_public(office: Office) -> None:
    uid = office.asset("open", "public").uid
    office.say("between us", uid)
    office.world.public_reads = True
    assert office.world.read(None, lambda call: assets.get(call, uid)).uid == uid
    with pytest.raises(Unauthenticated):
        listed(office, "asset", uid, None)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        listed(office, "asset", uid, "stranger")


def test_an_author_edits_and_history_shows_what_was_said(office: Office) -> None:
    uid = office.asset().uid
    made = office.say("first", uid)
    with pytest.raises(Forbidden):
        office.world.command("admin", lambda call: comments.update(call, made.uid, "forged", None))
    with pytest.raises(PreconditionFailed):
        office.world.command("contributor", lambda call: comments.update(call, made.uid, "stale", 9))
    view = office.world.command("contributor", lambda call: comments.update(call, made.uid, "second", made.etag))
    assert (view.text, view.revision, view.etag) == ("second", 2, 2)
    assert view.edited_at is not None
    history = office.world.read("viewer", lambda call: comments.history(call, made.uid))
    assert [(one.revision, one.text) for one in history] == [(1, "first"), (2, "second")]


def test_edits_are_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments, "REVISIONS_MOST", 2)
    monkeypatch.setattr(comments, "PER_OBJECT_MOST", 1)
    made = office.say("1", uid := office.asset().uid)
    office.world.command("contributor", lambda call: comments.update(call, made.uid, "2", None))
    with pytest.raises(TooLarge):
        office.world.command("contributor", lambda call: comments.update(call, made.uid, "3", None))
    with pytest.raises(TooLarge):
        office.say("another", uid)


def test_a_deleted_comment_is_a_tombstone_and_its_texts_are_gone(office: Office) -> None:
    """ "Records hold ids, not free text that may have to be erased"."""
    uid = office.asset().uid
    made = office.say(f"{SECRET} @viewer", uid)
    office.world.command("contributor", lambda call: comments.update(call, made.uid, f"{SECRET} 2 @viewer", None))
    other = office.say("mine", uid, who="admin")
    with pytest.raises(Forbidden):
        office.world.command("contributor", lambda call: comments.delete(call, other.uid, "", None))
    gone = office.world.command("maintainer", lambda call: comments.delete(call, made.uid, "private matter", None))
    assert (gone.text, gone.reason, gone.author) == (None, "private matter", office.world.uid("contributor"))
    assert (gone.deleted_by, gone.mentions) == (office.world.uid("maintainer"), [])
    assert office.world.read("viewer", lambda call: comments.history(call, made.uid)) == []
    assert listed(office, "asset", uid)[0] is None

    def left(tx: Transaction) -> tuple[str, int]:
        assert isinstance(tx, SqlTransaction)
        texts = "".join(row.text for row in tx.connection.execute(select(comment_text)))
        return texts + rows(tx), len(tx.connection.execute(select(comment_mention)).all())

    text, mentions = office.world.read_tx(left)
    assert SECRET not in text
    assert "private matter" not in text
    assert mentions == 0
    works: list[Callable[[Call], object]] = [
        lambda call: comments.update(call, made.uid, "x", None),
        lambda call: comments.delete(call, made.uid, "", None),
    ]
    for work in works:
        with pytest.raises(Purged):
            office.world.command("contributor", work)
    with pytest.raises(Conflict):
        office.say("answer", uid, reply_to=made.uid)


def test_an_answer_is_to_a_comment_on_the_same_object_and_to_no_answer(office: Office) -> None:
    one, other = office.asset().uid, office.asset("other").uid
    first = office.say("q", one)
    answer = office.say("a", one, reply_to=first.uid)
    for uid, to, error in ((one, answer.uid, Invalid), (other, first.uid, NotFound), (one, one, NotFound)):
        with pytest.raises(error):
            office.say("x", uid, reply_to=to)


def test_what_is_in_the_trash_takes_no_comments_and_shows_those_it_has(office: Office) -> None:
    asset, experiment = office.asset(), office.experiment()
    run = office.run(experiment)
    for kind, uid in (("asset", asset.uid), ("run", run.uid), ("experiment", experiment.uid)):
        office.say("before", uid, kind)
    office.world.command("admin", lambda call: assets.delete(call, asset.uid, release_aliases=False, etag=None))
    office.world.command("admin", lambda call: runs.delete(call, run.uid))
    office.world.command("admin", lambda call: experiments.delete(call, experiment.uid))
    for kind, uid in (("asset", asset.uid), ("run", run.uid), ("experiment", experiment.uid)):
        with pytest.raises(Conflict):
            office.say("after", uid, kind)
        assert listed(office, kind, uid) == ["before"]


def test_purging_an_asset_erases_what_was_said_of_it(office: Office) -> None:
    asset = office.asset()
    made = office.say(SECRET, asset.uid)
    office.world.command("root", lambda call: assets.delete(call, asset.uid, release_aliases=False, etag=None))
    office.world.command("root", lambda call: assets.purge(call, asset.uid, "law"))
    with pytest.raises(Purged):
        office.world.read("root", lambda call: comments.get(call, made.uid))

    def texts(tx: Transaction) -> list[str]:
        assert isinstance(tx, SqlTransaction)
        return [row.text for row in tx.connection.execute(select(comment_text))]

    assert office.world.read_tx(texts) == []


def test_only_who_may_read_is_mentioned(office: Office) -> None:
    """ "mentions resolved at write time to principals or teams that may read the object"."""
    asset, private = office.asset(), office.asset("secret", "private")
    reading, blind = office.team("readers", "stranger"), office.team("blind", "viewer")
    office.grant("viewer", reading, kind="team")
    text = "@viewer @stranger @readers @blind @nobody @system @maintainer"
    assert names(office.say(text, asset.uid)) == {"viewer", "stranger", "maintainer", "team readers"}
    assert names(office.say(text + " @admin", private.uid, who="admin")) == {"admin"}
    office.grant("viewer", blind, Place("asset", private.uid), "team")
    assert names(office.say(text, private.uid, who="admin")) == {"viewer", "team blind"}
    office.world.command("root", lambda call: principals.disable(call, office.world.uid("viewer")))
    assert names(office.say("@viewer", asset.uid)) == set()


@pytest.mark.parametrize("text", ["", "  \n", "a\x00", "\ud800", "x" * 10_001])
def test_texts_are_bounded(office: Office, text: str) -> None:
    with pytest.raises(Invalid):
        office.say(text, office.asset().uid)


def test_a_comment_is_an_event_of_the_asset_and_leaves_its_etag(office: Office) -> None:
    asset = office.asset()
    office.say(SECRET, asset.uid)
    after = office.world.read("viewer", lambda call: assets.get(call, asset.uid))
    assert after.etag == asset.etag
    office.number()

    def events(tx: Transaction) -> list[tuple[str, int | None]]:
        from strongroom.application.ports.events import Wanted

        found = tx.feed.between(Wanted(office.world.workspace.id), -1, tx.feed.head(), 100)
        return [(one.action, one.asset_seq) for one in found if one.asset_id is not None]

    assert office.world.read_tx(events) == [("asset.create", 1), ("comment.create", 2)]
    assert SECRET not in office.world.read_tx(rows)


def test_every_right_is_asked_for(office: Office) -> None:
    uid = office.asset().uid
    made = office.say("x", uid)
    steps: list[tuple[Permission, Callable[[Call], object]]] = [
        (Permission.COMMENT_WRITE, lambda call: comments.create(call, CreateComment("asset", uid, "y"))),
        (Permission.COMMENT_READ, lambda call: comments.listed(call, "asset", uid, PageRequest())),
        (Permission.COMMENT_READ, lambda call: comments.history(call, made.uid)),
        (Permission.COMMENT_WRITE, lambda call: comments.update(call, made.uid, "z", None)),
        (Permission.COMMENT_WRITE, lambda call: comments.delete(call, made.uid, "", None)),
    ]
    for permission, work in steps:
        office.world.command("contributor", work)
        assert office.world.last is not None
        assert permission in office.world.last.asked


def test_a_comment_of_another_workspace_is_not_found(office: Office) -> None:
    made = office.say("x", office.asset().uid)
    office.world.command_tx(lambda tx: tx.workspaces.add("other", ""))
    with pytest.raises(DomainError):
        office.world.read("root", lambda call: comments.get(call, made.uid), "other")

"""Watches and inboxes: who is told of what, exactly once, and only while it may be seen."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import select

from strongroom.adapters.sql.tables import inbox_item
from strongroom.adapters.sql.transaction import SqlTransaction
from strongroom.application.call import Call
from strongroom.application.collaboration import comments, discussions, inbox, notifying, watching
from strongroom.application.collaboration.discussions import CreateDiscussion
from strongroom.application.identity import grants
from strongroom.application.identity.grants import Place
from strongroom.application.paging import PageRequest
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import assets, namespaces
from strongroom.application.registry.assets import UpdateAsset
from strongroom.application.tracking import runs
from strongroom.domain.errors import Invalid, NotFound, TooLarge, Unauthenticated
from tests.application.collaboration.conftest import Office
from tests.application.conftest import DAY


def watch(office: Office, who: str, kind: str, uid: str, *types: str) -> None:
    office.number()
    office.world.command(who, lambda call: watching.put(call, kind, uid, types))


def namespace(office: Office, path: str) -> str:
    found = office.world.read("admin", lambda call: namespaces.listed(call, PageRequest()))
    return next(one.uid for one in found.items if one.path == path)


def test_a_mention_a_reply_and_a_watch_are_told_once_for_the_best_reason(office: Office) -> None:
    asset = office.asset()
    watch(office, "viewer", "asset", asset.uid)
    first = office.say("look @viewer and @maintainer", asset.uid)
    office.say("@contributor yes @viewer", asset.uid, who="maintainer", reply_to=first.uid)
    office.say("I see", asset.uid, who="maintainer", reply_to=first.uid)
    office.change(asset)
    assert office.told("viewer") == [
        ("comment.create", "mention"),
        ("comment.create", "mention"),
        ("comment.create", "watch"),
        ("asset.update", "watch"),
    ]
    assert office.told("contributor") == [
        ("comment.create", "mention"),
        ("comment.create", "reply"),
        ("asset.update", "watch"),  # it commented, so it watches
    ]
    assert office.told("maintainer") == [("comment.create", "mention"), ("asset.update", "watch")]
    item = office.inbox("viewer")[0]
    assert item.event["subject"] == f"asset/{asset.uid}"
    assert item.actor_name == "admin"


def test_members_of_a_team_are_told(office: Office) -> None:
    asset = office.asset()
    office.grant("viewer", office.team("readers", "stranger", "viewer"), kind="team")
    office.say("@readers", asset.uid)
    assert office.told("stranger") == office.told("viewer") == [("comment.create", "mention")]


def test_an_edit_tells_only_who_is_named_anew(office: Office) -> None:
    asset = office.asset()
    made = office.say("@viewer", asset.uid)
    office.world.command("contributor", lambda call: comments.update(call, made.uid, "@viewer @maintainer", None))
    assert office.told("viewer") == [("comment.create", "mention")]
    assert office.told("maintainer") == [("comment.update", "mention")]


def test_a_discussion_tells_whom_its_first_comment_names(office: Office) -> None:
    asset = office.asset()
    office.world.command(
        "contributor", lambda call: discussions.create(call, asset.uid, CreateDiscussion("t", "@viewer"))
    )
    assert office.told("viewer") == [("discussion.create", "mention")]
    assert office.told("admin") == [("discussion.create", "watch")]  # it made the asset


def test_nobody_is_told_of_what_it_did_itself(office: Office) -> None:
    asset = office.asset(who="contributor")
    office.say("@contributor to myself", asset.uid)
    office.change(asset, "contributor")
    assert office.told("contributor") == []


def test_a_watch_of_a_namespace_tells_of_all_below_and_of_chosen_types_only(office: Office) -> None:
    office.asset("first")
    watch(office, "viewer", "namespace", namespace(office, "risk"), "asset.*", "run.end")
    asset, experiment = office.asset("second"), office.experiment()
    run = office.run(experiment)
    office.say("not chosen", asset.uid)
    office.world.command("contributor", lambda call: runs.end(call, run.uid, "finished"))
    assert office.told("viewer") == [("asset.create", "watch"), ("run.end", "watch")]


def test_a_watch_of_an_experiment_tells_of_its_runs(office: Office) -> None:
    experiment, other = office.experiment(), office.experiment("other")
    watch(office, "viewer", "experiment", experiment.uid)
    run = office.run(experiment)
    office.run(other)
    office.say("hm", run.uid, "run", "maintainer")
    assert office.told("viewer") == [("run.create", "watch"), ("comment.create", "watch")]
    assert office.told("contributor") == [("comment.create", "watch")]


def test_paths_of_another_workspace_are_other_places(office: Office) -> None:
    office.asset()
    watch(office, "viewer", "namespace", namespace(office, "risk"))
    office.world.command_tx(lambda tx: tx.workspaces.add("other", ""))

    def elsewhere(call: Call) -> None:
        assets.create(call, assets.CreateAsset("model", "x", "risk"))

    office.world.command("root", elsewhere, "other")
    assert office.told("viewer") == []


def test_a_watch_begins_when_it_is_set_and_ends_when_it_is_removed(office: Office) -> None:
    asset = office.asset()
    office.change(asset)
    watch(office, "viewer", "asset", asset.uid)
    assert office.told("viewer") == []
    office.change(asset)
    office.number()
    office.world.command("viewer", lambda call: watching.remove(call, "asset", asset.uid))
    office.change(asset)
    assert len(office.told("viewer")) <= 1


def test_who_removed_a_watch_is_not_made_to_watch_again(office: Office) -> None:
    asset = office.asset()
    office.world.command("contributor", lambda call: watching.remove(call, "asset", asset.uid))
    office.say("one remark", asset.uid)
    office.change(asset)
    assert office.told("contributor") == []


def test_automatic_watches_are_a_setting_and_not_for_service_accounts(office: Office) -> None:
    from strongroom.application.identity import setup

    assert office.world.read("contributor", inbox.settings).automatic
    office.world.command("contributor", lambda call: inbox.configure(call, automatic=False))
    asset = office.asset(who="contributor")
    robot = office.world.command_tx(
        lambda tx: setup.ensure_principal_with_token(tx, "robot", "contributor", "default", kind="service")
    )
    office.world.tokens["robot"] = robot
    office.say("beep", asset.uid, who="robot")
    office.change(asset)
    assert office.told("contributor") == office.told("robot") == []
    view = office.world.read("contributor", lambda call: watching.get(call, "asset", asset.uid))
    assert not view.watching


def test_what_may_not_be_seen_any_more_is_not_shown_or_counted(office: Office) -> None:
    """ "respecting visibility at read time too"."""
    asset = office.asset("secret", "private")
    here = Place("asset", asset.uid)
    grant = office.grant("viewer", office.world.uid("stranger"), here)
    office.say("@stranger", asset.uid, who="admin")
    watch(office, "stranger", "asset", asset.uid)
    office.change(asset)
    assert office.told("stranger") == [("comment.create", "mention"), ("asset.update", "watch")]
    office.world.command("admin", lambda call: grants.revoke(call, grant))
    office.change(asset)
    assert office.told("stranger") == []
    assert office.world.read("stranger", inbox.count).unread == 0
    assert office.world.read("stranger", lambda call: watching.listed(call, PageRequest())).items == []
    office.grant("viewer", office.world.uid("stranger"), here)
    assert len(office.told("stranger")) == 3


def test_an_asset_that_becomes_private_is_told_no_more(office: Office) -> None:
    asset = office.asset()
    watch(office, "viewer", "asset", asset.uid)
    office.change(asset)
    assert len(office.told("viewer")) == 1
    hiding = UpdateAsset(visibility="private")
    office.world.command("admin", lambda call: assets.update(call, asset.uid, hiding, None))
    assert office.told("viewer") == []


def test_items_are_marked_by_position_and_counted(office: Office) -> None:
    asset = office.asset()
    watch(office, "viewer", "asset", asset.uid)
    for _ in range(5):
        office.change(asset)
    positions = [one.position for one in office.inbox("viewer")][::-1]

    def mark(state: str, upto: int | None, which: Sequence[int]) -> int:
        return office.world.command("viewer", lambda call: inbox.mark(call, state, upto, which)).changed

    assert office.world.read("viewer", inbox.count).unread == 5
    assert mark("done", None, [positions[1]]) == 1
    assert mark("read", positions[2], ()) == 2  # the one that is done stays so
    assert office.world.read("viewer", inbox.count).unread == 2
    assert [one.position for one in office.inbox("viewer", "done")] == [positions[1]]
    assert [one.position for one in office.inbox("viewer", "read")] == [positions[2], positions[0]]
    assert mark("unread", None, positions) == 3
    assert mark("done", positions[-1], ()) == 5
    assert office.inbox("viewer") == []
    for state, upto, which in (("lost", 1, []), ("read", None, []), ("read", 1, [1])):
        with pytest.raises(Invalid):
            mark(state, upto, which)


def test_pages_of_an_inbox_neither_lose_nor_repeat(office: Office) -> None:
    asset = office.asset()
    watch(office, "viewer", "asset", asset.uid)
    for _ in range(7):
        office.change(asset)
    wanted = [one.position for one in office.inbox("viewer")]
    found: list[int] = []
    token: str | None = None
    while True:
        page = office.world.read("viewer", partial(inbox.listed, state="all", page=PageRequest(3, token)))
        found += [one.position for one in page.items]
        office.change(asset)
        office.notify()
        token = page.next_page_token
        if token is None:
            break
    assert found == wanted


def test_an_inbox_is_its_owners(office: Office) -> None:
    asset = office.asset()
    watch(office, "viewer", "asset", asset.uid)
    office.change(asset)
    position = office.inbox("viewer")[0].position
    assert office.world.command("maintainer", lambda call: inbox.mark(call, "done", position, ())).changed == 0
    assert len(office.inbox("viewer")) == 1
    with pytest.raises(Unauthenticated):
        office.world.read(None, inbox.count)


def test_what_may_not_be_read_cannot_be_watched(office: Office) -> None:
    asset, experiment = office.asset("secret", "private"), office.experiment()
    for kind, uid in (("asset", asset.uid), ("experiment", experiment.uid), ("namespace", namespace(office, "risk"))):
        with pytest.raises(NotFound):
            watch(office, "stranger", kind, uid)
    with pytest.raises(Invalid):
        watch(office, "admin", "version", asset.uid)


def test_watches_are_listed_by_pages_and_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "WATCHES_MOST", 3)
    made = [office.asset(f"m{n}") for n in range(4)]
    for asset in made[:2]:
        watch(office, "viewer", "asset", asset.uid)
    watch(office, "viewer", "namespace", namespace(office, "risk"), "alias.*")
    with pytest.raises(TooLarge):
        watch(office, "viewer", "asset", made[3].uid)
    first = office.world.read("viewer", lambda call: watching.listed(call, PageRequest(2)))
    rest = office.world.read("viewer", lambda call: watching.listed(call, PageRequest(2, first.next_page_token)))
    found = [(one.kind, one.path, one.types) for one in (*first.items, *rest.items)]
    assert found == [("asset", "risk/m0", ()), ("asset", "risk/m1", ()), ("namespace", "risk", ("alias.*",))]


class Killed(Exception):
    """What a test ends the work with, where a crash would."""


def test_two_hundred_crashes_give_exactly_one_item_for_each_principal_and_event(office: Office) -> None:
    """ "exactly one item per (principal, event)", whatever the process that fills inboxes dies of."""
    chance = random.Random(5)  # noqa: S311 - the same crashes every time
    asset = office.asset()
    watch(office, "viewer", "asset", asset.uid)
    watch(office, "viewer", "namespace", namespace(office, "risk"))
    watch(office, "maintainer", "asset", asset.uid)
    office.notify()

    def dying(tx: Transaction) -> None:
        if chance.random() < 0.7:
            notifying.step(tx)
        raise Killed

    for crash in range(200):
        if crash % 4 == 0:
            office.change(asset)
        office.number()
        if crash % 10 == 0:
            office.world.command_tx(notifying.step)
        with pytest.raises(Killed):
            office.world.command_tx(dying)
    office.notify()
    office.notify()

    def items(tx: Transaction) -> Counter[int]:
        assert isinstance(tx, SqlTransaction)
        return Counter(row.principal_id for row in tx.connection.execute(select(inbox_item)))

    people = office.world.principals
    assert office.world.read_tx(items) == {people["viewer"].id: 50, people["maintainer"].id: 50}


def test_several_processes_take_turns(office: Office) -> None:
    asset = office.asset()
    watch(office, "viewer", "asset", asset.uid)
    for _ in range(20):
        office.change(asset)
    office.number()

    async def together() -> None:
        await asyncio.gather(*(notifying.notify(office.world.executor) for _ in range(4)))

    asyncio.run(together())
    assert len(office.told("viewer")) == 20


def test_old_items_are_forgotten(office: Office) -> None:
    asset = office.asset()
    watch(office, "viewer", "asset", asset.uid)
    office.change(asset)
    office.change(asset)
    position = office.inbox("viewer")[0].position
    office.world.command("viewer", lambda call: inbox.mark(call, "done", None, [position]))

    def forget(tx: Transaction) -> int:
        return tx.inbox.forget(tx.now() - notifying.DONE_KEPT_US, tx.now() - notifying.KEPT_US)

    assert office.world.command_tx(forget) == 0
    office.world.clock.advance(31 * DAY)
    assert office.world.command_tx(forget) == 1
    office.world.clock.advance(60 * DAY)
    assert office.world.command_tx(forget) == 1

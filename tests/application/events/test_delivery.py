"""Deliveries: each event once it is committed, in order within an asset, over failures, restarts and secrets."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping

import pytest
from sqlalchemy import text

from strongroom.adapters.sql.engine import postgres_engine, sqlite_engine
from strongroom.application.events import feed, webhooks
from strongroom.application.events.delivery import LEASE_US
from strongroom.application.events.webhooks import UpdateWebhook
from strongroom.application.paging import PageRequest
from strongroom.application.ports.events import Sent
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.events.model import Outcome
from tests.application.conftest import DAY, SECOND
from tests.application.events.conftest import Post, change, make
from tests.support.receiver import Received, Receiver

HOUR = 3600 * SECOND


def expected(post: Post, *types: str) -> list[str]:
    """Ids of the events of assets in the feed, in its order."""
    post.number()
    page = post.world.read("admin", lambda call: feed.listed(call, -1, 1000, types or ("asset.*",)))
    return [str(event["id"]) for event in page.events]


def in_order(receiver: Receiver) -> bool:
    seen: dict[str, list[int]] = defaultdict(list)
    for one in receiver.got:
        seen[one.event["subject"]].append(one.event["data"]["asset_seq"])
    return all(numbers == sorted(numbers) for numbers in seen.values())


def test_events_arrive_once_each_in_order_with_what_happened(post: Post, receiver: Receiver) -> None:
    post.hook(receiver, "asset.*")
    asset = make(post.world, "churn")
    for n in range(5):
        change(post.world, asset, f"{n}")
    post.deliver()
    assert receiver.ids() == expected(post)
    event = receiver.got[0].event
    assert event["specversion"] == "1.0"
    assert event["type"] == "dev.strongroom.asset.create"
    assert event["source"] == f"urn:strongroom:workspace:{post.world.workspace.uid}"
    assert event["subject"] == f"asset/{asset.uid}"
    assert event["data"]["asset"] == {"uid": asset.uid, "kind": "model", "path": "risk/churn"}
    assert event["data"]["actor"] == post.world.uid("admin")
    assert receiver.got[0].headers["content-type"].startswith("application/cloudevents+json")
    post.deliver()
    assert len(receiver.got) == 6


def test_a_webhook_gets_what_it_chose_and_nothing_from_before_it_was_made(post: Post, receiver: Receiver) -> None:
    before = make(post.world, "before")
    post.number()
    post.hook(receiver, "asset.update")
    change(post.world, make(post.world, "other"), "x")
    change(post.world, before, "x")
    post.deliver()
    assert [one.event["type"] for one in receiver.got] == ["dev.strongroom.asset.update"] * 2


def test_a_webhook_of_an_asset_or_namespace_gets_nothing_else(post: Post) -> None:
    asset, other = make(post.world, "one"), make(post.world, "two")
    with Receiver() as of_asset, Receiver() as of_namespace:
        post.hook(of_asset, asset_uid=asset.uid)
        post.hook(of_namespace, namespace="risk")
        change(post.world, asset, "x")
        change(post.world, other, "x")
        post.deliver()
        assert [one.event["subject"] for one in of_asset.got] == [f"asset/{asset.uid}"]
        subjects = {one.event["subject"] for one in of_namespace.got}
        assert subjects == {f"asset/{asset.uid}", f"asset/{other.uid}"}


def test_a_receiver_down_for_an_hour_gets_all_in_order_within_each_asset(post: Post, receiver: Receiver) -> None:
    post.hook(receiver, "asset.*")
    models = [make(post.world, f"m{n}") for n in range(4)]
    receiver.status = 503
    for n in range(12):
        change(post.world, models[n % 4], f"down {n}")
        post.deliver()
        post.world.clock.advance(HOUR // 12)
    assert receiver.got == []
    receiver.status = 200
    for _ in range(40):
        post.deliver()
        post.world.clock.advance(HOUR // 4)
    assert sorted(receiver.ids()) == sorted(expected(post))
    assert len(receiver.got) == 16
    assert in_order(receiver)


def test_a_failure_holds_back_its_asset_and_no_other(post: Post, receiver: Receiver) -> None:
    post.hook(receiver, "asset.*")
    bad, good = make(post.world, "bad"), make(post.world, "good")
    change(post.world, bad, "x")
    change(post.world, good, "x")

    def answer(received: Received) -> int:
        return 500 if received.event["subject"] == f"asset/{bad.uid}" else 200

    receiver.answer = answer
    post.deliver()
    assert [one.event["subject"] for one in receiver.got] == [f"asset/{good.uid}"] * 2
    assert len(receiver.tried) == 3


def test_after_three_days_an_event_is_a_dead_letter_and_can_be_sent_again(post: Post, receiver: Receiver) -> None:
    made = post.hook(receiver, "asset.*")
    make(post.world, "churn")
    receiver.status = 500
    for _ in range(40):
        post.deliver()
        post.world.clock.advance(DAY // 8)
    tries = len(receiver.tried)
    page = post.world.read("admin", lambda call: webhooks.deliveries(call, made.webhook.uid, "dead", PageRequest()))
    (dead,) = page.items
    assert (dead.state, dead.last_status, dead.tries) == ("dead", 500, tries)
    assert dead.attempts[0].outcome == "refused"
    receiver.status = 200
    post.deliver()
    assert receiver.got == []
    post.world.command("admin", lambda call: webhooks.redeliver(call, made.webhook.uid, dead.position))
    post.deliver()
    assert receiver.ids() == [dead.event]
    with pytest.raises(NotFound):
        post.world.command("admin", lambda call: webhooks.redeliver(call, made.webhook.uid, 10**6))
    change_at = dead.position
    post.world.command("admin", lambda call: webhooks.redeliver(call, made.webhook.uid, change_at))
    with pytest.raises(Conflict):
        post.world.command("admin", lambda call: webhooks.redeliver(call, made.webhook.uid, change_at))


def test_an_event_that_is_sent_again_at_once_takes_those_behind_it_along(post: Post, receiver: Receiver) -> None:
    uid = post.hook(receiver, "asset.*").webhook.uid
    asset = make(post.world, "churn")
    change(post.world, asset, "x")
    receiver.status = 500
    for _ in range(5):
        post.deliver()
        post.world.clock.advance(HOUR)
    post.deliver()
    receiver.status = 200
    page = post.world.read("admin", lambda call: webhooks.deliveries(call, uid, "pending", PageRequest()))
    assert [one.tries > 0 for one in page.items] == [False, True]
    post.world.command("admin", lambda call: webhooks.redeliver(call, uid, page.items[-1].position))
    post.deliver()
    assert receiver.ids() == expected(post)


def test_a_paused_webhook_misses_nothing_and_a_deleted_one_gets_nothing(post: Post, receiver: Receiver) -> None:
    made = post.hook(receiver, "asset.*")
    uid = made.webhook.uid
    post.world.command("admin", lambda call: webhooks.update(call, uid, UpdateWebhook(state="paused"), None))
    make(post.world, "churn")
    post.deliver()
    assert receiver.got == []
    post.world.command("admin", lambda call: webhooks.update(call, uid, UpdateWebhook(state="active"), None))
    post.deliver()
    assert len(receiver.got) == 1
    post.world.command("admin", lambda call: webhooks.delete(call, uid, None))
    make(post.world, "second")
    post.deliver()
    assert len(receiver.got) == 1


class Killed(BaseException):
    """What a test ends a courier with, where a crash would."""


class Doomed:
    """A sender that dies before or after the request, by chance."""

    def __init__(self, post: Post, chance: random.Random) -> None:
        self._post, self._chance = post, chance

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        fate = self._chance.choice(["before", "after"])
        if fate == "after":
            await self._post.sender.post(url, headers, body)
        raise Killed(fate)


def test_two_hundred_kills_between_commit_and_delivery_lose_none_and_invent_none(
    post: Post, receiver: Receiver
) -> None:
    chance = random.Random(3)  # noqa: S311 - the same kills every time
    post.hook(receiver, "asset.*")
    models = [make(post.world, f"m{n}") for n in range(3)]
    kills = 0
    while kills < 200:
        change(post.world, chance.choice(models), f"{kills}")
        post.number()
        try:
            asyncio.run(post.courier(Doomed(post, chance)).run())
        except Killed:
            kills += 1
        post.world.clock.advance(LEASE_US + SECOND)
    for _ in range(3):
        post.deliver()
        post.world.clock.advance(LEASE_US + SECOND)
    wanted = expected(post)
    assert len(wanted) == 203
    assert set(receiver.ids()) == set(wanted)
    first_seen = list(dict.fromkeys(receiver.ids()))
    of = {one.headers["webhook-id"]: (one.event["subject"], one.event["data"]["asset_seq"]) for one in receiver.got}
    for model in models:
        numbers = [of[id_][1] for id_ in first_seen if of[id_][0] == f"asset/{model.uid}"]
        assert numbers == sorted(numbers)


def test_a_crash_while_the_feed_is_spread_leaves_no_half(post: Post, receiver: Receiver) -> None:
    from strongroom.application.events import delivery

    post.hook(receiver, "asset.*")
    make(post.world, "churn")
    post.number()

    def crash(tx: object) -> None:
        delivery.spread(tx, {})  # type: ignore[arg-type]
        raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            post.world.command_tx(crash)
    post.deliver()
    assert receiver.ids() == expected(post)


def test_several_couriers_share_the_work(post: Post, receiver: Receiver) -> None:
    post.hook(receiver, "asset.*")
    models = [make(post.world, f"m{n}") for n in range(6)]
    for n in range(30):
        change(post.world, models[n % 6], f"{n}")
    post.number()

    async def together() -> None:
        await asyncio.gather(*(post.courier().run() for _ in range(4)))

    asyncio.run(together())
    post.deliver()
    assert sorted(receiver.ids()) == sorted(expected(post))
    assert in_order(receiver)


def test_a_lost_lease_writes_nothing(post: Post, receiver: Receiver) -> None:
    from strongroom.application.events import delivery

    post.hook(receiver, "asset.*")
    make(post.world, "churn")
    post.number()
    post.world.command_tx(lambda tx: delivery.spread(tx, {}))
    (first,) = post.world.command_tx(lambda tx: delivery.claim(tx, 4, frozenset(), {}))
    post.world.clock.advance(LEASE_US + SECOND)
    (second,) = post.world.command_tx(lambda tx: delivery.claim(tx, 4, frozenset(), {}))
    post.world.command_tx(lambda tx: delivery.finish(tx, first, Sent(Outcome.REFUSED, 500), 1))
    post.world.command_tx(lambda tx: delivery.finish(tx, second, Sent(Outcome.DELIVERED, 200), 1))
    found = post.world.read_tx(lambda tx: tx.deliveries.get(second.webhook.id, second.delivery.leaf))
    assert found is not None
    assert (found.state.value, found.tries) == ("delivered", 1)


def test_secrets_are_in_no_table(post: Post, receiver: Receiver, database: str) -> None:
    made = post.hook(receiver, "asset.*")
    uid = made.webhook.uid
    rotated = post.world.command("admin", lambda call: webhooks.rotate(call, post.secrets, uid))
    make(post.world, "churn")
    post.deliver()
    is_sqlite = database.startswith("sqlite")
    engine = sqlite_engine(database, write=False) if is_sqlite else postgres_engine(database, pool_size=1)
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if is_sqlite
        else ("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    )
    with engine.connect() as connection:
        tables = [row[0] for row in connection.execute(text(names))]
        dump = "".join(
            str([bytes(v) if isinstance(v, memoryview) else v for v in row])
            for table in tables
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608 - names of our tables
        )
    engine.dispose()
    assert uid in dump
    for secret in (made.secret, rotated.secret):
        assert secret.removeprefix("whsec_") not in dump
        assert repr(post.secrets._raw(uid, 1)) not in dump

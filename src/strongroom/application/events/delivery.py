"""Deliveries to webhooks: at least once, in order within an asset, tried for three days.

First the feed is turned into deliveries: rows and the webhook's place in the feed change in one transaction, so a crash
neither loses nor invents one. Then a process takes deliveries under a lease, sends, and writes how it ended; if it dies
in between, the lease runs out and the event is sent again under the same id.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from strongroom.application.events.feed import as_cloud_event, lane_of
from strongroom.application.ports.events import Outgoing, Sent, Wanted
from strongroom.application.ports.execution import Clock, Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.errors import DomainError
from strongroom.domain.events import cloudevent
from strongroom.domain.events.model import Attempt, Delivery, DeliveryState, Outcome, Webhook
from strongroom.domain.events.retry import SECOND_US, next_try

log = logging.getLogger(__name__)

SCAN: Final = 2_000
WEBHOOKS_AT_ONCE: Final = 20
SENDS_AT_ONCE: Final = 16
SENDS_EACH: Final = 8
GATHER_S: Final = 0.02
"""When one delivery has ended, others get this long to end too: looking for the next ones costs a transaction."""

LEASE_US: Final = 60 * SECOND_US
"""Longer than any request may take, with time to write its end."""

OLD_SECRET_US: Final = 24 * 3600 * SECOND_US
"""How long a secret that was replaced signs beside the new one."""

KEPT_US: Final = 30 * 86_400 * SECOND_US


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process holds, ready to be sent."""

    delivery: Delivery
    webhook: Webhook
    message_id: str
    body: bytes
    at: int


def generations(webhook: Webhook, now: int) -> list[int]:
    """Which secrets sign now, the newest first."""
    fresh = webhook.rotated_at is not None and now - webhook.rotated_at < OLD_SECRET_US
    return [webhook.generation, webhook.generation - 1] if fresh else [webhook.generation]


def spread(tx: Transaction) -> int:
    """Make deliveries of what is new in the feed; returns how many webhooks were left behind by this step."""
    head = tx.feed.head()
    left = 0
    for webhook_id in tx.webhooks.behind(head, WEBHOOKS_AT_ONCE):
        webhook = tx.webhooks.claim(webhook_id)
        if webhook is None or webhook.after >= head:
            continue
        upto = min(head, webhook.after + SCAN)
        wanted = Wanted(webhook.workspace_id, None, webhook.types, webhook.namespace, webhook.asset_id)
        events = tx.feed.between(wanted, webhook.after, upto, SCAN)
        tx.deliveries.add(webhook.id, [(event.leaf, lane_of(event)) for event in events], tx.now())
        tx.webhooks.move(webhook.id, upto)
        left += upto < head
    return left


def claim(tx: Transaction, most: int, busy: frozenset[int]) -> list[Claimed]:
    """Take deliveries that are due, few of each webhook, so that a slow one does not hold the others up."""
    found: list[Claimed] = []
    for webhook_id in tx.deliveries.due(tx.now(), WEBHOOKS_AT_ONCE + len(busy)):
        if webhook_id in busy or len(found) >= most:
            continue
        webhook = tx.webhooks.by_id(webhook_id)
        workspace = tx.workspaces.by_id(webhook.workspace_id).uid
        limit = min(SENDS_EACH, most - len(found))
        taken = tx.deliveries.claim(webhook_id, tx.now(), tx.now() + LEASE_US, limit)
        events = tx.feed.many([delivery.leaf for delivery in taken])  # each is there: the log is append-only
        for delivery in taken:
            event = events[delivery.leaf]
            body = cloudevent.encode(as_cloud_event(event, workspace))
            found.append(Claimed(delivery, webhook, event.uid, body, tx.now()))
    return found


def finish(tx: Transaction, claimed: Claimed, sent: Sent, ms: int) -> None:
    """Write how a try ended, and when the next one is."""
    now, delivery = tx.now(), claimed.delivery
    attempt = Attempt(claimed.at, sent.outcome, sent.status, ms)
    first_at = delivery.first_at if delivery.first_at is not None else claimed.at
    if sent.outcome is Outcome.DELIVERED:
        state, next_at = DeliveryState.DELIVERED, now
    else:
        chance = int.from_bytes(tx.random_bytes(4)) / 2**32
        again = next_try(delivery.tries + 1, first_at, now, chance)
        state = DeliveryState.DEAD if again is None else DeliveryState.PENDING
        next_at = now if again is None else again
    tx.deliveries.finish(delivery, attempt, state=state, next_at=next_at, first_at=first_at)


class Courier:
    """Delivers in one process; several, on one database, share the work."""

    def __init__(self, executor: Executor, outgoing: Outgoing, clock: Clock) -> None:
        self._executor = executor
        self._outgoing = outgoing
        self._clock = clock

    async def run(self) -> None:
        """Deliver until nothing is due."""
        running: dict[asyncio.Task[None], int] = {}
        try:
            while True:
                await self._spread()
                for claimed in await self._claim(running):
                    running[asyncio.create_task(self._deliver(claimed))] = claimed.webhook.id
                if not running:
                    return
                await asyncio.wait(running, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(GATHER_S)
                for task in [task for task in running if task.done()]:
                    del running[task]
                    task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _spread(self) -> None:
        """Only write when a webhook is behind: an idle server writes nothing."""
        if await self._executor.read(lambda tx: tx.webhooks.behind(tx.feed.head(), 1)):
            while await self._executor.command(spread):
                pass

    async def _claim(self, running: dict[asyncio.Task[None], int]) -> list[Claimed]:
        counts = list(running.values())
        busy = frozenset(one for one in counts if counts.count(one) >= SENDS_EACH)
        free = SENDS_AT_ONCE - len(running)
        if free <= 0 or not await self._executor.read(lambda tx: tx.deliveries.due(tx.now(), 1)):
            return []
        return await self._executor.command(lambda tx: claim(tx, free, busy))

    async def _deliver(self, claimed: Claimed) -> None:
        began = self._clock.now_us()
        sent = await post(self._outgoing, claimed.webhook, claimed.message_id, began, claimed.body)
        ms = (self._clock.now_us() - began) // 1000
        try:
            await self._executor.command(lambda tx: finish(tx, claimed, sent, ms))
        except DomainError as error:  # the lease runs out and the event is sent again
            log.warning("the end of a delivery could not be written: %s", error.code)


async def post(outgoing: Outgoing, webhook: Webhook, message_id: str, now: int, body: bytes) -> Sent:
    """Sign and send one message. :param now: microseconds UTC."""
    signed = outgoing.secrets.sign(webhook.uid, generations(webhook, now), message_id, now // SECOND_US, body)
    headers = {"Content-Type": f"{cloudevent.MEDIA_TYPE}; charset=utf-8", **signed}
    return await outgoing.sender.post(webhook.url, headers, body)

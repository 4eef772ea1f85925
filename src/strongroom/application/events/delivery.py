"""Deliveries to webhooks: at least once, in order within an asset, tried for three days.

First the feed is turned into deliveries: rows and the webhook's place in the feed change in one transaction, so a crash
neither loses nor invents one. Then a process takes deliveries under a lease, sends, and writes how it ended; if it dies
in between, the lease runs out and the event is sent again under the same id.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from strongroom.application.artifacts.blobstore import BlobStore
from strongroom.application.artifacts.reading import stored
from strongroom.application.events.facts import facts_of
from strongroom.application.events.feed import as_cloud_event, lane_of
from strongroom.application.ports.events import Facts, Outgoing, Secrets, Sent, Spelling, StoredEvent, Wanted
from strongroom.application.ports.execution import Clock, Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.domain.artifacts.model import Blob
from strongroom.domain.errors import DomainError
from strongroom.domain.events import cloudevent
from strongroom.domain.events.model import Attempt, Delivery, DeliveryState, Outcome, Signing, Webhook
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
    """A delivery that this process holds, ready to be sent.

    :param body: the message, or what its dialect makes messages of.
    """

    delivery: Delivery
    webhook: Webhook
    message_id: str
    body: bytes | Facts
    at: int


def generations(webhook: Webhook, now: int) -> list[int]:
    """Which secrets sign now, the newest first."""
    fresh = webhook.rotated_at is not None and now - webhook.rotated_at < OLD_SECRET_US
    return [webhook.generation, webhook.generation - 1] if fresh else [webhook.generation]


def spread(tx: Transaction, spellings: Mapping[str, Spelling]) -> int:
    """Make deliveries of what is new in the feed; returns how many webhooks were left behind by this step."""
    head = tx.feed.head()
    left = 0
    for webhook_id in tx.webhooks.behind(head, WEBHOOKS_AT_ONCE):
        webhook = tx.webhooks.claim(webhook_id)
        if webhook is None or webhook.after >= head:
            continue
        upto = min(head, webhook.after + SCAN)
        wanted = Wanted(webhook.workspace_id, None, webhook.types, webhook.namespace, webhook.asset_id)
        events = [one for one in tx.feed.between(wanted, webhook.after, upto, SCAN) if _chose(webhook, one, spellings)]
        tx.deliveries.add(webhook.id, [(event.leaf, lane_of(event)) for event in events], tx.now())
        tx.webhooks.move(webhook.id, upto)
        left += upto < head
    return left


def _chose(webhook: Webhook, event: StoredEvent, spellings: Mapping[str, Spelling]) -> bool:
    """Whether a webhook chose an event in its dialect's words; in ours the query has asked already."""
    return webhook.spelling is None or spellings[webhook.spelling].word(event) in webhook.words


def claim(tx: Transaction, most: int, busy: frozenset[int], spellings: Mapping[str, Spelling]) -> list[Claimed]:
    """Take deliveries that are due, few of each webhook, so that a slow one does not hold the others up."""
    found: list[Claimed] = []
    for webhook_id in tx.deliveries.due(tx.now(), WEBHOOKS_AT_ONCE + len(busy)):
        if webhook_id in busy or len(found) >= most:
            continue
        webhook = tx.webhooks.by_id(webhook_id)
        workspace = tx.workspaces.by_id(webhook.workspace_id)
        limit = min(SENDS_EACH, most - len(found))
        taken = tx.deliveries.claim(webhook_id, tx.now(), tx.now() + LEASE_US, limit)
        events = tx.feed.many([delivery.leaf for delivery in taken])  # each is there: the log is append-only
        for delivery in taken:
            event = events[delivery.leaf]
            body: bytes | Facts
            if webhook.spelling is None:
                body = cloudevent.encode(as_cloud_event(event, workspace.uid))
            else:
                body = facts_of(tx, event, workspace, spellings[webhook.spelling].files(event))
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
        again = None if sent.outcome is Outcome.UNSPOKEN else next_try(delivery.tries + 1, first_at, now, chance)
        state = DeliveryState.DEAD if again is None else DeliveryState.PENDING
        next_at = now if again is None else again
    tx.deliveries.finish(delivery, attempt, state=state, next_at=next_at, first_at=first_at)


class Courier:
    """Delivers in one process; several, on one database, share the work."""

    def __init__(self, executor: Executor, outgoing: Outgoing, clock: Clock, store: BlobStore) -> None:
        self._executor = executor
        self._outgoing = outgoing
        self._clock = clock
        self._store = store

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
            while await self._executor.command(partial(spread, spellings=self._outgoing.spellings)):
                pass

    async def _claim(self, running: dict[asyncio.Task[None], int]) -> list[Claimed]:
        counts = list(running.values())
        busy = frozenset(one for one in counts if counts.count(one) >= SENDS_EACH)
        free = SENDS_AT_ONCE - len(running)
        if free <= 0 or not await self._executor.read(lambda tx: tx.deliveries.due(tx.now(), 1)):
            return []
        return await self._executor.command(lambda tx: claim(tx, free, busy, self._outgoing.spellings))

    async def _deliver(self, claimed: Claimed) -> None:
        began = self._clock.now_us()
        sent = await self._send(claimed, began)
        ms = (self._clock.now_us() - began) // 1000
        try:
            await self._executor.command(lambda tx: finish(tx, claimed, sent, ms))
        except DomainError as error:  # the lease runs out and the event is sent again
            log.warning("the end of a delivery could not be written: %s", error.code)

    async def _send(self, claimed: Claimed, now: int) -> Sent:
        """Send what is to be said, in order, as far as it is taken: all of it is sent again otherwise."""
        sent = Sent(Outcome.UNSPOKEN)
        for number, body in enumerate(await self._messages(claimed), 1):
            message_id = claimed.message_id if number == 1 else f"{claimed.message_id}-{number}"
            sent = await post(self._outgoing, claimed.webhook, message_id, now, body)
            if sent.outcome is not Outcome.DELIVERED:
                break
        return sent

    async def _messages(self, claimed: Claimed) -> Sequence[bytes]:
        if not isinstance(claimed.body, Facts):
            return [claimed.body]
        files = {path: await self._whole(blob) for path, blob in claimed.body.files.items()}
        return self._outgoing.spellings[claimed.webhook.spelling or ""].messages(claimed.body, files)

    async def _whole(self, blob: Blob) -> bytes:
        return b"".join([chunk async for chunk in self._store.read(stored(blob))])


async def post(outgoing: Outgoing, webhook: Webhook, message_id: str, now: int, body: bytes) -> Sent:
    """Sign and send one message. :param now: microseconds UTC."""
    if webhook.spelling is None:
        signed = outgoing.secrets.sign(webhook.uid, generations(webhook, now), message_id, now // SECOND_US, body)
        media_type = cloudevent.MEDIA_TYPE
    else:
        spelling = outgoing.spellings[webhook.spelling]
        signed = spelling.headers(_secret(outgoing.secrets, webhook), message_id, now // SECOND_US, body)
        media_type = spelling.media_type
    headers = {"Content-Type": f"{media_type}; charset=utf-8", **signed}
    return await outgoing.sender.post(webhook.url, headers, body)


def _secret(secrets: Secrets, webhook: Webhook) -> str | None:
    if webhook.signing is Signing.GIVEN and webhook.sealed is not None:
        return secrets.unseal(webhook.uid, webhook.sealed)
    return secrets.secret(webhook.uid, webhook.generation) if webhook.signing is Signing.DERIVED else None

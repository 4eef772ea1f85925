"""What callers see of webhooks and deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.ports.events import LoggedDelivery
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.events.model import DeliveryState, Webhook
from strongroom.domain.events.types import PREFIX
from strongroom.domain.events.url import parse_endpoint
from strongroom.domain.identity.roles import Permission


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook. Who may only read it sees the origin of its address: path and query are often secrets.

    `spelling` is the dialect that it was made through, `words` what it chose in it. `signing` says whose secret signs:
    derived (ours), given (its maker's), none.
    """

    uid: str
    url: str
    description: str
    types: Sequence[str]
    namespace: str | None
    asset_uid: str | None
    state: str
    generation: int
    position: int
    etag: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    name: str
    spelling: str | None
    words: Sequence[str]
    signing: str


@dataclass(frozen=True, slots=True)
class WebhookWithSecret:
    """A webhook with its secret, which is shown this once."""

    webhook: WebhookView
    secret: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try."""

    at: datetime
    outcome: str
    status: int | None
    ms: int


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """An event on its way to a webhook, or arrived, or given up; the last 20 tries."""

    position: int
    event: str
    type: str
    state: str
    tries: int
    next_at: datetime | None
    last_status: int | None
    attempts: Sequence[AttemptView]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TryView:
    """How a test message fared; of the answer only the status is shown."""

    event: str
    outcome: str
    status: int | None
    ms: int


def webhook_view(call: Call, webhook: Webhook) -> WebhookView:
    """A webhook as the caller may see it."""
    whole = call.allows(Permission.WEBHOOK_WRITE)
    asset = call.tx.assets.by_id(webhook.asset_id) if webhook.asset_id is not None else None
    return WebhookView(
        webhook.uid,
        webhook.url if whole else f"{parse_endpoint(webhook.url).origin}/…",
        webhook.description,
        webhook.types,
        webhook.namespace,
        asset.uid if asset else None,
        webhook.state.value,
        webhook.generation,
        webhook.after,
        webhook.etag,
        webhook.created_by,
        time_of(webhook.recorded_at),
        time_of(webhook.updated_at),
        webhook.name,
        webhook.spelling,
        webhook.words,
        webhook.signing.value,
    )


def delivery_view(logged: LoggedDelivery) -> DeliveryView:
    """A delivery with its tries, the latest first."""
    one = logged.delivery
    return DeliveryView(
        one.leaf,
        logged.event_uid,
        PREFIX + logged.action,
        one.state.value,
        one.tries,
        maybe_time(one.next_at if one.state is DeliveryState.PENDING else None),
        one.last_status,
        [AttemptView(time_of(a.at), a.outcome.value, a.status, a.ms) for a in reversed(one.log)],
        time_of(one.recorded_at),
    )

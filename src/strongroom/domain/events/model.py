"""Webhooks and their deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class WebhookState(StrEnum):
    """An active webhook is sent to; a paused one keeps its place in the feed; a deleted one is kept for its log."""

    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


class Signing(StrEnum):
    """With what a webhook's messages are signed: a secret of ours, one that its maker chose, or nothing."""

    DERIVED = "derived"
    GIVEN = "given"
    NONE = "none"


class DeliveryState(StrEnum):
    """`DEAD` is a dead letter: given up after three days, until somebody asks for it again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Outcome(StrEnum):
    """How one try ended; nothing that a receiver sends is kept but its status."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # the receiver answered with another status than 2xx
    ADDRESS = "address_not_allowed"
    UNRESOLVED = "name_not_found"
    UNREACHABLE = "unreachable"
    TLS = "tls_failed"
    TIMEOUT = "timeout"
    GARBAGE = "not_http"
    UNSPOKEN = "nothing_to_say"  # its dialect has no word for the event, or what it was about is gone


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is sent events.

    :param types: patterns, see `types`; none means all.
    :param namespace: slug path: only events of assets in or below it. :param asset_id: only events of this asset.
    :param generation: of the secret; `rotated_at` is when the one before it was replaced.
    :param after: leaf of the last event that was looked at for it; -1 before the first.
    :param spelling: the dialect that it was made through and is spoken to in; None is ours.
    :param words: that dialect's words for the events that were chosen; `types` are ours for the same.
    :param sealed: the secret that its maker chose, for nobody but us to open.
    """

    id: int
    uid: str
    workspace_id: int
    url: str
    description: str
    types: Sequence[str]
    namespace: str | None
    asset_id: int | None
    state: WebhookState
    generation: int
    rotated_at: int | None
    after: int
    etag: int
    created_by: str
    recorded_at: int
    updated_at: int = 0
    name: str = ""
    spelling: str | None = None
    words: Sequence[str] = ()
    signing: Signing = Signing.DERIVED
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `at` in microseconds UTC, `ms` how long it took."""

    at: int
    outcome: Outcome
    status: int | None
    ms: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook.

    :param lane: events of one lane arrive in order: those of an asset, or of another subject.
    :param next_at: when it is due; moved ahead while a process works on it, which so holds a lease.
    :param first_at: when it was tried first, since it was last asked for.
    """

    webhook_id: int
    leaf: int
    lane: str
    state: DeliveryState
    tries: int
    next_at: int
    first_at: int | None
    last_status: int | None
    log: Sequence[Attempt]
    recorded_at: int

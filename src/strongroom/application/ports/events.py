"""What the application asks of the database for the feed, webhooks and deliveries; and of who signs and sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from strongroom.domain.artifacts.model import Blob
from strongroom.domain.events.model import Attempt, Delivery, DeliveryState, Outcome, Webhook
from strongroom.domain.identity.access import Visible


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event at its place in the feed.

    :param asset_path: of its asset as it is named now; None for events of no asset.
    :param details: JSON of an object, as the command wrote it.
    """

    leaf: int
    uid: str
    action: str
    actor: str
    subject_kind: str
    subject_uid: str
    asset_id: int | None
    asset_uid: str | None
    asset_kind: str | None
    asset_path: str | None
    asset_seq: int | None
    details: str
    recorded_at: int
    workspace_id: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events.

    :param workspace_id: of one workspace; None for those of all.
    :param visible: only events of assets that it shows; None shows everything, events of no asset as well.
    :param types: patterns; none means all.
    """

    workspace_id: int | None
    visible: Visible | None = None
    types: Sequence[str] = ()
    namespace: str | None = None
    asset_id: int | None = None


class Feed(Protocol):
    """Events in the order of the audit log: an event is at the leaf of its record."""

    def head(self) -> int:
        """The last leaf that was given; -1 before the first."""
        ...

    def between(self, wanted: Wanted, after: int, upto: int, limit: int) -> Sequence[StoredEvent]:
        """Events at leaves above `after` up to and with `upto`, in order."""
        ...

    def at(self, leaf: int) -> StoredEvent | None: ...
    def many(self, leaves: Sequence[int]) -> Mapping[int, StoredEvent]:
        """Those of the leaves that hold an event, by leaf."""
        ...


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """A delivery with what it delivers."""

    delivery: Delivery
    event_uid: str
    action: str


class Webhooks(Protocol):
    """Webhooks of all workspaces."""

    def add(self, new: Webhook) -> Webhook: ...
    def by_uid(self, workspace_id: int, uid: str) -> Webhook | None: ...
    def by_id(self, webhook_id: int) -> Webhook: ...
    def list(self, workspace_id: int, after_id: int, limit: int, spelling: str | None = None) -> Sequence[Webhook]:
        """Live ones by id. :param spelling: only those that were made through this dialect."""
        ...

    def count(self, workspace_id: int) -> int: ...
    def lock(self, webhook_id: int) -> Webhook: ...
    def update(self, webhook: Webhook, /, **changes: object) -> Webhook:
        """Change fields; the ETag moves on."""
        ...

    def any(self) -> bool:
        """Whether there is one in any workspace."""
        ...

    def pause_all(self) -> Sequence[tuple[int, str]]:
        """Pause the active ones of all workspaces; workspace id and uid of each. Sealed secrets are forgotten."""
        ...

    def behind(self, head: int, limit: int) -> Sequence[int]:
        """Ids of active webhooks that have not looked at the feed up to `head`."""
        ...

    def claim(self, webhook_id: int) -> Webhook | None:
        """The active webhook, locked; None while another process works on it."""
        ...

    def move(self, webhook_id: int, after: int) -> None:
        """It has looked at the feed so far."""
        ...


class Deliveries(Protocol):
    """What is on its way, and what was."""

    def add(self, webhook_id: int, events: Sequence[tuple[int, str]], now: int) -> None:
        """Deliveries of events (leaf, lane), due now; those that exist stay as they are."""
        ...

    def due(self, now: int, limit: int) -> Sequence[int]:
        """Ids of active webhooks with a delivery that is due."""
        ...

    def claim(self, webhook_id: int, now: int, until: int, limit: int) -> Sequence[Delivery]:
        """Take deliveries that are due and first in their lane; nobody else takes them before `until`."""
        ...

    def finish(self, claimed: Delivery, attempt: Attempt, *, state: DeliveryState, next_at: int, first_at: int) -> bool:
        """Write how a try ended; False when the lease was lost meanwhile and nothing was written.

        A delivery that stays pending holds back all of its lane.
        """
        ...

    def get(self, webhook_id: int, leaf: int) -> Delivery | None: ...
    def again(self, webhook_id: int, leaf: int, now: int) -> None:
        """Make it due now, as if it had never been tried; its log stays."""
        ...

    def list(self, webhook_id: int, state: str | None, below: int | None, limit: int) -> Sequence[LoggedDelivery]:
        """Deliveries by leaf, newest first, below a leaf."""
        ...

    def forget(self, before: int) -> int:
        """Drop deliveries that are not pending, or of deleted webhooks, and were written before."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """How a request ended."""

    outcome: Outcome
    status: int | None = None


class Secrets(Protocol):
    """Secrets of webhooks: derived from a key that is not in the database."""

    def secret(self, webhook_uid: str, generation: int) -> str:
        """As the receiver is told: ``whsec_`` and base64."""
        ...

    def sign(
        self, webhook_uid: str, generations: Sequence[int], message_id: str, at: int, body: bytes
    ) -> Mapping[str, str]:
        """Headers of Standard Webhooks. :param at: seconds since 1970."""
        ...

    def seal(self, webhook_uid: str, secret: str) -> str:
        """A secret that somebody else chose, as text that only this server opens, and for this webhook only."""
        ...

    def unseal(self, webhook_uid: str, sealed: str) -> str:
        """What was sealed."""
        ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What an event was about, for a dialect whose messages say more than ours.

    :param tags: after it: of the asset or version as they were then. :param set_tags, ended_tags: by this event.
    :param files: of a new version, those that the dialect asked for; by path.
    """

    event: StoredEvent
    workspace: str
    details: Mapping[str, object]
    name: str = ""
    description: str = ""
    number: int | None = None
    origin: str | None = None
    run_uid: str | None = None
    tags: Mapping[str, str | None] = field(default_factory=dict)
    set_tags: Mapping[str, str | None] = field(default_factory=dict)
    ended_tags: Sequence[str] = ()
    files: Mapping[str, Blob] = field(default_factory=dict)


class Spelling(Protocol):
    """How a dialect says events to the webhooks that were made through it. Pure."""

    @property
    def media_type(self) -> str:
        """Of the messages."""
        ...

    def word(self, event: StoredEvent) -> str | None:
        """The dialect's word for an event; None when it has none."""
        ...

    def files(self, event: StoredEvent) -> Sequence[str]:
        """Paths of small files of a new version that its message quotes."""
        ...

    def messages(self, facts: Facts, files: Mapping[str, bytes]) -> Sequence[bytes]:
        """What is sent of an event, in order; nothing when there is nothing to say any more."""
        ...

    def example(self, word: str, workspace: str, now: int) -> bytes:
        """A message as a test sends it. :param now: microseconds UTC."""
        ...

    def headers(self, secret: str | None, message_id: str, at: int, body: bytes) -> Mapping[str, str]:
        """Of a message. :param secret: None when it is not signed. :param at: seconds since 1970."""
        ...


class Sender(Protocol):
    """Sends a request to an address that somebody else chose, and to no place that the operator does not allow."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
        """Never raises for what the address or its receiver does."""
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Both, and how each dialect that has webhooks of its own says events."""

    secrets: Secrets
    sender: Sender
    spellings: Mapping[str, Spelling] = field(default_factory=dict)

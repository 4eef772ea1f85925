"""Webhooks: made, changed, tested, ended; what was delivered to them, and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call, check_etag
from strongroom.application.edge import Edge
from strongroom.application.events.delivery import post
from strongroom.application.events.views import (
    DeliveryView,
    TryView,
    WebhookView,
    WebhookWithSecret,
    delivery_view,
    webhook_view,
)
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.events import Outgoing, Secrets
from strongroom.application.registry import assets, namespaces
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from strongroom.domain.events import cloudevent
from strongroom.domain.events.model import DeliveryState, Webhook, WebhookState
from strongroom.domain.events.types import clean_patterns
from strongroom.domain.events.url import parse_endpoint
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description

WEBHOOKS_MOST: Final = 100
"""Webhooks of one workspace."""


@dataclass(frozen=True, slots=True)
class CreateWebhook:
    """A new webhook: it gets what happens from now on. `namespace` is a path; no types mean all."""

    url: str
    types: Sequence[str] = ()
    namespace: str | None = None
    asset_uid: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class UpdateWebhook:
    """Changes to a webhook; what is None stays."""

    url: str | None = None
    types: Sequence[str] | None = None
    description: str | None = None
    state: str | None = None


def outgoing_of(edge: Edge) -> Outgoing:
    """Who signs and sends. :raises Unavailable: this process sends nothing."""
    if edge.gateway.outgoing is None:
        raise Unavailable("This server sends no webhooks.")
    return edge.gateway.outgoing


def create(call: Call, secrets: Secrets, command: CreateWebhook) -> WebhookWithSecret:
    """Add a webhook and show its secret.

    :raises TooLarge: the workspace has as many as it may.
    """
    call.require(Permission.WEBHOOK_WRITE)
    parse_endpoint(command.url)
    if call.tx.webhooks.count(call.workspace.id) >= WEBHOOKS_MOST:
        raise TooLarge(f"A workspace has at most {WEBHOOKS_MOST} webhooks.", limit=WEBHOOKS_MOST)
    asset_id, namespace = _place(call, command.asset_uid, command.namespace)
    made = call.tx.webhooks.add(
        Webhook(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            url=command.url,
            description=clean_description(command.description),
            types=clean_patterns(command.types),
            namespace=namespace,
            asset_id=asset_id,
            state=WebhookState.ACTIVE,
            generation=1,
            rotated_at=None,
            after=call.tx.feed.head(),
            etag=1,
            created_by=call.actor.uid,
            recorded_at=call.now,
        )
    )
    call.record("webhook.create", Subject("webhook", made.uid), {"types": tuple(made.types)})
    return WebhookWithSecret(webhook_view(call, made), secrets.secret(made.uid, made.generation))


def _place(call: Call, asset_uid: str | None, path: str | None) -> tuple[int | None, str | None]:
    """What a webhook is limited to: an asset by its id, a namespace by its slug path."""
    if asset_uid is not None and path is not None:
        raise Invalid("A webhook is limited to an asset or to a namespace, not to both.")
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ) if asset_uid is not None else None
    if not path:
        return (asset.id if asset else None), None
    namespace = call.require_namespace(Permission.NAMESPACE_READ, namespaces.find(call, path))
    return None, namespace.slug_path


def by_uid(call: Call, uid: str, permission: Permission) -> Webhook:
    """A webhook of the workspace. :raises NotFound: none of that uid."""
    call.require(permission)
    webhook = call.tx.webhooks.by_uid(call.workspace.id, uid)
    if webhook is None:
        raise NotFound("There is no such webhook.")
    return webhook


def listed(call: Call, page: PageRequest) -> Page[WebhookView]:
    """The webhooks of the workspace, the oldest first."""
    call.require(Permission.WEBHOOK_READ)
    listing = f"webhooks/{call.workspace.id}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.webhooks.list(call.workspace.id, int(after[0] or 0) if after else 0, page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda w: (w.id,)).map(lambda w: webhook_view(call, w))


def get(call: Call, uid: str) -> WebhookView:
    """One webhook."""
    return webhook_view(call, by_uid(call, uid, Permission.WEBHOOK_READ))


def _locked(call: Call, uid: str) -> Webhook:
    return call.tx.webhooks.lock(by_uid(call, uid, Permission.WEBHOOK_WRITE).id)


def update(call: Call, uid: str, command: UpdateWebhook, etag: int | None) -> WebhookView:
    """Change a webhook, pause it or let it go on; a paused one misses nothing."""
    webhook = _locked(call, uid)
    check_etag(etag, webhook.etag)
    changes: dict[str, object] = {}
    if command.url is not None:
        parse_endpoint(command.url)
        changes["url"] = command.url
    if command.types is not None:
        changes["types"] = clean_patterns(command.types)
    if command.description is not None:
        changes["description"] = clean_description(command.description)
    if command.state is not None:
        if command.state not in {WebhookState.ACTIVE.value, WebhookState.PAUSED.value}:
            raise Invalid("A webhook is active or paused.")
        changes["state"] = command.state
    changed = call.tx.webhooks.update(webhook, **changes)
    fields: tuple[Json, ...] = tuple(sorted(changes))
    call.record("webhook.update", Subject("webhook", uid), {"fields": fields, "state": changed.state.value})
    return webhook_view(call, changed)


def delete(call: Call, uid: str, etag: int | None) -> None:
    """End a webhook: nothing more is sent, not even what is on its way."""
    webhook = _locked(call, uid)
    check_etag(etag, webhook.etag)
    call.tx.webhooks.update(webhook, state=WebhookState.DELETED.value)
    call.record("webhook.delete", Subject("webhook", uid))


def rotate(call: Call, secrets: Secrets, uid: str) -> WebhookWithSecret:
    """Replace the secret and show the new one; the old one signs beside it for a day."""
    webhook = _locked(call, uid)
    changed = call.tx.webhooks.update(webhook, generation=webhook.generation + 1, rotated_at=call.now)
    call.record("webhook.rotate", Subject("webhook", uid), {"generation": changed.generation})
    return WebhookWithSecret(webhook_view(call, changed), secrets.secret(uid, changed.generation))


async def send_test(edge: Edge, uid: str) -> TryView:
    """Send a message of type ``webhook.test`` now, outside the feed, and say how it fared."""
    outgoing = outgoing_of(edge)

    def begin(call: Call) -> tuple[Webhook, str, str, int]:
        webhook = by_uid(call, uid, Permission.WEBHOOK_WRITE)
        stored = call.record("webhook.test", Subject("webhook", uid), event=False)
        return webhook, call.workspace.uid, stored.uid, call.now

    webhook, workspace, message_id, now = await edge.finish(begin)
    event = cloudevent.cloud_event(
        uid=message_id,
        workspace=workspace,
        action="webhook.test",
        subject=f"webhook/{uid}",
        recorded_at=now,
        leaf=None,
        data={"details": {}},
    )
    sent = await post(outgoing, webhook, message_id, now, cloudevent.encode(event))
    done = await edge.read(lambda call: call.now)
    return TryView(message_id, sent.outcome.value, sent.status, (done - now) // 1000)


def deliveries(call: Call, uid: str, state: str | None, page: PageRequest) -> Page[DeliveryView]:
    """What is on its way to a webhook, arrived, or was given up; the latest event first."""
    webhook = by_uid(call, uid, Permission.WEBHOOK_READ)
    if state is not None and state not in set(DeliveryState):
        raise Invalid("A delivery is pending, delivered or dead.")
    listing = f"deliveries/{webhook.id}/{state}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.deliveries.list(webhook.id, state, int(after[0] or 0) if after else None, page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda d: (d.delivery.leaf,)).map(delivery_view)


def redeliver(call: Call, uid: str, position: int) -> None:
    """Send an event again, a dead letter or one that has arrived; it comes under the same id.

    :raises NotFound: the event was never for this webhook. :raises Conflict: it is on its way.
    """
    webhook = _locked(call, uid)
    delivery = call.tx.deliveries.get(webhook.id, position)
    if delivery is None:
        raise NotFound("There is no delivery of that event to this webhook.")
    if delivery.state is DeliveryState.PENDING and delivery.tries == 0:
        raise Conflict("The event is on its way.")
    call.tx.deliveries.again(webhook.id, position, call.now)
    call.record("webhook.redeliver", Subject("webhook", uid), {"position": position})

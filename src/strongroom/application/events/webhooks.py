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
from strongroom.domain.errors import BadName, Conflict, Invalid, NotFound, TooLarge, Unavailable
from strongroom.domain.events import cloudevent
from strongroom.domain.events.model import DeliveryState, Signing, Webhook, WebhookState
from strongroom.domain.events.types import clean_patterns
from strongroom.domain.events.url import parse_endpoint
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import clean_description
from strongroom.domain.registry.model import Workspace
from strongroom.domain.registry.text import clean_line, clean_text

WEBHOOKS_MOST: Final = 100
"""Webhooks of one workspace."""
NAME_LONGEST: Final = 255
SECRET_LONGEST: Final = 1_000
"""Characters of a secret that a client chose."""


@dataclass(frozen=True, slots=True)
class CreateWebhook:
    """A new webhook: it gets what happens from now on. `namespace` is a path; no types mean all.

    :param spelling: the dialect it is made through, with `words` for the events that it chose; None is ours.
    :param secret: that the maker chose; empty for none, when there is a dialect. Ours are always derived.
    """

    url: str
    types: Sequence[str] = ()
    namespace: str | None = None
    asset_uid: str | None = None
    description: str = ""
    name: str = ""
    state: str | None = None
    spelling: str | None = None
    words: Sequence[str] = ()
    secret: str = ""


@dataclass(frozen=True, slots=True)
class UpdateWebhook:
    """Changes to a webhook; what is None stays. `words` and `secret` are for those made through a dialect."""

    url: str | None = None
    types: Sequence[str] | None = None
    description: str | None = None
    state: str | None = None
    name: str | None = None
    words: Sequence[str] | None = None
    secret: str | None = None


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
    uid = call.tx.new_uid()
    signing, sealed = _sealed(secrets, uid, command.secret) if command.spelling else (Signing.DERIVED, None)
    made = call.tx.webhooks.add(
        Webhook(
            id=0,
            uid=uid,
            workspace_id=call.workspace.id,
            url=command.url,
            description=clean_description(command.description),
            types=clean_patterns(command.types),
            namespace=namespace,
            asset_id=asset_id,
            state=_state(command.state or WebhookState.ACTIVE.value),
            generation=1,
            rotated_at=None,
            after=call.tx.feed.head(),
            etag=1,
            created_by=call.actor.uid,
            recorded_at=call.now,
            updated_at=call.now,
            name=clean_name(command.name),
            spelling=command.spelling,
            words=tuple(command.words),
            signing=signing,
            sealed=sealed,
        )
    )
    call.record("webhook.create", Subject("webhook", made.uid), {"types": tuple(made.types)})
    return WebhookWithSecret(webhook_view(call, made), secrets.secret(made.uid, made.generation))


def clean_name(text: str) -> str:
    """A name that people know a webhook by; it may be empty and need not be its own. :raises BadName: see the class."""
    return clean_line(text, what="name of a webhook", longest=NAME_LONGEST, error=BadName) if text else ""


def _state(text: str) -> WebhookState:
    if text not in {WebhookState.ACTIVE.value, WebhookState.PAUSED.value}:
        raise Invalid("A webhook is active or paused.")
    return WebhookState(text)


def _sealed(secrets: Secrets, uid: str, secret: str) -> tuple[Signing, str | None]:
    """How to keep a secret that a client chose; an empty one means that nothing is signed."""
    if not secret:
        return Signing.NONE, None
    return Signing.GIVEN, secrets.seal(uid, clean_text(secret, what="secret", longest=SECRET_LONGEST))


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


def listed(call: Call, page: PageRequest, spelling: str | None = None) -> Page[WebhookView]:
    """The webhooks of the workspace, the oldest first; only those of a dialect, when it asks."""
    call.require(Permission.WEBHOOK_READ)
    listing = f"webhooks/{call.workspace.id}/{spelling or ''}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.webhooks.list(call.workspace.id, int(after[0] or 0) if after else 0, page.size + 1, spelling)
    return call.sealer.page(listing, rows, page.size, lambda w: (w.id,)).map(lambda w: webhook_view(call, w))


def get(call: Call, uid: str) -> WebhookView:
    """One webhook."""
    return webhook_view(call, by_uid(call, uid, Permission.WEBHOOK_READ))


def spelled(call: Call, uid: str, spelling: str, permission: Permission) -> Webhook:
    """A webhook that was made through a dialect. :raises NotFound: none of that uid, or it was made otherwise."""
    webhook = by_uid(call, uid, permission)
    if webhook.spelling != spelling:
        raise NotFound("There is no such webhook.")
    return webhook


def _locked(call: Call, uid: str) -> Webhook:
    return call.tx.webhooks.lock(by_uid(call, uid, Permission.WEBHOOK_WRITE).id)


def update(
    call: Call, uid: str, command: UpdateWebhook, etag: int | None, secrets: Secrets | None = None
) -> WebhookView:
    """Change a webhook, pause it or let it go on; a paused one misses nothing.

    :param secrets: who seals a secret that the client chose.
    """
    webhook = _locked(call, uid)
    check_etag(etag, webhook.etag)
    changes = _changes(webhook, command)
    if command.secret is not None and secrets is not None:
        signing, sealed = _sealed(secrets, uid, command.secret)
        changes |= {"signing": signing.value, "sealed": sealed}
    changed = call.tx.webhooks.update(webhook, **changes)
    fields: tuple[Json, ...] = tuple(sorted(changes))
    call.record("webhook.update", Subject("webhook", uid), {"fields": fields, "state": changed.state.value})
    return webhook_view(call, changed)


def _changes(webhook: Webhook, command: UpdateWebhook) -> dict[str, object]:
    changes: dict[str, object] = {}
    if command.url is not None:
        parse_endpoint(command.url)
        changes["url"] = command.url
    if command.types is not None:
        if webhook.spelling is not None and command.words is None:
            raise Invalid(f"What this webhook is sent is chosen in the words of {webhook.spelling}, by its client.")
        changes["types"] = clean_patterns(command.types)
        changes["words"] = tuple(command.words or ())
    if command.description is not None:
        changes["description"] = clean_description(command.description)
    if command.name is not None:
        changes["name"] = clean_name(command.name)
    if command.state is not None:
        changes["state"] = _state(command.state).value
    return changes


def delete(call: Call, uid: str, etag: int | None) -> None:
    """End a webhook: nothing more is sent, not even what is on its way."""
    webhook = _locked(call, uid)
    check_etag(etag, webhook.etag)
    call.tx.webhooks.update(webhook, state=WebhookState.DELETED.value)
    call.record("webhook.delete", Subject("webhook", uid))


def rotate(call: Call, secrets: Secrets, uid: str) -> WebhookWithSecret:
    """Replace the secret and show the new one; the old one signs beside it for a day.

    Messages of a dialect bear one signature: of such a webhook the new secret signs alone, at once.
    """
    webhook = _locked(call, uid)
    derived = {"signing": Signing.DERIVED.value, "sealed": None}
    changed = call.tx.webhooks.update(webhook, generation=webhook.generation + 1, rotated_at=call.now, **derived)
    call.record("webhook.rotate", Subject("webhook", uid), {"generation": changed.generation})
    return WebhookWithSecret(webhook_view(call, changed), secrets.secret(uid, changed.generation))


async def send_test(edge: Edge, uid: str, word: str | None = None, spelling: str | None = None) -> TryView:
    """Send a message of type ``webhook.test`` now, outside the feed, and say how it fared.

    :param word: what a webhook that was made through a dialect is sent an example of; by default what it chose first.
    :param spelling: only of a webhook that was made through this dialect.
    """
    outgoing = outgoing_of(edge)

    def begin(call: Call) -> tuple[Webhook, Workspace, str, int]:
        webhook = by_uid(call, uid, Permission.WEBHOOK_WRITE)
        if spelling is not None and webhook.spelling != spelling:
            raise NotFound("There is no such webhook.")
        stored = call.record("webhook.test", Subject("webhook", uid), event=False)
        return webhook, call.workspace, stored.uid, call.now

    webhook, workspace, message_id, now = await edge.finish(begin)
    body = _test_body(outgoing, webhook, workspace, message_id, now, word)
    sent = await post(outgoing, webhook, message_id, now, body)
    done = await edge.read(lambda call: call.now)
    return TryView(message_id, sent.outcome.value, sent.status, (done - now) // 1000)


def _test_body(
    outgoing: Outgoing, webhook: Webhook, workspace: Workspace, message_id: str, now: int, word: str | None
) -> bytes:
    if webhook.spelling is not None:
        return outgoing.spellings[webhook.spelling].example(word or webhook.words[0], workspace.slug, now)
    event = cloudevent.cloud_event(
        uid=message_id,
        workspace=workspace.uid,
        action="webhook.test",
        subject=f"webhook/{webhook.uid}",
        recorded_at=now,
        leaf=None,
        data={"details": {}},
    )
    return cloudevent.encode(event)


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

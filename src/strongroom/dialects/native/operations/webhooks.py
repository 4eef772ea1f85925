"""Webhooks and their deliveries."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.events import webhooks
from strongroom.application.events.views import DeliveryView, TryView, WebhookView, WebhookWithSecret
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, flow, read
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Path, Uid
from strongroom.domain.events.types import PATTERNS_MOST
from strongroom.domain.events.url import LONGEST
from strongroom.domain.identity.roles import Permission

Url = Annotated[str, Meta(min_length=1, max_length=LONGEST, description="https:// or http:// address.")]
Types = Annotated[
    list[str], Meta(max_length=PATTERNS_MOST, description="Types such as asset.create or alias.*; none means all.")
]


Name = Annotated[str, Meta(max_length=webhooks.NAME_LONGEST, description="For people; need not be its own.")]


class CreateWebhook(Struct, frozen=True, kw_only=True):
    """A webhook, for all of the workspace, or for a namespace, or for an asset."""

    url: Url
    types: Types = []
    namespace: Path | None = None
    asset_uid: Uid | None = None
    description: str = ""
    name: Name = ""


class UpdateWebhook(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays. `state` is active or paused."""

    url: Url | None = None
    types: Types | None = None
    description: str | None = None
    state: str | None = None
    name: Name | None = None


class ListDeliveries(PagedByUid, frozen=True, kw_only=True):
    """Deliveries to a webhook; `state` is pending, delivered or dead."""

    state: str | None = None


class Redeliver(Struct, frozen=True, kw_only=True):
    """An event by its position in the feed."""

    uid: Uid
    position: Annotated[int, Meta(ge=0, le=2**62)]


@flow(
    "webhook.create",
    "POST",
    "/webhooks",
    Permission.WEBHOOK_WRITE,
    "Add a webhook; its secret is shown this once",
    body=CreateWebhook,
    answer=WebhookWithSecret,
    status=201,
    secret=True,
)
async def create_webhook(edge: Edge, request: Request[Any, CreateWebhook]) -> WebhookWithSecret:
    b, secrets = request.body, webhooks.outgoing_of(edge).secrets
    wanted = webhooks.CreateWebhook(b.url, b.types, b.namespace, b.asset_uid, b.description, b.name)
    return await edge.finish(lambda call: webhooks.create(call, secrets, wanted))


@read(
    "webhook.list",
    "/webhooks",
    Permission.WEBHOOK_READ,
    "Webhooks of the workspace",
    params=Paged,
    answer=Page[WebhookView],
)
def list_webhooks(call: Call, request: Request[Paged, Any]) -> Page[WebhookView]:
    return webhooks.listed(call, request.params.page())


@read("webhook.get", "/webhooks/{uid}", Permission.WEBHOOK_READ, "One webhook", params=ByUid, answer=WebhookView)
def get_webhook(call: Call, request: Request[ByUid, Any]) -> WebhookView:
    return webhooks.get(call, request.params.uid)


@command(
    "webhook.update",
    "PATCH",
    "/webhooks/{uid}",
    Permission.WEBHOOK_WRITE,
    "Change a webhook, pause it or let it go on",
    params=ByUid,
    body=UpdateWebhook,
    answer=WebhookView,
)
def update_webhook(call: Call, request: Request[ByUid, UpdateWebhook]) -> WebhookView:
    b = request.body
    changes = webhooks.UpdateWebhook(b.url, b.types, b.description, b.state, b.name)
    return webhooks.update(call, request.params.uid, changes, request.etag)


@command("webhook.delete", "DELETE", "/webhooks/{uid}", Permission.WEBHOOK_WRITE, "End a webhook", params=ByUid)
def delete_webhook(call: Call, request: Request[ByUid, Any]) -> None:
    webhooks.delete(call, request.params.uid, request.etag)


@flow(
    "webhook.rotate",
    "POST",
    "/webhooks/{uid}/rotate",
    Permission.WEBHOOK_WRITE,
    "Replace the secret; the old one signs beside it for a day",
    params=ByUid,
    answer=WebhookWithSecret,
    secret=True,
)
async def rotate_webhook(edge: Edge, request: Request[ByUid, Any]) -> WebhookWithSecret:
    secrets = webhooks.outgoing_of(edge).secrets
    return await edge.finish(lambda call: webhooks.rotate(call, secrets, request.params.uid))


@flow(
    "webhook.test",
    "POST",
    "/webhooks/{uid}/test",
    Permission.WEBHOOK_WRITE,
    "Send a test message now",
    params=ByUid,
    answer=TryView,
    secret=True,  # its answer is of this moment: nothing to keep under an idempotency key
)
async def test_webhook(edge: Edge, request: Request[ByUid, Any]) -> TryView:
    return await webhooks.send_test(edge, request.params.uid)


@read(
    "webhook.deliveries",
    "/webhooks/{uid}/deliveries",
    Permission.WEBHOOK_READ,
    "What is on its way to a webhook, arrived, or was given up",
    params=ListDeliveries,
    answer=Page[DeliveryView],
)
def list_deliveries(call: Call, request: Request[ListDeliveries, Any]) -> Page[DeliveryView]:
    return webhooks.deliveries(call, request.params.uid, request.params.state, request.params.page())


@command(
    "webhook.redeliver",
    "POST",
    "/webhooks/{uid}/deliveries/{position}",
    Permission.WEBHOOK_WRITE,
    "Send an event to a webhook again",
    params=Redeliver,
)
def redeliver(call: Call, request: Request[Redeliver, Any]) -> None:
    webhooks.redeliver(call, request.params.uid, request.params.position)


OPERATIONS = (
    create_webhook,
    list_webhooks,
    get_webhook,
    update_webhook,
    delete_webhook,
    rotate_webhook,
    test_webhook,
    list_deliveries,
    redeliver,
)

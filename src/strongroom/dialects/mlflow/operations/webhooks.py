"""Webhooks: ours, made through MLflow's client and spoken to in its words."""

from strongroom.application.call import Call
from strongroom.application.edge import Edge
from strongroom.application.events import webhooks
from strongroom.application.events.views import WebhookView
from strongroom.dialects.mlflow.operation import command, flow, read
from strongroom.dialects.mlflow.paging import gathered
from strongroom.dialects.mlflow.translate import webhooks as translate
from strongroom.dialects.mlflow.translate.common import page_size
from strongroom.dialects.mlflow.translate.webhooks import MLFLOW
from strongroom.dialects.mlflow.wire import webhooks as wire
from strongroom.domain.events.model import Outcome
from strongroom.domain.identity.roles import Permission

ABSENT = "Webhook with ID {webhook_id} not found."
RESULTS_DEFAULT, RESULTS_MOST = 100, 1_000
_P = Permission
_BY_ID = "/mlflow/webhooks/{webhook_id}"


def _answer(view: WebhookView) -> wire.Answer:
    return wire.Answer(webhook=translate.webhook(view))


@flow(
    "webhooks.create",
    "POST",
    "/mlflow/webhooks",
    _P.WEBHOOK_WRITE,
    wire.CreateWebhook,
    required=("name", "url"),
)
async def create(edge: Edge, message: wire.CreateWebhook) -> wire.Answer:
    """Make a webhook; the client chooses the secret, or none."""
    secrets = webhooks.outgoing_of(edge).secrets
    words = translate.words_of(message.events)
    wanted = webhooks.CreateWebhook(
        message.url or "",
        translate.types_of(words),
        description=message.description or "",
        name=translate.clean_name(message.name or ""),
        state=translate.state_of(message.status),
        spelling=MLFLOW,
        words=words,
        secret=message.secret or "",
    )
    return _answer((await edge.finish(lambda call: webhooks.create(call, secrets, wanted))).webhook)


@read("webhooks.list", "GET", "/mlflow/webhooks", _P.WEBHOOK_READ, wire.ListWebhooks)
def listed(call: Call, message: wire.ListWebhooks) -> wire.ListAnswer:
    """The webhooks that were made through MLflow."""
    size = page_size(message.max_results, RESULTS_DEFAULT, RESULTS_MOST)
    page = gathered(lambda asked: webhooks.listed(call, asked, MLFLOW), size, message.page_token)
    return wire.ListAnswer(
        webhooks=[translate.webhook(one) for one in page.items], next_page_token=page.next_page_token
    )


@read("webhooks.get", "GET", _BY_ID, _P.WEBHOOK_READ, wire.ById, absent=ABSENT)
def get(call: Call, message: wire.ById) -> wire.Answer:
    """One webhook."""
    webhook = webhooks.spelled(call, message.webhook_id or "", MLFLOW, _P.WEBHOOK_READ)
    return _answer(webhooks.get(call, webhook.uid))


@flow("webhooks.update", "PATCH", _BY_ID, _P.WEBHOOK_WRITE, wire.UpdateWebhook, absent=ABSENT)
async def update(edge: Edge, message: wire.UpdateWebhook) -> wire.Answer:
    """Change a webhook; an empty secret ends the signing."""
    secrets = webhooks.outgoing_of(edge).secrets
    words = translate.words_of(message.events) if message.events else None
    changes = webhooks.UpdateWebhook(
        url=message.url or None,
        types=translate.types_of(words) if words else None,
        description=message.description,
        state=translate.state_of(message.status),
        name=translate.clean_name(message.name) if message.name else None,
        words=words,
        secret=message.secret,
    )

    def write(call: Call) -> WebhookView:
        webhook = webhooks.spelled(call, message.webhook_id or "", MLFLOW, _P.WEBHOOK_WRITE)
        return webhooks.update(call, webhook.uid, changes, None, secrets)

    return _answer(await edge.finish(write))


@command("webhooks.delete", "DELETE", _BY_ID, _P.WEBHOOK_WRITE, wire.ById, absent=ABSENT)
def delete(call: Call, message: wire.ById) -> None:
    """End a webhook."""
    webhook = webhooks.spelled(call, message.webhook_id or "", MLFLOW, _P.WEBHOOK_WRITE)
    webhooks.delete(call, webhook.uid, None)


@flow("webhooks.test", "POST", f"{_BY_ID}/test", _P.WEBHOOK_WRITE, wire.TestWebhook, absent=ABSENT)
async def test(edge: Edge, message: wire.TestWebhook) -> wire.TestAnswer:
    """Send an example now. Of the answer only the status is told: nothing that a receiver sends is passed on."""
    word = translate.word_of(message.event) if message.event is not None else None
    tried = await webhooks.send_test(edge, message.webhook_id or "", word, MLFLOW)
    success = tried.outcome == Outcome.DELIVERED
    why = None if tried.status is not None else f"Failed to test webhook: {tried.outcome}"
    return wire.TestAnswer(result=wire.TestResult(success=success, response_status=tried.status, error_message=why))


OPERATIONS = (create, listed, get, update, delete, test)

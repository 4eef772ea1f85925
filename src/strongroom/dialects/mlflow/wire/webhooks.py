"""MLflow's messages about webhooks."""

from msgspec import field

from strongroom.dialects.mlflow.wire.codec import Message


class Event(Message):
    """What happens to what: MLflow's enums, by name or number."""

    entity: str | int | None = None
    action: str | int | None = None


class Webhook(Message):
    """A webhook; its secret is never answered."""

    webhook_id: str | None = None
    name: str | None = None
    description: str | None = None
    url: str | None = None
    events: list[Event] = field(default_factory=list)
    status: str | None = None
    creation_timestamp: int | None = None
    last_updated_timestamp: int | None = None


class ById(Message):
    """A webhook by its id."""

    webhook_id: str | None = None


class CreateWebhook(Message):
    """A new webhook."""

    name: str | None = None
    description: str | None = None
    url: str | None = None
    events: list[Event] = field(default_factory=list)
    secret: str | None = None
    status: str | int | None = None


class UpdateWebhook(CreateWebhook):
    """Changes; what is not set stays."""

    webhook_id: str | None = None


class ListWebhooks(Message):
    """A page of them."""

    max_results: int | None = None
    page_token: str | None = None


class TestWebhook(ById):
    """A test, with an example of the event."""

    event: Event | None = None


class Answer(Message):
    """One webhook."""

    webhook: Webhook


class ListAnswer(Message):
    """Some webhooks."""

    webhooks: list[Webhook]
    next_page_token: str | None = None


class TestResult(Message):
    """How a test fared."""

    success: bool
    response_status: int | None = None
    error_message: str | None = None


class TestAnswer(Message):
    """How a test fared."""

    result: TestResult

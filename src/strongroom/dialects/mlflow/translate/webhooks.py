"""Webhooks in MLflow's words: its events beside ours, its messages and its signature."""

import base64
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from strongroom.application.events.views import WebhookView
from strongroom.application.ports.events import Facts, StoredEvent
from strongroom.dialects.mlflow.translate import prompts
from strongroom.dialects.mlflow.translate.common import milliseconds
from strongroom.dialects.mlflow.translate.ids import hex_of
from strongroom.dialects.mlflow.translate.registry import IS_PROMPT
from strongroom.dialects.mlflow.wire.codec import invalid
from strongroom.dialects.mlflow.wire.webhooks import Event, Webhook
from strongroom.domain.errors import Invalid
from strongroom.domain.manifests.manifest import PATH as MANIFEST

MLFLOW: Final = "mlflow"
"""How webhooks that were made through this dialect are marked."""

#: Our action, what it is about and the asset's kind -> MLflow's event.
WORDS: Final[Mapping[tuple[str, str, str], str]] = {
    ("asset.create", "asset", "model"): "registered_model.created",
    ("version.register", "version", "model"): "model_version.created",
    ("tag.set", "version", "model"): "model_version_tag.set",
    ("tag.remove", "version", "model"): "model_version_tag.deleted",
    ("alias.set", "asset", "model"): "model_version_alias.created",
    ("alias.remove", "asset", "model"): "model_version_alias.deleted",
    ("asset.create", "asset", "prompt"): "prompt.created",
    ("version.register", "version", "prompt"): "prompt_version.created",
    ("tag.set", "asset", "prompt"): "prompt_tag.set",
    ("tag.remove", "asset", "prompt"): "prompt_tag.deleted",
    ("tag.set", "version", "prompt"): "prompt_version_tag.set",
    ("tag.remove", "version", "prompt"): "prompt_version_tag.deleted",
    ("alias.set", "asset", "prompt"): "prompt_alias.created",
    ("alias.remove", "asset", "prompt"): "prompt_alias.deleted",
}
NEVER: Final = "budget_policy.exceeded"
"""An event of MLflow's gateway, which is not served: it may be chosen and never happens."""

_ACTIONS: Final = {word: action for (action, _, _), word in WORDS.items()} | {NEVER: "none"}
_ENTITIES: Final = (
    "",
    "registered_model",
    "model_version",
    "model_version_tag",
    "model_version_alias",
    "prompt",
    "prompt_version",
    "prompt_tag",
    "prompt_version_tag",
    "prompt_alias",
    "budget_policy",
)
_VERBS: Final = ("", "created", "updated", "deleted", "set", "exceeded")
_STATES: Final = {"ACTIVE": "active", "DISABLED": "paused"}
_NAME: Final = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def words_of(events: Sequence[Event]) -> list[str]:
    """MLflow's events as words, each once. :raises Invalid: none, or one that there is not."""
    if not events:
        raise Invalid("Webhook events must be a non-empty list of WebhookEvent objects: [].")
    return list(dict.fromkeys(word_of(event) for event in events))


def word_of(event: Event) -> str:
    """One event as a word. :raises Invalid: there is no such event."""
    entity, verb = _named(event.entity, _ENTITIES), _named(event.action, _VERBS)
    word = f"{entity}.{verb}"
    if word not in _ACTIONS:
        shown = {"entity": str(event.entity)[:64], "action": str(event.action)[:64]}
        raise invalid("events", shown, "There is no such event.")
    return word


def _named(value: str | int | None, names: Sequence[str]) -> str:
    """A name of an enum in lower case, or what its number means; as it came when it is neither."""
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal() and len(value) < 3):  # noqa: PLR2004
        number = int(value)
        return names[number] if 0 < number < len(names) else ""
    return (value or "").lower() if (value or "").isupper() else ""


def types_of(words: Sequence[str]) -> list[str]:
    """Our types of events for MLflow's; those that never happen are of a type that there is not."""
    return sorted({_ACTIONS[word] for word in words})


def state_of(status: str | int | None) -> str | None:
    """Our state for MLflow's. :raises Invalid: it has no such status."""
    if status is None:
        return None
    name = {1: "ACTIVE", 2: "DISABLED", "1": "ACTIVE", "2": "DISABLED"}.get(status, status)
    if name not in _STATES:
        raise invalid("status", str(status)[:64], "A webhook is ACTIVE or DISABLED.")
    return _STATES[str(name)]


def clean_name(name: str) -> str:
    """A name as MLflow takes it. :raises Invalid: it does not."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"Webhook name {name[:100]!r} is invalid. It must start and end with a letter or digit, be less than 63 "
            "characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-)."
        )
    return name


def webhook(view: WebhookView) -> Webhook:
    """A webhook for a client."""
    pairs = [word.split(".") for word in view.words]
    return Webhook(
        webhook_id=view.uid,
        name=view.name,
        description=view.description or None,
        url=view.url,
        events=[Event(entity=entity.upper(), action=verb.upper()) for entity, verb in pairs],
        status="ACTIVE" if view.state == "active" else "DISABLED",
        creation_timestamp=milliseconds(view.created_at),
        last_updated_timestamp=milliseconds(view.updated_at),
    )


class MlflowSpelling:
    """See :class:`strongroom.application.ports.events.Spelling`."""

    media_type = "application/json"

    def word(self, event: StoredEvent) -> str | None:
        """MLflow's event; its clients see what stands in the root namespace."""
        if event.asset_path is None or "/" in event.asset_path:
            return None
        return WORDS.get((event.action, event.subject_kind, event.asset_kind or ""))

    def files(self, event: StoredEvent) -> Sequence[str]:
        """A message about a version of a prompt holds its text."""
        return (prompts.CONTENT, MANIFEST) if self.word(event) == "prompt_version.created" else ()

    def messages(self, facts: Facts, files: Mapping[str, bytes]) -> Sequence[bytes]:
        """A message for each tag that was set or deleted; one for everything else."""
        word = self.word(facts.event)
        if word is None:
            return []
        return [_message(word, facts.workspace, facts.event.recorded_at, data) for data in _data(word, facts, files)]

    def example(self, word: str, workspace: str, now: int) -> bytes:
        """A message of that event with made-up names."""
        return _message(word, workspace, now, _EXAMPLES[word])

    def headers(self, secret: str | None, message_id: str, at: int, body: bytes) -> Mapping[str, str]:
        """MLflow's three; without a secret there is no signature."""
        said = {"X-MLflow-Delivery-Id": message_id, "X-MLflow-Timestamp": str(at)}
        if secret is None:
            return said
        digest = hmac.digest(secret.encode(), f"{message_id}.{at}.".encode() + body, "sha256")
        return said | {"X-MLflow-Signature": f"v1,{base64.b64encode(digest).decode()}"}


def _message(word: str, workspace: str, at: int, data: Mapping[str, object]) -> bytes:
    entity, _, action = word.partition(".")
    time = (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")
    said = {"entity": entity, "action": action, "timestamp": time, "data": data, "workspace": workspace}
    return json.dumps(said).encode()


def _data(word: str, facts: Facts, files: Mapping[str, bytes]) -> list[dict[str, object]]:
    """What MLflow's payload of an event holds; nothing when the object is gone."""
    if not facts.name:
        return []
    base: dict[str, object] = {"name": facts.name}
    version = {"version": str(facts.number)} if facts.number is not None else {}
    entity, _, action = word.partition(".")
    if entity.endswith("_alias"):
        alias = {"alias": facts.details.get("alias")}
        return [base | alias | (version if action == "created" else {})]
    if entity.endswith("_tag"):
        numbered = base | (version if "_version_" in entity else {})
        if action == "deleted":
            return [numbered | {"key": key} for key in facts.ended_tags]
        return [numbered | {"key": key, "value": value or ""} for key, value in facts.set_tags.items()]
    described = {"tags": _tags(facts.tags), "description": facts.description or None}
    if entity == "model_version":
        run_id = hex_of(facts.run_uid) if facts.run_uid else None
        return [base | version | {"source": facts.origin or "", "run_id": run_id} | described]
    if entity == "prompt_version":
        return [base | version | {"template": _template(files)} | described]
    return [base | described]


def _tags(tags: Mapping[str, str | None]) -> dict[str, str]:
    hidden = {IS_PROMPT, prompts.TEXT, prompts.TYPE}
    return {key: value or "" for key, value in tags.items() if key not in hidden}


def _template(files: Mapping[str, bytes]) -> str:
    found = [(path, files[path]) for path in (prompts.CONTENT, MANIFEST) if path in files]
    return prompts.text_of(*found[0]) if found else ""


def _examples() -> dict[str, dict[str, object]]:
    """Made-up data for each event, of the shape that `_data` makes."""
    found: dict[str, dict[str, object]] = {}
    for word in WORDS.values():
        entity, _, action = word.partition(".")
        data: dict[str, object] = {"name": f"example_{'prompt' if entity.startswith('prompt') else 'model'}"}
        if "_version" in entity or (entity.endswith("_alias") and action == "created"):
            data["version"] = "1"
        if entity.endswith("_alias"):
            data["alias"] = "example_alias"
            if action == "deleted":
                data.pop("version", None)
        elif entity.endswith("_tag"):
            data |= {"key": "example_key"} | ({"value": "example_value"} if action == "set" else {})
        else:
            data |= {"tags": {"example_key": "example_value"}, "description": "An example"}
            data |= {"source": "models:/123", "run_id": "abcd1234abcd5678"} if entity == "model_version" else {}
            data |= {"template": "Hello {{name}}!"} if entity == "prompt_version" else {}
        found[word] = data
    return found


_EXAMPLES: Final[Mapping[str, Mapping[str, object]]] = _examples() | {
    NEVER: {
        "budget_policy_id": "bp-example",
        "budget_unit": "USD",
        "budget_amount": 100.0,
        "current_spend": 105.5,
        "duration_unit": "MONTHS",
        "duration_value": 1,
        "target_scope": "WORKSPACE",
        "workspace": "default",
        "target_value": None,
        "window_start": 1704067200000,
    }
}

"""Automations: on an event, if a condition holds of its object, one thing is done in its owner's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from strongroom.domain.collaboration.model import clean_comment
from strongroom.domain.errors import Invalid
from strongroom.domain.registry.fields import clean_tag_key, clean_tag_value
from strongroom.domain.search.schema import Entity

CHAIN_LONGEST: Final = 4
"""Automations that may follow from one another; the effects of the last one start none."""

TRIES_MOST: Final = 5
FIRST_PAUSE_US: Final = 10 * 1_000_000


class ActionKind(StrEnum):
    """What an automation does."""

    WEBHOOK = "webhook"
    COMMENT = "comment"
    TAG = "tag"
    JOB = "job"


ABOUT = tuple(entity for entity in Entity if entity is not Entity.TRACE)
"""What automations may be about. Traces come by the thousand, without events (domain.md N15)."""


class Job(StrEnum):
    """What the server can be asked to do in the background; each about one kind of object."""

    STATISTICS = "statistics"


class AutomationState(StrEnum):
    """A deleted one is kept for its log."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


class RunState(StrEnum):
    """How one event went: waiting, done, not meant by the condition, failed for good, or no longer wanted."""

    PENDING = "pending"
    DONE = "done"
    UNMATCHED = "unmatched"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Action:
    """What is done: an event goes to a webhook, a text is said of the object, a tag is set on it, a job is begun."""

    kind: ActionKind
    webhook_uid: str | None = None
    text: str | None = None
    key: str | None = None
    value: str | None = None
    job: str | None = None

    def stored(self) -> Mapping[str, Any]:
        """As plain JSON."""
        names = ("webhook_uid", "text", "key", "value", "job")
        found = {name: getattr(self, name) for name in names}
        return {"kind": self.kind.value} | {name: value for name, value in found.items() if value is not None}

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "Action":
        """What `stored` gave."""
        return cls(**{**stored, "kind": ActionKind(stored["kind"])})


@dataclass(frozen=True, slots=True)
class Automation:
    """See the module.

    :param about: what condition and action are about: of what kind. :param condition: in the filter language.
    :param namespace: slug path: only events of assets in or below it. :param asset_id: only events of this asset.
    :param role_cap: the most of any role that it may use: what the token was limited to that it was written with.
    :param disabled_because: empty, or why the server disabled it.
    :param after: leaf of the last event that was looked at for it.
    """

    id: int
    uid: str
    workspace_id: int
    owner_id: int
    owner: str
    name: str
    types: Sequence[str]
    about: Entity
    condition: str
    namespace: str | None
    asset_id: int | None
    action: Action
    state: AutomationState
    disabled_because: str
    role_cap: str | None
    after: int
    etag: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class AutomationRun:
    """One event for one automation.

    :param code: of the error it ended with, or was last tried with. :param effect: uid of what it made.
    """

    automation_id: int
    leaf: int
    state: RunState
    code: str
    effect: str | None
    tries: int
    next_at: int
    recorded_at: int
    ended_at: int | None


def clean_action(about: Entity, kind: str, **given: str | None) -> Action:
    """An action from outside.

    :param given: webhook_uid, text, key, value, job. :raises Invalid: unknown, or what it needs is missing or too much.
    """
    if kind not in set(ActionKind):
        raise Invalid(f"What an automation does is {', '.join(ActionKind)}.")
    present = {name for name, value in given.items() if value is not None}
    needs, may = _FIELDS[ActionKind(kind)]
    if not needs <= present or not present <= needs | may:
        raise Invalid(f"The action {kind} takes {', '.join(sorted(needs | may))}.")
    match ActionKind(kind):
        case ActionKind.WEBHOOK:
            return Action(ActionKind.WEBHOOK, webhook_uid=given["webhook_uid"])
        case ActionKind.COMMENT:
            if about is Entity.LOGGED_MODEL:
                raise Invalid("Logged models have no comments.")
            return Action(ActionKind.COMMENT, text=clean_comment(given["text"] or ""))
        case ActionKind.TAG:
            if about is Entity.EXPERIMENT:
                raise Invalid("Experiments have no tags.")
            key, value = clean_tag_key(given["key"] or ""), clean_tag_value(given.get("value"))
            return Action(ActionKind.TAG, key=key, value=value)
        case ActionKind.JOB:
            job = given["job"]
            if job not in set(Job) or about is not JOBS[Job(job)]:
                known = ", ".join(f"{one} (about a {of})" for one, of in JOBS.items())
                raise Invalid(f"A job is {known}.")
            return Action(ActionKind.JOB, job=job)


_FIELDS: Mapping[ActionKind, tuple[frozenset[str], frozenset[str]]] = {
    ActionKind.WEBHOOK: (frozenset({"webhook_uid"}), frozenset()),
    ActionKind.COMMENT: (frozenset({"text"}), frozenset()),
    ActionKind.TAG: (frozenset({"key"}), frozenset({"value"})),
    ActionKind.JOB: (frozenset({"job"}), frozenset()),
}
JOBS: Final[Mapping[Job, Entity]] = {Job.STATISTICS: Entity.VERSION}


def chain_of(details: Mapping[str, Any]) -> tuple[str, ...]:
    """Uids of the automations that led to an event, the first one first."""
    return tuple(map(str, details.get("automations", ())))


def starts(uid: str, chain: Sequence[str]) -> bool:
    """Whether an event with that chain starts an automation: never one that led to it, and no chain grows for ever."""
    return uid not in chain and len(chain) < CHAIN_LONGEST


def object_of(
    about: Entity, subject_kind: str, subject_uid: str, asset_uid: str | None, details: Mapping[str, Any]
) -> str | None:
    """Uid of the object of that kind that an event is about; None when it is about none."""
    if about is Entity.ASSET:
        return asset_uid
    if subject_kind == about.value:
        return subject_uid
    if details.get("on") == about.value:  # what is said of it
        return str(details["object"])
    if about is Entity.VERSION and subject_kind == "asset" and details.get("to"):  # an alias that came to it
        return str(details["to"])
    return None


def next_try(tries: int, now: int) -> int | None:
    """When to try again after that many failures of ours, microseconds UTC; None gives up."""
    return now + FIRST_PAUSE_US * 4 ** (tries - 1) if tries < TRIES_MOST else None

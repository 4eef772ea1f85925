"""What callers see of automations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.ports.automations import LoggedRun
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.automations.model import Action, Automation, RunState
from strongroom.domain.events.types import PREFIX


@dataclass(frozen=True, slots=True)
class ActionView:
    """What is done: `kind` is webhook, comment, tag or job; the others are of its kind."""

    kind: str
    webhook_uid: str | None
    text: str | None
    key: str | None
    value: str | None
    job: str | None


@dataclass(frozen=True, slots=True)
class AutomationView:
    """An automation. `role_cap` is the most of any role that it may use of its owner's."""

    uid: str
    name: str
    types: Sequence[str]
    about: str
    condition: str
    namespace: str | None
    asset_uid: str | None
    action: ActionView
    state: str
    disabled_because: str
    owner: str
    owner_name: str
    role_cap: str | None
    position: int
    etag: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AutomationRunView:
    """What became of one event. `code` is of the error that it failed with, `effect` the uid of what was made."""

    position: int
    event: str
    type: str
    state: str
    code: str
    effect: str | None
    tries: int
    next_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrialView:
    """What would become of one past event: whether the condition holds of its object now (null: unknown)."""

    position: int
    event: str
    type: str
    object_uid: str | None
    holds: bool | None
    why: str


def automation_views(call: Call, found: Sequence[Automation]) -> list[AutomationView]:
    """Automations."""
    names = call.tx.principals.names(sorted({one.owner for one in found}))
    return [_view(call, one, names.get(one.owner, "")) for one in found]


def _view(call: Call, one: Automation, owner_name: str) -> AutomationView:
    asset = call.tx.assets.by_id(one.asset_id) if one.asset_id is not None else None
    return AutomationView(
        one.uid,
        one.name,
        one.types,
        one.about.value,
        one.condition,
        one.namespace,
        asset.uid if asset else None,
        _action(one.action),
        one.state.value,
        one.disabled_because,
        one.owner,
        owner_name,
        one.role_cap,
        one.after,
        one.etag,
        time_of(one.recorded_at),
    )


def _action(action: Action) -> ActionView:
    return ActionView(action.kind.value, action.webhook_uid, action.text, action.key, action.value, action.job)


def run_view(logged: LoggedRun) -> AutomationRunView:
    """A run with its event."""
    one = logged.run
    pending = one.state is RunState.PENDING
    return AutomationRunView(
        one.leaf,
        logged.event_uid,
        PREFIX + logged.action,
        one.state.value,
        one.code,
        one.effect,
        one.tries,
        maybe_time(one.next_at if pending else None),
        time_of(one.recorded_at),
        maybe_time(one.ended_at),
    )

"""Automations: made, changed, tried out on past events, ended; what became of the events that they heard."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from strongroom.application.automations import objects
from strongroom.application.automations.hearing import audible
from strongroom.application.automations.views import (
    AutomationRunView,
    AutomationView,
    TrialView,
    automation_views,
    run_view,
)
from strongroom.application.call import Call, check_etag
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.events import StoredEvent
from strongroom.application.registry import assets, namespaces
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.automations.model import (
    ABOUT,
    Action,
    ActionKind,
    Automation,
    AutomationState,
    RunState,
    chain_of,
    clean_action,
    starts,
)
from strongroom.domain.errors import Invalid, NotFound, TooLarge
from strongroom.domain.events.types import PREFIX, clean_patterns
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.text import clean_line
from strongroom.domain.search.ast import Matches, atoms
from strongroom.domain.search.parse import parse_filter
from strongroom.domain.search.schema import Entity

AUTOMATIONS_MOST: Final = 100
"""Automations of one workspace."""
NAME_LONGEST: Final = 255
TRIED_MOST: Final = 100
TRIED_SCAN: Final = 5_000
"""Positions that a trial looks back over at most."""

_HERE: Final = "automation"


@dataclass(frozen=True, slots=True)
class WantedAction:
    """What is done. `kind` is webhook (webhook_uid), comment (text), tag (key, maybe value) or job (job)."""

    kind: str
    webhook_uid: str | None = None
    text: str | None = None
    key: str | None = None
    value: str | None = None
    job: str | None = None

    def clean(self, about: Entity) -> Action:
        """The same, checked. :raises Invalid: see `clean_action`."""
        names = ("webhook_uid", "text", "key", "value", "job")
        given = {name: getattr(self, name) for name in names}
        return clean_action(about, self.kind, **given)


@dataclass(frozen=True, slots=True)
class CreateAutomation:
    """A new automation. `about` is asset, version, run, experiment or logged_model: of what condition and action are.

    :param types: of events; at least one. :param namespace: path: only events of assets in or below it.
    """

    name: str
    types: Sequence[str]
    about: str
    action: WantedAction
    condition: str = ""
    namespace: str | None = None
    asset_uid: str | None = None
    state: str = "enabled"


@dataclass(frozen=True, slots=True)
class UpdateAutomation:
    """Changes to an automation; what is None stays."""

    name: str | None = None
    types: Sequence[str] | None = None
    condition: str | None = None
    action: WantedAction | None = None
    state: str | None = None


def create(call: Call, command: CreateAutomation) -> AutomationView:
    """Add an automation that the caller owns: it does what the caller itself may do, when it happens.

    :raises TooLarge: the workspace has as many as it may.
    """
    call.require(Permission.AUTOMATION_WRITE)
    if call.tx.automations.count(call.workspace.id) >= AUTOMATIONS_MOST:
        raise TooLarge(f"A workspace has at most {AUTOMATIONS_MOST} automations.", limit=AUTOMATIONS_MOST)
    about = _entity(command.about)
    asset_id, namespace = _place(call, command.asset_uid, command.namespace)
    cap = call.caller.access.role_cap
    made = call.tx.automations.add(
        Automation(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            owner_id=call.actor.id,
            owner=call.actor.uid,
            name=_name(command.name),
            types=_types(command.types),
            about=about,
            condition=_condition(call, about, command.condition),
            namespace=namespace,
            asset_id=asset_id,
            action=_action(call, command.action, about),
            state=_state(command.state),
            disabled_because="",
            role_cap=cap.name.lower() if cap else None,
            after=call.tx.feed.head(),
            etag=1,
            recorded_at=call.now,
        )
    )
    details: dict[str, Json] = {"types": tuple(made.types), "action": made.action.kind.value}
    call.record("automation.create", Subject(_HERE, made.uid), details)
    return _view(call, made)


def _view(call: Call, automation: Automation) -> AutomationView:
    return automation_views(call, [automation])[0]


def _name(text: str) -> str:
    return clean_line(text, what="name", longest=NAME_LONGEST)


def _entity(text: str) -> Entity:
    if text not in ABOUT:
        raise Invalid(f"An automation is about {', '.join(ABOUT)}.")
    return Entity(text)


def _types(texts: Sequence[str]) -> Sequence[str]:
    found = clean_patterns(texts)
    if not found:
        raise Invalid("Say on which types of events, such as version.register.")
    return found


def _condition(call: Call, about: Entity, text: str) -> str:
    """As it was sent. :raises Invalid: it is none of the filter language."""
    condition = parse_filter(about, text)
    for atom in atoms(condition) if condition else ():
        if isinstance(atom, Matches):
            call.tx.search.matches(atom.pattern, "")
    return text


def _state(text: str) -> AutomationState:
    if text not in {AutomationState.ENABLED.value, AutomationState.DISABLED.value}:
        raise Invalid("An automation is enabled or disabled.")
    return AutomationState(text)


def _action(call: Call, wanted: WantedAction, about: Entity) -> Action:
    """The action, when the caller may do it where rights go by the workspace; elsewhere it shows in the doing."""
    action = wanted.clean(about)
    if action.kind is ActionKind.WEBHOOK:
        call.require(Permission.WEBHOOK_WRITE)
        if call.tx.webhooks.by_uid(call.workspace.id, action.webhook_uid or "") is None:
            raise NotFound("There is no such webhook.")
    return action


def _place(call: Call, asset_uid: str | None, path: str | None) -> tuple[int | None, str | None]:
    """What an automation is limited to: an asset by its id, a namespace by its slug path."""
    if asset_uid is not None and path is not None:
        raise Invalid("An automation is limited to an asset or to a namespace, not to both.")
    asset = assets.by_uid(call, asset_uid, Permission.ASSET_READ) if asset_uid is not None else None
    if not path:
        return (asset.id if asset else None), None
    return None, call.require_namespace(Permission.NAMESPACE_READ, namespaces.find(call, path)).slug_path


def by_uid(call: Call, uid: str, permission: Permission) -> Automation:
    """An automation of the workspace. :raises NotFound: none of that uid."""
    call.require(permission)
    found = call.tx.automations.by_uid(call.workspace.id, uid)
    if found is None:
        raise NotFound("There is no such automation.")
    return found


def listed(call: Call, page: PageRequest) -> Page[AutomationView]:
    """The automations of the workspace, the oldest first."""
    call.require(Permission.AUTOMATION_READ)
    listing = f"automations/{call.workspace.id}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.automations.list(call.workspace.id, int(after[0] or 0) if after else 0, page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return Page(automation_views(call, kept.items), kept.next_page_token)


def get(call: Call, uid: str) -> AutomationView:
    """One automation."""
    return _view(call, by_uid(call, uid, Permission.AUTOMATION_READ))


def update(call: Call, uid: str, command: UpdateAutomation, etag: int | None) -> AutomationView:
    """Change an automation. Only its owner says what it does, with the owner's rights; others may stop it.

    One that is enabled again begins with what happens from then on.

    :raises Forbidden: somebody else owns it, and this is more than disabling it.
    """
    found = call.tx.automations.lock(by_uid(call, uid, Permission.AUTOMATION_WRITE).id)
    if found.owner != call.actor.uid and command != UpdateAutomation(state=AutomationState.DISABLED.value):
        message = "Only its owner changes an automation; you may disable or delete it."
        call.refuse(Permission.AUTOMATION_WRITE, Subject(_HERE, uid), message)
    check_etag(etag, found.etag)
    changes: dict[str, object] = {}
    if command.name is not None:
        changes["name"] = _name(command.name)
    if command.types is not None:
        changes["types"] = _types(command.types)
    if command.condition is not None:
        changes["condition"] = _condition(call, found.about, command.condition)
    if command.action is not None:
        changes["action"] = _action(call, command.action, found.about)
    if command.state is not None:
        changes |= _moved(call, found, _state(command.state))
    if found.owner == call.actor.uid:
        cap = call.caller.access.role_cap
        changes["role_cap"] = cap.name.lower() if cap else None
    changed = call.tx.automations.update(found, **changes)
    details: dict[str, Json] = {"changed": tuple(sorted(changes)), "state": changed.state.value}
    call.record("automation.update", Subject(_HERE, uid), details)
    return _view(call, changed)


def _moved(call: Call, found: Automation, to: AutomationState) -> dict[str, object]:
    if to is found.state:
        return {}
    if to is AutomationState.DISABLED:
        call.tx.automations.cancel(found.id)
        return {"state": to, "disabled_because": ""}
    return {"state": to, "disabled_because": "", "after": call.tx.feed.head()}


def delete(call: Call, uid: str, etag: int | None) -> None:
    """End an automation; what it had still to do is not done."""
    found = call.tx.automations.lock(by_uid(call, uid, Permission.AUTOMATION_WRITE).id)
    check_etag(etag, found.etag)
    call.tx.automations.cancel(found.id)
    call.tx.automations.update(found, state=AutomationState.DELETED)
    call.record("automation.delete", Subject(_HERE, uid))


def runs(call: Call, uid: str, state: str | None, page: PageRequest) -> Page[AutomationRunView]:
    """What became of the events that an automation heard, the latest first.

    It heard what its owner may know of: shown to its owner, and to who may read the audit log.
    """
    found = by_uid(call, uid, Permission.AUTOMATION_READ)
    if found.owner != call.actor.uid:
        call.require(Permission.AUDIT_READ, subject=Subject(_HERE, uid))
    if state is not None and state not in set(RunState):
        raise Invalid(f"A run of an automation is {', '.join(RunState)}.")
    listing = f"automation_runs/{found.id}/{state}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.automations.runs(found.id, state, int(after[0] or 0) if after else None, page.size + 1)
    return call.sealer.page(listing, rows, page.size, lambda one: (one.run.leaf,)).map(run_view)


def trial(call: Call, uid: str, limit: int) -> list[TrialView]:
    """What would become of the latest events of its types that the caller may see, had they happened now.

    Nothing is done. Conditions are looked at with the caller's rights, and of objects as they are now.
    """
    found = by_uid(call, uid, Permission.AUTOMATION_READ)
    head = call.tx.feed.head()
    events = audible(call.tx, call.caller.access, found, max(-1, head - TRIED_SCAN), head)
    return [_tried(call, found, event) for event in reversed(events[-limit:])]


def _tried(call: Call, automation: Automation, event: StoredEvent) -> TrialView:
    details = json.loads(event.details)
    uid = objects.uid_of(call, automation.about, event, details)
    held: bool | None = False
    why = ""
    if not starts(automation.uid, chain_of(details)):
        why = "own_effect"
    elif uid is None:
        why = "no_object"
    else:
        try:
            held = _held(call, automation, uid)
        except NotFound:
            why = "not_found"
    return TrialView(event.leaf, event.uid, PREFIX + event.action, uid, held, why)


def _held(call: Call, automation: Automation, uid: str) -> bool | None:
    condition = parse_filter(automation.about, automation.condition)
    if condition is None:
        objects.must_see(call, automation.about, uid)
        return True
    return objects.holds(call, automation.about, uid, condition)

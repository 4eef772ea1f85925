"""Automations and what became of the events that they heard."""

from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.automations import automations
from strongroom.application.automations.automations import NAME_LONGEST, TRIED_MOST, WantedAction
from strongroom.application.automations.views import AutomationRunView, AutomationView, TrialView
from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import ByUid, Paged, PagedByUid, Path, Uid
from strongroom.domain.events.types import PATTERNS_MOST
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.fields import COMMENT_LONGEST
from strongroom.domain.search.tokens import LENGTH_MOST

Name = Annotated[str, Meta(min_length=1, max_length=NAME_LONGEST)]
Types = Annotated[
    list[str],
    Meta(min_length=1, max_length=PATTERNS_MOST, description="Types of events: version.register, alias.*, run.end."),
]
Condition = Annotated[str, Meta(max_length=LENGTH_MOST, description="A filter on the object; always when empty.")]


class Action(Struct, frozen=True, kw_only=True):
    """What is done. `kind` is webhook (webhook_uid), comment (text), tag (key, value) or job (job: statistics)."""

    kind: str
    webhook_uid: Uid | None = None
    text: Annotated[str, Meta(max_length=COMMENT_LONGEST)] | None = None
    key: str | None = None
    value: str | None = None
    job: str | None = None

    def wanted(self) -> WantedAction:
        """The same for the use cases."""
        return WantedAction(self.kind, self.webhook_uid, self.text, self.key, self.value, self.job)


class CreateAutomation(Struct, frozen=True, kw_only=True):
    """An automation, for all that you may know of, or for a namespace, or for an asset.

    `about` is asset, version, run, experiment or logged_model: what condition and action are about.
    """

    name: Name
    types: Types
    about: str
    action: Action
    condition: Condition = ""
    namespace: Path | None = None
    asset_uid: Uid | None = None
    state: str = "enabled"


class UpdateAutomation(Struct, frozen=True, kw_only=True):
    """Changes; what is left out stays. `state` is enabled or disabled."""

    name: Name | None = None
    types: Types | None = None
    condition: Condition | None = None
    action: Action | None = None
    state: str | None = None


class ListRuns(PagedByUid, frozen=True, kw_only=True):
    """What became of events; `state` is pending, done, unmatched, failed or cancelled."""

    state: str | None = None


class Trial(Struct, frozen=True, kw_only=True):
    """How many past events to try."""

    uid: Uid
    limit: Annotated[int, Meta(ge=1, le=TRIED_MOST)] = 20


@command(
    "automation.create",
    "POST",
    "/automations",
    Permission.AUTOMATION_WRITE,
    "Add an automation, which acts in your name",
    body=CreateAutomation,
    answer=AutomationView,
    status=201,
)
def create_automation(call: Call, request: Request[Any, CreateAutomation]) -> AutomationView:
    b = request.body
    wanted = automations.CreateAutomation(
        b.name, b.types, b.about, b.action.wanted(), b.condition, b.namespace, b.asset_uid, b.state
    )
    return automations.create(call, wanted)


@read(
    "automation.list",
    "/automations",
    Permission.AUTOMATION_READ,
    "Automations of the workspace",
    params=Paged,
    answer=Page[AutomationView],
)
def list_automations(call: Call, request: Request[Paged, Any]) -> Page[AutomationView]:
    return automations.listed(call, request.params.page())


@read(
    "automation.get",
    "/automations/{uid}",
    Permission.AUTOMATION_READ,
    "One automation",
    params=ByUid,
    answer=AutomationView,
)
def get_automation(call: Call, request: Request[ByUid, Any]) -> AutomationView:
    return automations.get(call, request.params.uid)


@command(
    "automation.update",
    "PATCH",
    "/automations/{uid}",
    Permission.AUTOMATION_WRITE,
    "Change an automation, disable it or enable it",
    params=ByUid,
    body=UpdateAutomation,
    answer=AutomationView,
)
def update_automation(call: Call, request: Request[ByUid, UpdateAutomation]) -> AutomationView:
    b = request.body
    action = b.action.wanted() if b.action is not None else None
    changes = automations.UpdateAutomation(b.name, b.types, b.condition, action, b.state)
    return automations.update(call, request.params.uid, changes, request.etag)


@command(
    "automation.delete", "DELETE", "/automations/{uid}", Permission.AUTOMATION_WRITE, "End an automation", params=ByUid
)
def delete_automation(call: Call, request: Request[ByUid, Any]) -> None:
    automations.delete(call, request.params.uid, request.etag)


@read(
    "automation.runs",
    "/automations/{uid}/runs",
    Permission.AUTOMATION_READ,
    "What became of the events that an automation heard",
    params=ListRuns,
    answer=Page[AutomationRunView],
)
def list_automation_runs(call: Call, request: Request[ListRuns, Any]) -> Page[AutomationRunView]:
    return automations.runs(call, request.params.uid, request.params.state, request.params.page())


@read(
    "automation.test",
    "/automations/{uid}/test",
    Permission.AUTOMATION_READ,
    "What would become of past events; nothing is done",
    params=Trial,
    answer=list[TrialView],
)
def test_automation(call: Call, request: Request[Trial, Any]) -> list[TrialView]:
    return automations.trial(call, request.params.uid, request.params.limit)


OPERATIONS = (
    create_automation,
    list_automations,
    get_automation,
    update_automation,
    delete_automation,
    list_automation_runs,
    test_automation,
)

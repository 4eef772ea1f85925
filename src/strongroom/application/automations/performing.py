"""Automations at work: heard from the feed, then performed one by one, each in a transaction of its own.

First events become rows: those and the automation's place in the feed change in one transaction. Then one transaction
takes a row, does the thing in the owner's name, and writes how it went. What was done and that it was done are so
committed together: a crash costs nothing and doubles nothing. Sending to a webhook is done when its delivery is
written; that arrives at least once, under the event's id (`application.events.delivery`).
"""

import asyncio
import json
import logging
from typing import Final

from strongroom.application.automations import objects
from strongroom.application.automations.hearing import audible
from strongroom.application.call import Call, Caller, note_refusal
from strongroom.application.collaboration import comments
from strongroom.application.collaboration.comments import CreateComment
from strongroom.application.events.feed import lane_of
from strongroom.application.identity import setup
from strongroom.application.manifests import statistics
from strongroom.application.paging import PageSealer
from strongroom.application.ports.events import StoredEvent
from strongroom.application.ports.execution import Executor
from strongroom.application.ports.transaction import Transaction
from strongroom.application.registry import tags
from strongroom.application.tracking import measuring, recording
from strongroom.application.tracking.measuring import ModelBatch
from strongroom.application.tracking.recording import Batch
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.automations.model import (
    ActionKind,
    Automation,
    AutomationRun,
    AutomationState,
    RunState,
    chain_of,
    next_try,
    starts,
)
from strongroom.domain.errors import DomainError, NotFound, TooManyRequests, Unavailable
from strongroom.domain.identity.access import Access
from strongroom.domain.identity.model import Principal
from strongroom.domain.identity.roles import Permission, Role
from strongroom.domain.search.parse import parse_filter
from strongroom.domain.search.schema import Entity

log = logging.getLogger(__name__)

SCAN: Final = 1_000
AUTOMATIONS_AT_ONCE: Final = 20
RUNS_AT_ONCE: Final = 100
AT_ONCE: Final = 8
KEPT_US: Final = 30 * 86_400 * 1_000_000
OWNER_DISABLED: Final = "owner_disabled"
_OURS: Final = (Unavailable, TooManyRequests)
"""What may go better by itself; every other refusal is an answer."""


async def work(executor: Executor) -> None:
    """Hear what is new and perform what is due, until nothing is."""
    while await executor.read(lambda tx: tx.automations.behind(tx.feed.head(), 1)):
        if not await executor.command(hear):
            break
    while due := await executor.read(lambda tx: tx.automations.due(tx.now(), RUNS_AT_ONCE)):
        done: list[bool] = []
        for start in range(0, len(due), AT_ONCE):
            done += await asyncio.gather(*(_one(executor, *one) for one in due[start : start + AT_ONCE]))
        if not any(done):  # others have them all: they need no help
            return


async def _one(executor: Executor, automation_id: int, leaf: int) -> bool:
    """Perform one; False when another process has it."""
    calls: list[Call] = []
    try:
        return await executor.command(lambda tx: perform(tx, automation_id, leaf, calls))
    except DomainError as error:
        refused = calls[-1] if calls else None
        again, code = isinstance(error, _OURS), error.code
        await executor.command(lambda tx: fail(tx, automation_id, leaf, code, again=again, refused=refused))
    except Exception:
        log.exception("automation %s failed at position %s", automation_id, leaf)
        await executor.command(lambda tx: fail(tx, automation_id, leaf, "internal", again=True))
    return True


def hear(tx: Transaction) -> bool:
    """Put down the new events of some automations; False when other processes work on all of them."""
    head, heard = tx.feed.head(), False
    for automation_id in tx.automations.behind(head, AUTOMATIONS_AT_ONCE):
        automation = tx.automations.claim(automation_id)
        if automation is None:
            continue
        heard = True
        owner = tx.principals.by_id(automation.owner_id)
        if owner.disabled_at is not None:
            _stop(tx, automation, owner)
            continue
        upto = max(min(head, automation.after + SCAN), automation.after)
        events = audible(tx, access_of(tx, owner, automation), automation, automation.after, upto)
        meant = [event.leaf for event in events if starts(automation.uid, chain_of(json.loads(event.details)))]
        tx.automations.expect(automation.id, meant, tx.now())
        tx.automations.move(automation.id, upto)
    return heard


def perform(tx: Transaction, automation_id: int, leaf: int, calls: list[Call]) -> bool:
    """Do what an automation does for one event, and write that it was done; False when another process has it.

    :param calls: gets the call that it is done in, so that a refusal can be recorded.
    """
    run = tx.automations.take(automation_id, leaf, tx.now())
    if run is None:
        return False
    automation = tx.automations.by_id(automation_id)
    owner = tx.principals.by_id(automation.owner_id)
    event = tx.feed.at(leaf)
    assert event is not None, "a run is of an event"  # noqa: S101 - the log is append-only
    if automation.state is not AutomationState.ENABLED or owner.disabled_at is not None:
        _stop(tx, automation, owner)
        return True
    call = in_the_name_of(tx, owner, automation, chain_of(json.loads(event.details)))
    calls.append(call)
    state, effect = _perform(call, automation, event)
    tx.automations.end(run, state, "", effect, tx.now())
    return True


def access_of(tx: Transaction, owner: Principal, automation: Automation) -> Access:
    """The owner's grants of this moment, cut by what its token allowed when it wrote the automation."""
    return Access(
        owner.uid,
        tx.grants.resolve(owner),
        role_cap=Role.parse(automation.role_cap) if automation.role_cap else None,
        workspace_cap=automation.workspace_id,
    )


def in_the_name_of(tx: Transaction, owner: Principal, automation: Automation, chain: tuple[str, ...]) -> Call:
    """A call by the owner for an automation."""
    caller = Caller(owner, access_of(tx, owner, automation))
    workspace = tx.workspaces.by_id(automation.workspace_id)
    return Call(tx, caller, workspace, PageSealer(b""), automations=(*chain, automation.uid))


def _stop(tx: Transaction, automation: Automation, owner: Principal) -> None:
    """An automation ends with its owner; what it had still to do is wanted no longer."""
    tx.automations.cancel(automation.id)
    if automation.state is AutomationState.ENABLED and owner.disabled_at is not None:
        tx.automations.update(automation, state=AutomationState.DISABLED, disabled_because=OWNER_DISABLED)
        call = setup.as_system(tx, tx.workspaces.by_id(automation.workspace_id))
        call.record("automation.disable", Subject("automation", automation.uid), {"because": OWNER_DISABLED})


def _perform(call: Call, automation: Automation, event: StoredEvent) -> tuple[RunState, str | None]:
    details = json.loads(event.details)
    uid = objects.uid_of(call, automation.about, event, details)
    if uid is None:
        return RunState.UNMATCHED, None
    condition = parse_filter(automation.about, automation.condition)
    if condition is None:
        objects.must_see(call, automation.about, uid)
    elif objects.holds(call, automation.about, uid, condition) is not True:
        return RunState.UNMATCHED, None
    return RunState.DONE, _act(call, automation, event, uid)


def _act(call: Call, automation: Automation, event: StoredEvent, uid: str) -> str | None:
    """Do it; the uid of what was made, if anything was."""
    action = automation.action
    match action.kind:
        case ActionKind.COMMENT:
            return comments.create(call, CreateComment(automation.about.value, uid, action.text or "")).uid
        case ActionKind.TAG:
            wanted = {action.key or "": action.value}
            if automation.about is Entity.RUN:
                recording.log(call, uid, Batch(tags=wanted))
            elif automation.about is Entity.LOGGED_MODEL:
                measuring.log(call, uid, ModelBatch(tags=wanted))
            else:
                tags.set_tags(call, automation.about.value, uid, wanted)
            return None
        case ActionKind.WEBHOOK:
            return _send(call, automation, event)
        case ActionKind.JOB:  # asked for here; a worker does it
            statistics.scan(call, uid)
            return None


def _send(call: Call, automation: Automation, event: StoredEvent) -> str:
    call.require(Permission.WEBHOOK_WRITE)
    webhook = call.tx.webhooks.by_uid(call.workspace.id, automation.action.webhook_uid or "")
    if webhook is None:
        raise NotFound("There is no such webhook.")
    call.tx.deliveries.add(webhook.id, [(event.leaf, lane_of(event))], call.now)
    details: dict[str, Json] = {"position": event.leaf, "webhook": webhook.uid}
    call.record("automation.send", Subject("automation", automation.uid), details, event=False)
    return event.uid


def fail(
    tx: Transaction, automation_id: int, leaf: int, code: str, *, again: bool, refused: Call | None = None
) -> None:
    """Write that a try went wrong; a refusal is recorded, as any is.

    :param again: whether to try again, a few times.
    """
    run: AutomationRun | None = tx.automations.take(automation_id, leaf, tx.now())
    if run is None:
        return
    later = next_try(run.tries + 1, tx.now()) if again else None
    state = RunState.FAILED if later is None else RunState.PENDING
    tx.automations.end(run, state, code, None, later or tx.now())
    if refused is not None and refused.refusal is not None and later is None:
        call = Call(tx, refused.caller, refused.workspace, refused.sealer, automations=refused.automations)
        note_refusal(call, refused.refusal)

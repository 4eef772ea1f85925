"""Exemptions: asked for by one person, given by another, for a principal or team, until a time."""

from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.recalls.recalling import by_uid
from strongroom.application.recalls.views import ExemptionView, exemption_view
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.fields import clean_reason
from strongroom.domain.recalls.model import Exemption, clean_until

OPEN_MOST = 1_000


@dataclass(frozen=True, slots=True)
class AskExemption:
    """Who is to be exempt, why and until when: oneself, where neither principal nor team is named."""

    until: datetime
    reason: str
    principal: str | None = None
    team: str | None = None


def ask(call: Call, recall_uid: str, command: AskExemption) -> ExemptionView:
    """Ask for an exemption; it holds when somebody else gives it.

    :raises NotFound: no such recall, principal or team. :raises Conflict: the recall was lifted.
    """
    call.require(Permission.RECALL_ASK)
    recall = by_uid(call, recall_uid)
    if recall.lifted_at is not None:
        raise Conflict("The recall was lifted.")
    reason, until = clean_reason(command.reason), clean_until(_us(command.until), call.now)
    kind, uid = _whom(call, command)
    new = Exemption(0, call.tx.new_uid(), recall.id, kind, uid, reason, call.actor.uid, call.now, until)
    made = call.tx.recalls.ask(new, call.workspace.id, call.actor.id)
    _record(call, "recall.exemption_ask", made)
    return exemption_view(call, made, recall)


def _us(time: datetime) -> int:
    if time.tzinfo is None:
        raise Invalid("A time says its zone.")
    return int(time.timestamp() * 1_000_000)


def _whom(call: Call, command: AskExemption) -> tuple[str, str]:
    if command.principal is not None and command.team is not None:
        raise Invalid("An exemption is for a principal or for a team.")
    if command.team is not None:
        call.require(Permission.PRINCIPAL_READ)
        team = call.tx.teams.by_uid(call.workspace.id, command.team)
        if team is None:
            raise NotFound("There is no such team.")
        return "team", team.uid
    if command.principal is None or command.principal == call.actor.uid:
        return "principal", call.actor.uid
    call.require(Permission.PRINCIPAL_READ)
    found = call.tx.principals.by_uid(command.principal)
    if found is None or not call.tx.principals.belongs(found.id, call.workspace.id):
        raise NotFound("There is no such principal.")
    return "principal", found.uid


def give(call: Call, uid: str) -> ExemptionView:
    """Give what another has asked for.

    :raises Conflict: it was given, ended, or its time is up; or the giver asked for it, or would profit by it.
    """
    found = _locked(call, uid)
    recall = call.tx.recalls.by_id(found.recall_id)
    if found.state(call.now) != "asked" or recall.lifted_at is not None:
        raise Conflict(f"The exemption is {found.state(call.now)}.", state=found.state(call.now))
    if call.actor.uid == found.asked_by:
        raise Conflict("Who asks for an exemption does not give it.")
    team = found.for_kind == "team" and call.tx.recalls.is_member(found.for_uid, call.actor.id)
    if team or call.actor.uid == found.for_uid:
        raise Conflict("Nobody gives an exemption to themselves.")
    call.tx.recalls.give(found, call.now, call.actor.id)
    return _changed(call, "recall.exemption_give", uid)


def end(call: Call, uid: str) -> ExemptionView:
    """End an exemption before its time, or refuse what was asked for. :raises Conflict: it has ended."""
    found = _locked(call, uid)
    if found.state(call.now) in {"ended", "expired"}:
        raise Conflict(f"The exemption is {found.state(call.now)}.", state=found.state(call.now))
    call.tx.recalls.end(found, call.now, call.actor.id)
    return _changed(call, "recall.exemption_end", uid)


def _locked(call: Call, uid: str) -> Exemption:
    call.require(Permission.RECALL_WRITE)
    found = call.tx.recalls.exemption(call.workspace.id, uid)
    if found is None:
        call.absent = True
        raise NotFound("There is no such exemption.")
    return found


def _changed(call: Call, action: str, uid: str) -> ExemptionView:
    changed = _locked(call, uid)
    _record(call, action, changed)
    return exemption_view(call, changed, call.tx.recalls.by_id(changed.recall_id))


def _record(call: Call, action: str, one: Exemption) -> None:
    recall = call.tx.recalls.by_id(one.recall_id)
    details: dict[str, Json] = {"exemption": one.uid, one.for_kind: one.for_uid, "until": one.until}
    call.record(action, Subject("recall", recall.uid), details)


def listed(call: Call, recall_uid: str, page: PageRequest) -> Page[ExemptionView]:
    """Exemptions from a recall, the latest first."""
    recall = by_uid(call, recall_uid)
    listing = f"exemptions/{recall.id}"
    rows = call.tx.recalls.exemptions(recall.id, call.sealer.open(listing, page.token), page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return Page([exemption_view(call, one, recall) for one in kept.items], kept.next_page_token)

"""Recalls: said, lifted, read."""

from dataclasses import dataclass

from strongroom.application.call import Call
from strongroom.application.paging import Page, PageRequest
from strongroom.application.ports.recalls import FREE
from strongroom.application.recalls import reaching
from strongroom.application.recalls.views import RecallView, recall_view
from strongroom.application.registry import versions
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.fields import clean_reason
from strongroom.domain.recalls.model import STANDING_MOST, About, Recall, SubjectKind, clean_about
from strongroom.domain.registry.model import Version

_ABSENT = "There is no such recall."


@dataclass(frozen=True, slots=True)
class SayRecall:
    """What is not to be pulled any more, and why.

    :param kind: `version` (by uid), `digest` (SHA-256 of a file or tree), `dataset` (uid of a version, or a digest),
        `licence` (an identifier). :param downstream: what came of it is not to be pulled either.
    """

    kind: str
    subject: str
    reason: str
    downstream: bool = False


def say(call: Call, command: SayRecall) -> RecallView:
    """Recall something: from the end of this transaction on, on every process.

    :raises NotFound: no such version. :raises Conflict: it is a draft; or too many recalls stand.
    """
    call.require(Permission.RECALL_WRITE)
    about, reason = clean_about(command.kind, command.subject), clean_reason(command.reason)
    version = _version(call, about)
    digest = about.text if version is None and about.kind is not SubjectKind.LICENCE else None
    call.tx.workspaces.lock(call.workspace.id)
    if call.tx.recalls.count_standing(call.workspace.id) >= STANDING_MOST:
        raise Conflict(f"At most {STANDING_MOST} recalls stand in a workspace; lift some.", limit=STANDING_MOST)
    new = Recall(
        id=0,
        uid=call.tx.new_uid(),
        workspace_id=call.workspace.id,
        kind=about.kind,
        subject=about.text,
        digest=version.tree if version else digest,
        downstream=command.downstream,
        reason=reason,
        created_by=call.actor.uid,
        recorded_at=call.now,
    )
    made = call.tx.recalls.add(new, call.actor.id)
    reaching.begin(call, made, version)
    details: dict[str, Json] = {"kind": about.kind.value, "downstream": made.downstream}
    if version is not None:
        details |= {"version": version.uid, "tree": version.tree}
    call.record("recall.say", _subject(made), details)
    return recall_view(call, made, counted=True)


def _subject(one: Recall) -> Subject:
    return Subject("recall", one.uid)


def _version(call: Call, about: About) -> Version | None:
    if not about.is_uid:
        return None
    _asset, version = versions.by_uid(call, about.text, Permission.ASSET_READ)
    if version.tree is None:
        raise Conflict("Only a published version is recalled.", state=version.state.value)
    return version


def by_uid(call: Call, uid: str, permission: Permission = Permission.RECALL_READ) -> Recall:
    """A recall of the workspace. :raises NotFound: none of that uid."""
    call.require(permission)
    found = call.tx.recalls.by_uid(call.workspace.id, uid)
    if found is None:
        call.absent = True
        raise NotFound(_ABSENT)
    return found


def get(call: Call, uid: str) -> RecallView:
    """One recall, with how far it reaches."""
    return recall_view(call, by_uid(call, uid), counted=True)


def listed(call: Call, page: PageRequest, *, lifted: bool = False) -> Page[RecallView]:
    """Recalls of the workspace, the latest first; those that were lifted too when asked."""
    call.require(Permission.RECALL_READ)
    listing = f"recalls/{call.workspace.id}/{lifted}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.recalls.list(call.workspace.id, lifted=lifted, after=after, limit=page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda one: (one.id,))
    return Page([recall_view(call, one) for one in kept.items], kept.next_page_token)


def lift(call: Call, uid: str, reason: str) -> RecallView:
    """Let what was recalled be pulled again; the recall stays in the history.

    :raises Conflict: it was lifted before.
    """
    why = clean_reason(reason)
    found = call.tx.recalls.lock(by_uid(call, uid, Permission.RECALL_WRITE).id)
    if found.lifted_at is not None:
        raise Conflict("The recall was lifted before.")
    call.tx.recalls.lift(found, call.now, call.actor.id, why)
    call.tx.recalls.unmark(found, call.now, call.actor.id, why)
    call.tx.recalls.plan(found.id, FREE)
    reaching.step(call.tx, found.id)
    call.record("recall.lift", _subject(found), {"kind": found.kind.value})
    return recall_view(call, call.tx.recalls.by_id(found.id), counted=True)

"""Flags: set on a version, run or node that somebody found to be bad, removed with a reason, listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.application.call import Call, Refusal
from strongroom.application.lineage import graph, nodes
from strongroom.application.lineage.sight import vertex_views
from strongroom.application.lineage.views import VertexView
from strongroom.application.paging import Page, PageRequest
from strongroom.application.registry import versions
from strongroom.application.tracking import logged_lookup, runs
from strongroom.application.views import maybe_time, time_of
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Conflict, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.lineage.fields import clean_reason
from strongroom.domain.lineage.flags import Flag, parse_cause
from strongroom.domain.lineage.model import Vertex
from strongroom.domain.registry.model import Asset

FLAGS_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class SetFlag:
    """That a version, run or node is bad, and why. A purged version may be flagged: others may still have it."""

    kind: str
    uid: str
    reason: str
    cause: str = "other"


@dataclass(frozen=True, slots=True)
class FlagView:
    """A flag; one that was removed says when, by whom and why."""

    uid: str
    on: VertexView
    cause: str
    reason: str
    set_by: str | None
    created_at: datetime
    removed_at: datetime | None
    removed_by: str | None
    removed_reason: str


@dataclass(frozen=True, slots=True)
class _Flagged:
    vertex: Vertex
    subject: Subject
    asset: Asset | None


def _target(call: Call, kind: str, uid: str, right: Permission) -> _Flagged:
    """What is to be flagged; a version with its asset locked, so that the asset's events stay in one order."""
    match kind:
        case "version":
            asset, version = versions.by_uid(call, uid, right)
            asset = call.tx.assets.lock(asset.id)
            version = call.tx.versions.lock(version.id)
            call.tx.versions.update(version, evidence_epoch=version.evidence_epoch + 1)
            return _Flagged(Vertex(kind, version.id), Subject(kind, uid), asset)
        case "run":
            return _Flagged(Vertex(kind, runs.by_uid(call, uid, right)[1].id), Subject(kind, uid), None)
        case "logged_model":
            return _Flagged(Vertex(kind, logged_lookup.by_uid(call, uid, right)[1].id), Subject(kind, uid), None)
        case "node":
            call.require(right)
            return _Flagged(Vertex(kind, nodes.by_uid(call, uid).id), Subject(kind, uid), None)
    raise Invalid("A version, run, logged_model or node is flagged.")


def set_(call: Call, command: SetFlag) -> FlagView:
    """Say that something is bad. It may bear several flags, each with its own reason."""
    cause, reason = parse_cause(command.cause), clean_reason(command.reason)
    target = _target(call, command.kind, command.uid, Permission.FLAG_SET)
    flag = call.tx.lineage.add_flag(
        Flag(
            id=0,
            uid=call.tx.new_uid(),
            workspace_id=call.workspace.id,
            vertex=target.vertex,
            cause=cause,
            reason=reason,
            set_by=call.actor.id,
            recorded_at=call.now,
        )
    )
    _record(call, "flag.set", target, flag)
    return _shown(call, [flag])[0]


def remove(call: Call, uid: str, reason: str) -> FlagView:
    """Take a flag away; it stays in the history.

    :raises NotFound: none, or on something that the caller may not see.
    :raises Conflict: it was removed before, or is a recall's.
    """
    why = clean_reason(reason)
    call.ask(Permission.FLAG_REMOVE)
    found = call.tx.lineage.lock_flag(call.workspace.id, uid)
    view = vertex_views(call, [found.vertex]).get(found.vertex) if found else None
    if found is None or view is None or view.uid is None:
        call.refusal = Refusal(Permission.FLAG_REMOVE, Subject("flag", uid)) if found else None
        call.absent = True
        raise NotFound("There is no such flag.")
    target = _target(call, found.vertex.kind, view.uid, Permission.FLAG_REMOVE)
    if found.removed_at is not None:
        raise Conflict("The flag was removed before.")
    if found.recall_id is not None:
        raise Conflict("A recall set the flag: lift the recall.")
    flag = call.tx.lineage.remove_flag(found, call.now, call.actor.id, why)
    _record(call, "flag.remove", target, flag)
    return _shown(call, [flag])[0]


def _record(call: Call, action: str, target: _Flagged, flag: Flag) -> None:
    asset = call.tx.assets.advance(target.asset) if target.asset else None
    call.record(action, target.subject, {"flag": flag.uid, "cause": flag.cause.value}, asset=asset)


def of(call: Call, kind: str, uid: str, *, removed: bool = False) -> Sequence[FlagView]:
    """Flags on one thing, the latest first, at most 1,000."""
    vertex = graph.find(call, kind, uid)
    return _shown(call, call.tx.lineage.flags_of([vertex], FLAGS_SHOWN, removed=removed))


def listed(call: Call, page: PageRequest, *, removed: bool = False) -> Page[FlagView]:
    """Flags of the workspace, the latest first, for those who may read lineage in all of it."""
    call.require(Permission.LINEAGE_READ)
    listing = f"flags/{call.workspace.id}/{removed}"
    after = call.sealer.open(listing, page.token)
    rows = call.tx.lineage.list_flags(call.workspace.id, removed=removed, after=after, limit=page.size + 1)
    kept = call.sealer.page(listing, rows, page.size, lambda flag: (flag.id,))
    return Page(_shown(call, kept.items), kept.next_page_token)


def _shown(call: Call, flags: Sequence[Flag]) -> list[FlagView]:
    """Those on something that the caller sees."""
    views = vertex_views(call, [flag.vertex for flag in flags])
    who = call.tx.lineage.uids_of(sorted({by for flag in flags for by in (flag.set_by, flag.removed_by) if by}))
    return [
        FlagView(
            flag.uid,
            views[flag.vertex],
            flag.cause.value,
            flag.reason,
            who.get(flag.set_by),
            time_of(flag.recorded_at),
            maybe_time(flag.removed_at),
            who.get(flag.removed_by or 0),
            flag.removed_reason,
        )
        for flag in flags
        if flag.vertex in views
    ]

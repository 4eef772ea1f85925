"""Handles: foreign ids kept, resolved and moved (domain.md N3). For dialects: the native API speaks of uids.

Who may change an object may give it a handle; who may not see what a handle points at does not see the handle.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from strongroom.application.call import Call
from strongroom.application.lineage import nodes
from strongroom.application.registry import assets, versions
from strongroom.application.tracking import experiments, logged_lookup, runs
from strongroom.domain.audit.canonical_json import Json
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import AlreadyExists, Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.handles import OBJECT_KINDS, Handle, clean_foreign, clean_handle_word

AT_ONCE = 1_000
"""Foreign ids in one look-up."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """What a handle points at."""

    kind: str
    id: int
    uid: str


_Find = Callable[[Call, str, Permission], int]
_BY_UID: Mapping[str, tuple[_Find, Permission, Permission]] = {
    "asset": (lambda c, uid, p: assets.by_uid(c, uid, p).id, Permission.ASSET_READ, Permission.ASSET_EDIT),
    "version": (lambda c, uid, p: versions.by_uid(c, uid, p)[1].id, Permission.ASSET_READ, Permission.VERSION_EDIT),
    "experiment": (lambda c, uid, p: experiments.by_uid(c, uid, p).id, Permission.RUN_READ, Permission.RUN_WRITE),
    "run": (lambda c, uid, p: runs.by_uid(c, uid, p)[1].id, Permission.RUN_READ, Permission.RUN_WRITE),
    "logged_model": (
        lambda c, uid, p: logged_lookup.by_uid(c, uid, p)[1].id,
        Permission.RUN_READ,
        Permission.RUN_WRITE,
    ),
    "node": (lambda c, uid, _: nodes.by_uid(c, uid).id, Permission.LINEAGE_READ, Permission.LINEAGE_WRITE),
}
"""How each kind is found by its uid, which checks the right; the rights to see it and to change it."""


def located(call: Call, kind: str, uid: str, *, change: bool = False) -> Pointed:
    """An object that a handle may point at, when the caller may see it, or change it. :raises NotFound: none."""
    if kind not in OBJECT_KINDS:
        raise Invalid(f"A handle points at one of {', '.join(OBJECT_KINDS)}.")
    find, to_see, to_change = _BY_UID[kind]
    if kind == "node" and change:
        call.require(Permission.LINEAGE_WRITE)
    return Pointed(kind, find(call, uid, to_change if change else to_see), uid)


def put(
    call: Call, dialect: str, kind: str, foreign: str, object_kind: str, object_uid: str, *, move: bool = False
) -> Pointed:
    """Let a foreign id mean an object of ours; the same again changes nothing.

    :param move: let it mean another object than now, which the caller may change too.
    :raises AlreadyExists: it means another object and `move` is off.
    """
    target = located(call, object_kind, object_uid, change=True)
    new = Handle(
        workspace_id=call.workspace.id,
        dialect=clean_handle_word(dialect, "dialect"),
        kind=clean_handle_word(kind, "kind"),
        foreign=clean_foreign(foreign),
        object_kind=target.kind,
        object_id=target.id,
        recorded_at=call.now,
    )
    if call.tx.handles.add(new, call.actor.id):
        _record(call, "handle.put", new, target, None)
        return target
    old = call.tx.handles.lock(new.workspace_id, new.dialect, new.kind, new.foreign)
    assert old is not None  # noqa: S101 - it was there, and handles of a workspace go one by one
    if (old.object_kind, old.object_id) == (target.kind, target.id):
        return target
    if not move:
        raise AlreadyExists("This foreign id means another object.")
    before = located(call, old.object_kind, _uid(call, old), change=True)
    call.tx.handles.move(
        replace(old, object_kind=target.kind, object_id=target.id, recorded_at=call.now), call.actor.id
    )
    _record(call, "handle.move", new, target, before)
    return target


def remove(call: Call, dialect: str, kind: str, foreign: str) -> None:
    """Let a foreign id mean nothing any more. :raises NotFound: it means nothing that the caller may see."""
    found = call.tx.handles.lock(
        call.workspace.id,
        clean_handle_word(dialect, "dialect"),
        clean_handle_word(kind, "kind"),
        clean_foreign(foreign),
    )
    if found is None:
        raise NotFound("There is no such handle.")
    before = located(call, found.object_kind, _uid(call, found), change=True)
    call.tx.handles.remove(found)
    _record(call, "handle.remove", found, before, before)


def resolve(call: Call, dialect: str, kind: str, foreign: str) -> Pointed:
    """What a foreign id means. :raises NotFound: nothing, or nothing that the caller may see."""
    found = call.tx.handles.get(call.workspace.id, dialect, kind, [clean_foreign(foreign)])
    if foreign not in found:
        raise NotFound("There is no such handle.")
    return located(call, found[foreign].object_kind, _uid(call, found[foreign]))


def ids_of(call: Call, dialect: str, kind: str, foreign: Sequence[str]) -> Mapping[str, tuple[str, int]]:
    """Kind and id of what each foreign id means, without a check of visibility: for use cases that make one.

    :raises Invalid: above 1,000 at a time.
    """
    if len(foreign) > AT_ONCE:
        raise Invalid(f"At most {AT_ONCE} foreign ids at a time.", limit=AT_ONCE)
    found = call.tx.handles.get(call.workspace.id, dialect, kind, foreign)
    return {text: (handle.object_kind, handle.object_id) for text, handle in found.items()}


def of(call: Call, dialect: str, kind: str, object_kind: str, object_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """The foreign ids of objects that the caller was shown, oldest first; those without one are left out."""
    return call.tx.handles.of(dialect, kind, object_kind, object_ids)


def _uid(call: Call, handle: Handle) -> str:
    """The uid of what a handle points at: objects keep their rows, so it is always there."""
    id_ = handle.object_id
    match handle.object_kind:
        case "asset":
            return call.tx.assets.by_ids([id_])[id_].uid
        case "version":
            return call.tx.versions.by_ids([id_])[id_].uid
        case "experiment":
            return call.tx.experiments.by_id(id_).uid
        case "run":
            return call.tx.runs.by_id(id_).uid
        case "logged_model":
            return call.tx.logged_models.by_id(id_).uid
        case _:
            return call.tx.lineage.nodes([id_])[id_].uid


def _record(call: Call, action: str, handle: Handle, now: Pointed, before: Pointed | None) -> None:
    """The foreign id itself may be free text that has to be erased one day: the record holds its digest."""
    details: dict[str, Json] = {
        "dialect": handle.dialect,
        "kind": handle.kind,
        "foreign_sha256": hashlib.sha256(handle.foreign.encode()).hexdigest(),
        "before": before.uid if before else None,
    }
    call.record(action, Subject(now.kind, now.uid), details, event=False)

"""Where an imported object came from: its ids there, kept as handles, and what was said of it, as annotations."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from strongroom.application.call import Call
from strongroom.application.registry import handles
from strongroom.domain.audit.record import Subject
from strongroom.domain.errors import Invalid, NotFound
from strongroom.domain.identity.roles import Permission
from strongroom.domain.registry.annotations import merged

FOUND_AT_ONCE = 200
HANDLES_MOST = 10


@dataclass(frozen=True, slots=True)
class ForeignId:
    """An id in another system: which dialect speaks it, what kind of id it is."""

    dialect: str
    kind: str
    foreign: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import says of an object as it is made, in the same transaction."""

    handles: Sequence[ForeignId] = ()
    annotations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportedView:
    """An object of ours with the annotations of it; `foreign` is the id that it was found by."""

    foreign: str
    kind: str
    uid: str
    annotations: Mapping[str, Any]


def keep(call: Call, kind: str, uid: str, said: Imported | None) -> None:
    """Note where an object that was just made came from.

    :raises AlreadyExists: one of the ids means another object: it was imported before.
    """
    if said is None:
        return
    if len(said.handles) > HANDLES_MOST:
        raise Invalid(f"An object is given at most {HANDLES_MOST} handles at a time.", limit=HANDLES_MOST)
    for one in said.handles:
        put_handle(call, one, kind, uid)
    if said.annotations:
        annotate(call, kind, uid, said.annotations)


def put_handle(call: Call, id_: ForeignId, kind: str, uid: str) -> ImportedView:
    """Let a foreign id mean an object. A foreign id is one for the whole workspace, so this needs a right on all of it.

    :raises AlreadyExists: it means another object.
    """
    call.require(Permission.RUN_WRITE)
    handles.put(call, id_.dialect, id_.kind, id_.foreign, kind, uid)
    return _views(call, kind, {id_.foreign: handles.located(call, kind, uid)})[0]


def found(call: Call, dialect: str, kind: str, foreign: Sequence[str]) -> list[ImportedView]:
    """The objects that foreign ids mean, with their annotations; those that the caller may not see are left out."""
    call.ask(Permission.ASSET_READ)
    if len(foreign) > FOUND_AT_ONCE:
        raise Invalid(f"At most {FOUND_AT_ONCE} foreign ids at a time.", limit=FOUND_AT_ONCE)
    seen: dict[str, dict[str, handles.Pointed]] = {}
    for text in dict.fromkeys(foreign):
        try:
            one = handles.resolve(call, dialect, kind, text)
        except NotFound:
            continue
        seen.setdefault(one.kind, {})[text] = one
    return [view for object_kind, some in seen.items() for view in _views(call, object_kind, some)]


def _views(call: Call, kind: str, some: Mapping[str, handles.Pointed]) -> list[ImportedView]:
    known = call.tx.annotations.of(kind, sorted({one.id for one in some.values()}))
    return [ImportedView(foreign, kind, one.uid, known.get(one.id, {})) for foreign, one in some.items()]


def annotations_of(call: Call, kind: str, uid: str) -> Mapping[str, Any]:
    """The annotations of one object."""
    call.ask(Permission.ASSET_READ)
    one = handles.located(call, kind, uid)
    return call.tx.annotations.of(kind, [one.id]).get(one.id, {})


def annotate(call: Call, kind: str, uid: str, changes: Mapping[str, Mapping[str, Any] | None]) -> Mapping[str, Any]:
    """Replace what systems said of an object, each as a whole; null removes it. What is left out stays."""
    call.ask(Permission.ASSET_EDIT)
    one = handles.located(call, kind, uid, change=True)
    after = merged(call.tx.annotations.of(kind, [one.id]).get(one.id, {}), changes)
    call.tx.annotations.put(kind, one.id, after)
    digest = hashlib.sha256(json.dumps(after, sort_keys=True).encode()).hexdigest()
    call.record("annotation.set", Subject(kind, uid), {"sha256": digest}, event=False)
    return after

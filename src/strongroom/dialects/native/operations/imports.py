"""What is imported from elsewhere: ids of other systems (handles), and what had no field of its own (annotations)."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

from strongroom.application.call import Call
from strongroom.application.paging import Page
from strongroom.application.registry import imported
from strongroom.application.registry.imported import FOUND_AT_ONCE, HANDLES_MOST, ForeignId, ImportedView
from strongroom.application.views import microseconds
from strongroom.dialects.native.operation import Request, Struct, command, read
from strongroom.dialects.native.wire import Time, Uid
from strongroom.domain.identity.roles import Permission

Word = Annotated[str, Meta(min_length=1, max_length=32)]
Foreign = Annotated[str, Meta(min_length=1, max_length=512)]
Json = dict[str, Any]


class HandleBody(Struct, frozen=True, kw_only=True):
    """An id in another system: its dialect, what kind of id it is, the id itself."""

    dialect: Word
    kind: Word
    foreign: Foreign


class ImportedBody(Struct, frozen=True, kw_only=True):
    """Where something that is made here came from.

    `claimed_at` is when it was made there. `annotations` maps a dialect to a JSON object of what it said.
    """

    claimed_at: Time | None = None
    handles: Annotated[list[HandleBody], Meta(max_length=HANDLES_MOST)] = []
    annotations: dict[str, Json] = {}


class FindHandles(Struct, frozen=True, kw_only=True):
    """Ids of another system."""

    dialect: Word
    kind: Word
    foreign: Annotated[list[Foreign], Meta(min_length=1, max_length=FOUND_AT_ONCE)]


class PutHandle(HandleBody, frozen=True, kw_only=True):
    """What an id of another system means here."""

    object_kind: Word
    uid: Uid


class ObjectOf(Struct, frozen=True, kw_only=True):
    """One object: `kind` is `asset`, `version`, `experiment`, `run`, `logged_model` or `node`."""

    kind: Word
    uid: Uid


class SetAnnotations(Struct, frozen=True, kw_only=True):
    """What systems said, each replaced as a whole; null removes it."""

    annotations: dict[str, Json | None]


class AnnotationsAnswer(Struct, frozen=True, kw_only=True):
    """What systems said of an object."""

    annotations: Mapping[str, Json]


def claimed(body: ImportedBody | None) -> int | None:
    """When it was made elsewhere, in microseconds."""
    if body is None or body.claimed_at is None:
        return None
    return microseconds(body.claimed_at)


def keep(call: Call, kind: str, uid: str, body: ImportedBody | None) -> None:
    """Note where an object came from, in the transaction that made it."""
    if body is not None:
        ids = [_id(one) for one in body.handles]
        imported.keep(call, kind, uid, imported.Imported(ids, body.annotations))


def _id(body: HandleBody) -> ForeignId:
    return ForeignId(body.dialect, body.kind, body.foreign)


@read(
    "handle.find",
    "/handles/find",
    Permission.ASSET_READ,
    "What ids of another system mean here; those that mean nothing are left out",
    method="POST",
    body=FindHandles,
    answer=Page[ImportedView],
)
def find(call: Call, request: Request[Any, FindHandles]) -> Page[ImportedView]:
    body = request.body
    return Page(imported.found(call, body.dialect, body.kind, body.foreign), None)


@command(
    "handle.put",
    "PUT",
    "/handles",
    Permission.RUN_WRITE,
    "Let an id of another system mean an object; one that means another object stays",
    body=PutHandle,
    answer=ImportedView,
)
def put(call: Call, request: Request[Any, PutHandle]) -> ImportedView:
    return imported.put_handle(call, _id(request.body), request.body.object_kind, request.body.uid)


@read(
    "annotation.get",
    "/annotations/{kind}/{uid}",
    Permission.ASSET_READ,
    "What other systems said of an object",
    params=ObjectOf,
    answer=AnnotationsAnswer,
)
def annotations(call: Call, request: Request[ObjectOf, Any]) -> AnnotationsAnswer:
    p = request.params
    return AnnotationsAnswer(annotations=imported.annotations_of(call, p.kind, p.uid))


@command(
    "annotation.set",
    "PUT",
    "/annotations/{kind}/{uid}",
    Permission.ASSET_EDIT,
    "Keep what other systems say of an object",
    params=ObjectOf,
    body=SetAnnotations,
    answer=AnnotationsAnswer,
)
def annotate(call: Call, request: Request[ObjectOf, SetAnnotations]) -> AnnotationsAnswer:
    p = request.params
    return AnnotationsAnswer(annotations=imported.annotate(call, p.kind, p.uid, request.body.annotations))


OPERATIONS = (find, put, annotations, annotate)

"""Operations by their id: the generated table says how each goes over the wire."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from strongroom.sdk.errors import Invalid, StrongroomError
from strongroom.sdk.models import Real, number
from strongroom.sdk.operations import BY_ID
from strongroom.sdk.table import Field, Op
from strongroom.sdk.transport import Reply, Transport, fill

T = TypeVar("T")
JSON = "application/json"
PAGE = 1_000


class Page(msgspec.Struct, frozen=True):
    """Some rows, still encoded, and the token that asks for those after them."""

    items: list[msgspec.Raw]
    next_page_token: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A request ready to be sent."""

    path: str
    query: Mapping[str, str]
    body: bytes | None
    media_type: str | None


class Api:
    """Calls operations and decodes what they answer.

    Fields are untyped here: the server checks them. The typed methods of the client are built on this.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def call(
        self, operation: str, answer: type[T], /, *, etag: int | None = None, data: bytes | None = None, **fields: Any
    ) -> T:
        """Run an operation.

        :param operation: its id, such as ``asset.get``. :param answer: the type to decode; ``type(None)`` for none.
        :param etag: refuse (:class:`PreconditionFailed`) when the object is not at this ETag any more.
        :param data: the bytes of an operation that takes bytes.
        :param fields: its parameters and the fields of its body; those that are None are left out.
        """
        reply = self.send(operation, etag=etag, data=data, **fields)
        if answer is type(None):
            return None
        return decode(reply.body, answer)

    def send(
        self,
        operation: str,
        /,
        *,
        etag: int | None = None,
        data: bytes | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> Reply:
        """The same, with the answer as it came.

        :param idempotency_key: to send it under again later; None takes a new one for this call.
        """
        op = BY_ID[operation]
        made = make(op, fields, data)
        if etag is not None and not op.compares:
            raise Invalid(f"{op.id} does not compare ETags.")
        headers = {} if etag is None else {"If-Match": f'"{etag}"'}
        if op.repeat == "key":
            headers["Idempotency-Key"] = idempotency_key or uuid.uuid4().hex
        return self.transport.request(
            op.method,
            made.path,
            query=made.query,
            body=made.body,
            media_type=made.media_type,
            headers=headers,
            once=op.repeat == "once",
        )

    def every(self, operation: str, item: type[T], /, *, page_size: int = PAGE, **fields: Any) -> Iterator[T]:
        """All rows of a listing, page after page as they are asked for."""
        token: str | None = None
        while True:
            page = self.call(operation, Page, page_size=page_size, page_token=token, **fields)
            for row in page.items:
                yield decode(row, item)
            token = page.next_page_token
            if token is None:
                return


def make(op: Op, fields: Mapping[str, object], data: bytes | None = None) -> Made:
    """The request of an operation.

    :raises Invalid: a field that it does not have, or one that it needs and that is missing.
    """
    given = {name: value for name, value in fields.items() if value is not None}
    places = {field.name: field for field in op.fields}
    if unknown := sorted(given.keys() - places):
        raise Invalid(f"{op.id} takes no {', '.join(unknown)}.")
    if absent := [field.name for field in op.fields if field.required and field.name not in given]:
        raise Invalid(f"{op.id} needs {', '.join(absent)}.")
    path = fill(op.path, _at(places, given, "path"))
    query = {name: _text(value) for name, value in _at(places, given, "query").items()}
    if op.sends:
        return Made(path, query, data or b"", op.sends)
    if any(field.place == "body" for field in op.fields):
        return Made(path, query, msgspec.json.encode(_at(places, given, "body"), enc_hook=encode), JSON)
    return Made(path, query, None, None)


def _at(places: Mapping[str, Field], given: Mapping[str, object], place: str) -> dict[str, object]:
    return {name: value for name, value in given.items() if places[name].place == place}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return when(value) if isinstance(value, datetime) else str(value)


def when(time: datetime) -> str:
    """A time as RFC 3339. :raises Invalid: it has no zone, so nobody knows which moment it is."""
    if time.tzinfo is None:
        raise Invalid("A time needs a zone, such as datetime.now(timezone.utc).")
    return time.isoformat()


def encode(value: object) -> object:
    """What msgspec does not encode itself, for its `enc_hook`."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _decode(kind: type, value: object) -> object:
    if kind is Real and isinstance(value, str | int | float):
        return Real(value)
    raise NotImplementedError(kind)


def decode(body: bytes | msgspec.Raw, answer: type[T]) -> T:
    """Read an answer. :raises StrongroomError: it is not what this client expects."""
    try:
        return msgspec.json.decode(body, type=answer, dec_hook=_decode)
    except msgspec.MsgspecError as error:
        raise StrongroomError(f"The server's answer is not understood: {error}", code="bad_answer") from error

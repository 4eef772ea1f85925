"""A route of the native API as data: what it takes, what it answers, which right it asks for."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from strongroom.domain.identity.roles import Permission

P = TypeVar("P")
B = TypeVar("B")

JSON_LARGEST = 4 * 1024 * 1024


class Struct(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Base of what clients send: unknown fields are refused, so that a misspelt one is not silently ignored."""


class Nothing(Struct, frozen=True, kw_only=True):
    """No parameters, or no body."""


class Mode(StrEnum):
    """How an operation runs: one writing transaction, one reading one, or several around a transfer of bytes."""

    COMMAND = "command"
    READ = "read"
    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class Request(Generic[P, B]):
    """What a handler gets.

    :param params: path and query parameters, checked. :param body: the JSON body, checked.
    :param etag: from If-Match, None when the client does not compare.
    :param chunks: the raw body of an operation that takes bytes. :param size: its announced length.
    :param resume: Last-Event-ID, where a stream of events broke off.
    """

    params: P
    body: B
    etag: int | None = None
    chunks: AsyncIterator[bytes] | None = None
    size: int | None = None
    media_type: str | None = None
    range: str | None = None
    resume: str | None = None


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """An answer of lines that are made while they are sent (exports)."""

    chunks: AsyncIterator[bytes]
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route.

    :param id: `noun.verb`, stable: SDK, CLI and OpenAPI use it.
    :param permission: the right that the use case asks for; the edge refuses to answer when it was not asked for.
    :param params: path and query parameters. :param body: type of the JSON body; bytes when raw.
    :param answer: type of the JSON answer; None for no content.
    :param brief: it reads a handful of rows by their keys (`Executor.read`).
    :param secret: request or answer holds a password or token: neither is remembered under an idempotency key.
    """

    id: str
    method: str
    path: str
    permission: Permission
    summary: str
    mode: Mode
    handler: Callable[..., Any]
    params: type[msgspec.Struct] = Nothing
    body: Any = None
    answer: Any = None
    status: int = 200
    raw_body: str | None = None
    raw_answer: str | None = None
    body_largest: int = JSON_LARGEST
    secret: bool = False
    brief: bool = False

    @property
    def compares(self) -> bool:
        """Whether the handler looks at If-Match."""
        return "etag" in self.handler.__code__.co_names

    @property
    def repeats(self) -> bool:
        """Whether a repeat with the same idempotency key gets the same answer."""
        return self.mode is not Mode.READ and self.method != "GET" and not self.secret and self.raw_body is None

    @property
    def tag(self) -> str:
        """The noun, which groups operations in docs and CLI."""
        return self.id.partition(".")[0]


Decorator = Callable[[Callable[..., Any]], Operation]


def command(
    id_: str,
    method: str,
    path: str,
    permission: Permission,
    summary: str,
    **rest: Any,
) -> Decorator:
    """Decorate a handler as an operation that writes in one transaction."""
    return _decorate(Mode.COMMAND, id_, method, path, permission, summary, rest)


def read(
    id_: str,
    path: str,
    permission: Permission,
    summary: str,
    method: str = "GET",
    **rest: Any,
) -> Decorator:
    """Decorate a handler as an operation that reads on one snapshot (POST where the question has a body)."""
    return _decorate(Mode.READ, id_, method, path, permission, summary, rest)


def flow(
    id_: str,
    method: str,
    path: str,
    permission: Permission,
    summary: str,
    **rest: Any,
) -> Decorator:
    """Decorate an async handler as an operation of several transactions."""
    return _decorate(Mode.FLOW, id_, method, path, permission, summary, rest)


def _decorate(
    mode: Mode, id_: str, method: str, path: str, permission: Permission, summary: str, rest: dict[str, Any]
) -> Decorator:
    def make(handler: Callable[..., Any]) -> Operation:
        return Operation(
            id=id_, method=method, path=path, permission=permission, summary=summary, mode=mode, handler=handler, **rest
        )

    return make

"""A route of MLflow's API as data: where it is, what it takes, which right it asks for."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from strongroom.dialects.mlflow.wire.codec import Message
from strongroom.domain.identity.roles import Permission

M = TypeVar("M")

#: Bytes of a JSON body. MLflow's client sends at most 1 MB of metrics at a time; a model's signature may be longer.
JSON_LARGEST = 4 * 1024 * 1024


class Mode(StrEnum):
    """How an operation runs: one writing transaction, one reading one, or several around a transfer of bytes."""

    COMMAND = "command"
    READ = "read"
    FLOW = "flow"


@dataclass(frozen=True, slots=True)
class Transfer(Generic[M]):
    """What the handler of an operation on raw bytes gets, beside the message made of path and query.

    :param chunks: the body. :param size: its announced length. :param range: the Range header.
    """

    message: M
    chunks: AsyncIterator[bytes]
    size: int | None
    media_type: str | None
    range: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation, maybe at several addresses.

    :param id: names it in logs and metrics, with ``mlflow.`` before it.
    :param path: below ``/api/{version}`` and ``/ajax-api/{version}``; the whole path when `versions` is empty.
    :param required: fields that may be neither absent nor empty.
    :param absent: MLflow's words for an object that is not there, with fields of the message in braces.
    :param raw: the handler gets a `Transfer`. :param status: of its answer; 204 has no body.
    :param largest: bytes of its JSON body.
    :param brief: it reads a handful of rows by their keys (`Executor.read`).
    :param placed: the handler gets our own address as the client wrote it, to make others out of.
    :param in_query: what is asked stands in the query, though the method could have a body.
    """

    id: str
    methods: tuple[str, ...]
    path: str
    permission: Permission
    mode: Mode
    handler: Callable[..., Any]
    message: type[Message]
    required: tuple[str, ...] = ()
    absent: str = ""
    versions: tuple[str, ...] = ("2.0",)
    raw: bool = False
    brief: bool = False
    status: int = 200
    in_query: bool = False
    placed: bool = False
    largest: int = JSON_LARGEST

    def addresses(self) -> list[str]:
        """Every path at which it answers."""
        if not self.versions:
            return [self.path]
        return [f"/{api}/{version}{self.path}" for version in self.versions for api in ("api", "ajax-api")]


Decorator = Callable[[Callable[..., Any]], Operation]


def command(id_: str, method: str, path: str, permission: Permission, message: type[Message], **rest: Any) -> Decorator:
    """Decorate a handler that writes in one transaction."""
    return _decorate(Mode.COMMAND, id_, (method,), path, permission, message, rest)


def read(id_: str, method: str, path: str, permission: Permission, message: type[Message], **rest: Any) -> Decorator:
    """Decorate a handler that reads on one snapshot; `method` may name two, as ``GET POST``."""
    return _decorate(Mode.READ, id_, tuple(method.split()), path, permission, message, rest)


def flow(id_: str, method: str, path: str, permission: Permission, message: type[Message], **rest: Any) -> Decorator:
    """Decorate an async handler of several transactions."""
    return _decorate(Mode.FLOW, id_, tuple(method.split()), path, permission, message, rest)


def _decorate(
    mode: Mode,
    id_: str,
    methods: tuple[str, ...],
    path: str,
    permission: Permission,
    message: type[Message],
    rest: dict[str, Any],
) -> Decorator:
    def make(handler: Callable[..., Any]) -> Operation:
        return Operation(
            id=id_,
            methods=methods,
            path=path,
            permission=permission,
            mode=mode,
            handler=handler,
            message=message,
            **rest,
        )

    return make

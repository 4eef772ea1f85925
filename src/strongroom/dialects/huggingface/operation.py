"""A route of the Hub's API as data: where it is, what it takes, which right it asks for."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from strongroom.application.artifacts.tickets import Ticket
from strongroom.domain.identity.roles import Permission

B = TypeVar("B")

#: Bytes of a body that is read whole. The greatest is a preupload of 256 files with samples of 512 bytes.
BODY_LARGEST = 4 * 1024 * 1024

#: Kind of an asset -> its segment in addresses of the API, and what stands before its name in those of files.
PLACES: Mapping[str, tuple[str, str]] = {
    "model": ("models", ""),
    "dataset": ("datasets", "datasets/"),
    "space": ("spaces", "spaces/"),
}


class Mode(StrEnum):
    """How an operation runs: one writing transaction, one reading one, or several around a transfer of bytes."""

    COMMAND = "command"
    READ = "read"
    FLOW = "flow"


class NoBody:
    """What an operation takes that reads no body."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[B]):
    """A request as handlers see it.

    :param base: the address that the client was given, without a slash at the end. :param origin: its scheme and host.
    :param here: the address of this request.
    :param kind: of the asset. :param namespace: slugs joined with ``/``. :param name: a slug.
    :param path: what else the address names. :param query: values by name.
    :param ticket: what a signed address says; the edge is then that of its token.
    """

    body: B
    base: str
    origin: str
    here: str
    method: str
    kind: str
    namespace: str
    name: str
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    range: str | None
    size: int | None
    chunks: AsyncIterator[bytes]
    ticket: Ticket | None = None

    def get(self, name: str) -> str | None:
        """The first value of a parameter of the query."""
        return next(iter(self.query.get(name, ())), None)

    def flag(self, name: str) -> bool:
        """Whether a parameter of the query says yes, as Python or JavaScript spells it."""
        return (self.get(name) or "").lower() in {"1", "true"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: JSON, unless `body` is None."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    :param id: names it in logs and metrics, with ``huggingface.`` before it.
    :param path: with ``{repo}`` it is an address for each kind; it begins with ``/api/{kinds}`` or with ``/{files}``.
    :param body: a msgspec struct; `NoBody` reads none, a handler that takes `chunks` does so itself.
    """

    id: str
    method: str
    path: str
    permission: Permission
    mode: Mode
    handler: Callable[..., Any]
    body: type[Any] = NoBody

    def addresses(self) -> list[tuple[str, str]]:
        """Kind and path of every place at which it answers."""
        if "{repo}" not in self.path:
            return [("", self.path)]
        path = self.path.replace("{repo}", "{ns}/{name}")
        return [
            (kind, path.replace("{kinds}", kinds).replace("{files}", files)) for kind, (kinds, files) in PLACES.items()
        ]


Decorator = Callable[[Callable[..., Any]], Operation]


def command(id_: str, method: str, path: str, permission: Permission, body: type[Any] = NoBody) -> Decorator:
    """Decorate a handler that writes in one transaction."""
    return _decorate(Mode.COMMAND, id_, method, path, permission, body)


def read(id_: str, method: str, path: str, permission: Permission, body: type[Any] = NoBody) -> Decorator:
    """Decorate a handler that reads on one snapshot."""
    return _decorate(Mode.READ, id_, method, path, permission, body)


def flow(id_: str, method: str, path: str, permission: Permission, body: type[Any] = NoBody) -> Decorator:
    """Decorate an async handler of several transactions."""
    return _decorate(Mode.FLOW, id_, method, path, permission, body)


def _decorate(mode: Mode, id_: str, method: str, path: str, permission: Permission, body: type[Any]) -> Decorator:
    def make(handler: Callable[..., Any]) -> Operation:
        return Operation(id=id_, method=method, path=path, permission=permission, mode=mode, handler=handler, body=body)

    return make

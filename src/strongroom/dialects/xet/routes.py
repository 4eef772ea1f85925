"""The route table of the Xet protocol, as data."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from strongroom.application.edge import Gateway
from strongroom.application.xet.tokens import PREFIX
from strongroom.dialects.xet import operations, shards
from strongroom.dialects.xet.pipeline import Handler, spoken_endpoint, with_session
from strongroom.domain.identity.roles import Permission

STORE: Final = PREFIX + "/{store}"

#: id, method, path below the store, permission, handler
OPERATIONS: Final[Sequence[tuple[str, str, str, Permission, Handler]]] = (
    ("xet.xorb.put", "POST", "/v1/xorbs/{prefix}/{hash}", Permission.VERSION_REGISTER, operations.put_xorb),
    ("xet.shard.put", "POST", "/v1/shards", Permission.VERSION_REGISTER, shards.put_v1),
    ("xet.shard.put.v2", "POST", "/v2/shards", Permission.VERSION_REGISTER, shards.put_v2),
    (
        "xet.reconstruction",
        "GET",
        "/v1/reconstructions/{hash}",
        Permission.VERSION_BYTES,
        operations.reconstruction_v1,
    ),
    (
        "xet.reconstruction.v2",
        "GET",
        "/v2/reconstructions/{hash}",
        Permission.VERSION_BYTES,
        operations.reconstruction_v2,
    ),
    ("xet.chunk", "GET", "/v1/chunks/{prefix}/{hash}", Permission.VERSION_REGISTER, operations.chunk),
)


@dataclass(frozen=True, slots=True)
class Route:
    """One address and method."""

    id: str
    method: str
    path: str
    permission: Permission
    endpoint: Callable[[Request], Awaitable[Response]]


def routes(gateway: Gateway) -> Sequence[Route]:
    """Every address of the protocol that is served."""
    fetching = spoken_endpoint(operations.Fetching(gateway).get)
    return [
        *(
            Route(id_, method, STORE + path, permission, with_session(gateway, permission, handler))
            for id_, method, path, permission, handler in OPERATIONS
        ),
        Route("xet.fetch", "GET", STORE + "/v1/fetch/{hash}", Permission.VERSION_BYTES, fetching),
    ]

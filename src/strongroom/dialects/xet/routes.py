"""The route table of the Xet protocol, as data."""

from collections.abc import Sequence
from typing import Final

from strongroom.application.edge import Gateway
from strongroom.application.xet.tokens import PREFIX
from strongroom.dialects.shared.routes import Route
from strongroom.dialects.xet import operations, shards
from strongroom.dialects.xet.pipeline import Endpoint, Handler, spoken_endpoint, with_session
from strongroom.dialects.xet.tokens import Tokens
from strongroom.domain.identity.roles import Permission

STORE: Final = PREFIX + "/{store}"
#: No store has this name.
TOKENS: Final = PREFIX + "/-/tokens"

#: id, method, path below the store, permission, handler
OPERATIONS: Final[Sequence[tuple[str, str, str, Permission, Handler]]] = (
    ("xet.xorb.put", "POST", "/v1/xorbs/{prefix}/{hash}", Permission.VERSION_REGISTER, operations.put_xorb),
    ("xet.xorb.grant", "POST", "/v1/xorb-grants/{prefix}/{hash}", Permission.VERSION_REGISTER, operations.grant_xorb),
    (
        "xet.xorb.take",
        "POST",
        "/v1/xorb-commits/{prefix}/{hash}/grant/{grant}",
        Permission.VERSION_REGISTER,
        operations.take_xorb,
    ),
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


def routes(gateway: Gateway) -> Sequence[Route]:
    """Every address of the protocol that is served; where no workspace stands in it, the CAS token says where."""
    fetching = spoken_endpoint(operations.Fetching(gateway).get)
    tokens = Tokens(gateway)
    return [
        _token("read", Permission.VERSION_BYTES, tokens.read),
        _token("write", Permission.VERSION_REGISTER, tokens.write),
        *(
            Route(id_, method, STORE + path, permission, with_session(gateway, permission, handler), scoped=False)
            for id_, method, path, permission, handler in OPERATIONS
        ),
        Route("xet.fetch", "GET", STORE + "/v1/fetch/{hash}", Permission.VERSION_BYTES, fetching, scoped=False),
    ]


def _token(kind: str, permission: Permission, endpoint: Endpoint) -> Route:
    path = f"{TOKENS}/{kind}/{{asset}}"
    return Route(f"xet.token.{kind}", "GET", path, permission, spoken_endpoint(endpoint))

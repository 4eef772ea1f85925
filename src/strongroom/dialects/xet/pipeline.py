"""From an HTTP request to one operation and back: opens the CAS token, makes the edge, speaks errors."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from strongroom.application.edge import Gateway, RequestEdge
from strongroom.application.xet.tokens import Session, opened
from strongroom.dialects.shared.requests import refuse_broken_query, refuse_encoded, request_id_of
from strongroom.dialects.xet.errors import refusal_of, spoken
from strongroom.domain.errors import DomainError, NotFound, Unauthenticated
from strongroom.domain.identity.roles import Permission

Endpoint = Callable[[HttpRequest], Awaitable[Response]]
Handler = Callable[[HttpRequest, RequestEdge, Session], Awaitable[msgspec.Struct | Response]]
_BEARER = "bearer "
NEEDS = "This needs a CAS token."


def spoken_endpoint(handle: Endpoint) -> Endpoint:
    """The endpoint with its errors in the client's words."""

    async def answer(http: HttpRequest) -> Response:
        try:
            refuse_encoded(http)
            refuse_broken_query(http)
            return await handle(http)
        except DomainError as error:
            return refusal_of(error)
        except ClientDisconnect:
            return spoken(400, "invalid", "The body ended early.")

    return answer


def with_session(gateway: Gateway, permission: Permission, handler: Handler) -> Endpoint:
    """The endpoint of an operation for holders of a CAS token."""

    async def handle(http: HttpRequest) -> Response:
        session = session_of(gateway, http)
        edge = RequestEdge(gateway, session.shown, session.workspace, request_id_of(http), None, permission)
        result = await handler(http, edge, session)
        if isinstance(result, Response):
            return result
        edge.must_have_asked()
        return Response(msgspec.json.encode(result), media_type="application/json")

    return spoken_endpoint(handle)


def session_of(gateway: Gateway, http: HttpRequest) -> Session:
    """What the CAS token of a request says.

    :raises Unauthenticated: there is none, or it is no token of this installation.
    :raises NotFound: it is for another store than the address names.
    """
    header = http.headers.get("authorization", "")
    if not header.lower().startswith(_BEARER):
        raise Unauthenticated(NEEDS)
    session = opened(gateway.sealer, header[len(_BEARER) :].strip())
    if session.store != http.path_params["store"]:
        raise NotFound("There is no such store any more; ask for a new token.")
    return session

"""From an HTTP request to one operation and back, in the Hub's shapes. Knows no operation by name."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from strongroom.application.artifacts import tickets
from strongroom.application.artifacts.tickets import Ticket
from strongroom.application.edge import Gateway, RequestEdge
from strongroom.application.identity.authentication import Shown
from strongroom.dialects.huggingface.errors import refusal_of, spoken
from strongroom.dialects.huggingface.operation import BODY_LARGEST, Answer, Asked, Mode, NoBody, Operation
from strongroom.dialects.huggingface.translate.names import Moved, slug_path
from strongroom.dialects.shared.requests import (
    announced_size,
    base_of,
    chunks_of,
    edge_of,
    refuse_broken_query,
    refuse_encoded,
    request_id_of,
    whole_body,
    workspace_in_path,
)
from strongroom.domain.errors import DomainError, Invalid

FORM = "application/x-www-form-urlencoded"
FIELDS_MOST = 2_000
Endpoint = Callable[[HttpRequest], Awaitable[Response]]


class Pipeline:
    """Runs operations for HTTP requests."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def endpoint(self, operation: Operation, kind: str) -> Endpoint:
        """The ASGI endpoint of one operation, for one kind of assets."""

        async def handle(http: HttpRequest) -> Response:
            try:
                return await self._answer(operation, kind, http)
            except Moved as moved:
                return _redirect(http, moved)
            except DomainError as error:
                about = bool(http.path_params.get("name"))
                return refusal_of(error, anonymous=about and "authorization" not in http.headers)
            except ClientDisconnect:
                return spoken(400, "The body ended early.")

        return handle

    async def _answer(self, operation: Operation, kind: str, http: HttpRequest) -> Response:
        refuse_encoded(http)
        refuse_broken_query(http)
        signed = http.path_params.get("ticket")
        ticket = tickets.opened(self._gateway.sealer, signed) if signed else None
        edge = self._edge(operation, http, ticket)
        asked = await _asked(operation, kind, http, ticket)
        result = await _run(operation, edge, asked)
        edge.must_have_asked()
        if isinstance(result, Response):
            return result
        answer = result if isinstance(result, Answer) else Answer(result)
        body = b"" if answer.body is None else msgspec.json.encode(answer.body)
        return Response(body, answer.status, dict(answer.headers), "application/json")

    def _edge(self, operation: Operation, http: HttpRequest, ticket: Ticket | None) -> RequestEdge:
        if ticket is None:
            return edge_of(self._gateway, http, operation.permission, workspace_in_path(http))
        session = Shown(ticket.token_id)
        return RequestEdge(self._gateway, session, ticket.workspace, request_id_of(http), declared=operation.permission)


async def _run(operation: Operation, edge: RequestEdge, asked: Asked[Any]) -> object:
    if operation.mode is Mode.COMMAND:
        return await edge.finish(lambda call: operation.handler(call, asked))
    if operation.mode is Mode.READ:
        return await edge.read(lambda call: operation.handler(call, asked))
    return await operation.handler(edge, asked)


async def _asked(operation: Operation, kind: str, http: HttpRequest, ticket: Ticket | None) -> Asked[Any]:
    path: dict[str, str] = dict(http.path_params)
    base = base_of(http)
    return Asked(
        body=await _body(operation, http),
        base=base,
        origin=base_of(http, workspace=False),
        here=base + _below_workspace(http),
        method=http.method,
        kind=kind,
        namespace=slug_path(path.pop("ns", "")),
        name=path.pop("name", ""),
        path=path,
        query=_query(http.scope["query_string"]),
        range=http.headers.get("range"),
        size=announced_size(http),
        chunks=chunks_of(http),
        ticket=ticket,
    )


def _below_workspace(http: HttpRequest) -> str:
    raw: str = http.scope["raw_path"].decode("ascii")
    return "/" + raw.split("/", 3)[3] if workspace_in_path(http) else raw


def _query(raw: bytes) -> Mapping[str, Sequence[str]]:
    try:
        return parse_qs(raw.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MOST)
    except ValueError:
        raise Invalid("The query has too many fields, or other than ASCII.", limit=FIELDS_MOST) from None


async def _body(operation: Operation, http: HttpRequest) -> object:
    if operation.body is NoBody:
        return NoBody()
    raw = await whole_body(http, BODY_LARGEST)
    media = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media == FORM:
            return msgspec.convert(_query(raw), operation.body)
        return msgspec.json.decode(raw or b"{}", type=operation.body)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise Invalid(f"The body is not what is expected: {error}"[:300]) from None


def _redirect(http: HttpRequest, moved: Moved) -> Response:
    """To the same address below the new name."""
    raw = http.scope["raw_path"].decode("ascii")
    before, _, after = raw.partition(f"/{moved.old}")
    query = http.scope["query_string"].decode("ascii")
    root = base_of(http, workspace=False)
    place = f"{root}{before}/{moved.new}{after}" + (f"?{query}" if query else "")
    return Response(status_code=307, headers={"Location": place})

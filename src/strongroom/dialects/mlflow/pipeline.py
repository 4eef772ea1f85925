"""From an HTTP request to one operation and back, in MLflow's shapes. Knows no operation by name."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.edge import Gateway, RequestEdge
from strongroom.dialects.mlflow.errors import Spoken, refusal_of, spoken
from strongroom.dialects.mlflow.imported import known_ids
from strongroom.dialects.mlflow.operation import Mode, Operation, Transfer
from strongroom.dialects.mlflow.translate.foreign import ids_in, with_ids
from strongroom.dialects.mlflow.wire.codec import Message, decode_body, decode_query, encode, missing
from strongroom.dialects.shared.files import file_response
from strongroom.dialects.shared.requests import (
    announced_size,
    chunks_of,
    edge_of,
    origin_of,
    refuse_broken_query,
    refuse_encoded,
    whole_body,
    workspace_in_path,
)
from strongroom.domain.errors import DomainError, Invalid, NotFound

JSON = "application/json"
NO_CONTENT = 204
WORKSPACE_HEADER = "x-mlflow-workspace"

Endpoint = Callable[[HttpRequest], Awaitable[Response]]


class Pipeline:
    """Runs operations for HTTP requests."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def endpoint(self, operation: Operation) -> Endpoint:
        """The ASGI endpoint of one operation."""

        async def handle(http: HttpRequest) -> Response:
            asked: list[Message] = []
            try:
                return await self._answer(operation, http, asked)
            except Spoken as error:
                return spoken(error.status, error.code, error.message)
            except DomainError as error:
                return refusal_of(error, absent=operation.absent.format_map(_shown(asked)) or None)
            except ClientDisconnect:
                return spoken(400, "BAD_REQUEST", "The body ended early.")

        return handle

    async def _answer(self, operation: Operation, http: HttpRequest, asked: list[Message]) -> Response:
        refuse_encoded(http)
        refuse_broken_query(http)
        message = await _message(operation, http)
        asked.append(message)
        for name in operation.required:
            if getattr(message, name) in (None, ""):
                raise missing(name)
        named = workspace_in_path(http) or http.headers.get(WORKSPACE_HEADER)
        edge = edge_of(self._gateway, http, operation.permission, named)
        result = await _found(operation, edge, http, message)
        edge.must_have_asked()
        if isinstance(result, Response):
            return result
        if isinstance(result, OpenFile):
            head = http.method == "HEAD"
            return await file_response(self._gateway.store, result, http.headers.get("range"), head=head)
        if operation.status == NO_CONTENT:
            return Response(status_code=NO_CONTENT)
        body = encode(result) if isinstance(result, Message) else b"{}"
        return Response(body, operation.status, media_type=JSON)


def _shown(asked: list[Message]) -> Mapping[str, Any]:
    """Fields for a sentence; what could not be read is shown as nothing."""
    return defaultdict(str, {name: getattr(one, name) for one in asked for name in one.__struct_fields__})


async def _found(operation: Operation, edge: RequestEdge, http: HttpRequest, message: Message) -> object:
    """Run an operation; when it names what is not here, once more with what ids of another MLflow mean here.

    So an id of ours costs nothing, and one of a run that was imported finds it.
    """
    try:
        return await _run(operation, edge, http, message)
    except NotFound:
        ids = ids_in(message)
        ours = await edge.read(lambda call: known_ids(call, ids)) if ids else {}
        if not ours:
            raise
    return await _run(operation, edge, http, with_ids(message, ours))


async def _run(operation: Operation, edge: RequestEdge, http: HttpRequest, message: Message) -> object:
    if operation.mode is Mode.COMMAND:
        return await edge.finish(lambda call: operation.handler(call, message))
    if operation.mode is Mode.READ:
        return await edge.read(lambda call: operation.handler(call, message), brief=operation.brief)
    if operation.placed:
        return await operation.handler(edge, message, origin_of(http))
    if not operation.raw:
        return await operation.handler(edge, message)
    headers = http.headers
    sent = Transfer(message, chunks_of(http), announced_size(http), headers.get("content-type"), headers.get("range"))
    return await operation.handler(edge, sent)


async def _message(operation: Operation, http: HttpRequest) -> Message:
    """What is asked, from query and address or from body and address."""
    if operation.raw or operation.in_query or http.method in {"GET", "HEAD"}:
        return decode_query(http.query_params.getlist, operation.message, http.path_params)
    raw = await whole_body(http, operation.largest)
    media = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and media != JSON:
        raise Invalid(f"Bad Request. Content-Type must be one of ['{JSON}'].")
    return decode_body(raw, operation.message, http.path_params)

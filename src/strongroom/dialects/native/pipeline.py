"""From an HTTP request to one operation and back: decode, run at the edge, encode. Knows no operation by name."""

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from strongroom.application.artifacts.reading import OpenFile
from strongroom.application.edge import AnsweredBefore, Gateway, Once
from strongroom.application.ports.audit import Remembered
from strongroom.dialects.native.errors import STATUS, TITLES
from strongroom.dialects.native.operation import Mode, Operation, Request, TextAnswer
from strongroom.dialects.shared.files import file_response
from strongroom.dialects.shared.refusals import with_headers
from strongroom.dialects.shared.requests import (
    announced_size,
    chunks_of,
    edge_of,
    refuse_broken_query,
    refuse_encoded,
    request_id_of,
    whole_body,
    workspace_in_path,
)
from strongroom.domain.audit.receipt import issue
from strongroom.domain.errors import (
    DomainError,
    Invalid,
)

log = logging.getLogger(__name__)

JSON = "application/json"
PROBLEM = "application/problem+json"
_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"')
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
#: A command of many records (a batch of aliases) gets receipts for the first of them; the log holds them all.
RECEIPTS_MOST = 8
#: nginx and its like would hold back the lines of a stream until they have enough of them.
_STREAMED = {"X-Accel-Buffering": "no"}
_encoder = msgspec.json.Encoder(enc_hook=dict)


def problem(status: int, code: str, detail: str, request_id: str | None, details: Mapping[str, Any]) -> Response:
    """An error as RFC 9457 problem+json."""
    body = {
        "type": f"urn:strongroom:problem:{code}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    body |= {name: value for name, value in details.items() if name not in body}
    return Response(json.dumps(body, default=str).encode(), status, media_type=PROBLEM)


def problem_of(error: DomainError, request_id: str | None) -> Response:
    """A domain error as a problem, by the one table."""
    status = STATUS[type(error)]
    return with_headers(problem(status, error.code, error.message, request_id, error.details), error, "Bearer")


class Pipeline:
    """Runs operations for HTTP requests. The answer of a command carries a signed receipt of its audit record."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def endpoint(self, operation: Operation) -> Callable[[HttpRequest], Any]:
        """The ASGI endpoint of one operation."""

        async def handle(http: HttpRequest) -> Response:
            request_id = request_id_of(http)
            try:
                return await self._answer(operation, http)
            except AnsweredBefore as before:
                headers = {**json.loads(before.answer.headers), "Idempotent-Replayed": "true"}
                return Response(before.answer.body, before.answer.status, headers)
            except DomainError as error:
                return problem_of(error, request_id)
            except ClientDisconnect:
                return problem(400, "invalid", "The body ended early.", request_id, {})

        return handle

    async def _answer(self, operation: Operation, http: HttpRequest) -> Response:
        refuse_encoded(http)
        raw = await whole_body(http, operation.body_largest) if operation.body is not None else b""
        request = _decode(operation, http, raw)
        named = workspace_in_path(http) or http.headers.get("strongroom-workspace")
        edge = edge_of(self._gateway, http, operation.permission, named, _once(operation, http, raw))
        if operation.mode is Mode.FLOW:
            result = await operation.handler(edge, request)
        elif operation.mode is Mode.COMMAND:
            result = await edge.finish(lambda call: operation.handler(call, request))
        else:
            result = await edge.read(lambda call: operation.handler(call, request), brief=operation.brief)
        edge.must_have_asked()
        response = await self._encode(operation, request, result, head=http.method == "HEAD")
        for record in edge.records[:RECEIPTS_MOST]:
            receipt = issue(record.uid, bytes.fromhex(record.hash), self._gateway.keys.current)
            response.headers.append("Strongroom-Receipt", str(receipt))
        return response

    async def _encode(
        self, operation: Operation, request: Request[Any, Any], result: object, *, head: bool
    ) -> Response:
        if isinstance(result, OpenFile):
            return await file_response(self._gateway.store, result, request.range, head=head)
        if isinstance(result, TextAnswer):
            return StreamingResponse(result.chunks, headers=_STREAMED, media_type=result.media_type)
        if operation.answer is None:
            return Response(status_code=204)
        return Response(_encoder.encode(result), operation.status, _headers(result), JSON)


def _headers(result: object) -> dict[str, str]:
    etag = getattr(result, "etag", None)
    return {"ETag": f'"{etag}"'} if isinstance(etag, int) else {}


def _once(operation: Operation, http: HttpRequest, raw: bytes) -> Once | None:
    key = http.headers.get("idempotency-key")
    if key is None or operation.mode is Mode.READ or operation.method == "GET":
        return None
    if not operation.repeats:
        raise Invalid("This operation takes no idempotency key: its answer is not kept.")
    if not _KEY.fullmatch(key):
        raise Invalid("An idempotency key is 1 to 255 visible ASCII characters.")
    what = "\0".join((operation.id, http.url.path, http.url.query, http.headers.get("if-match", "")))
    digest = hashlib.sha256(what.encode() + b"\0" + raw).hexdigest()

    def remember(result: object) -> Remembered:
        if operation.answer is None:
            return Remembered(digest, 204, "{}", b"")
        headers = {"content-type": JSON, **_headers(result)}
        return Remembered(digest, operation.status, json.dumps(headers), _encoder.encode(result))

    return Once(key, digest, remember)


def _decode(operation: Operation, http: HttpRequest, raw: bytes) -> Request[Any, Any]:
    refuse_broken_query(http)
    query = http.query_params
    if len(query.multi_items()) > len(query):
        raise Invalid("A query parameter stands twice.")
    try:
        params = msgspec.convert({**query, **http.path_params}, operation.params, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"Bad parameter: {error}") from error
    body: object = None
    if operation.body is bytes:
        body = raw
    elif operation.body is not None:
        body = _json(operation, http, raw)
    return Request(
        params=params,
        body=body,
        etag=_if_match(http.headers.get("if-match")),
        chunks=chunks_of(http) if operation.raw_body and operation.body is None else None,
        size=announced_size(http),
        media_type=http.headers.get("content-type"),
        range=http.headers.get("range"),
        resume=http.headers.get("last-event-id"),
    )


def _json(operation: Operation, http: HttpRequest, raw: bytes) -> object:
    media = http.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media != JSON:
        raise Invalid("The body is JSON: send Content-Type: application/json.")
    try:
        return msgspec.json.decode(raw or b"{}", type=operation.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"Bad body: {error}") from error


def _if_match(header: str | None) -> int | None:
    if header is None or header.strip() == "*":
        return None
    found = _ETAG.fullmatch(header.strip())
    if found is None:
        raise Invalid('If-Match is an ETag as it was sent, such as "3", or *.')
    return int(found[1])

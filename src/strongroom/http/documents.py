"""The native API's OpenAPI document and its page for people; made when first asked for, then kept as bytes."""

from functools import cache

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from strongroom.dialects.native.routes import OPERATIONS, PREFIX

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@cache
def _document() -> bytes:
    from strongroom.dialects.native.openapi import document

    return msgspec.json.encode(document(OPERATIONS, PREFIX))


@cache
def _page() -> str:
    from strongroom.dialects.native.docs import page

    return page(msgspec.json.decode(_document()))


async def openapi(_request: Request) -> Response:
    """OpenAPI 3.1 as JSON."""
    return Response(_document(), media_type="application/json")


async def docs(_request: Request) -> Response:
    """The same for people, without a script and without anything from other servers."""
    return HTMLResponse(_page(), headers={"Content-Security-Policy": _POLICY})


async def docs_style(_request: Request) -> Response:
    """The style sheet of the page."""
    from strongroom.dialects.native.docs import STYLE

    return Response(STYLE, media_type="text/css")

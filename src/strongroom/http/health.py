"""Probes and metrics for the machines that watch the server."""

import os
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from strongroom.dialects.native.pipeline import problem_of
from strongroom.domain.errors import DomainError


async def alive(_request: Request) -> Response:
    """The process answers; says nothing of what it needs."""
    return PlainTextResponse("ok\n")


class Readyz:
    """The answer to whether requests can be answered now.

    :param ready: raises a domain error when not.
    """

    def __init__(self, ready: Callable[[], Awaitable[None]]) -> None:
        self._ready = ready

    async def get(self, request: Request) -> Response:
        """200, or 503 with the reason."""
        try:
            await self._ready()
        except DomainError as error:
            response = problem_of(error, request.scope["state"].get("request_id"))
            response.status_code = 503
            return response
        return JSONResponse({"ready": True})


async def metrics(_request: Request) -> Response:
    """Prometheus's text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):  # one of several workers answers for all
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

"""The first page: whether the server is set up and well, and where to go from here."""

from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from strongroom.application.edge import Gateway
from strongroom.domain.errors import DomainError
from strongroom.web.page import page

_STYLE = Path(__file__).with_name("style.css")

_BODY = """<h1>Model registry</h1>
<p>{state}</p>
<dl>
<dt>Database</dt><dd>{database}</dd>
<dt>Version</dt><dd>{version}</dd>
<dt>Probes</dt><dd><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a></dd>
<dt>API</dt><dd><a href="/docs">Documentation</a>, <a href="/api/v1/openapi.json">OpenAPI 3.1</a></dd>
</dl>
<h2>First steps</h2>
<pre>export STRONGROOM_URL={origin}
export STRONGROOM_TOKEN=sr_…
strongroom push ./model churn --alias champion
strongroom pull churn@champion</pre>
"""
_READY = "This server is set up. Everything here is also a command: <code>strongroom --help</code>."
_NEW = """This server has no user yet. Open the set-up link that it printed when it started, or make a new one with
<code>strongroom admin setup-link --data DIR</code>."""
_WELL = '<span class="good">✓ answers</span>'
_ILL = '<span class="bad">✗ does not answer; see the server\'s log</span>'


class HomePage:
    """``/``; says nothing that a stranger may not know."""

    def __init__(self, gateway: Gateway, version: str) -> None:
        self._gateway = gateway
        self._version = version

    async def get(self, request: Request) -> Response:
        """The page."""
        try:
            ready = await self._gateway.executor.read(lambda tx: tx.principals.any_user())
            well = True
        except DomainError:
            ready, well = True, False
        origin = f"{request.url.scheme}://{request.url.netloc}"
        body = _BODY.format(
            state=_READY if ready else _NEW,
            database=_WELL if well else _ILL,
            version=escape(self._version),
            origin=escape(origin),
        )
        return page("Strongroom", body, 200 if well else 503)


async def style(_request: Request) -> Response:
    """The style sheet of all pages."""
    return Response(_STYLE.read_bytes(), media_type="text/css", headers={"Cache-Control": "max-age=3600"})

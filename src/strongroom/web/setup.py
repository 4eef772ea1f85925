"""The set-up link: a form for the first admin's name and password; the answer shows its token, once."""

import asyncio
import re
from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from strongroom.application.edge import Gateway
from strongroom.application.identity import setup
from strongroom.application.identity.setup import FirstAdmin
from strongroom.domain.errors import AlreadyExists, Conflict, Invalid, Unauthenticated
from strongroom.web.page import page

_FORM_LARGEST: Final = 16 * 1024
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{20,128}")

_FORM = """<h1>Set up this server</h1>
<p>Make the first user. It administers the whole server, and can make others.</p>
{problem}
<form method="post" action="/setup" autocomplete="off">
<input type="hidden" name="code" value="{code}">
<label for="name">Name</label>
<input id="name" name="name" value="{name}" required maxlength="255" autocomplete="username" autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" required minlength="12" autocomplete="new-password">
<p class="hint">At least 12 characters.</p>
<button type="submit">Create the admin</button>
</form>
"""
_DONE = """<h1>{name} administers this server</h1>
<p>This is your token. It is shown this once and works for 12 hours; make lasting ones with
<code>strongroom token create</code>.</p>
<pre class="token">{token}</pre>
<h2>Next</h2>
<pre>export STRONGROOM_URL={origin}
export STRONGROOM_TOKEN={token}
strongroom whoami</pre>
"""
_REFUSED = """<h1>This link does not work</h1>
<p class="bad">✗ {problem}</p>
<p>Make a new one with <code>strongroom admin setup-link --data DIR</code>; it works while there is no user.</p>
"""


class SetupPages:
    """``/setup``."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def form(self, request: Request) -> Response:
        """The form, for whoever has the code."""
        code = request.query_params.get("code", "")
        try:
            await self._check(code)
        except Unauthenticated as error:
            return page("Set up", _REFUSED.format(problem=escape(error.message)), 401)
        return page("Set up", _FORM.format(code=escape(code), name="", problem=""))

    async def complete(self, request: Request) -> Response:
        """Make the admin."""
        if not _same_origin(request):
            return page("Set up", _REFUSED.format(problem="The form was sent from another site."), 403)
        fields: dict[str, str] = {}
        try:
            fields = await _fields(request)
            made = await self._make(fields)
        except Unauthenticated as error:
            return page("Set up", _REFUSED.format(problem=escape(error.message)), 401)
        except (Invalid, Conflict, AlreadyExists) as error:
            code, name = escape(fields.get("code", "")), escape(fields.get("name", ""))
            problem = f'<p class="bad">✗ {escape(error.message)}</p>'
            return page("Set up", _FORM.format(code=code, name=name, problem=problem), 400)
        origin = escape(f"{request.url.scheme}://{request.url.netloc}")
        token = escape(made.issued.token.text)
        return page("Set up", _DONE.format(name=escape(made.principal.name), token=token, origin=origin))

    async def _make(self, fields: Mapping[str, str]) -> FirstAdmin:
        code, name, password = (fields.get(key, "") for key in ("code", "name", "password"))
        await self._check(code)
        hashed = await asyncio.to_thread(self._gateway.hasher.hash, password)
        return await self._gateway.executor.command(lambda tx: setup.complete(tx, code, name, hashed))

    async def _check(self, code: str) -> None:
        if not _CODE.fullmatch(code):
            raise Unauthenticated(setup.REFUSED)
        await self._gateway.executor.read(lambda tx: setup.check(tx, code))


def _same_origin(request: Request) -> bool:
    """Whether a form comes from our own page: browsers say so in Origin; what says nothing is no browser."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form.

    :raises Invalid: too large, or not a form.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_LARGEST:
            raise Invalid("The form is too large.", limit=_FORM_LARGEST)
    try:
        parsed = parse_qs(body.decode(), max_num_fields=10, keep_blank_values=True)
    except ValueError as error:
        raise Invalid("That is not a form.") from error
    return {key: values[0] for key, values in parsed.items()}

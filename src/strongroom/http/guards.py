"""What no request gets past: a wrong Host, an endless address, a flood of headers; and headers on every answer."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strongroom.http.problems import refusal_at

URL_LONGEST: Final = 8 * 1024
HEADERS_MOST: Final = 100
HEADERS_LARGEST: Final = 32 * 1024
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

#: Probes come by address, from machines that know no name of ours, and learn nothing.
ANY_HOST: Final = frozenset({"/healthz", "/readyz"})

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_ADDED: Final = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


class _HeadDone(Exception):
    """Ends the application's work on a HEAD once its headers are out, so that no file is read for nobody."""


class Guards:
    """See the module.

    :param hosts: names that a Host header may have; ``*`` allows all.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        answer = self._refusal(scope)
        guarded = _Sender(scope["method"], send)
        try:
            await (answer or self._app)(scope, receive, guarded)
        except _HeadDone:
            return

    def _refusal(self, scope: Scope) -> Response | None:
        request_id, path = scope["state"].get("request_id"), scope["path"]
        raw = scope.get("raw_path") or scope["path"].encode()
        if len(raw) + len(scope["query_string"]) > URL_LONGEST:
            return refusal_at(path, 414, "too_large", f"An address has at most {URL_LONGEST} bytes.", request_id)
        if not is_text(raw):
            detail = "An address is UTF-8, percent-encoded, without control characters."
            return refusal_at(path, 400, "bad_path", detail, request_id)
        headers = scope["headers"]
        if len(headers) > HEADERS_MOST or sum(len(k) + len(v) for k, v in headers) > HEADERS_LARGEST:
            return refusal_at(path, 431, "too_large", f"At most {HEADERS_MOST} headers of 32 KiB in all.", request_id)
        if scope["path"] not in ANY_HOST and not self._knows([v for k, v in headers if k == b"host"]):
            detail = "This server does not answer to that Host name; the operator allows names with --allowed-host."
            return refusal_at(path, 400, "invalid", detail, request_id)
        return None

    def _knows(self, hosts: list[bytes]) -> bool:
        if "*" in self._hosts:
            return True
        if len(hosts) != 1:
            return False
        return host_name(hosts[0].decode("latin-1")) in self._hosts


def is_text(raw_path: bytes) -> bool:
    """Whether a path is UTF-8 without control characters once its escapes are decoded.

    What is not UTF-8 would be routed with replacement characters, so that two addresses become one; a line feed at
    the end would be lost, since a regular expression's ``$`` looks past it.
    """
    try:
        path = (unquote_to_bytes(raw_path) if b"%" in raw_path else raw_path).decode()
    except UnicodeDecodeError:
        return False
    return _CONTROL.search(path) is None


def host_name(header: str) -> str:
    """The name in a Host header, in lower case, without port and without an IPv6 address's brackets."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


class _Sender:
    """Sends an answer on with the security headers that it does not set itself, and a HEAD's without its body."""

    def __init__(self, method: str, send: Send) -> None:
        self._head = method == "HEAD"
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            said = {name.lower() for name, _ in headers}
            message["headers"] = headers + [header for header in _ADDED if header[0] not in said]
        elif self._head and message["type"] == "http.response.body":
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            raise _HeadDone
        await self._send(message)

"""What every dialect does with an HTTP request before it knows what is asked: bound it, and make its edge."""

import re
from collections.abc import AsyncIterator
from urllib.parse import unquote_to_bytes

from starlette.requests import Request as HttpRequest

from strongroom.application.edge import Gateway, Once, RequestEdge
from strongroom.domain.errors import Invalid, TooLarge, Unauthenticated
from strongroom.domain.identity.roles import Permission
from strongroom.domain.identity.tokens import from_authorization

_LENGTH = re.compile(r"[0-9]{1,19}")


def request_id_of(http: HttpRequest) -> str | None:
    """The id that the outermost layer gave the request."""
    found: str | None = http.scope.get("state", {}).get("request_id")
    return found


def workspace_in_path(http: HttpRequest) -> str | None:
    """The workspace that stands in the address (``/w/{workspace}/...``)."""
    found: str | None = http.scope.get("state", {}).get("workspace")
    return found


def origin_of(http: HttpRequest) -> str:
    """Scheme and authority of our address as the client wrote it, whose Host the guards know.

    A proxy that ends TLS says so in ``X-Forwarded-Proto``; nobody but the client itself is misled by a false one.
    """
    forwarded = http.headers.get("x-forwarded-proto", "").strip().lower()
    scheme = forwarded if forwarded in {"http", "https"} else http.url.scheme
    return f"{scheme}://{http.headers.get('host', '')}"


def edge_of(
    gateway: Gateway, http: HttpRequest, permission: Permission, workspace: str | None, once: Once | None = None
) -> RequestEdge:
    """The edge of a request: its credential, parsed and not yet believed, and the workspace that it names.

    :param permission: what the route declares. What is public (login, probes) happens in no workspace.
    :raises Unauthenticated: a credential came that cannot be one; it is never treated as if none had been sent.
    """
    header = http.headers.get("authorization", "")
    token = from_authorization(header)
    if header and token is None:
        raise Unauthenticated("The credential is not a Strongroom token.")
    if token is not None:
        http.scope["state"]["token_id"] = token.id
    where = None if permission is Permission.PUBLIC else workspace
    return RequestEdge(gateway, token, where, request_id_of(http), once, permission)


def refuse_encoded(http: HttpRequest) -> None:
    """Bodies are taken as they are: nothing is unpacked, and nothing packed is stored as if it were the file."""
    if http.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Invalid("Send the body as it is, without Content-Encoding.")


def refuse_broken_query(http: HttpRequest) -> None:
    """A query whose escapes are not UTF-8 is refused, as such a path is before it gets here.

    :raises Invalid: over-long forms (``%c0%ae``), lone surrogates, cut sequences.
    """
    query: bytes = http.scope["query_string"]
    try:
        (unquote_to_bytes(query) if b"%" in query else query).decode()
    except UnicodeDecodeError:
        raise Invalid("The query holds escapes that are not UTF-8.") from None


def announced_size(http: HttpRequest) -> int | None:
    """The length of the body that the client announced; None when it did not, or no length."""
    announced = http.headers.get("content-length", "")
    return int(announced) if _LENGTH.fullmatch(announced) else None


async def whole_body(http: HttpRequest, limit: int) -> bytes:
    """The whole body, bounded.

    :raises TooLarge: it is above the limit, announced or not.
    """
    if (announced_size(http) or 0) > limit:
        raise TooLarge(f"The body is at most {limit} bytes.", limit=limit)
    chunks: list[bytes] = []
    total = 0
    async for chunk in http.stream():
        total += len(chunk)
        if total > limit:
            raise TooLarge(f"The body is at most {limit} bytes.", limit=limit)
        chunks.append(chunk)
    return b"".join(chunks)


async def chunks_of(http: HttpRequest) -> AsyncIterator[bytes]:
    """The raw body as it comes in."""
    async for chunk in http.stream():
        if chunk:
            yield chunk


def base_of(http: HttpRequest, *, workspace: bool = True) -> str:
    """The address that the client was given, as far as its request tells; a proxy that ends TLS says so.

    :param workspace: with ``/w/{workspace}`` where that was asked.
    """
    forwarded = http.headers.get("x-forwarded-proto", "").lower()
    scheme = forwarded if forwarded in {"http", "https"} else http.url.scheme
    base = f"{scheme}://{http.headers.get('host', '')}"
    here = workspace_in_path(http) if workspace else None
    return f"{base}/w/{here}" if here else base

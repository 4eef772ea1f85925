"""HTTP to an MLflow server that is read: signs in as MLflow's client does, bounds what it reads, sees through loops."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from strongroom import __version__
from strongroom.sdk.imports.source import SourceError

if TYPE_CHECKING:
    from urllib3 import PoolManager
    from urllib3.response import BaseHTTPResponse

ANSWER_LARGEST = 256 * 1024 * 1024
"""Bytes of one JSON answer."""
EMPTY_MOST = 100
"""Pages without a row that follow one another."""
BLOCK = 1024 * 1024
_ABSENT = 404


class Absent(SourceError):
    """The server has no such object, or no such endpoint."""

    default_code = "absent"


class MlflowHttp:
    """Requests to one tracking server.

    Signs in with MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, as MLflow's client;
    MLFLOW_WORKSPACE, MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH are honoured. Redirects are not
    followed: they would carry the credential elsewhere.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SourceError(f"{uri!r} is no address of a server.")
        netloc = parts.netloc.rpartition("@")[2]
        self.url = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
        self._headers = {"User-Agent": f"strongroom/{__version__}", **_credential(parts.username, parts.password)}
        if workspace := os.environ.get("MLFLOW_WORKSPACE"):
            self._headers["X-MLFLOW-WORKSPACE"] = workspace
        self._pool = _pool()

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def get(self, path: str, /, **query: object) -> dict[str, Any]:
        """A JSON object. :raises Absent: 404. :raises SourceError: anything else but such an object."""
        return self._json(self._send("GET", path + _query(query)))

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """The same of a POST."""
        return self._json(self._send("POST", path, json.dumps(body).encode()))

    def pages(
        self, path: str, rows: str, fields: Mapping[str, object], *, post: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        """The rows of a listing, page after page. :raises SourceError: the pages turn in a circle, or never end."""
        token: str | None = None
        tokens: set[bytes] = set()
        last, empty = b"", 0
        while True:
            asked = {**fields, **({"page_token": token} if token else {})}
            answer = self.post(path, asked) if post else self.get(path, **asked)
            found = [row for row in _list(answer.get(rows)) if isinstance(row, dict)]
            yield found
            token = answer.get("next_page_token") or None
            if token is None:
                return
            same = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).digest() if found else b""
            mark = hashlib.sha256(str(token).encode(errors="replace")).digest()
            empty = 0 if found else empty + 1
            if mark in tokens or (found and same == last) or empty > EMPTY_MOST:
                raise SourceError(f"The pages of {path} turn in a circle.", details={"path": path})
            tokens.add(mark)
            last = same

    def download(self, path: str, target: Path, size: int | None, /, **query: object) -> None:
        """Write the bytes of an answer to a file. :raises OSError: they do not come, or are more than was said."""
        response = self._send("GET", path + _query(query), stream=True)
        length = 0
        try:
            with target.open("wb") as out:
                while block := response.read(BLOCK):
                    length += len(block)
                    if size is not None and length > size:
                        raise OSError(f"the server said {size} bytes and sends more")
                    out.write(block)
        except Exception as error:
            if isinstance(error, OSError):
                raise
            raise OSError(f"the answer ended early: {error}") from error
        finally:
            response.close()
            response.release_conn()
        if size is not None and length != size:
            raise OSError(f"the server said {size} bytes and sent {length}")

    def _send(self, method: str, path: str, body: bytes | None = None, *, stream: bool = False) -> "BaseHTTPResponse":
        from urllib3.exceptions import HTTPError

        headers = {**self._headers, **({"Content-Type": "application/json"} if body is not None else {})}
        try:
            response = self._pool.request(
                method, self.url + path, body=body, headers=headers, redirect=False, preload_content=False
            )
        except HTTPError as error:
            raise SourceError(f"{self.url} does not answer: {error}") from error
        if response.status == 200:  # noqa: PLR2004 - the one status of success that MLflow has
            return response
        said = response.read(4096).decode(errors="replace")
        response.release_conn()
        kind = Absent if response.status == _ABSENT else SourceError
        if stream:
            raise OSError(f"the server answered {response.status}")
        raise kind(f"{self.url} answered {response.status} to {path.partition('?')[0]}: {_message(said)}")

    def _json(self, response: "BaseHTTPResponse") -> dict[str, Any]:
        raw = b""
        try:
            raw = response.read(ANSWER_LARGEST + 1)
            answer = json.loads(raw or b"{}")
        except Exception as error:
            raise SourceError(f"{self.url} does not answer as MLflow: {error}") from error
        finally:
            response.release_conn()
        if len(raw) > ANSWER_LARGEST or not isinstance(answer, dict):
            raise SourceError(f"{self.url} does not answer as MLflow.")
        return answer


def segments(path: str) -> str:
    """A path as it stands in an address."""
    return quote(path, safe="/")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _query(fields: Mapping[str, object]) -> str:
    given = {name: value for name, value in fields.items() if value is not None}
    return f"?{urlencode(given, doseq=True)}" if given else ""


def _message(said: str) -> str:
    try:
        return str(json.loads(said)["message"])[:500]
    except (ValueError, KeyError, TypeError):
        return said[:200]


def _credential(user: str | None, password: str | None) -> dict[str, str]:
    from urllib3.util import make_headers

    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    name = os.environ.get("MLFLOW_TRACKING_USERNAME") or user
    secret = os.environ.get("MLFLOW_TRACKING_PASSWORD") or password
    if name and secret:
        return make_headers(basic_auth=f"{name}:{secret}")
    return {"Authorization": f"Bearer {token}"} if token else {}


def _pool() -> "PoolManager":
    from urllib3 import PoolManager, Retry, Timeout

    retry = Retry(total=5, backoff_factor=0.3, status_forcelist=(429, 502, 503, 504), allowed_methods=None)
    checked: dict[str, Any] = {}
    if path := os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH"):
        checked = {"ca_certs": path}
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() == "true":
        checked = {"cert_reqs": "CERT_NONE"}
    return PoolManager(maxsize=8, retries=retry, timeout=Timeout(connect=10, read=120), **checked)

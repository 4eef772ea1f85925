"""Addresses of webhooks: their form only. Where a name leads is decided when it is resolved, at each delivery."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from strongroom.domain.errors import Invalid

LONGEST: Final = 2_000
_PORTS: Final = {"http": 80, "https": 443}
_FIRST_FREE_PORT: Final = 1_024
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})|[0-9A-Fa-f:.]{2,45}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address taken apart. `host` has no brackets, `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority: an address without what may be secret in it."""
        return f"{self.scheme}://{self.authority}"


def parse_endpoint(url: str) -> Endpoint:
    """The parts of a webhook's address.

    :raises Invalid: not http or https, no host, a user or password, a fragment, a sign that is not visible ASCII, or
        a port below 1024 other than 80 and 443.
    """
    if len(url) > LONGEST or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise Invalid(f"An address is at most {LONGEST} visible ASCII characters; percent-encode the rest.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid("The address is no URL.") from None
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host):
        raise Invalid("The address of a webhook is https://host/path or http://host/path.")
    if "@" in parts.netloc or parts.fragment:
        raise Invalid("The address of a webhook has no user, password or fragment.")
    if port is None:
        port = _PORTS[parts.scheme]
    if port < _FIRST_FREE_PORT and port not in _PORTS.values():
        raise Invalid("The port of a webhook is 80, 443, or 1024 and above.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host, port, target)

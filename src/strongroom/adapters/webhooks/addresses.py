"""Which addresses a webhook may lead to: those of the public internet, and what the operator allows by name.

IPv6 is a list of what is allowed (2000::/3, the only range given out), so everything that maps an IPv4 address, is
local or has no meaning yet is outside it: ::ffff:0:0/96, ::/96, 64:ff9b::/96, fc00::/7, fe80::/10, ff00::/8.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from strongroom.domain.errors import Invalid

Network: TypeAlias = IPv4Network | IPv6Network

_GIVEN_OUT: Final = IPv6Network("2000::/3")
_NOT_6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4: holds any IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_NOT_4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks that the operator allows, as CIDR. :raises Invalid: one is none."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise Invalid(f"An allowed network is a CIDR such as 10.1.0.0/16: {error}.") from error


def is_allowed(text: str, allowed: Iterable[Network] = ()) -> bool:
    """Whether a request may go to this address, numeric as the resolver gave it."""
    if "%" in text:  # a zone: link-local
        return False
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if address.version == 4:  # noqa: PLR2004 - IP's own number
        return not any(address in network for network in _NOT_4)
    return address in _GIVEN_OUT and not any(address in network for network in _NOT_6)

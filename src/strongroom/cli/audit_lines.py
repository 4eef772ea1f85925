"""Records of the log as other systems take them: JSON lines, and syslog (RFC 5424)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from strongroom.sdk.identity_models import Followed

Format = Literal["jsonl", "syslog"]
DATAGRAM_MOST: Final = 60_000
"""Bytes of a message over UDP; a longer record goes without its details."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOG_AUDIT: Final = 13
"""The facility of RFC 5424, 6.2.1."""
_SEVERITY: Final = {"refused": 4}
_NOTICE: Final = 5
_HOST_MOST, _MSGID_MOST = 255, 32


def content(one: Followed, origin: str) -> dict[str, Any]:
    """A record's fields with its number, its leaf hash and the name of the log.

    A row that somebody edited into something else is passed on as `unreadable`: it is not swallowed.
    """
    where = {"origin": origin, "leaf": one.leaf, "hash": one.hash}
    try:
        record = json.loads(one.record)
    except (ValueError, RecursionError):
        record = None
    return {**record, **where} if isinstance(record, dict) else {"unreadable": one.record, **where}


def json_line(said: Mapping[str, Any]) -> bytes:
    """One line of ASCII, without its line feed."""
    return json.dumps(said, separators=(",", ":"), sort_keys=True).encode("ascii")


def syslog(said: Mapping[str, Any], host: str) -> bytes:
    """A message of RFC 5424: facility 13 (log audit), severity 4 for refusals and 5 else, the JSON as its text.

    :param host: as HOSTNAME; what may not stand there is left out.
    """
    severity = _SEVERITY.get(str(said.get("outcome")), _NOTICE)
    name = _printable(host, _HOST_MOST)
    action = _printable(str(said.get("action", "")), _MSGID_MOST)
    head = f"<{_LOG_AUDIT * 8 + severity}>1 {_time(said.get('recorded_at'))} {name} strongroom - {action} - "
    return head.encode("ascii") + json_line(said)


def datagram(said: Mapping[str, Any], host: str) -> bytes:
    """The same, never longer than `DATAGRAM_MOST`: details that do not fit are left out, and that is said."""
    whole = syslog(said, host)
    if len(whole) <= DATAGRAM_MOST:
        return whole
    short = {name: value for name, value in said.items() if name not in ("details", "unreadable")}
    return syslog({**short, "left_out": len(whole)}, host)


def _time(recorded_at: object) -> str:
    if type(recorded_at) is not int or not 0 <= recorded_at < 2**53:
        return "-"
    return f"{_EPOCH + timedelta(microseconds=recorded_at):%Y-%m-%dT%H:%M:%S.%f}Z"


def _printable(text: str, most: int) -> str:
    return "".join(sign for sign in text if "!" <= sign <= "~")[:most] or "-"

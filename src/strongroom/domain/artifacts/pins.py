"""Pins of references: what fixes the content of something elsewhere, and whether it still is that (domain.md N5).

``sha256:<64 hex>``, ``md5:<32 hex>``, ``crc32c:<base64>``, ``etag:<text>``; any other text is an ETag as it stands.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_PIN: Final = re.compile(r"(sha256|md5|crc32c|etag):(.+)")
_HEX: Final = {"sha256": re.compile(r"[0-9a-f]{64}"), "md5": re.compile(r"[0-9a-f]{32}")}
_REPR: Final = re.compile(r"(sha-256|md5)=:?([A-Za-z0-9+/=]+):?", re.IGNORECASE)
_GOOG: Final = re.compile(r"(crc32c|md5)=([A-Za-z0-9+/=]+)")


class Verdict(StrEnum):
    """What a look at a reference came to.

    `UNKNOWN`: it is there with the size it had, but its server does not tell what the pin is of; fetching it does.
    """

    OK = "ok"
    DRIFTED = "drifted"
    UNREACHABLE = "unreachable"
    UNPINNED = "unpinned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin taken apart."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What the place says of an object now: its size, and its digests by algorithm, as `parse_pin` writes them."""

    size: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


def parse_pin(text: str) -> Pin:
    """The parts of a pin; hex digits in lower case, an ETag without quotes and ``W/``."""
    found = _PIN.fullmatch(text)
    algorithm, value = (found[1], found[2]) if found else ("etag", text)
    if algorithm in _HEX:
        value = value.lower()
    return Pin(algorithm, clean_etag(value) if algorithm == "etag" else value)


def clean_etag(text: str) -> str:
    """An ETag without quotes and ``W/``."""
    return text.strip().removeprefix("W/").strip('"')


def judge(size: int | None, pin: str | None, seen: Observed | None) -> Verdict:
    """Compare what was pinned with what is there; None is nothing there, or no way to ask."""
    if seen is None:
        return Verdict.UNREACHABLE
    if size is not None and seen.size is not None and size != seen.size:
        return Verdict.DRIFTED
    if pin is None:
        return Verdict.UNPINNED
    wanted = parse_pin(pin)
    told = seen.digests.get(wanted.algorithm)
    if told is None:
        return Verdict.UNKNOWN
    return Verdict.OK if told == wanted.value else Verdict.DRIFTED


def observed(headers: Mapping[str, str]) -> Observed:
    """What an answer to HEAD says, in the words of HTTP, S3, GCS and Hugging Face. Names are in lower case."""
    length = headers.get("x-linked-size") or headers.get("content-length") or ""
    digests: dict[str, str] = {}
    if etag := headers.get("etag"):
        digests["etag"] = clean_etag(etag)
    for name in ("repr-digest", "digest"):
        for algorithm, value in _REPR.findall(headers.get(name, "")):
            _put_hex(digests, algorithm.lower().replace("-", ""), value)
    for algorithm, value in _GOOG.findall(headers.get("x-goog-hash", "")):
        if algorithm == "md5":
            _put_hex(digests, "md5", value)
        else:
            digests["crc32c"] = value
    _put_hex(digests, "md5", headers.get("content-md5", ""))
    _put_hex(digests, "sha256", headers.get("x-amz-checksum-sha256", ""))
    if crc := headers.get("x-amz-checksum-crc32c"):
        digests["crc32c"] = crc
    linked = clean_etag(headers.get("x-linked-etag", ""))
    if _HEX["sha256"].fullmatch(linked):
        digests["sha256"] = linked
    return Observed(int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else None, digests)  # noqa: PLR2004 - 64 bits


def _put_hex(into: dict[str, str], algorithm: str, text: str) -> None:
    """Base64 of a digest as hex; what is none is passed over."""
    try:
        value = base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return
    if _HEX[algorithm].fullmatch(value):
        into[algorithm] = value

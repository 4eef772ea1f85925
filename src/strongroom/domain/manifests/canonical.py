"""The one spelling of a JSON value, RFC 8785 (JCS), and its digest. Takes what `document` lets through.

Numbers are written as ECMAScript writes doubles (ECMA-262, 6.1.6.1.20), so ``1.0`` and ``1`` are the same number.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal

from strongroom.domain.manifests.document import Plain

_FIXED_FROM = -6
_FIXED_TO = 21


def dumps(value: Plain) -> str:
    """The canonical spelling."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return str(value)
        case float():
            return number(value)
    if isinstance(value, Mapping):
        inner = (f"{dumps(key)}:{dumps(value[key])}" for key in sorted(value, key=_utf16))
        return "{" + ",".join(inner) + "}"
    return "[" + ",".join(map(dumps, value)) + "]"


def digest(value: Plain) -> str:
    """SHA-256 of the canonical spelling, as ``sha256:`` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(dumps(value).encode()).hexdigest()


def number(value: float) -> str:
    """A finite double as ECMAScript writes it."""
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    return ("-" if sign else "") + _placed(text, point)


def _placed(text: str, point: int) -> str:
    """Digits with the decimal point after the first `point` of them."""
    if not _FIXED_FROM < point <= _FIXED_TO:
        tail = f".{text[1:]}" if len(text) > 1 else ""
        return f"{text[0]}{tail}e{point - 1:+d}"
    if point <= 0:
        return "0." + "0" * -point + text
    if point >= len(text):
        return text + "0" * (point - len(text))
    return f"{text[:point]}.{text[point:]}"


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")

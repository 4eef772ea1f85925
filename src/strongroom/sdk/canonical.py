"""The one spelling of a JSON value (RFC 8785) and its digest, as the server makes it."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from strongroom.sdk.errors import Invalid

_FIXED_FROM, _FIXED_TO = -6, 21


def digest(value: object) -> str:
    """``sha256:`` and 64 hex digits: for example of a tool's JSON schema. :raises Invalid: not a JSON value."""
    return "sha256:" + hashlib.sha256(dumps(value).encode()).hexdigest()


def dumps(value: object) -> str:
    """The canonical spelling. :raises Invalid: not a JSON value."""
    if value is None or isinstance(value, bool | int | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and math.isfinite(value):
        return _number(value)
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: str(key).encode("utf-16-be"))
        return "{" + ",".join(f"{dumps(str(key))}:{dumps(value[key])}" for key in keys) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(map(dumps, value)) + "]"
    raise Invalid(f"{type(value).__name__} is no JSON value.")


def _number(value: float) -> str:
    """As ECMAScript writes it."""
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if not _FIXED_FROM < point <= _FIXED_TO:
        written = f"{text[0]}{f'.{text[1:]}' if len(text) > 1 else ''}e{point - 1:+d}"
    elif point <= 0:
        written = "0." + "0" * -point + text
    elif point >= len(text):
        written = text.ljust(point, "0")
    else:
        written = f"{text[:point]}.{text[point:]}"
    return ("-" if sign else "") + written

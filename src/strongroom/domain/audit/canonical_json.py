"""JSON with exactly one spelling for each value: RFC 8785 (JCS), narrowed to what audit records hold.

Narrower: no floating point numbers (``1.0`` and ``1`` must not be two spellings), whole numbers within +-(2**53 - 1)
(RFC 7493, 2.2), keys ``[a-z][a-z0-9_]*`` (so that every sort order agrees), no control characters in strings.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from strongroom.domain.errors import Invalid

Json: TypeAlias = "bool | int | str | tuple[Json, ...] | Mapping[str, Json] | None"
"""A frozen JSON value: lists are tuples, objects read-only mappings."""

MAX_INT: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""

MAX_DEPTH: Final = 6
"""Lists and objects inside one another."""

MAX_STRING: Final = 1024
"""Characters of one string."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def freeze(value: object, depth: int = MAX_DEPTH) -> Json:
    """Copy a plain JSON value into one that nobody can change.

    :param value: dict, list, tuple, str, int, bool or None, inside one another at most `depth` deep.
    :raises Invalid: anything else: floats, foreign types, keys, numbers and strings outside the bounds above.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INT:
            raise Invalid("A number in a record must be between -(2**53 - 1) and 2**53 - 1.")
        return int(value)
    if isinstance(value, str):
        return _string(value)
    if not depth:
        raise Invalid(f"A record holds lists and objects at most {MAX_DEPTH} deep.")
    if isinstance(value, list | tuple):
        return tuple(freeze(one, depth - 1) for one in value)
    if isinstance(value, Mapping):
        return MappingProxyType({_key(key): freeze(one, depth - 1) for key, one in value.items()})
    raise Invalid(f"A record holds plain JSON without floating point numbers, not a {type(value).__name__}.")


def dumps(value: Json) -> bytes:
    """The one spelling of a frozen value, UTF-8: keys sorted, no white space (RFC 8785, 3.2)."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=dict)
    return text.encode()


def loads(data: bytes) -> Json:
    """Read what `dumps` wrote, and nothing else: any other spelling of the same value is refused.

    :raises Invalid: not JSON, not UTF-8, a value outside the bounds, or not in its canonical spelling.
    """
    try:
        value = freeze(json.loads(data.decode()))
    except (ValueError, RecursionError) as error:
        raise Invalid("That is not JSON in UTF-8.") from error
    if dumps(value) != data:
        raise Invalid("That JSON is not in its canonical form (RFC 8785).")
    return value


def _string(text: str) -> str:
    if len(text) > MAX_STRING or _UNWANTED.search(text):
        raise Invalid(f"A string in a record has at most {MAX_STRING} characters and no control characters.")
    return str(text)


def _key(key: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise Invalid("A key in a record is a lower-case word of at most 64 letters, digits and underscores.")
    return str(key)

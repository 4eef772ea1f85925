"""MLflow's JSON of protocol buffers: read with all the spellings that its server takes, written with the one it writes.

Read: field names in snake_case or camelCase, 64-bit integers as numbers or texts, numbers that are ``"NaN"`` or
``"Infinity"``, null for what is not set, unknown fields, a whole body wrapped in a JSON string. Written: snake_case,
integers as numbers, what is not set left out.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from strongroom.domain.errors import Invalid

SHOWN = 200
"""Characters of a bad value that its refusal repeats."""

_HUMP = re.compile(r"(?<=[a-z0-9])[A-Z]")
_AT = re.compile(r"at `\$\.?([^`]*)`")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_DOCS = "See the API docs for more information about request parameters."


class Message(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Base of every message, asked or answered: what is not set is not written, what is not known is not read."""


M = TypeVar("M", bound=Message)
_encoder = msgspec.json.Encoder()


def encode(message: Message) -> bytes:
    """A message as bytes."""
    return _encoder.encode(message)


def spelled(value: float) -> float | str:
    """A double as JSON can hold it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


@cache
def _decoder(kind: type[M]) -> msgspec.json.Decoder[M]:
    return msgspec.json.Decoder(kind, strict=False)


def decode_body(raw: bytes, kind: type[M], path: Mapping[str, str]) -> M:
    """The message in a body, with the parameters that stand in the address.

    :raises Invalid: bytes that are no JSON; a field of the wrong type, named in MLflow's words.
    """
    if not path and not any(name in raw for name in _camels(kind)):
        try:
            found: M = _decoder(kind).decode(raw or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # once more, with patience
        else:
            return found
    try:
        read = msgspec.json.decode(raw or b"{}")
        if isinstance(read, str):
            read = msgspec.json.decode(read)
        plain = _plain(read, _names(kind))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"The body is no JSON that can be read: {error}") from error
    if not isinstance(plain, dict):
        raise Invalid("The body is a JSON object.")
    return _converted({**plain, **path}, kind)


def decode_query(items: Callable[[str], list[str]], kind: type[M], path: Mapping[str, str]) -> M:
    """The message in a query, whose repeated parameters are lists, with those that stand in the address.

    :param items: all values of a parameter, in their order.
    """
    found: dict[str, Any] = {}
    for name, repeated in _fields(kind).items():
        values = items(name)
        if values:
            found[name] = values if repeated else values[-1]
    return _converted({**found, **path}, kind)


@cache
def _fields(kind: type[Message]) -> Mapping[str, bool]:
    """Name -> whether it is a list."""
    return {name: get_origin(hint) is list for name, hint in get_type_hints(kind).items()}


@cache
def _names(kind: type[Message]) -> frozenset[str]:
    """Names of all fields of a message and of those inside it."""
    found = set()
    for name, hint in get_type_hints(kind).items():
        found.add(name)
        inner = [part for part in (hint, *get_args(hint)) if isinstance(part, type) and issubclass(part, Message)]
        found.update(*(_names(part) for part in inner))
    return frozenset(found)


@cache
def _camels(kind: type[Message]) -> tuple[bytes, ...]:
    """The other spelling of every name that has one, as it would stand in a body."""
    split = (name.split("_") for name in sorted(_names(kind)) if "_" in name)
    return tuple(f'"{first}{"".join(part.capitalize() for part in rest)}"'.encode() for first, *rest in split)


def _plain(value: object, names: frozenset[str]) -> object:
    """JSON without nulls and with the fields' names in snake_case; keys of maps stay as they are.

    :raises Invalid: one field under both its names.
    """
    if isinstance(value, list):
        return [_plain(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    plain: dict[str, object] = {}
    for key, item in value.items():
        snake = _HUMP.sub(lambda found: "_" + found[0].lower(), key)
        name = snake if snake in names else key
        if name in plain:
            raise Invalid(f"The field {name!r} stands twice in one message, under both its names.")
        if item is not None:
            plain[name] = _plain(item, names)
    return plain


def _converted(found: Mapping[str, Any], kind: type[M]) -> M:
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        at = _AT.search(str(error))
        name = at[1] if at else ""
        raise invalid(name, _at(found, name)) from error


def _at(whole: object, path: str) -> object:
    """What stands at a path of a message; None when it cannot be found."""
    value: Any = whole
    for name, number in _STEP.findall(path):
        try:
            value = value[int(number)] if number else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def invalid(name: str, value: object, why: str = "") -> Invalid:
    """A refusal of one parameter in MLflow's words."""
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"))[:SHOWN]
    hint = why or f"Hint: Value was of type '{type(value).__name__}'. {_DOCS}"
    return Invalid(f"Invalid value {shown} for parameter '{name}' supplied. {hint}")


def missing(name: str) -> Invalid:
    """A refusal for a parameter that is not there, in MLflow's words."""
    return Invalid(f"Missing value for required parameter '{name}'. {_DOCS}")

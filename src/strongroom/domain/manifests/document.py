"""JSON from outside as plain values, with every ambiguity refused: what two readers could understand differently.

Refused: a key twice, NaN and infinities, whole numbers beyond 2**53 - 1, lone surrogates and NUL, deep nesting, more
bytes than the limit, anything but UTF-8. What passes has exactly one meaning, and so one digest (`canonical`).
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn, TypeAlias

from strongroom.domain.errors import BadManifest

Plain: TypeAlias = "bool | int | float | str | Sequence[Plain] | Mapping[str, Plain] | None"
"""A JSON value: lists are lists, objects are dicts in the order of the file."""

LARGEST: Final = 1 << 20
"""Bytes of a manifest."""
DEEPEST: Final = 32
"""Lists and objects inside one another."""
INTEGER_LARGEST: Final = 2**53 - 1
ROOT: Final = "$"

_DIGITS_MOST = 17
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_KEY_SHOWN = 64
_PATH_SHOWN = 500


class _Pairs(list[tuple[str, object]]):
    """An object whose keys were not looked at yet."""


def bad(path: str, message: str) -> NoReturn:
    """Refuse a manifest, naming the place.

    :raises BadManifest: always.
    """
    raise BadManifest(f"{path[:_PATH_SHOWN]}: {message}", path=path[:_PATH_SHOWN])


def below(path: str, key: str | int) -> str:
    """The place of a key of an object, or of an item of a list: ``$.steps[0].name``."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}"
    return f"{path}[{json.dumps(key[:_KEY_SHOWN])}]"


def loads(data: bytes) -> Plain:
    """Read one JSON document.

    :raises BadManifest: see the module; `details["path"]` names the place where one is known.
    """
    if len(data) > LARGEST:
        bad(ROOT, f"a manifest has at most {LARGEST} bytes.")
    try:
        value = json.loads(
            data.decode(), object_pairs_hook=_Pairs, parse_constant=_constant, parse_int=_integer, parse_float=float
        )
    except RecursionError:
        bad(ROOT, f"lists and objects stand inside one another at most {DEEPEST} deep.")
    except ValueError as error:
        bad(ROOT, f"not JSON in UTF-8: {str(error)[:200]}.")
    return checked(value)


def checked(value: object, path: str = ROOT, depth: int = DEEPEST) -> Plain:
    """A value as `loads` reads it, out of what was decoded already.

    :raises BadManifest: see the module.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return _scalar(value, path)
    if not depth:
        bad(path, f"lists and objects stand inside one another at most {DEEPEST} deep.")
    if isinstance(value, _Pairs):
        return _object(value, path, depth)
    if isinstance(value, Mapping):
        return _object(_Pairs(value.items()), path, depth)
    if isinstance(value, list | tuple):
        return [checked(one, below(path, place), depth - 1) for place, one in enumerate(value)]
    bad(path, f"not a JSON value but {type(value).__name__}.")


def _scalar(value: object, path: str) -> Plain:
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, path)
        case int():
            if abs(value) > INTEGER_LARGEST:
                bad(path, "a whole number is between -(2**53 - 1) and 2**53 - 1.")
            return value
        case float() if math.isfinite(value):
            return value
    bad(path, "a number is finite.")


def _object(pairs: _Pairs, path: str, depth: int) -> dict[str, Plain]:
    made: dict[str, Plain] = {}
    for key, value in pairs:
        if not isinstance(key, str):
            bad(path, "a key is a text.")
        place = below(path, key)
        if key in made:
            bad(place, "this key stands twice.")
        made[_text(key, place)] = checked(value, place, depth - 1)
    return made


def _text(text: str, path: str) -> str:
    if _UNSTORABLE.search(text):
        bad(path, "a text may not contain NUL or a lone surrogate.")
    return text


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_MOST:
        raise ValueError("a whole number is between -(2**53 - 1) and 2**53 - 1")
    return int(digits)

"""Licences as versions state them: single identifiers, or expressions of several such as `MIT OR Apache-2.0`."""

import re
from collections.abc import Iterable
from typing import Final

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.text import clean_line

LONGEST: Final = 100
KEYS: Final = ("licence", "license")
"""Tags and properties that state a licence; a bare tag `license:MIT` does as well."""
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9.+_:-]*")
_JOINS: Final = frozenset({"and", "or", "with"})


def clean_licence(text: str) -> str:
    """One identifier, in lower case. :raises Invalid: an expression of several, or no identifier."""
    word = clean_line(text, what="licence", longest=LONGEST, error=Invalid).strip().lower()
    if not _WORD.fullmatch(word) or word in _JOINS:
        raise Invalid("A licence is named by one identifier, such as cc-by-nc-4.0.")
    return word


def named_in(expression: str) -> frozenset[str]:
    """The identifiers in what somebody stated."""
    return frozenset(_WORD.findall(expression.lower())) - _JOINS


def stated(tags: Iterable[tuple[str, object]]) -> frozenset[str]:
    """The identifiers among keys and values of tags or properties."""
    found: set[str] = set()
    for key, value in tags:
        name, sign, word = key.lower().partition(":")
        if name not in KEYS:
            continue
        if sign:
            found |= named_in(word)
        if isinstance(value, str):
            found |= named_in(value)
    return frozenset(found)

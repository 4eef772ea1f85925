"""Tags, properties and descriptions: the limits and forms of what callers attach to an object (domain.md N12)."""

import math

from strongroom.domain.errors import BadName, Invalid
from strongroom.domain.registry.text import clean_line, clean_text

TAG_KEY_LONGEST = 250
TAG_VALUE_LONGEST = 20_000
PROPERTY_LONGEST = 5_000
DESCRIPTION_LONGEST = 65_536
CARD_LARGEST = 1 << 20
"""Bytes (UTF-8) of a card's text."""
COMMENT_LONGEST = 10_000

Scalar = str | int | float | bool | None
"""A JSON scalar: what a property may hold."""


def clean_tag_key(text: str) -> str:
    """Tag or property key in NFC, 1 to 250 characters, case-sensitive; any readable character may occur.

    :raises BadName: control or invisible characters, outer whitespace, empty or too long.
    """
    return clean_line(text, what="tag key", longest=TAG_KEY_LONGEST, error=BadName)


def clean_tag_value(text: str | None) -> str | None:
    """Tag value as sent, up to 20,000 characters; None for a bare word (a key without a value).

    :raises Invalid: NUL, a lone surrogate, or too long.
    """
    return None if text is None else clean_text(text, what="tag value", longest=TAG_VALUE_LONGEST)


def clean_description(text: str) -> str:
    """Description of any object, Markdown, as sent, up to 65,536 characters.

    :raises Invalid: NUL, a lone surrogate, or too long.
    """
    return clean_text(text, what="description", longest=DESCRIPTION_LONGEST)


def clean_property(value: object) -> Scalar:
    """Typed value of a property: null, boolean, 64-bit integer, finite number or text up to 5,000 characters.

    :raises Invalid: anything else (lists and maps go into `annotations`, not properties).
    """
    match value:
        case None | bool():
            return value
        case int() if -(2**63) <= value < 2**63:
            return value
        case float() if math.isfinite(value):
            return value
        case str():
            return clean_text(value, what="property", longest=PROPERTY_LONGEST)
    raise Invalid("A property is null, true, false, a 64-bit integer, a finite number or a text.")

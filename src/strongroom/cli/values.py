"""Values on the command line: KEY=VALUE and KEY=JSON."""

import json
from collections.abc import Sequence

from strongroom.sdk.errors import Invalid
from strongroom.sdk.models import Scalar


def pairs(texts: Sequence[str]) -> dict[str, str | None]:
    """Tags: ``KEY`` alone is a bare word."""
    found: dict[str, str | None] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        found[key] = value if equals else None
    return found


def scalars(texts: Sequence[str]) -> dict[str, Scalar]:
    """Properties: a value that is no JSON is taken as text. :raises Invalid: no ``=``, or a list or object."""
    found: dict[str, Scalar] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        try:
            read = json.loads(value)
        except ValueError:
            read = value
        if not equals or isinstance(read, list | dict):
            raise Invalid(f"{text!r} is not KEY=VALUE with a plain value.")
        found[key] = read
    return found

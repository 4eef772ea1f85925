"""Annotations: what another system said of an object that has no field of its own here (architecture.md section 2)."""

import json
import math
from collections.abc import Mapping
from typing import Any

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.registry.handles import clean_handle_word
from strongroom.domain.registry.text import clean_text

ANNOTATIONS_LARGEST = 65_536
"""Bytes (UTF-8, as JSON) of all annotations of one object."""

DEEPEST = 16
"""Lists and objects inside one another."""

Annotations = Mapping[str, Mapping[str, Any]]
"""The word of a system -> a JSON object of its own."""


def merged(present: Annotations, changes: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Mapping[str, Any]]:
    """Annotations after a change: what a system said is replaced as a whole, null removes it.

    :raises Invalid: a system's word breaks its form; a text that no database can store.
    :raises TooLarge: above 64 KiB in all.
    """
    changed = {clean_handle_word(word, "dialect"): said for word, said in changes.items()}
    after = {word: said for word, said in {**present, **changed}.items() if said is not None}
    if size_of(after) > ANNOTATIONS_LARGEST:
        raise TooLarge(f"An object has at most {ANNOTATIONS_LARGEST} bytes of annotations.", limit=ANNOTATIONS_LARGEST)
    return after


def size_of(annotations: Annotations) -> int:
    """Bytes as JSON. :raises Invalid: what not every reader of JSON and both databases keep exactly."""
    _check(annotations, DEEPEST)
    return len(json.dumps(annotations, ensure_ascii=False).encode())


def _check(value: object, depth: int) -> None:
    match value:
        case None | bool():
            return
        case str():
            clean_text(value, what="text in annotations", longest=ANNOTATIONS_LARGEST)
        case int() if -(2**63) <= value < 2**63:
            return
        case float() if math.isfinite(value):
            return
        case Mapping() if depth:
            for key, one in value.items():
                _check(key, depth)
                _check(one, depth - 1)
        case list() if depth:
            for one in value:
                _check(one, depth - 1)
        case _:
            raise Invalid(f"Annotations are JSON of 64-bit numbers and texts, at most {DEEPEST} levels deep.")

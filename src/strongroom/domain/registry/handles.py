"""Handles: ids that a client chose or another system gave, and what they point at (domain.md N3)."""

import re
from dataclasses import dataclass

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.text import clean_text

FOREIGN_LARGEST = 512
"""Bytes (UTF-8) of a foreign id."""
OBJECT_KINDS = ("asset", "version", "experiment", "run", "logged_model", "node")
"""What a handle may point at."""

_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Handle:
    """A foreign id of one dialect and kind, unique in its workspace, and the object that it means now."""

    workspace_id: int
    dialect: str
    kind: str
    foreign: str
    object_kind: str
    object_id: int
    recorded_at: int


def clean_handle_word(text: str, what: str) -> str:
    """A dialect's name or a kind of foreign id: a lower-case word of at most 32 characters.

    :raises Invalid: another form.
    """
    if not _WORD.fullmatch(text):
        raise Invalid(f"A handle's {what} is a lower-case word of at most 32 letters, digits and '_'.")
    return text


def clean_foreign(text: str) -> str:
    """A foreign id as it was given. :raises Invalid: empty, above 512 bytes, NUL or a lone surrogate."""
    clean = clean_text(text, what="foreign id", longest=FOREIGN_LARGEST)
    if not clean or len(clean.encode()) > FOREIGN_LARGEST:
        raise Invalid(f"A foreign id has 1 to {FOREIGN_LARGEST} bytes.", limit=FOREIGN_LARGEST)
    return clean

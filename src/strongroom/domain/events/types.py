"""Types of events, and the patterns by which listeners choose them: ``asset.create``, ``alias.*``."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from strongroom.domain.errors import Invalid

PREFIX: Final = "dev.strongroom."
"""What stands before an action in the `type` of a CloudEvent."""

PATTERNS_MOST: Final = 50
_PATTERN: Final = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\.\*)?")


def clean_patterns(texts: Iterable[str]) -> tuple[str, ...]:
    """Patterns from outside, each once, sorted; the prefix of CloudEvents may stand before each.

    :raises Invalid: one is neither a dotted lower-case word nor one ending in ``.*``, or they are too many.
    """
    found = {text.strip().removeprefix(PREFIX) for text in texts}
    if len(found) > PATTERNS_MOST:
        raise Invalid(f"At most {PATTERNS_MOST} types of events.", limit=PATTERNS_MOST)
    for text in found:
        if not _PATTERN.fullmatch(text):
            raise Invalid("A type of events is such as asset.create, or alias.* for all of a noun.")
    return tuple(sorted(found))


def fits(patterns: Collection[str], action: str) -> bool:
    """Whether an action is one of those chosen; no pattern chooses all."""
    return not patterns or any(
        action.startswith(text[:-1]) if text.endswith(".*") else action == text for text in patterns
    )

"""What may be said of environments, lines, roles and targets (limits and spelling)."""

import re
from typing import Final

from strongroom.domain.errors import BadName, Invalid
from strongroom.domain.registry.text import clean_text

NAME_LONGEST: Final = 64
NOTE_LONGEST: Final = 1_000
PARTS_MOST: Final = 50
"""Versions of one release."""
ENVIRONMENTS_MOST: Final = 500
"""Environments of a workspace."""
KEEP_MOST: Final = 50
"""Earlier releases that an environment keeps ready."""
AFTER_MOST: Final = 50
"""Environments that one comes after."""
POSITION_MOST: Final = 1_000_000
FREEZES_MOST: Final = 20
"""Freeze windows of one environment."""
REASON_LONGEST: Final = 200
"""Characters of why it is frozen."""
TARGETS_MOST: Final = 10_000
"""Targets of one environment."""
NUMBERS_MOST: Final = 20
"""Numbers in one report."""
MESSAGE_LONGEST: Final = 1_000
ABOUT_LONGEST: Final = 2_000
"""Characters of the description of an environment or target: lists show hundreds of them at once."""

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_NUMBER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,63}")


def clean_slug(text: str, *, what: str) -> str:
    """The name of an environment, line, role or target: lower-case letters, digits, `.`, `_`, `-`; 1 to 64 characters.

    :raises BadName: anything else.
    """
    if not _SLUG.fullmatch(text):
        raise BadName(
            f"A {what} is 1 to {NAME_LONGEST} lower-case letters, digits, '.', '_' or '-', and begins and ends with "
            "a letter or digit.",
            limit=NAME_LONGEST,
        )
    return text


def clean_number_name(text: str) -> str:
    """The name of a number that a target reports. :raises BadName: empty, above 64 characters, or odd ones."""
    if not _NUMBER_NAME.fullmatch(text):
        raise BadName("The name of a number is 1 to 64 letters, digits, '_', '.', '/' or '-'.", limit=NAME_LONGEST)
    return text


def clean_note(text: str) -> str:
    """Why something is done. :raises Invalid: above 1,000 characters."""
    return clean_text(text, what="note", longest=NOTE_LONGEST)


def clean_about(text: str) -> str:
    """What an environment or target is. :raises Invalid: above 2,000 characters."""
    return clean_text(text, what="description", longest=ABOUT_LONGEST)


def clean_reason(text: str) -> str:
    """Why nothing is promoted for a while. :raises Invalid: above 200 characters."""
    return clean_text(text, what="reason", longest=REASON_LONGEST)


def clean_position(place: int) -> int:
    """Where an environment stands in the order. :raises Invalid: outside 0 to 1,000,000."""
    if not 0 <= place <= POSITION_MOST:
        raise Invalid(f"A position is 0 to {POSITION_MOST}.", limit=POSITION_MOST)
    return place


def clean_keep(count: int) -> int:
    """How many earlier releases stay ready. :raises Invalid: outside 1 to 50."""
    if not 1 <= count <= KEEP_MOST:
        raise Invalid(f"An environment keeps 1 to {KEEP_MOST} earlier releases.", limit=KEEP_MOST)
    return count

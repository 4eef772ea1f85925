"""What callers say of approvals and waivers, checked and bounded."""

from typing import Final

from strongroom.domain.approvals.model import Said
from strongroom.domain.errors import Invalid
from strongroom.domain.gates.policy import TransitionKind
from strongroom.domain.registry.text import clean_text

NOTE_LONGEST: Final = 1_000
DAYS_USUAL: Final = 30
DAYS_MOST: Final = 365
"""Of requests and verdicts."""
WAIVED_DAYS_MOST: Final = 90
REQUESTS_MOST: Final = 100
"""For one version, ended ones among them."""
VERDICTS_MOST: Final = 1_000
"""On one version, those that do not stand among them."""
WAIVERS_MOST: Final = 100
"""Of one asset, asked for or granted, that are not past their end."""
ASKED_MOST: Final = 20
"""Names of people and teams that are told of one request."""
DAY_US: Final = 86_400_000_000


def clean_note(text: str) -> str:
    """What is said with a request or a verdict; may be empty."""
    return clean_text(text, what="note", longest=NOTE_LONGEST).strip()


def clean_reason(text: str) -> str:
    """Why; never empty. :raises Invalid: it says nothing."""
    said = clean_text(text, what="reason", longest=NOTE_LONGEST).strip()
    if not said:
        raise Invalid("Say why.")
    return said


def clean_days(days: int) -> int:
    """In how many days something ends. :raises Invalid: none, or too many."""
    if not 1 <= days <= DAYS_MOST:
        raise Invalid(f"It ends in 1 to {DAYS_MOST} days.", limit=DAYS_MOST)
    return days


def clean_kind(text: str) -> TransitionKind:
    """A kind of transition that is asked for approval. :raises Invalid: none."""
    if text not in {TransitionKind.STAGE, TransitionKind.ALIAS, TransitionKind.ENVIRONMENT}:
        raise Invalid("Approval is asked for a stage, an alias or an environment.")
    return TransitionKind(text)


def clean_said(text: str) -> Said:
    """A verdict. :raises Invalid: another word."""
    try:
        return Said(text)
    except ValueError:
        raise Invalid("A verdict is approve or reject.") from None


def clean_end(ends_at: int, now: int) -> int:
    """When a waiver ends. :raises Invalid: it has passed, or is too far away."""
    if not now < ends_at <= now + WAIVED_DAYS_MOST * DAY_US:
        raise Invalid(f"A waiver ends within {WAIVED_DAYS_MOST} days.", limit=WAIVED_DAYS_MOST)
    return ends_at

"""Gates of assets, and requests for access to what lies behind them (domain.md N13)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from strongroom.domain.errors import Invalid
from strongroom.domain.registry.text import clean_text

MESSAGE_LONGEST: Final = 1_000


class Gate(StrEnum):
    """How an asset's files are given out: to every viewer, to whoever asks, or to whom a maintainer accepts."""

    OPEN = ""
    AUTO = "auto"
    MANUAL = "manual"


class RequestStatus(StrEnum):
    """Of a request for access."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A principal's latest request for the files of an asset. :param grant_uid: what its acceptance gave."""

    id: int
    uid: str
    workspace_id: int
    asset_id: int
    principal_id: int
    principal: str
    status: RequestStatus
    message: str
    reason: str
    grant_uid: str | None
    recorded_at: int
    decided_at: int | None
    decided_by: str | None


def clean_gate(text: str) -> Gate:
    """A gate from outside. :raises Invalid: none of them."""
    try:
        return Gate(text)
    except ValueError:
        raise Invalid("A gate is auto, manual, or empty for none.") from None


def clean_status(text: str) -> RequestStatus:
    """A status from outside. :raises Invalid: none of them."""
    try:
        return RequestStatus(text)
    except ValueError:
        raise Invalid(f"A request is {', '.join(RequestStatus)}.") from None


def clean_message(text: str) -> str:
    """What is said with a request or a decision. :raises Invalid: NUL, a lone surrogate, or too long."""
    return clean_text(text, what="message", longest=MESSAGE_LONGEST)

"""Signed rights to send certain bytes to one asset, for addresses that are called without a credential.

A ticket names what it is for: the token that asked, the asset, the digest and size of the whole, the part, and until
when. Nothing of it can be changed; whoever uses it acts as the token's principal, and no longer than the token lives.
"""

from dataclasses import dataclass
from typing import Final

from strongroom.application.call import Call
from strongroom.application.paging import PageSealer
from strongroom.domain.errors import BadPageToken, Forbidden

LIFE_US: Final = 6 * 3600 * 1_000_000
_PURPOSE: Final = "upload-ticket"
_REFUSED: Final = "This address was not signed here for that, or its time is up; ask for a new one."


@dataclass(frozen=True, slots=True)
class Ticket:
    """See the module. :param upload: the upload in parts that it belongs to. :param part: from 1; 0 joins them."""

    token_id: str
    workspace: str
    asset_uid: str
    sha256: str
    size: int
    expires_at: int
    upload: str | None = None
    part: int | None = None


def seal(
    call: Call, asset_uid: str, sha256: str, size: int, *, upload: str | None = None, part: int | None = None
) -> str:
    """A ticket for the caller, which holds the right to send bytes to the asset."""
    assert call.caller.token_id is not None  # noqa: S101 - nobody without a token may send
    key = (call.caller.token_id, call.workspace.slug, asset_uid, sha256, size, call.now + LIFE_US, upload, part)
    return call.sealer.seal_credential(_PURPOSE, key)


def opened(sealer: PageSealer, text: str) -> Ticket:
    """What a ticket says, its time unchecked. :raises Forbidden: it was not sealed here."""
    try:
        key = sealer.open_credential(_PURPOSE, text)
    except BadPageToken:
        raise Forbidden(_REFUSED) from None
    return Ticket(*key)  # type: ignore[arg-type]  # sealed by `seal`, so of its types


def must_be_valid(call: Call, ticket: Ticket) -> None:
    """:raises Forbidden: its time is up."""
    if ticket.expires_at <= call.now:
        raise Forbidden(_REFUSED)

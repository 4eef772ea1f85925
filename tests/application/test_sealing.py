"""Page tokens and credentials are sealed by keys of their own."""

import pytest

from strongroom.application.paging import PageSealer
from strongroom.domain.errors import BadPageToken

SEALER = PageSealer(b"k" * 32)


def test_a_page_token_is_never_a_credential_nor_one_of_another_purpose() -> None:
    """Whatever a listing is called, its tokens are sealed by another key."""
    facts = ("SRTOKEN", "default", 1)
    given = SEALER.seal_credential("xet.token", facts)
    assert SEALER.open_credential("xet.token", given) == facts
    for text in (SEALER.seal("xet.token", facts), SEALER.seal_credential("xet.fetch", facts)):
        with pytest.raises(BadPageToken):
            SEALER.open_credential("xet.token", text)
    with pytest.raises(BadPageToken):
        SEALER.open("xet.token", given)


def test_another_key_ends_what_was_given() -> None:
    """docs/security.md: replacing `server-key` ends at once what it sealed."""
    later = PageSealer(b"l" * 32)
    with pytest.raises(BadPageToken):
        later.open_credential("xet.token", SEALER.seal_credential("xet.token", (1,)))
    with pytest.raises(BadPageToken):
        later.open("assets", SEALER.seal("assets", (1,)))

"""Times as the filter language writes them."""

from datetime import UTC, datetime, timedelta

from strongroom.domain.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def value_time(text: str) -> int:
    """A date, or a date and time as in RFC 3339, as microseconds since 1970; without a zone it is UTC.

    :raises Invalid: it is neither.
    """
    try:
        if not text.isascii() or len(text) > 40:  # noqa: PLR2004 - no time is longer
            raise ValueError
        time = datetime.fromisoformat(text)
        return ((time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise Invalid("A time is written '2026-01-31' or '2026-01-31T12:00:00Z'.") from None


def time_text(time_us: int) -> str:
    """The inverse of `value_time`. :raises OverflowError: outside the years 1 to 9999."""
    return (_EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")

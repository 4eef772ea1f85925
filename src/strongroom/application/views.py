"""From stored values to what callers see: shared small steps of all views."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_of(time_us: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return _EPOCH + timedelta(microseconds=time_us)


def maybe_time(time_us: int | None) -> datetime | None:
    """The same, for times that may not be set."""
    return None if time_us is None else time_of(time_us)


def microseconds(time: datetime) -> int:
    """A time as microseconds since 1970; one without a zone is taken as UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)

"""When a delivery that failed is tried again, and when it is given up."""

from typing import Final

SECOND_US: Final = 1_000_000
FIRST_PAUSE_US: Final = 5 * SECOND_US
LONGEST_PAUSE_US: Final = 3 * 3600 * SECOND_US
GIVE_UP_US: Final = 3 * 86_400 * SECOND_US
"""A delivery that has failed for this long is a dead letter."""


def next_try(failed: int, first_at: int, now: int, chance: float) -> int | None:
    """When to try again (microseconds UTC); None gives up.

    :param failed: how often it has failed, at least 1. :param first_at: when it was tried first.
    :param chance: from 0 up to 1; spreads listeners over half to one and a half of the pause.
    """
    pause = min(FIRST_PAUSE_US * 2 ** min(failed - 1, 30), LONGEST_PAUSE_US)
    at = now + int(pause * (0.5 + chance))
    last = first_at + GIVE_UP_US
    if now >= last:
        return None
    return min(at, last)

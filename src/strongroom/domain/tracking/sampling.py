"""Some points for all: the first, the last, and of each stretch between them the least and the greatest."""

from collections.abc import Sequence

from strongroom.domain.tracking.points import Floats

FEWEST = 4
"""Points that must be asked for: first, last, least and greatest."""


def sampled(values: Floats, count: int) -> Sequence[int]:
    """Places of at most `count` values, ascending: first and last, and the extremes of equal stretches between.

    So the least and the greatest of all are always among them, and a line through the points has the outline of the
    whole. NaN is an extreme only where nothing else is.

    :param count: at least `FEWEST`.
    """
    size = len(values)
    if size <= count:
        return range(size)
    stretches = (count - 2) // 2
    places = [0]
    start = 1
    for number in range(1, stretches + 1):
        end = 1 + (size - 2) * number // stretches
        places += _extremes(values, start, end)
        start = end
    places.append(size - 1)
    return places


def spread(size: int, count: int) -> Sequence[int]:
    """Places of at most `count` of `size` values without an order, evenly, first and last among them."""
    if size <= count:
        return range(size)
    return [number * (size - 1) // (count - 1) for number in range(count)]


def _extremes(values: Floats, start: int, end: int) -> tuple[int, ...]:
    part = values[start:end]
    least, greatest = min(part), max(part)
    total = sum(part)
    if total != total:  # noqa: PLR0124 - NaN
        numbers = [value for value in part if value == value]  # noqa: PLR0124 - NaN
        if not numbers:
            return (start,)
        least, greatest = min(numbers), max(numbers)
    low, high = start + part.index(least), start + part.index(greatest)
    return (low,) if low == high else (low, high) if low < high else (high, low)

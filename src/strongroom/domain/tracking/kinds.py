"""Values of series that are no numbers, as texts: any text, JSON, a histogram, a file of the run's folder."""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from strongroom.domain.errors import Invalid, TooLarge
from strongroom.domain.registry.text import clean_text
from strongroom.domain.tracking.points import Kind

VALUE_LARGEST = 64 << 10
"""Bytes (UTF-8) of one value; what is larger belongs into a file of the run's folder."""
BINS_MOST = 512


def clean_value(kind: Kind, value: object) -> str:
    """A value from outside as the text that is kept.

    :param value: of TEXT a text; of JSON any JSON value; of HISTOGRAM an object with ``edges`` (ascending) and one
        fewer ``counts``.
    :raises Invalid: another form. :raises TooLarge: above 64 KiB, or 512 bins.
    """
    if kind is Kind.TEXT:
        if not isinstance(value, str):
            raise Invalid("A value of a text series is a text.")
        return _bounded(clean_text(value, what="text", longest=VALUE_LARGEST))
    if kind is Kind.HISTOGRAM:
        value = _histogram(value)
    return _bounded(dump(value))


def dump(value: object) -> str:
    """JSON in the one form that is kept. :raises Invalid: NaN or infinities, or what databases cannot store."""
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise Invalid("A value of a series is JSON without NaN and infinities.") from None
    return clean_text(text, what="value", longest=max(len(text), 1))


def _bounded(text: str) -> str:
    if len(text.encode()) > VALUE_LARGEST:
        raise TooLarge(f"A value of a series has at most {VALUE_LARGEST} bytes.", limit=VALUE_LARGEST)
    return text


def _histogram(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) != {"edges", "counts"}:
        raise Invalid("A histogram has edges and counts.")
    edges, counts = _numbers(value["edges"]), _numbers(value["counts"])
    if not 1 <= len(counts) == len(edges) - 1:
        raise Invalid("A histogram has one edge more than counts.")
    if len(counts) > BINS_MOST:
        raise TooLarge(f"A histogram has at most {BINS_MOST} bins.", limit=BINS_MOST)
    if any(a >= b for a, b in pairwise(edges)) or min(counts) < 0:
        raise Invalid("The edges of a histogram ascend, and its counts are not negative.")
    return {"edges": edges, "counts": counts}


def _numbers(value: object) -> list[float]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Invalid("The edges and counts of a histogram are lists of numbers.")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise Invalid("The edges and counts of a histogram are finite numbers.")
    return list(value)

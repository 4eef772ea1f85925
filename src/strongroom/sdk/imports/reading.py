"""Plain values out of what a source says: texts and whole numbers of bounded size, whatever it says instead."""

from collections.abc import Mapping, Sequence
from typing import Any

INT64 = 2**63
TEXT_LONGEST = 1 << 20
"""Characters of one text that is read; what the server takes is less."""


def text(value: object) -> str:
    """A text; of a number its digits, of anything else nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and abs(value) >= INT64:
        return ""
    return str(value)[:TEXT_LONGEST]


def whole(value: object) -> int | None:
    """A 64-bit number, also one that is written as text; None of anything else."""
    try:
        found = int(value) if isinstance(value, str) and len(value) <= 20 else value  # noqa: PLR2004 - digits of 2**63
    except ValueError:
        return None
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or not -INT64 <= found < INT64:
        return None
    return found


def real(value: object) -> float | None:
    """A number, NaN and infinities too; None of anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def pairs(rows: object) -> dict[str, str]:
    """Keys and values out of MLflow's lists of ``{"key", "value"}``."""
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        return {}
    return {text(row.get("key")): text(row.get("value")) for row in rows if isinstance(row, Mapping) and row.get("key")}


def rows_of(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; nothing of anything else."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


LATEST_MS = 253_402_300_799_999
"""The end of the year 9999 in milliseconds since 1970."""

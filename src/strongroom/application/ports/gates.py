"""Asking expressions about plain data."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Expressions(Protocol):
    """Evaluates expressions of CEL that are within bounds (`domain.gates.bounds`), off the event loop."""

    async def evaluate(self, expressions: Sequence[str], view: Mapping[str, Any]) -> Sequence[object]:
        """Of each its truth value, or a text that says why it gives none; in a bounded time, whatever they do."""
        ...

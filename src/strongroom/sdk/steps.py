"""What came of each step of a reproduction."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One part and how it stands.

    :ivar state: done; elsewhere (not in the registry, nothing is wrong); missing; drifted (not what was recorded);
        failed; skipped (something before it is wrong).
    """

    name: str
    state: str
    detail: str = ""


def right(name: str, detail: str) -> Step:
    """It is as recorded."""
    return Step(name, "done", detail)


def missing(name: str, detail: str) -> Step:
    """It was not recorded, or is not there any more."""
    return Step(name, "missing", detail)


def drifted(name: str, detail: str) -> Step:
    """It is not what was recorded."""
    return Step(name, "drifted", detail)


def failed(name: str, detail: str) -> Step:
    """It was tried in vain."""
    return Step(name, "failed", detail)


def worst(steps: Iterable[Step]) -> str:
    """The state that counts: drifted before failed before missing before done."""
    states = {step.state for step in steps}
    return next((state for state in ("drifted", "failed", "missing") if state in states), "done")

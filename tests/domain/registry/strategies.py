"""Generated values that the domain accepts."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from strongroom.domain.errors import DomainError

Given = TypeVar("Given")
Accepted = TypeVar("Accepted")


def accepted(values: st.SearchStrategy[Given], clean: Callable[[Given], Accepted]) -> st.SearchStrategy[Accepted]:
    """What `clean` makes of those values that it does not refuse."""

    def try_clean(value: Given) -> tuple[Accepted] | None:
        try:
            return (clean(value),)
        except DomainError:
            return None

    return values.map(try_clean).filter(lambda found: found is not None).map(lambda found: found[0])  # type: ignore[index]

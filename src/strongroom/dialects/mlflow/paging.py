"""Pages as MLflow asks for them: as many results as it wants at once, though ours are smaller."""

from collections.abc import Callable
from typing import TypeVar

from strongroom.application.paging import MAX_PAGE, PAGE_BYTES, Page, PageRequest

T = TypeVar("T")

GATHERED_LARGEST = 4 * PAGE_BYTES
"""About how many bytes of results make an answer end early."""


def gathered(
    find: Callable[[PageRequest], Page[T]],
    size: int,
    token: str | None,
    weigh: Callable[[T], int] | None = None,
    step: int = MAX_PAGE,
) -> Page[T]:
    """Up to `size` results after a token, page after page on one snapshot; fewer when they grow large.

    :param step: results that are weighed together.

    :param weigh: about how many bytes a result has, where that may be many.
    """
    weight = 0
    items: list[T] = []
    after = token or None
    while True:
        asked = min(size - len(items), step)
        page = find(PageRequest(asked, after))
        items += page.items
        after = page.next_page_token
        if after is None or len(items) >= size:
            return Page(items, after)
        weight += sum(map(weigh, page.items)) if weigh else 0
        if weight > GATHERED_LARGEST:
            return Page(items, after)
